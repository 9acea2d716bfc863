"""A form made from declared options: one field each, with limits and help. Runs in the window."""

from __future__ import annotations

from typing import Any

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QWidget

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.models import run_form
from lepton_desktop.gui.theme.current import theme
from lepton_desktop.gui.widgets.choices import Checkbox
from lepton_desktop.gui.widgets.fields import FormField, TextField
from lepton_desktop.gui.widgets.layouts import hbox, holder
from lepton_desktop.specs import OptionInfo

COLUMNS = 4


class OptionForm(QWidget):
    """Fields for options, four a row; switches come last."""

    changed = Signal()

    def __init__(self, options: list[OptionInfo], parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._options = {info.name: info for info in options}
        self._fields: dict[str, FormField] = {}
        self._boxes: dict[str, Checkbox] = {}
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setHorizontalSpacing(theme().px(10))
        grid.setVerticalSpacing(theme().px(8))
        numbers = [info for info in options if info.type != "bool"]
        switches = [info for info in options if info.type == "bool"]
        for place, info in enumerate(numbers):
            field = self._make_field(info)
            top = Qt.AlignmentFlag.AlignTop
            grid.addWidget(field, place // COLUMNS, place % COLUMNS, alignment=top)
        row, column = divmod(len(numbers), COLUMNS)
        boxes = holder(hbox(*map(self._make_box, switches), None, gap=18))
        bottom = Qt.AlignmentFlag.AlignBottom
        grid.addWidget(boxes, row, column, 1, COLUMNS - column, alignment=bottom)
        for column in range(COLUMNS):
            grid.setColumnStretch(column, 1)

    def _make_field(self, info: OptionInfo) -> FormField:
        text = TextField(run_form.write_option(info.default), height=30)
        text.setObjectName(f"option-{info.name}")
        text.setToolTip(run_form.help_of(info))
        text.textChanged.connect(self._on_changed)
        field = FormField(
            run_form.label_of(info), text, check=lambda value: self._problem(info, value)
        )
        field.setToolTip(run_form.help_of(info))
        self._fields[info.name] = field
        return field

    def _make_box(self, info: OptionInfo) -> Checkbox:
        box = Checkbox(run_form.label_of(info), bool(info.default))
        box.setObjectName(f"option-{info.name}")
        box.setToolTip(run_form.help_of(info))
        box.toggled.connect(self._on_changed)
        self._boxes[info.name] = box
        return box

    def set_values(self, values: dict[str, Any]) -> None:
        """Fill in; what is not named goes to its default."""
        for name, field in self._fields.items():
            text = run_form.write_option(values.get(name, self._options[name].default))
            if isinstance(field.field, TextField):
                field.field.setText(text)
        for name, box in self._boxes.items():
            box.setChecked(bool(values.get(name, self._options[name].default)))

    def validate(self) -> QWidget | None:
        """The first field that is wrong, after marking all that are."""
        wrong = [field for field in self._fields.values() if not field.validate()]
        return wrong[0].field if wrong else None

    def values(self) -> dict[str, Any]:
        """Every option.

        Raises:
            LeptonError: A field does not hold what its option allows.
        """
        found: dict[str, Any] = {name: box.isChecked() for name, box in self._boxes.items()}
        for name, field in self._fields.items():
            if isinstance(field.field, TextField):
                found[name] = run_form.read_option(self._options[name], field.field.text())
        return found

    @staticmethod
    def _problem(info: OptionInfo, text: str) -> str:
        try:
            run_form.read_option(info, text)
        except LeptonError as error:
            return str(error)
        return ""

    def _on_changed(self) -> None:
        self.changed.emit()
