"""Params of a client's call, checked: a wrong type is the caller's error, not a bug here.

Runs in the engine.
"""

from __future__ import annotations

import math
from typing import Any

from lepton_desktop.errors import LeptonError


def number(params: dict[str, Any], name: str) -> float | None:
    """A finite number, or None when it is left out.

    Raises:
        LeptonError: It is something else.
    """
    value = params.get(name)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        raise _wrong(name, "a number")
    return float(value)


def whole(params: dict[str, Any], name: str, default: int) -> int:
    """A whole number, or the default when it is left out.

    Raises:
        LeptonError: It is something else.
    """
    value = params.get(name)
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise _wrong(name, "a whole number")
    return value


def words(params: dict[str, Any], name: str) -> list[str]:
    """A list of strings, empty when it is left out.

    Raises:
        LeptonError: It is something else.
    """
    value = params.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _wrong(name, "a list of strings")
    return value


def _is_finite(value: float) -> bool:
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _wrong(name: str, wanted: str) -> LeptonError:
    return LeptonError(f"The parameter '{name}' must be {wanted}.", code="params")
