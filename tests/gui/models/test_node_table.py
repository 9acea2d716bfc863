import dataclasses

from PySide6.QtCore import QPersistentModelIndex, Qt

from lepton_desktop.gui.models.node_table import (
    CPU,
    ENVIRONMENT,
    HISTORY_ROLE,
    NAME,
    NodeTableModel,
    natural,
)
from lepton_desktop.gui.refresh import Lab, fold
from lepton_desktop.wire.desk import Changes, NodeRow
from tests.gui import lab_rows


def _names(model: NodeTableModel) -> list[str]:
    return [model.row_at(place).name for place in range(model.rowCount())]


def _filled(*names: str) -> tuple[NodeTableModel, Lab]:
    model, lab = NodeTableModel(), Lab()
    rows = [lab_rows.node(name, 2) for name in names]
    model.apply(lab, fold(lab, Changes(1, True, nodes=rows)))
    return model, lab


def _with_load(row: NodeRow, percent: float | None) -> NodeRow:
    assert row.sample is not None
    host = dataclasses.replace(row.sample.host, cpu_percent=percent)
    return dataclasses.replace(row, sample=dataclasses.replace(row.sample, host=host))


def test_names_with_numbers_are_in_counting_order() -> None:
    assert sorted(["gpu-10", "gpu-2", "edge", "gpu-2b"], key=natural) == [
        "edge",
        "gpu-2",
        "gpu-2b",
        "gpu-10",
    ]


def test_a_tick_emits_one_range_over_the_rows_that_changed() -> None:
    model, lab = _filled("a", "b", "c", "d", "e")
    ranges: list[tuple[int, int]] = []
    model.dataChanged.connect(lambda top, bottom, _=None: ranges.append((top.row(), bottom.row())))
    changed = [_with_load(lab.nodes[name], 50) for name in ("d", "b")]
    model.apply(lab, fold(lab, Changes(2, nodes=changed)))
    assert ranges == [(1, 3)]


def test_a_current_row_stays_with_its_node_when_the_order_changes() -> None:
    model, lab = _filled("a", "b", "c")
    model.sort(CPU, Qt.SortOrder.DescendingOrder)
    rows = {
        name: _with_load(lab.nodes[name], load)
        for name, load in zip("abc", (9, 50, 90), strict=True)
    }
    model.apply(lab, fold(lab, Changes(2, nodes=list(rows.values()))))
    assert _names(model) == ["c", "b", "a"]
    kept = QPersistentModelIndex(model.index(2, NAME))
    model.apply(lab, fold(lab, Changes(3, nodes=[_with_load(rows["a"], 99)])))
    assert _names(model) == ["a", "c", "b"]
    assert kept.row() == 0


def test_a_node_without_a_reading_sorts_below_an_idle_one() -> None:
    model, lab = _filled("a", "b")
    rows = [_with_load(lab.nodes["a"], None), _with_load(lab.nodes["b"], 0.0)]
    model.apply(lab, fold(lab, Changes(2, nodes=rows)))
    model.sort(CPU, Qt.SortOrder.DescendingOrder)
    assert _names(model) == ["b", "a"]
    assert model.data(model.index(1, CPU)) == "—"


def test_filter_and_removal_drop_rows_and_their_persistent_indexes() -> None:
    model, lab = _filled("a", "b", "zeta")
    kept = QPersistentModelIndex(model.index(1, NAME))
    model.apply(lab, fold(lab, Changes(2, removed={"nodes": ["b"]})))
    assert _names(model) == ["a", "zeta"]
    assert not kept.isValid()
    model.set_filter("zeta")
    assert _names(model) == ["zeta"]
    assert model.total == 2
    assert model.place_of("a") is None


def test_only_new_samples_lengthen_the_history() -> None:
    model, lab = _filled("a")
    for revision in range(2, 80):
        row = _with_load(lab.nodes["a"], float(revision % 3))
        model.apply(lab, fold(lab, Changes(revision, nodes=[row])))
        model.apply(lab, fold(lab, Changes(revision, nodes=[row])))
    history = model.data(model.index(0, CPU), HISTORY_ROLE)
    assert len(history) == 40
    assert history[-1] == (79 % 3) / 100


def test_words_stand_beside_every_painted_cell() -> None:
    model, _ = _filled("a")
    words = [model.data(model.index(0, column)) for column in range(model.columnCount())]
    assert words[NAME] == "a"
    assert words[ENVIRONMENT] == "Ready"
    assert all(words)
