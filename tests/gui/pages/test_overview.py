import time

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from lepton_desktop.gui.widgets.fleet import FleetGrid
from lepton_desktop.gui.widgets.table import DataTable
from lepton_desktop.wire.desk import LinkState
from lepton_desktop.wire.node import State
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow


def _tile(lab: LabWindow, key: str) -> str:
    return lab.find(f"tile-{key}").accessibleName()


def test_tiles_count_what_reports(lab: LabWindow) -> None:
    lab.engine.set_nodes(lab_rows.lab(24))
    lab.engine.set_runs(lab_rows.some_runs())
    lab.open()
    lab.wait(lambda: lab.shows("tile-gpus"))
    assert _tile(lab, "nodes") == "Nodes up: 21 / 25"
    assert _tile(lab, "runs") == "Runs active: 2 running"
    assert _tile(lab, "attention") == "Needs attention: 3"
    assert lab.shows("tile-power")
    assert not lab.shows("tile-cpu")


def test_a_lab_without_gpus_shows_cpu_load_and_memory(lab: LabWindow) -> None:
    lab.engine.set_nodes([lab_rows.node(f"cpu-{n}", 0) for n in range(3)])
    lab.open()
    lab.wait(lambda: lab.shows("tile-cpu"))
    assert lab.shows("tile-memory")
    assert not lab.shows("tile-gpus")
    assert not lab.shows("tile-power")


def test_attention_offers_the_one_action_that_helps(lab: LabWindow) -> None:
    lab.engine.set_nodes(
        [
            lab_rows.blocked(lab_rows.node("new"), changed=False),
            lab_rows.node(
                "lost",
                state=LinkState.RECONNECTING,
                reason="No answer.",
                retry_at=time.time() + 60,
            ),
        ]
    )
    lab.engine.set_runs([lab_rows.run(2, State.FAILED, reason="NaN in a reward term.")])
    lab.open()
    lab.click("attention-act-lost")
    lab.wait(lambda: lab.called("nodes.reconnect") == [{"name": "lost"}])
    lab.click("attention-act-new")
    lab.click("host-key-trust")
    lab.wait(lambda: lab.lab.nodes["new"].state is LinkState.UP)
    lab.wait(lambda: not lab.shows("attention-new"))
    lab.click("attention-act-run-0002")
    assert lab.main.page_id == "runs"
    assert lab.text("run-name") == "cartpole-r2"


def test_a_tile_of_the_fleet_opens_the_node(lab: LabWindow) -> None:
    lab.engine.set_nodes(lab_rows.lab(8))
    lab.open()
    grid = lab.find("fleet-grid", FleetGrid)
    lab.wait(lambda: bool(grid.accessibleDescription()))
    grid.setFocus()
    lab.press(Qt.Key.Key_Return)
    assert lab.main.page_id == "nodes"
    assert lab.text("node-name") == "gpu-a-01"


def test_a_running_run_is_opened_from_the_table(lab: LabWindow) -> None:
    lab.engine.set_nodes(lab_rows.lab(3))
    lab.engine.set_runs(lab_rows.some_runs())
    lab.open()
    table = lab.find("running-table", DataTable)
    lab.wait(lambda: table.model().rowCount() == 3)
    table.setFocus()
    table.select_row(1)
    lab.press(Qt.Key.Key_Return)
    assert lab.text("run-name") == "cartpole-r5"


def test_without_an_active_run_the_panel_offers_a_new_one(lab: LabWindow) -> None:
    lab.engine.set_nodes(lab_rows.lab(3))
    lab.open()
    assert not lab.shows("running-table")


def test_fleet_metric_and_keyboard(lab: LabWindow) -> None:
    lab.engine.set_nodes(lab_rows.lab(8))
    lab.open()
    metric = lab.find("fleet-metric")
    metric.setFocus()
    QTest.keyClick(metric, Qt.Key.Key_Right)
    assert metric.accessibleDescription() == "Memory"
