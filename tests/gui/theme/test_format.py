from __future__ import annotations

import pytest

from lepton_desktop.gui.theme import format as fmt


def plain(text: str) -> str:
    """No-break and thin spaces as ordinary ones, so that expectations are readable."""
    return text.replace(fmt.SPACE, " ").replace(fmt.THIN, " ")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (fmt.number(1284), "1 284"),
        (fmt.number(-14.23, 1), "−14.2"),
        (fmt.number(38, sign=True), "+38"),
        (fmt.number(-0.001, 1), "0.0"),
        (fmt.number(None), "—"),
        (fmt.number(float("nan")), "—"),
        (fmt.significant(1284.4), "1 284"),
        (fmt.significant(0.01136), "0.0114"),
        (fmt.significant(92.61), "92.6"),
        (fmt.significant(2.1e-7), "2.1e−7"),
        (fmt.percent(71.4), "71 %"),
        (fmt.share(0.714), "71 %"),
        (fmt.byte_size(41e9), "41 GB"),
        (fmt.byte_size(1.84e9), "1.8 GB"),
        (fmt.byte_size(812), "812 B"),
        (fmt.byte_pair(61e9, 80e9), "61 / 80 GB"),
        (fmt.byte_pair(61e9, None), "61 GB"),
        (fmt.byte_rate(2.4e9), "2.4 GB/s"),
        (fmt.count(1284), "1 284"),
        (fmt.count(36.2e6), "36.2 M"),
        (fmt.count(151_000), "151 k"),
        (fmt.power(340), "340 W"),
        (fmt.power(2940), "2.94 kW"),
        (fmt.celsius(77), "77 °C"),
        (fmt.duration(0.6), "0.6 s"),
        (fmt.duration(22 * 60), "22 m"),
        (fmt.duration(3600 + 12 * 60), "1 h 12 m"),
        (fmt.duration(41 * 86400), "41 d"),
        (fmt.duration(None), "—"),
        (fmt.age(1000, now=1240), "4 m ago"),
        (fmt.age(1000, now=1000.4), "now"),
        (fmt.age(None), "—"),
    ],
)
def test_quantities_read_as_people_write_them(text: str, expected: str) -> None:
    assert plain(text) == expected
