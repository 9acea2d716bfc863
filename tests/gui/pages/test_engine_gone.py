import pytest

from lepton_desktop.gui.engine_link import Phase
from tests.gui import lab_rows
from tests.gui.lab_window import LabWindow


@pytest.mark.parametrize("page_id", ["overview", "nodes", "runs"])
def test_pages_stay_readable_and_catch_up(lab: LabWindow, page_id: str) -> None:
    lab.engine.set_nodes(lab_rows.lab(8))
    lab.engine.set_runs(lab_rows.some_runs())
    lab.open(page_id)
    lab.engine.stop()
    lab.wait(lambda: lab.window.link.status.phase is Phase.STOPPED)
    actions = lab.main.actions_registry
    assert not actions.action("run.new").isEnabled()
    assert not actions.action("node.add").isEnabled()
    assert len(lab.lab.nodes) == 9, "the last data is kept"
    assert lab.window.link.status.data_at is not None
    lab.engine.set_nodes([lab_rows.node("late")])
    lab.engine.start()
    lab.wait(lambda: lab.window.link.connected and "late" in lab.lab.nodes)
    assert actions.action("run.new").isEnabled()


def test_an_engine_that_never_was_there_leaves_the_skeleton(lab: LabWindow) -> None:
    lab.window.show("nodes")
    lab.wait(lambda: lab.window.link.status.phase is Phase.STOPPED)
    assert not lab.lab.heard
    assert not lab.shows("nodes-table")
    assert "leptonctl engine start" in lab.window.link.status.hint
