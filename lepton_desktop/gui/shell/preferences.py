"""The window's options: read once, applied at once, saved when changed. Runs in the window."""

from __future__ import annotations

import logging

from PySide6.QtCore import QObject, Signal

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.settings import Paths, Settings, changed, read_settings, write_settings

log = logging.getLogger(__name__)

ZOOM_STEP = 10


class Preferences(QObject):
    """Settings of the desk, as the window uses them."""

    changed = Signal()

    def __init__(self, where: Paths, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._where = where
        self.problem = ""
        """Why the saved options could not be read or written; shown once by the window."""
        try:
            self._values = read_settings(where)
        except LeptonError as error:
            self._values = Settings()
            self.problem = str(error)

    @property
    def values(self) -> Settings:
        """The options now."""
        return self._values

    def set(self, **values: object) -> None:
        """Change options, apply and save them.

        Raises:
            LeptonError: A value is outside its limits.
        """
        new = changed(self._values, **values)
        if new == self._values:
            return
        self._values = new
        try:
            write_settings(self._where, new)
        except (OSError, LeptonError) as error:
            self.problem = str(error)
            log.warning("The options could not be saved: %s", error)
        self.apply()
        self.changed.emit()

    def apply(self) -> None:
        """Give the theme its colours, zoom and motion."""
        theme().set_reduced_motion(self._values.reduced_motion)
        theme().set_scheme(self._values.theme)
        theme().set_zoom(self._values.zoom_percent / 100)

    def zoom_in(self) -> None:
        """Ten percent larger."""
        self.set(zoom_percent=min(200, self._values.zoom_percent + ZOOM_STEP))

    def zoom_out(self) -> None:
        """Ten percent smaller."""
        self.set(zoom_percent=max(80, self._values.zoom_percent - ZOOM_STEP))

    def zoom_reset(self) -> None:
        """Back to the natural size."""
        self.set(zoom_percent=100)

    def toggle_theme(self) -> None:
        """From dark to light and back."""
        self.set(theme="light" if theme().name == "dark" else "dark")
