"""Text that may leave the node: no control characters, no lone surrogates, bounded length.

Runs on every node; standard library only.
"""

from __future__ import annotations

import re

_UNFIT = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")


def clean(text: str, limit: int = 300) -> str:
    """``text`` on one line, with what a terminal or a table could trip over replaced by spaces."""
    fit = _UNFIT.sub(" ", text[: 4 * limit]).strip()
    return fit if len(fit) <= limit else f"{fit[: limit - 1]}…"
