from __future__ import annotations

import pytest

from lepton_desktop.gui.shell.fuzzy import score


def best(query: str, *texts: str) -> str:
    return max(texts, key=lambda text: score(query, text) or -999)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("gpu-a-07 dr", "Drain gpu-a-07"),
        ("dr gpu-a-07", "Drain gpu-a-07"),
        ("drain", "Drain gpu-a-07"),
        ("gpu-a-07", "gpu-a-07"),
        ("gr41", "quad-gait-r41"),
        ("zi", "Zoom in"),
        ("new", "New run"),
    ],
)
def test_what_was_meant_comes_first(query: str, expected: str) -> None:
    texts = ("Drain gpu-a-07", "gpu-a-07", "gpu-a-17", "quad-gait-r41", "Zoom in", "New run")
    assert best(query, *texts) == expected


def test_every_word_must_fit() -> None:
    assert score("gpu-a-07 drain", "gpu-a-07") is None
    assert score("xyz", "gpu-a-07") is None


def test_upper_and_lower_case_are_the_same() -> None:
    assert score("DRAIN", "drain gpu") == score("drain", "Drain GPU")


def test_an_empty_query_fits_everything() -> None:
    assert score("", "anything") is not None
