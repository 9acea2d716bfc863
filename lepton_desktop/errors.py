"""Errors with a next step. Shared by desk, engine, agent and runtime; standard library only."""

from __future__ import annotations


class LeptonError(Exception):
    """Something the operator can mend.

    Attributes:
        message: What went wrong, one sentence, no traceback.
        hint: What to do next, one sentence; empty when there is nothing to suggest.
        code: A stable word for scripts and tests, such as ``host_key_changed``.
    """

    def __init__(self, message: str, hint: str = "", code: str = "failed") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code

    def __str__(self) -> str:
        return f"{self.message} {self.hint}".strip()


class WireError(LeptonError):
    """A line or a payload that does not follow the wire format."""

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message, hint, code="wire")
