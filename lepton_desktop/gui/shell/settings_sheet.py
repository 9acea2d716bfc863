"""The Settings sheet: theme, zoom, motion; every change applies at once. Runs in the window."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QWidget

from lepton_desktop.gui.shell.preferences import Preferences
from lepton_desktop.gui.widgets.buttons import Button
from lepton_desktop.gui.widgets.choices import Segment, SegmentedControl, Switch
from lepton_desktop.gui.widgets.labels import Label
from lepton_desktop.gui.widgets.layouts import hbox, vbox
from lepton_desktop.gui.widgets.sheet import Sheet
from lepton_desktop.gui.widgets.surfaces import Rule


class SettingsSheet(Sheet):
    """A label and its help at the left, the control at the right."""

    def __init__(self, preferences: Preferences, parent: QWidget | None = None) -> None:
        title = QCoreApplication.translate("SettingsSheet", "Settings")
        super().__init__(title, width=520, parent=parent)
        self.setObjectName("settings-sheet")
        self._preferences = preferences
        values = preferences.values
        self.theme_choice = SegmentedControl(
            [
                Segment("system", self.tr("System")),
                Segment("dark", self.tr("Dark")),
                Segment("light", self.tr("Light")),
            ],
            values.theme,
            name=self.tr("Colours"),
        )
        self.theme_choice.setObjectName("settings-theme")
        self.theme_choice.changed.connect(self._on_theme)
        smaller = Button("", "secondary", "zoom-out", 28, self.tr("Smaller (Ctrl+−)"))
        larger = Button("", "secondary", "zoom-in", 28, self.tr("Larger (Ctrl++)"))
        smaller.clicked.connect(preferences.zoom_out)
        larger.clicked.connect(preferences.zoom_in)
        smaller.setObjectName("settings-smaller")
        larger.setObjectName("settings-larger")
        zoom = Label(self.tr("{percent} %").format(percent=values.zoom_percent), "strong")
        self.motion = Switch(values.reduced_motion, self.tr("Reduced motion"))
        self.motion.setObjectName("settings-motion")
        self.motion.toggled.connect(self._on_motion)
        self._row(self.tr("Colours"), self.tr("System follows the desktop."), self.theme_choice)
        self._row(
            self.tr("Size"), self.tr("From 80 to 200 % of the natural size."), smaller, zoom, larger
        )
        self._row(
            self.tr("Reduced motion"), self.tr("No turning spinners, no pulsing dots."), self.motion
        )
        self.content.addStretch(1)

    def _row(self, title: str, help_text: str, *controls: QWidget) -> None:
        if self.content.count():
            self.content.addWidget(Rule())
        words = vbox(Label(title, "strong"), Label(help_text, "small", "t3"), gap=2)
        self.content.addLayout(hbox((words, 1), *controls, gap=10))

    def _on_theme(self, key: str) -> None:
        self._preferences.set(theme=key)

    def _on_motion(self, reduced: bool) -> None:
        self._preferences.set(reduced_motion=reduced)
