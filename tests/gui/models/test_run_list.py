from lepton_desktop.gui.models.run_list import RunListModel, count_categories
from lepton_desktop.gui.models.run_reading import colour_index, headline, term_keys
from lepton_desktop.gui.refresh import Lab, fold
from lepton_desktop.wire.desk import Changes
from lepton_desktop.wire.node import State
from tests.gui import lab_rows


def _filled() -> tuple[RunListModel, Lab]:
    model, lab = RunListModel(), Lab()
    model.apply(lab, fold(lab, Changes(1, True, runs=lab_rows.some_runs())))
    return model, lab


def _numbers(model: RunListModel) -> list[int]:
    return [model.run_at(place).number for place in range(model.rowCount())]


def test_newest_run_comes_first() -> None:
    model, _ = _filled()
    assert _numbers(model) == [6, 5, 4, 3, 2, 1]


def test_category_and_words_filter_together() -> None:
    model, lab = _filled()
    assert count_categories(lab.runs) == {"all": 6, "active": 3, "failed": 1}
    model.set_filter("", "active")
    assert _numbers(model) == [6, 5, 4]
    model.set_filter("cartpole r5", "active")
    assert _numbers(model) == [5]
    model.set_filter("upright", "failed")
    assert _numbers(model) == [2]


def test_a_run_keeps_its_colour_for_life() -> None:
    assert [colour_index(lab_rows.run(number)) for number in (1, 2, 9)] == [0, 1, 0]


def test_runs_go_on_the_chart_and_off_again() -> None:
    model, lab = _filled()
    model.toggle_charted("run-0001")
    model.toggle_charted("run-0003")
    assert [run.number for run in model.charted()] == [1, 3]
    model.toggle_charted("run-0001")
    model.apply(lab, fold(lab, Changes(2, removed={"runs": ["run-0003"]})))
    assert model.charted() == []


def test_headline_prefers_the_evaluation_then_the_true_objective() -> None:
    assert headline(lab_rows.run(1, State.SUCCEEDED, result=lab_rows.RESULT)) == 500.0
    run = lab_rows.run(1)
    assert headline(run) == run.metrics["objective/return_mean"]
    assert headline(lab_rows.run(1, State.PENDING, 0)) is None


def test_terms_are_in_the_order_of_the_reward_function() -> None:
    assert term_keys(lab_rows.run(1)) == ["reward/upright", "reward/centred", "reward/effort"]
