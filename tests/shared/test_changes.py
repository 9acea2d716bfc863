"""The change board: coalesced answers, removals, clients that were away."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.engine.changes import REMOVALS_KEPT, TOPICS, ChangeBoard, new_task_id


def test_newcomer_gets_the_whole_picture_then_deltas():
    board = ChangeBoard()
    board.publish("nodes", "a", "A1")
    board.publish("nodes", "b", "B1")
    first = board.collect(0, TOPICS)
    assert first.reset
    assert first.nodes == ["A1", "B1"]
    assert board.collect(first.revision, TOPICS) is None
    board.publish("nodes", "a", "A2")
    board.publish("nodes", "a", "A3")
    second = board.collect(first.revision, TOPICS)
    assert not second.reset
    assert second.nodes == ["A3"]


def test_equal_record_changes_nothing():
    board = ChangeBoard()
    board.publish("runs", "r", {"state": "RUNNING"})
    revision = board.revision
    board.publish("runs", "r", {"state": "RUNNING"})
    assert board.revision == revision


def test_removal_is_told_once_and_undone_by_a_new_record():
    board = ChangeBoard()
    board.publish("tasks", "t", "one")
    seen = board.collect(0, TOPICS).revision
    board.remove("tasks", "t")
    assert board.collect(seen, TOPICS).removed == {"tasks": ["t"]}
    board.publish("tasks", "t", "again")
    found = board.collect(seen, TOPICS)
    assert found.tasks == ["again"]
    assert not found.removed


def test_only_wanted_topics_wake_a_client():
    async def scenario():
        board = ChangeBoard()
        board.publish("runs", "r", 1)
        seen = board.revision
        waiting = asyncio.create_task(board.next(seen, ["nodes"], 5))
        await asyncio.sleep(0)
        board.publish("runs", "r", 2)
        await asyncio.sleep(0)
        assert not waiting.done()
        board.publish("nodes", "n", 1)
        assert (await waiting).nodes == [1]

    asyncio.run(scenario())


def test_wait_ends_without_news():
    async def scenario():
        board = ChangeBoard()
        board.publish("runs", "r", 1)
        answer = await board.next(board.revision, TOPICS, 0.01)
        assert answer.revision == board.revision
        assert not answer.reset
        assert not answer.runs

    asyncio.run(scenario())


def test_revision_of_an_earlier_engine_gets_everything():
    board = ChangeBoard(first_revision=5000)
    board.publish("nodes", "a", "A")
    assert board.collect(4999, TOPICS).reset
    assert board.collect(9999, TOPICS).reset
    assert not board.collect(5000, TOPICS).reset


def test_client_behind_the_remembered_removals_starts_over():
    board = ChangeBoard()
    board.publish("nodes", "a", "A")
    seen = board.revision
    for number in range(REMOVALS_KEPT + 1):
        board.publish("tasks", str(number), number)
        board.remove("tasks", str(number))
    assert board.collect(seen, TOPICS).reset


actions = st.lists(
    st.tuples(
        st.sampled_from(["publish", "remove", "look"]),
        st.sampled_from("abc"),
        st.integers(0, 3),
    )
)


@given(actions)
def test_client_that_applies_changes_holds_the_boards_rows(steps):
    board, seen = ChangeBoard(), 0
    truth, mirror = {}, {}
    for what, key, value in [*steps, ("look", "a", 0)]:
        if what == "publish":
            board.publish("nodes", key, (key, value))
            truth[key] = (key, value)
        elif what == "remove":
            board.remove("nodes", key)
            truth.pop(key, None)
        elif (found := board.collect(seen, ["nodes"])) is not None:
            if found.reset:
                mirror.clear()
            mirror.update((row[0], row) for row in found.nodes)
            for gone in found.removed.get("nodes", []):
                mirror.pop(gone, None)
            seen = found.revision
    assert mirror == truth


def test_task_ids_differ():
    assert new_task_id() != new_task_id()
