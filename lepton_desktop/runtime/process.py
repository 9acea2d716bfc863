"""This process as a good citizen: asked to stop, bound to its parent. Runs in a job on a node."""

from __future__ import annotations

import ctypes
import os
import signal
import sys
import types

_PR_SET_PDEATHSIG = 1


class StopRequest:
    """Set by SIGTERM or SIGINT; training looks at it between two iterations.

    Attributes:
        signal: The signal that came, 0 before.
    """

    def __init__(self) -> None:
        self.signal = 0

    def install(self) -> None:
        """Listen from now on; a second signal is the same wish."""
        signal.signal(signal.SIGTERM, self._on_signal)
        signal.signal(signal.SIGINT, self._on_signal)

    @property
    def asked(self) -> bool:
        """Whether to finish now."""
        return self.signal != 0

    @property
    def exit_code(self) -> int:
        """As a shell reports a process that a signal ended."""
        return 128 + self.signal

    def _on_signal(self, number: int, frame: types.FrameType | None) -> None:
        del frame
        self.signal = number


def die_with_parent() -> None:
    """Let the kernel kill this rank when its torchrun agent dies, also by -9.

    An orphaned rank would train on for ever, unknown to everybody. Does nothing where there is no
    torchrun or no ``prctl``.
    """
    if "TORCHELASTIC_RUN_ID" not in os.environ or not sys.platform.startswith("linux"):
        return
    parent = os.getppid()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        raise SystemExit(128 + signal.SIGKILL)
