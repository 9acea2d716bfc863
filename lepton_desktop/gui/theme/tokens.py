"""The only place with colour values: two dicts, dark and light. Runs in the window.

``line3`` is the edge of check boxes and switches (at least 3:1), ``seq`` busy-is-good ramp,
``div`` symmetric around zero, ``series`` eight colours that a run keeps for life.
"""

from __future__ import annotations

from typing import TypedDict

Ramp = tuple[tuple[float, str], ...]


class Tokens(TypedDict):
    """One colour theme."""

    name: str
    colours: dict[str, str]
    series: tuple[str, ...]
    seq: Ramp
    div: Ramp
    tint: float
    """Opacity of a chip's fill over the card."""


DARK: Tokens = {
    "name": "dark",
    "colours": {
        "bg": "#0E1116",
        "rail": "#0A0D11",
        "s1": "#151A21",
        "s2": "#1C222B",
        "s3": "#242C37",
        "input": "#1C222B",
        "hover": "#242C37",
        "track": "#242C37",
        "badge": "#242C37",
        "line": "#232A34",
        "line2": "#303947",
        "line3": "#607085",
        "t1": "#E8ECF2",
        "t2": "#AEB8C6",
        "t3": "#8793A5",
        "t4": "#5B6675",
        "acc": "#8BA2FF",
        "accfill": "#4C66E8",
        "accfillh": "#5570F1",
        "onacc": "#FFFFFF",
        "ok": "#3DBE8B",
        "warn": "#E9AE46",
        "err": "#F5717B",
        "errfill": "#C73946",
        "errfillh": "#D24652",
        "info": "#62ABF7",
        "cpu": "#8F86B8",
        "knob": "#E8ECF2",
        "shade": "#000000",
        "logo1": "#6C84FF",
        "logo2": "#3B4FD0",
    },
    "series": (
        "#6E9EF5",
        "#E58A0B",
        "#3FCB94",
        "#BC7299",
        "#F4D776",
        "#A462FF",
        "#EA5A4B",
        "#CDD5E5",
    ),
    "seq": ((0, "#1E2936"), (0.25, "#1E4A73"), (0.5, "#1F7FB0"), (0.75, "#3DB8C9"), (1, "#A9ECDD")),
    "div": ((0, "#E58A0B"), (0.25, "#8A5A18"), (0.5, "#1C222B"), (0.75, "#3A5A9A"), (1, "#6E9EF5")),
    "tint": 0.15,
}

LIGHT: Tokens = {
    "name": "light",
    "colours": {
        "bg": "#F4F6F9",
        "rail": "#EBEFF4",
        "s1": "#FFFFFF",
        "s2": "#F1F4F8",
        "s3": "#FFFFFF",
        "input": "#FFFFFF",
        "hover": "#E7ECF2",
        "track": "#CDD5DF",
        "badge": "#DCE2EA",
        "line": "#E1E6ED",
        "line2": "#CDD5DF",
        "line3": "#7F8D9F",
        "t1": "#131820",
        "t2": "#465162",
        "t3": "#5F6B7C",
        "t4": "#94A0B0",
        "acc": "#3B55D4",
        "accfill": "#3F5AE0",
        "accfillh": "#3450D6",
        "onacc": "#FFFFFF",
        "ok": "#0F7A55",
        "warn": "#8F5B00",
        "err": "#C4283A",
        "errfill": "#C73946",
        "errfillh": "#B32F3C",
        "info": "#1463B8",
        "cpu": "#7A70A8",
        "knob": "#FFFFFF",
        "shade": "#131820",
        "logo1": "#6C84FF",
        "logo2": "#3B4FD0",
    },
    "series": (
        "#1F4BDD",
        "#A84000",
        "#2C9067",
        "#63304F",
        "#C07A00",
        "#7A45B1",
        "#67291D",
        "#667CA3",
    ),
    "seq": ((0, "#E3EAF2"), (0.25, "#B5D2EA"), (0.5, "#6BA7D6"), (0.75, "#2C72B4"), (1, "#0F3D78")),
    "div": ((0, "#B65A00"), (0.25, "#E9BC86"), (0.5, "#F3F5F8"), (0.75, "#93ACEB"), (1, "#1F4BDD")),
    "tint": 0.11,
}
