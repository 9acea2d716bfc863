"""One style sheet from tokens, for the standard controls. Runs in the window.

Never set ``color`` on QWidget here: it would override every label's palette. What widgets paint
themselves (labels, chips, switches, table cells) is not in this sheet.
"""

from __future__ import annotations

from string import Template

from PySide6.QtGui import QColor

SHEET = Template("""
* { outline: none; }
QMainWindow, QDialog, QWidget#root { background: $bg; }
QToolTip { background: $s3; color: $t1; border: 1px solid $line2; padding: ${p6}px; }
QFrame[surface="card"] { background: $s1; border: 1px solid $line; border-radius: ${p8}px; }
QFrame[surface="card-accent"] {
  background: $s1; border: 1px solid $acc55; border-radius: ${p8}px; }
QFrame[surface="inset"] { background: $s2; border: 1px solid $line; border-radius: ${p6}px; }
QFrame[surface="well"] { background: $bg; border: 1px solid $line; border-radius: ${p6}px; }
QFrame[surface="selected"] { background: $acc12; border: 1px solid $acc55; border-radius: ${p6}px; }
QFrame[surface="plain"] { background: transparent; border: none; }
QWidget#rail { background: $rail; border-right: 1px solid $line; }
QWidget#top-bar { background: $bg; border-bottom: 1px solid $line; }
QWidget#status-strip { background: $rail; border-top: 1px solid $line; }

QPushButton { border-radius: ${p6}px; padding: 0 ${p12}px; border: 1px solid $line2;
  background: $s2; color: $t1; }
QPushButton:hover { background: $hover; }
QPushButton:pressed { background: $line2; }
QPushButton:disabled { color: $t4; border-color: $line; background: $s1; }
QPushButton:focus { border: 2px solid $acc; padding: 0 ${p11}px; }
QPushButton[kind="primary"] { background: $accfill; border-color: $accfill; color: $onacc; }
QPushButton[kind="primary"]:hover { background: $accfillh; }
QPushButton[kind="primary"]:disabled { background: $s3; color: $t4; border-color: $line2; }
QPushButton[kind="primary"]:focus { border: 2px solid $acc; }
QPushButton[kind="ghost"] { background: transparent; border: 1px solid transparent; color: $t2; }
QPushButton[kind="ghost"]:hover { background: $hover; }
QPushButton[kind="ghost"]:disabled { color: $t4; }
QPushButton[kind="ghost"]:focus { border: 2px solid $acc; }
QPushButton[kind="danger"] { background: transparent; border: 1px solid $err50; color: $err; }
QPushButton[kind="danger"]:hover { background: $err12; }
QPushButton[kind="danger"]:disabled { color: $t4; border-color: $line2; }
QPushButton[kind="danger"]:focus { border: 2px solid $acc; }
QPushButton[kind="danger-filled"] { background: $errfill; border-color: $errfill; color: $onacc; }
QPushButton[kind="danger-filled"]:hover { background: $errfillh; }
QPushButton[kind="danger-filled"]:disabled { background: $s3; color: $t4; border-color: $line2; }
QPushButton[kind="danger-filled"]:focus { border: 2px solid $acc; }
QPushButton[kind="link"] { background: transparent; border: none; color: $acc; padding: 0 2px; }
QPushButton[kind="link"]:hover { text-decoration: underline; }
QPushButton[kind="link"]:disabled { color: $t4; }
QPushButton[kind="link"]:focus { border: 2px solid $acc; padding: 0; }
QPushButton[iconOnly="true"] { padding: 0; }

QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox, QPlainTextEdit, QTextEdit {
  background: $input; border: 1px solid $line2; border-radius: ${p6}px; color: $t1;
  selection-background-color: $accfill; selection-color: $onacc; }
QLineEdit, QSpinBox, QDoubleSpinBox, QComboBox { padding: 0 ${p8}px; }
QLineEdit:hover, QSpinBox:hover, QDoubleSpinBox:hover, QComboBox:hover { border-color: $line3; }
QLineEdit:focus, QSpinBox:focus, QDoubleSpinBox:focus, QComboBox:focus {
  border: 2px solid $acc; padding: 0 ${p7}px; }
QPlainTextEdit:focus, QTextEdit:focus { border: 2px solid $acc; }
QLineEdit[invalid="true"], QSpinBox[invalid="true"], QDoubleSpinBox[invalid="true"],
QComboBox[invalid="true"], QPlainTextEdit[invalid="true"] { border-color: $err; }
QLineEdit:disabled, QSpinBox:disabled, QDoubleSpinBox:disabled, QComboBox:disabled {
  color: $t4; background: $s1; border-color: $line; }
QLineEdit[bare="true"] { background: transparent; border: none; padding: 0; }
QPlainTextEdit[surface="well"] { background: $bg; border: none; }
QComboBox::drop-down { border: none; width: ${p24}px; }
QComboBox::down-arrow { image: none; }
QComboBox QAbstractItemView { background: $s3; color: $t1; border: 1px solid $line2;
  selection-background-color: $acc18; selection-color: $t1; padding: ${p4}px; }
QMenu { background: $s3; color: $t1; border: 1px solid $line2; border-radius: ${p8}px;
  padding: ${p4}px; }
QMenu::item { padding: ${p6}px ${p24}px ${p6}px ${p10}px; border-radius: ${p6}px; }
QMenu::item:selected { background: $acc18; }
QMenu::item:disabled { color: $t4; }
QMenu::separator { height: 1px; background: $line; margin: ${p4}px ${p6}px; }

QTableView, QListView, QTreeView, QScrollArea { background: transparent; border: none;
  selection-background-color: transparent; }
QAbstractScrollArea > QWidget > QWidget#scroll-body { background: transparent; }
QHeaderView, QHeaderView::section, QTableCornerButton::section {
  background: transparent; border: none; }
QTabBar { background: transparent; border: none; }
QTabBar::tab { background: transparent; color: $t3; padding: 0 ${p4}px; margin-right: ${p18}px;
  border: none; border-bottom: 2px solid transparent; height: ${p30}px; }
QTabBar::tab:hover { color: $t2; }
QTabBar::tab:selected { color: $t1; border-bottom: 2px solid $acc; }
QTabBar::tab:focus { color: $acc; }
QSlider::groove:horizontal { height: ${p4}px; border-radius: ${p2}px; background: $track; }
QSlider::sub-page:horizontal { height: ${p4}px; border-radius: ${p2}px; background: $accfill; }
QSlider::handle:horizontal { width: ${p12}px; height: ${p12}px; margin: -${p5}px 0;
  border-radius: ${p7}px; background: $knob; border: 1px solid $accfill; }
QSlider::handle:horizontal:focus { border: 2px solid $acc; }
QSplitter::handle { background: transparent; }
QScrollBar:vertical { background: transparent; width: ${p10}px; margin: 2px; }
QScrollBar:horizontal { background: transparent; height: ${p10}px; margin: 2px; }
QScrollBar::handle { background: $line2; border-radius: ${p3}px; }
QScrollBar::handle:hover { background: $line3; }
QScrollBar::handle:vertical { min-height: ${p30}px; }
QScrollBar::handle:horizontal { min-width: ${p30}px; }
QAbstractScrollArea::corner { background: transparent; border: none; }
QScrollBar::add-line, QScrollBar::sub-line, QScrollBar::add-page, QScrollBar::sub-page {
  background: none; width: 0; height: 0; border: none; }
""")

SIZES = (2, 3, 4, 5, 6, 7, 8, 10, 11, 12, 18, 24, 30)
MIXED = (
    ("acc12", "acc", 0.12),
    ("acc18", "acc", 0.18),
    ("acc55", "acc", 0.55),
    ("err12", "err", 0.12),
    ("err50", "err", 0.5),
)


def style_sheet(colours: dict[str, str], zoom: float) -> str:
    """The application's style sheet."""
    values = dict(colours)
    for size in SIZES:
        values[f"p{size}"] = str(max(1, round(size * zoom)))
    for name, token, alpha in MIXED:
        values[name] = _rgba(colours[token], alpha)
    return SHEET.substitute(values)


def _rgba(colour: str, alpha: float) -> str:
    parts = QColor(colour)
    return f"rgba({parts.red()}, {parts.green()}, {parts.blue()}, {round(alpha * 255)})"
