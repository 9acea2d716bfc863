from PySide6.QtWidgets import QStackedWidget, QWidget
from pytestqt.qtbot import QtBot

from lepton_desktop.gui.refresh import ACTIVITY_KEPT, Delta, Lab, Refresh, fold
from lepton_desktop.wire.desk import ActivityRow, Changes
from tests.gui import lab_rows


def test_a_reset_forgets_what_is_not_in_it() -> None:
    lab = Lab()
    fold(lab, Changes(1, True, nodes=[lab_rows.node("a"), lab_rows.node("b")]))
    delta = fold(lab, Changes(2, True, nodes=[lab_rows.node("b")]))
    assert set(lab.nodes) == {"b"}
    assert delta.reset
    assert (delta.nodes, delta.nodes_gone) == ({"b"}, {"a"})


def test_removed_rows_go_and_the_rest_stays() -> None:
    lab = Lab()
    fold(lab, Changes(1, True, nodes=[lab_rows.node("a")], runs=[lab_rows.run(1)]))
    delta = fold(lab, Changes(2, removed={"runs": ["run-0001"], "unheard-of": ["x"]}))
    assert not lab.runs
    assert set(lab.nodes) == {"a"}
    assert delta.runs_gone == {"run-0001"}


def test_merged_deltas_know_what_came_back_and_what_went() -> None:
    delta = Delta(nodes={"a", "b"})
    delta.merge(Delta(nodes_gone={"a"}))
    assert (delta.nodes, delta.nodes_gone) == ({"b"}, {"a"})
    delta.merge(Delta(nodes={"a"}))
    assert (delta.nodes, delta.nodes_gone) == ({"a", "b"}, set())


def test_activity_is_bounded() -> None:
    lab = Lab()
    rows = [ActivityRow(n, float(n), "lab", "x") for n in range(ACTIVITY_KEPT + 40)]
    fold(lab, Changes(1, True, activity=rows))
    assert len(lab.activity) == ACTIVITY_KEPT
    assert "39" not in lab.activity


def test_hidden_pages_do_no_work_and_catch_up_when_shown(qtbot: QtBot) -> None:
    stack = QStackedWidget()
    qtbot.addWidget(stack)
    pages = [QWidget(), QWidget()]
    for page in pages:
        stack.addWidget(page)
    refresh = Refresh()
    heard: list[tuple[int, set[str]]] = []
    for number, page in enumerate(pages):
        refresh.subscribe(page, lambda _, delta, n=number: heard.append((n, set(delta.nodes))))
    stack.show()
    assert heard == [], "nothing was heard of the engine yet"
    refresh.apply(Changes(1, True, nodes=[lab_rows.node("a")]))
    refresh.apply(Changes(2, nodes=[lab_rows.node("b")]))
    refresh.flush()
    assert heard == [(0, {"a", "b"})], "two answers, one update, visible page only"
    refresh.flush()
    assert len(heard) == 1, "nothing changed, nothing told"
    stack.setCurrentIndex(1)
    assert heard[1] == (1, {"a", "b"})


def test_the_clock_ticks_once_a_second_for_countdowns(qtbot: QtBot) -> None:
    page = QWidget()
    qtbot.addWidget(page)
    refresh = Refresh()
    seconds: list[bool] = []
    refresh.subscribe(page, lambda _, delta: seconds.append(delta.second))
    refresh.apply(Changes(1, True))
    page.show()
    refresh.start()
    qtbot.waitUntil(lambda: seconds.count(True) >= 2, timeout=4000)
    refresh.stop()
    assert len(seconds) <= 5
