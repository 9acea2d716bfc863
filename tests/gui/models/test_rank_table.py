import dataclasses

from lepton_desktop.gui.models.rank_table import CPU, STATE, RankTableModel, rank_rows
from lepton_desktop.gui.refresh import Lab
from lepton_desktop.wire.node import State
from tests.gui import lab_rows


def test_only_the_newest_attempt_is_shown_worst_first() -> None:
    run = lab_rows.run(1)
    old = dataclasses.replace(run.jobs[0], job_id="old", attempt=0, state=State.FAILED)
    failed = dataclasses.replace(run.jobs[1], state=State.FAILED, reason="code 1")
    run = dataclasses.replace(run, jobs=[old, run.jobs[0], failed])
    rows = rank_rows(run, Lab())
    assert [(row.ranks, row.job.state) for row in rows] == [
        ("1", State.FAILED),
        ("0", State.RUNNING),
    ]


def test_several_ranks_of_a_node_are_one_row() -> None:
    run = lab_rows.run(1)
    run = dataclasses.replace(run, jobs=[dataclasses.replace(run.jobs[0], ranks=4)])
    assert rank_rows(run, Lab())[0].ranks == "0–3"


def test_the_load_of_a_job_that_ended_is_not_shown() -> None:
    run = lab_rows.run(1, State.SUCCEEDED)
    lab = Lab(nodes={"gpu-a-01": lab_rows.node("gpu-a-01")})
    model = RankTableModel()
    model.show(rank_rows(run, lab))
    assert model.data(model.index(0, CPU)) == "—"
    assert model.data(model.index(0, STATE)) == "SUCCEEDED"


def test_equal_rows_emit_nothing_and_changed_ones_one_range() -> None:
    run = lab_rows.run(1)
    model = RankTableModel()
    model.show(rank_rows(run, Lab()))
    told: list[int] = []
    model.dataChanged.connect(lambda *_: told.append(1))
    model.modelReset.connect(lambda: told.append(2))
    model.show(rank_rows(run, Lab()))
    assert told == []
    jobs = [dataclasses.replace(job, last_line_at=1.0) for job in run.jobs]
    model.show(rank_rows(dataclasses.replace(run, jobs=jobs), Lab()))
    assert told == [1]
