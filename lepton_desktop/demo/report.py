"""What the demo prints: numbered steps with their times, a bar, a summary. Runs on the desk."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass

from lepton_desktop.client.status_line import StatusLine
from lepton_desktop.client.words import clean, seconds_text


@dataclass(frozen=True)
class StepTime:
    """How long one step took."""

    title: str
    seconds: float


class Report:
    """Progress on stdout, one step after the other."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._begun = time.monotonic()
        self._line = StatusLine(stream=sys.stdout)
        self.times: list[StepTime] = []

    @contextlib.contextmanager
    def step(self, title: str) -> Iterator[None]:
        """A numbered step; its time is printed when it is done."""
        number = len(self.times) + 1
        self.say(f"[{number}/{self._steps}] {title}")
        begun = time.monotonic()
        yield
        took = time.monotonic() - begun
        self.times.append(StepTime(title, took))
        self.say(f"      done in {seconds_text(took)}")

    def detail(self, text: str) -> None:
        """A line below the current step."""
        self.say(f"      {text}")

    def progress(self, text: str) -> None:
        """The current step's changing line."""
        self._line.show(f"      {text}")

    def say(self, text: str) -> None:
        """A line of its own."""
        self._line.end()
        sys.stdout.write(clean(text, keep="\n") + "\n")
        sys.stdout.flush()

    def summary(self, facts: dict[str, str]) -> None:
        """The table at the end: facts, then the time of each step."""
        rows = {**facts, **{step.title: seconds_text(step.seconds) for step in self.times}}
        rows["Everything"] = seconds_text(time.monotonic() - self._begun)
        width = max(len(name) for name in rows)
        self.say("\nSummary")
        for name, value in rows.items():
            self.say(f"  {name.ljust(width)}  {value}")
