from lepton_desktop.gui.models.event_list import (
    EventListModel,
    event_from_activity,
    event_from_run,
)
from lepton_desktop.gui.models.process_table import ProcessTableModel
from lepton_desktop.wire.node import ProcessInfo
from tests.gui import lab_rows


def test_events_come_newest_first_with_their_level() -> None:
    model = EventListModel()
    model.show(
        [
            event_from_run({"t": 1.0, "kind": "checkpoint", "text": "a.pt", "step": 20}),
            event_from_run({"t": 2.0, "kind": "error", "text": "NaN\x07", "hint": "Clip."}),
            event_from_run({"kind": "strange"}),
        ]
    )
    assert [event.text for event in model.events] == ["NaN", "a.pt", "strange"]
    assert [event.level for event in model.events] == ["error", "saved", "info"]
    assert model.events[0].detail == "Clip."


def test_equal_events_do_not_reset_the_view() -> None:
    model = EventListModel()
    events = [event_from_activity(row) for row in lab_rows.activity()]
    told: list[int] = []
    model.modelReset.connect(lambda: told.append(1))
    model.show(events)
    model.show(list(events))
    assert told == [1]


def test_accelerator_users_come_before_busy_processes() -> None:
    model = ProcessTableModel()
    busy = ProcessInfo(1, "a", "busy", 99.0)
    user = ProcessInfo(2, "b", "\x1b[1mgpu", 1.0, gpu_memory_bytes=10**9, gpu_indices=[0, 1])
    model.show([busy, user])
    assert [model.index(row, 0).data() for row in (0, 1)] == ["2", "1"]
    assert model.index(0, 5).data() == "gpu"
    assert model.index(0, 4).data().startswith("0, 1: ")
