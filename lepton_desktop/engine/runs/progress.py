"""How far a run is: newest values, pace, time left. Runs in the engine; no clock inside."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field

from lepton_desktop.engine.runs.lines import MetricLine

PACE_LINES = 40


@dataclass
class Progress:
    """Grows with every metrics line of a run."""

    step: int = 0
    count: int = 0
    newest: dict[str, float] = field(default_factory=dict)
    _pace: deque[tuple[float, int]] = field(default_factory=lambda: deque(maxlen=PACE_LINES))

    def add(self, lines: Iterable[MetricLine], training: bool) -> None:
        """Take in lines that were just stored."""
        for line in lines:
            self.count += len(line.values)
            for key, value in line.values.items():
                if value is None:
                    # What is not a number any more must not go on showing its last good value.
                    self.newest.pop(key, None)
                else:
                    self.newest[key] = value
            if training:
                self.step = line.step
                if line.time is not None:
                    self._pace.append((line.time, line.step))

    def seconds_left(self, total_steps: int) -> float | None:
        """From the pace of the last lines; None before there is one."""
        if len(self._pace) < 2:
            return None
        (first_time, first_step), (last_time, last_step) = self._pace[0], self._pace[-1]
        if last_step <= first_step or last_time <= first_time:
            return None
        pace = (last_step - first_step) / (last_time - first_time)
        return max(0.0, (total_steps - self.step) / pace)
