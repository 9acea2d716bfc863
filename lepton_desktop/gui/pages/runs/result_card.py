"""The result of an evaluation: "500.0 over 100 episodes, solved ≥ 475". Runs in the window."""

from __future__ import annotations

from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.models import run_reading as reading
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.widgets.chips import Chip, ChipLook
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.surfaces import Surface
from lepton_desktop.wire.desk import RunRow


class ResultCard(Surface):
    """Shown once a run was evaluated."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__("card-accent", parent)
        self.setObjectName("run-result")
        self._icon = IconLabel("circle-check", "ok", 20)
        self._value = Label("", "object")
        self._value.setObjectName("run-result-value")
        self._words = Label("", "body", "t2")
        self._verdict = Chip("", "ok")
        self._verdict.setObjectName("run-result-verdict")
        self._detail = ElidedLabel("", "small", "t3")
        first = hbox(self._value, self._words, self._verdict, None, gap=8)
        self.setLayout(
            hbox(self._icon, (vbox(first, self._detail, gap=1), 1), gap=12, margins=(14, 8, 14, 9))
        )
        self.hide()

    def show_run(self, run: RunRow, threshold: float | None) -> None:
        """Show the result if there is one."""
        mean = run.result.get(reading.EVALUATION)
        self.setVisible(mean is not None)
        if mean is None:
            return
        episodes = int(run.result.get("eval/episodes", 0))
        self._value.set_text(fmt.number(mean, 1))
        self._words.set_text(self.tr("over {count} episodes").format(count=episodes))
        solved = threshold is not None and mean >= threshold
        self._verdict.setVisible(threshold is not None)
        if threshold is not None:
            words = (self.tr("solved ≥ {limit}") if solved else self.tr("below {limit}")).format(
                limit=fmt.significant(threshold)
            )
            tone, icon = ("ok", "circle-check") if solved else ("warn", "triangle-alert")
            self._verdict.set_look(ChipLook(words, tone, icon))
            self._icon.set_icon(icon, tone)
        self._detail.set_text(self._spread(run))
        self.setAccessibleName(f"{self._value.text()} {self._words.text()}")

    def _spread(self, run: RunRow) -> str:
        result = run.result
        parts = [self.tr("True objective, deterministic policy")]
        low, high = result.get("eval/return_min"), result.get("eval/return_max")
        if low is not None and high is not None:
            span = self.tr("{low} to {high}")
            parts.append(span.format(low=fmt.significant(low), high=fmt.significant(high)))
        if "eval/return_std" in result:
            spread = fmt.significant(result["eval/return_std"])
            parts.append(self.tr("deviation {spread}").format(spread=spread))
        if "eval/length_mean" in result:
            length = fmt.significant(result["eval/length_mean"])
            parts.append(self.tr("length {steps} steps").format(steps=length))
        return "  ·  ".join(parts)
