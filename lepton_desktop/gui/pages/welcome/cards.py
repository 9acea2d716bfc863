"""The cards of the Welcome page. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Signal
from PySide6.QtGui import QGuiApplication, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from lepton_desktop.gui.models import node_reading as reading
from lepton_desktop.gui.models.plain_text import plain
from lepton_desktop.gui.models.run_form import fitness
from lepton_desktop.gui.theme import format as fmt
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.chips import Chip, ChipLook, KeyCap
from lepton_desktop.gui.widgets.labels import ElidedLabel, IconLabel, Label
from lepton_desktop.gui.widgets.layouts import hbox, holder, vbox
from lepton_desktop.gui.widgets.progress import InlineProgress
from lepton_desktop.gui.widgets.surfaces import Card, Surface
from lepton_desktop.wire.desk import NodeRow


class IconBox(QWidget):
    """An icon on a rounded ground."""

    def __init__(self, icon: str, tone: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon, self._tone = icon, tone
        self.setFixedSize(theme().px(40), theme().px(40))
        theme().changed.connect(self.update)

    def paintEvent(self, _event: QPaintEvent) -> None:
        """Draw it."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme().color("line"))
        accent = self._tone == "acc"
        painter.setBrush(theme().color("acc", 0.16) if accent else theme().color("track"))
        frame = QRectF(self.rect()).adjusted(0.5, 0.5, -0.5, -0.5)
        painter.drawRoundedRect(frame, theme().px(10), theme().px(10))
        pixmap = theme().pixmap(self._icon, self._tone, 20)
        painter.drawPixmap(theme().px(10), theme().px(10), pixmap)


class ChoiceCard(Surface):
    """One way to begin: icon, key, title, sentence, button, and what came of it."""

    chosen = Signal()

    def __init__(self, icon: str, title: str, text: str, button: str, key: str) -> None:
        primary = key == "1"
        super().__init__("card-accent" if primary else "card")
        self.setObjectName(f"welcome-{key}")
        self.setAccessibleName(title)
        self._button = Button(button, "primary" if primary else "secondary", height=30)
        self._button.setObjectName(f"welcome-button-{key}")
        self._button.clicked.connect(self.chosen)
        self._message = Label("", "small", "err", wrap=True)
        self._message.setObjectName(f"welcome-message-{key}")
        self._progress = InlineProgress()
        self._progress.hide()
        words = Label(text, "body", "t2", wrap=True)
        self.setLayout(
            vbox(
                hbox(IconBox(icon, "acc" if primary else "t2"), None, KeyCap(key), gap=8),
                4,
                Label(title, "question", wrap=True),
                words,
                self._message,
                None,
                hbox(self._button, (self._progress, 1000), None, gap=12),
                gap=5,
                margins=(18, 16, 16, 14),
            )
        )
        self._message.hide()
        self.setMinimumHeight(theme().px(178))
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)

    def set_enabled(self, enabled: bool, reason: str = "") -> None:
        """Switch the button; the reason is its tool tip."""
        self._button.setEnabled(enabled)
        self._button.setToolTip(reason)

    def press(self) -> None:
        """As a click on the button, if it is enabled."""
        self._button.click()

    def show_error(self, text: str) -> None:
        """What went wrong; empty takes it away."""
        self._message.set_text(text)
        self._message.setVisible(bool(text))

    def show_progress(self, text: str, fraction: float | None = None) -> None:
        """Long work; empty ends it."""
        self._progress.setVisible(bool(text))
        if text:
            self._progress.set_state(text, fraction)


class Ability(QWidget):
    """An icon with a number and what it is."""

    def __init__(self, icon: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._icon = IconLabel(icon, "t2", 18)
        self._name = icon
        self._head = ElidedLabel("", "section")
        self._meta = ElidedLabel("", "small", "t3")
        self.setLayout(hbox(self._icon, (vbox(self._head, self._meta, gap=1), 1), gap=10))

    def show_words(self, head: str, meta: str, tone: str = "t2") -> None:
        """Fill it in."""
        self._head.set_text(head)
        self._meta.set_text(meta)
        self._icon.set_icon(self._name, tone)
        self.setAccessibleName(f"{head}, {meta}")


class ComputerCard(Card):
    """What this computer can do, and the one thing that is missing."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(margins=(18, 14, 18, 14), gap=10, parent=parent)
        self.setObjectName("this-computer")
        self._command = ""
        self._host = ElidedLabel("", "small", "t3")
        self._verdict = Chip("", "ok", "circle-check")
        self._verdict.setObjectName("this-computer-verdict")
        self._cpu = Ability("cpu")
        self._memory = Ability("memory-stick")
        self._gpu = Ability("gpu")
        self._python = Ability("package")
        self._missing = Label("", "small", "warn", wrap=True)
        self._missing.setObjectName("this-computer-missing")
        self._install = ElidedLabel("", "mono-micro", "t2")
        copy = Button("", "ghost", "copy", 24, self.tr("Copy the command"))
        copy.clicked.connect(lambda: QGuiApplication.clipboard().setText(self._command))
        self._install_row = holder(hbox((self._install, 1), copy, gap=6))
        title = Label(self.tr("This computer"), "section")
        self.add(hbox(title, (self._host, 1), self._verdict, gap=8))
        abilities = (self._cpu, self._memory, self._gpu, self._python)
        self.add(hbox(*((ability, 1) for ability in abilities), gap=14))
        self.add(self._missing)
        self.add(self._install_row)
        self.show_row(None)

    def show_row(self, row: NodeRow | None) -> None:
        """Show what the engine says of this computer."""
        if row is None or row.facts is None:
            self._verdict.set_look(ChipLook(self.tr("Looking"), "info", "loader-circle"))
            for ability in (self._cpu, self._memory, self._gpu, self._python):
                ability.show_words(fmt.EMPTY, "")
            self._show_missing(row)
            return
        facts = row.facts
        self._host.set_text(plain(f"{facts.os} · Python {_python_version(row)}"))
        cores = self.tr("{count} threads").format(count=facts.cpu_count)
        self._cpu.show_words(cores, plain(reading.short_cpu(facts.cpu_model)))
        free = row.sample.host.memory_used_bytes if row.sample is not None else None
        left = None if free is None else facts.memory_bytes - free
        words = self.tr("{size} free").format(size=fmt.byte_size(left))
        self._memory.show_words(fmt.byte_size(facts.memory_bytes), words)
        self._show_gpu(row)
        self._show_python(row)
        self._show_missing(row)

    def _show_gpu(self, row: NodeRow) -> None:
        gpus = row.facts.gpus if row.facts is not None else []
        if not gpus:
            self._gpu.show_words(self.tr("No GPU"), self.tr("small tasks train well without"))
            return
        line = reading.accelerator_line(tuple(gpu.name for gpu in gpus))
        self._gpu.show_words(line, fmt.byte_size(gpus[0].memory_bytes))

    def _show_python(self, row: NodeRow) -> None:
        chosen = next((item for item in row.environments if item.path == row.python), None)
        if chosen is not None:
            self._python.show_words(f"torch {chosen.torch}", f"gymnasium {chosen.gymnasium}", "ok")
        elif row.environments:
            self._python.show_words(
                self.tr("torch missing"), self.tr("no Python can train"), "warn"
            )
        else:
            self._python.show_words(self.tr("Looking"), self.tr("for a Python with torch"))

    def _show_missing(self, row: NodeRow | None) -> None:
        ready = row is not None and fitness(row).fit
        problem = "" if row is None or ready else fitness(row).reason
        self._missing.set_text(problem)
        self._missing.setVisible(bool(problem))
        self._command = _install_command(row) if problem else ""
        self._install.set_text(self._command)
        self._install_row.setVisible(bool(self._command))
        if row is None or row.facts is None:
            return
        on_gpu = bool(row.facts.gpus)
        words = self.tr("Ready to train on GPU") if on_gpu else self.tr("Ready to train on CPU")
        self._verdict.set_look(
            ChipLook(words, "ok", "circle-check")
            if ready
            else ChipLook(self.tr("Cannot train yet"), "warn", "triangle-alert")
        )


def _python_version(row: NodeRow) -> str:
    found = [item.version for item in row.environments if item.path == row.python]
    return (found or [item.version for item in row.environments] or [fmt.EMPTY])[0]


def _install_command(row: NodeRow | None) -> str:
    if row is None or not row.environments:
        return ""
    return f'{row.environments[0].path} -m pip install torch "gymnasium[classic-control]"'
