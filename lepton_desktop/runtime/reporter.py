"""Writes ``metrics.jsonl`` and ``events.jsonl`` in the job folder. Runs in a job on a node.

Both only ever grow by whole lines, since readers follow them by byte offset. Standard library only:
it must be able to say that torch is missing.
"""

from __future__ import annotations

import errno
import json
import math
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from lepton_desktop.errors import LeptonError

METRICS_SECONDS = 0.25
PROGRESS_SECONDS = 1.0


class Reporter:
    """The story of one job.

    Ranks other than 0 get one that is not ``active`` and writes nothing.
    """

    def __init__(
        self, folder: Path, active: bool = True, clock: Callable[[], float] = time.time
    ) -> None:
        self.folder = folder
        self.active = active
        self._clock = clock
        self._metrics_at = -math.inf
        self._progress_at = -math.inf
        self._not_finite: set[str] = set()

    def metrics_due(self) -> bool:
        """Whether the last line of metrics is old enough for another one."""
        return self._clock() - self._metrics_at >= METRICS_SECONDS

    def metrics(self, step: int, values: Mapping[str, float]) -> None:
        """One line of metrics; what is not finite becomes null, and an event says so once a key."""
        checked = {key: value if math.isfinite(value) else None for key, value in values.items()}
        for key in [key for key, value in checked.items() if value is None]:
            if key not in self._not_finite:
                self._not_finite.add(key)
                self.event("notice", f"The metric {key} is {values[key]}, shown as a gap.", step)
        self._metrics_at = self._clock()
        line = {"t": round(self._metrics_at, 3), "step": step, "m": checked}
        self._append("metrics.jsonl", line)

    def event(self, kind: str, text: str, step: int | None = None, **more: object) -> None:
        """One line of events."""
        line: dict[str, Any] = {"t": round(self._clock(), 3), "kind": kind, "text": text}
        if step is not None:
            line["step"] = step
        self._append("events.jsonl", {**line, **more})

    def progress(self, text: str, step: int, fraction: float) -> None:
        """How far the job is, at most once a second, and at the end."""
        now = self._clock()
        if now - self._progress_at >= PROGRESS_SECONDS or fraction >= 1.0:
            self._progress_at = now
            self.event("progress", text, step, fraction=round(min(fraction, 1.0), 4))

    def error(self, error: LeptonError) -> None:
        """The operator's error that ends this job."""
        self.event("error", error.message, hint=error.hint, code=error.code)

    def _append(self, name: str, line: Mapping[str, Any]) -> None:
        if not self.active:
            return
        data = json.dumps(line, separators=(",", ":"), allow_nan=False).encode() + b"\n"
        try:
            _append_whole(self.folder / name, data)
        except OSError as error:
            raise write_error(self.folder / name, error) from None


def _append_whole(path: Path, data: bytes) -> None:
    """All of the data or none of it: half a line would be glued to the next one."""
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        size = os.fstat(handle).st_size
        try:
            written = os.write(handle, data)
        except OSError:
            os.ftruncate(handle, size)
            raise
        if written < len(data):
            os.ftruncate(handle, size)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    finally:
        os.close(handle)


def write_error(path: Path, error: OSError) -> LeptonError:
    """The operator's view of a failed write."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return LeptonError(
            f"The disk is full: {path} cannot be written.",
            "Free some space on the node; the run can then resume from its newest checkpoint.",
            code="disk_full",
        )
    return LeptonError(
        f"{path} cannot be written: {error.strerror or error}.",
        "Check the folder's owner and rights on the node.",
        code="write",
    )
