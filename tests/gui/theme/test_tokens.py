from __future__ import annotations

import re
from pathlib import Path

import pytest
from PySide6.QtGui import QColor

import lepton_desktop.gui
from lepton_desktop.gui.theme.colours import contrast, mix
from lepton_desktop.gui.theme.tokens import DARK, LIGHT, Tokens

TEXT, MARK = 4.5, 3.0
GUI = Path(lepton_desktop.gui.__file__).parent
both = pytest.mark.parametrize("tokens", [DARK, LIGHT], ids=["dark", "light"])


def colour(tokens: Tokens, name: str) -> QColor:
    return QColor(tokens["colours"][name])


@both
@pytest.mark.parametrize("ground", ["bg", "rail", "s1", "s2", "s3"])
@pytest.mark.parametrize("text", ["t1", "t2", "t3", "acc", "ok", "warn", "err", "info"])
def test_text_is_readable_on_every_surface(tokens: Tokens, ground: str, text: str) -> None:
    needed = TEXT if ground in ("bg", "rail", "s1") or text in ("t1", "t2") else 4.3
    assert contrast(colour(tokens, text), colour(tokens, ground)) >= needed


@both
@pytest.mark.parametrize("tone", ["acc", "ok", "warn", "err", "info"])
def test_text_of_a_tinted_chip_is_readable(tokens: Tokens, tone: str) -> None:
    ground = mix(colour(tokens, "s1"), colour(tokens, tone), tokens["tint"])
    assert contrast(colour(tokens, tone), ground) >= TEXT


@both
@pytest.mark.parametrize("fill", ["accfill", "accfillh", "errfill", "errfillh"])
def test_text_on_filled_buttons_is_readable(tokens: Tokens, fill: str) -> None:
    needed = 4.0 if fill.endswith("h") else TEXT
    assert contrast(colour(tokens, "onacc"), colour(tokens, fill)) >= needed


@both
def test_meta_text_of_a_selected_row_is_readable(tokens: Tokens) -> None:
    selected = mix(colour(tokens, "s1"), colour(tokens, "acc"), 0.13)
    for text in ("t1", "t2"):
        assert contrast(colour(tokens, text), selected) >= TEXT


@both
def test_series_and_edges_stand_out_from_the_card(tokens: Tokens) -> None:
    card = colour(tokens, "s1")
    for series in tokens["series"]:
        assert contrast(QColor(series), card) >= MARK
    for name in ("line3", "acc", "ok", "warn", "err", "info", "cpu"):
        assert contrast(colour(tokens, name), card) >= MARK


@both
def test_luminance_of_the_sequential_ramp_is_monotonic(tokens: Tokens) -> None:
    against_black = [contrast(QColor(value), QColor("black")) for _, value in tokens["seq"]]
    assert against_black == sorted(against_black, reverse=tokens["name"] == "light")


def test_both_themes_have_the_same_tokens() -> None:
    assert DARK["colours"].keys() == LIGHT["colours"].keys()
    assert len(DARK["series"]) == len(LIGHT["series"]) == 8


def test_no_colour_value_stands_outside_the_tokens() -> None:
    hexadecimal = re.compile(r"['\"\s(]#(?:[0-9A-Fa-f]{6}|[0-9A-Fa-f]{3})\b")
    strays = [
        f"{path.relative_to(GUI)}: {line.strip()}"
        for path in GUI.rglob("*.py")
        if path.name != "tokens.py"
        for line in path.read_text(encoding="utf-8").splitlines()
        if hexadecimal.search(line)
    ]
    assert strays == []
