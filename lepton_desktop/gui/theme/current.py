"""The theme of this process: colours, fonts, icons, zoom, reduced motion. Runs in the window.

Like ``QApplication.palette()`` there is one per process, because Qt's palette, style sheet and
application font are process-wide too. ``theme()`` answers it; ``install()`` is called once by
``app.py`` or a test.
"""

from __future__ import annotations

from functools import cache

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtGui import QColor, QFont, QFontMetrics, QIcon, QPalette, QPixmap
from PySide6.QtWidgets import QApplication

from lepton_desktop.gui.theme import colours, fonts
from lepton_desktop.gui.theme.icons import IconCache
from lepton_desktop.gui.theme.qss import style_sheet
from lepton_desktop.gui.theme.tokens import DARK, LIGHT, Tokens
from lepton_desktop.settings import resources_folder

Tone = str
"""A colour token, ``series:3`` (counted from 0, wraps), or ``seq:0.7``."""

PALETTE_ROLES = (
    (QPalette.ColorRole.Window, "bg"),
    (QPalette.ColorRole.WindowText, "t1"),
    (QPalette.ColorRole.Base, "input"),
    (QPalette.ColorRole.AlternateBase, "s2"),
    (QPalette.ColorRole.Text, "t1"),
    (QPalette.ColorRole.Button, "s2"),
    (QPalette.ColorRole.ButtonText, "t1"),
    (QPalette.ColorRole.Highlight, "accfill"),
    (QPalette.ColorRole.HighlightedText, "onacc"),
    (QPalette.ColorRole.PlaceholderText, "t3"),
    (QPalette.ColorRole.ToolTipBase, "s3"),
    (QPalette.ColorRole.ToolTipText, "t1"),
    (QPalette.ColorRole.Link, "acc"),
)


class Theme(QObject):
    """What every widget asks for its looks."""

    changed = Signal()
    """Colours are others: repaint, make pens and pixmaps anew."""
    zoom_changed = Signal()
    """Sizes are others: the window builds its frame and pages anew."""
    motion_changed = Signal()

    def __init__(self, scheme: str = "dark", zoom: float = 1.0) -> None:
        super().__init__()
        self._scheme = scheme
        self._zoom = zoom
        self._reduced_motion = False
        self._tokens: Tokens = self._tokens_of(scheme)
        self._colours: dict[tuple[str, float | None], QColor] = {}
        self._ramps: dict[str, list[QColor]] = {}
        self._fonts: dict[str, QFont] = {}
        self._metrics: dict[str, QFontMetrics] = {}
        self._icons = IconCache(resources_folder())
        hints = QApplication.styleHints()
        hints.colorSchemeChanged.connect(self._on_system_scheme_changed)

    # Settings

    @property
    def name(self) -> str:
        """``dark`` or ``light``, whatever decided it."""
        return self._tokens["name"]

    @property
    def zoom(self) -> float:
        """Factor on every size, 0.8 to 2."""
        return self._zoom

    @property
    def reduced_motion(self) -> bool:
        """Whether spinners stand still and nothing pulses."""
        return self._reduced_motion

    def set_scheme(self, scheme: str) -> None:
        """Switch to ``dark``, ``light`` or ``system``."""
        self._scheme = scheme
        self._use(self._tokens_of(scheme))

    def set_zoom(self, zoom: float) -> None:
        """Change the size of everything."""
        zoom = min(2.0, max(0.8, zoom))
        if zoom == self._zoom:
            return
        self._zoom = zoom
        self._fonts.clear()
        self._metrics.clear()
        self._apply()
        self.zoom_changed.emit()

    def set_reduced_motion(self, reduced: bool) -> None:
        """Turn rotation and pulses off or on."""
        if reduced != self._reduced_motion:
            self._reduced_motion = reduced
            self.motion_changed.emit()

    def install(self) -> None:
        """Give the application its style, fonts, palette and style sheet."""
        QApplication.setStyle("Fusion")
        fonts.load_shipped(resources_folder())
        self._apply()

    # What widgets ask for

    def color(self, tone: Tone, alpha: float | None = None) -> QColor:
        """The colour of a tone. Shared: copy it before changing it."""
        key = (tone, alpha)
        found = self._colours.get(key)
        if found is None:
            found = self._colours[key] = self._make_colour(tone, alpha)
        return found

    def series(self, index: int) -> QColor:
        """Series colour, counted from 0; wraps after eight."""
        return self.color(f"series:{index % len(self._tokens['series'])}")

    def ramp(self, name: str = "seq") -> list[QColor]:
        """256 colours of ``seq`` or ``div``."""
        found = self._ramps.get(name)
        if found is None:
            stops = self._tokens["div"] if name == "div" else self._tokens["seq"]
            found = self._ramps[name] = colours.steps(stops, 256)
        return found

    def load_color(self, share: float) -> QColor:
        """Colour of a utilisation of 0 … 1."""
        return self.ramp()[min(255, max(0, round(share * 255)))]

    @property
    def ratio(self) -> float:
        """Device pixels per pixel on the finest screen."""
        return float(_application().devicePixelRatio())

    @property
    def tint(self) -> float:
        """Opacity of a chip's fill."""
        return self._tokens["tint"]

    def px(self, size: float) -> int:
        """A token size at the present zoom."""
        return round(size * self._zoom)

    def font(self, role: str = "body") -> QFont:
        """The font of a role. Shared: copy it before changing it."""
        found = self._fonts.get(role)
        if found is None:
            found = self._fonts[role] = fonts.make(role, self._zoom)
        return found

    def metrics(self, role: str = "body") -> QFontMetrics:
        """Metrics of a role's font."""
        found = self._metrics.get(role)
        if found is None:
            found = self._metrics[role] = QFontMetrics(self.font(role))
        return found

    def pixmap(self, name: str, tone: Tone = "t2", size: int = 16) -> QPixmap:
        """An icon at token size ``size``, sharp on the finest screen attached."""
        return self._icons.pixmap(name, self.color(tone).name(), self.px(size), self.ratio)

    def icon(self, name: str, tone: Tone = "t2", size: int = 16) -> QIcon:
        """An icon for actions and buttons, with a disabled look."""
        icon = QIcon(self.pixmap(name, tone, size))
        icon.addPixmap(self.pixmap(name, "t4", size), QIcon.Mode.Disabled)
        return icon

    # Inside

    def _make_colour(self, tone: Tone, alpha: float | None) -> QColor:
        kind, _, argument = tone.partition(":")
        if kind == "series":
            series = self._tokens["series"]
            colour = QColor(series[int(argument) % len(series)])
        elif kind == "seq":
            colour = QColor(self.load_color(float(argument)))
        else:
            colour = QColor(self._tokens["colours"][tone])
        if alpha is not None:
            colour.setAlphaF(alpha)
        return colour

    def _tokens_of(self, scheme: str) -> Tokens:
        if scheme == "system":
            light = QApplication.styleHints().colorScheme() == Qt.ColorScheme.Light
            return LIGHT if light else DARK
        return LIGHT if scheme == "light" else DARK

    def _on_system_scheme_changed(self) -> None:
        if self._scheme == "system":
            self._use(self._tokens_of("system"))

    def _use(self, tokens: Tokens) -> None:
        if tokens["name"] == self._tokens["name"]:
            return
        self._tokens = tokens
        self._colours.clear()
        self._ramps.clear()
        self._apply()
        self.changed.emit()

    def _apply(self) -> None:
        palette = QPalette()
        for role, token in PALETTE_ROLES:
            palette.setColor(role, self.color(token))
        for role in (QPalette.ColorRole.WindowText, QPalette.ColorRole.Text):
            palette.setColor(QPalette.ColorGroup.Disabled, role, self.color("t4"))
        QApplication.setPalette(palette)
        QApplication.setFont(self.font("body"))
        _application().setStyleSheet(style_sheet(self._tokens["colours"], self._zoom))


def _application() -> QApplication:
    app = QApplication.instance()
    if not isinstance(app, QApplication):
        raise TypeError("a QApplication must exist before the theme")
    return app


@cache
def theme() -> Theme:
    """The one theme of this process."""
    return Theme()
