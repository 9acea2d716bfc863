import pytest

from lepton_desktop.errors import LeptonError
from lepton_desktop.gui.models import connection_steps, node_form, run_form
from lepton_desktop.gui.models.connection_steps import StepState
from lepton_desktop.gui.models.node_form import NodeForm
from lepton_desktop.wire.desk import LinkState
from tests.gui import lab_rows


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("gpu-1", ("", "gpu-1", "")),
        ("lab@gpu-1", ("lab", "gpu-1", "")),
        ("lab@gpu-1:2222", ("lab", "gpu-1", "2222")),
        ("lab@[fe80::1]:22", ("lab", "fe80::1", "22")),
        (" 10.0.0.5 ", ("", "10.0.0.5", "")),
    ],
)
def test_a_pasted_address_is_taken_apart(text: str, expected: tuple[str, str, str]) -> None:
    assert node_form.split_address(text) == expected


def test_names_are_suggested_from_the_host() -> None:
    assert node_form.suggest_name("gpu-1.lab.example", []) == "gpu-1"
    assert node_form.suggest_name("gpu-1.lab.example", ["gpu-1"]) == "gpu-1-2"
    assert node_form.suggest_name("10.0.0.5", []) == "10.0.0.5"
    assert node_form.suggest_name("", []) == ""


def test_every_problem_of_a_form_is_named_at_its_field() -> None:
    problems = node_form.check(NodeForm(host="", name="a b", port="x"), [])
    assert set(problems) == {"host", "name", "port"}
    assert node_form.check(NodeForm(host="h", name="a"), ["a"]) == {
        "name": "A node of this name exists."
    }
    spec = node_form.make_spec(NodeForm(host="h", name="a", tags="x, y x"))
    assert spec.tags == ["x", "y"]


@pytest.mark.parametrize(
    ("code", "failed"),
    [
        ("dns", "reach"),
        ("login_refused", "login"),
        ("python_old", "agent"),
        ("host_key_changed", "host_key"),
    ],
)
def test_a_failure_is_shown_at_its_step(code: str, failed: str) -> None:
    row = lab_rows.node("a", state=LinkState.BLOCKED, code=code, reason="Why.", hint="What next.")
    found = {step.key: step for step in connection_steps.steps(row)}
    assert found[failed].state is StepState.FAILED
    assert found[failed].detail == "Why. What next."


def test_a_node_without_a_training_python_connects_with_a_warning() -> None:
    row = lab_rows.node("a", python="", python_problem="No torch.")
    last = connection_steps.steps(row)[-1]
    assert (last.state, last.detail) == (StepState.WARNING, "No torch.")
    assert connection_steps.steps(None)[0].state is StepState.WAITING


def test_options_read_and_write_themselves() -> None:
    infos = {info.name: info for info in run_form.options()}
    for info in infos.values():
        if info.type != "bool":
            text = run_form.write_option(info.default)
            assert run_form.read_option(info, text) == info.default
    assert run_form.read_option(infos["learning_rate"], "3e−4") == 3e-4
    assert run_form.read_option(infos["rollout_steps"], "1 024".replace(" ", "\u202f")) == 1024


@pytest.mark.parametrize("text", ["", "x", "nan", "2", "-1"])
def test_a_value_outside_its_limits_is_refused_with_the_range(text: str) -> None:
    info = next(info for info in run_form.options() if info.name == "gamma")
    with pytest.raises(LeptonError) as caught:
        run_form.read_option(info, text)
    assert "Allowed: 0 to 1" in str(caught.value)


def test_fitness_names_the_first_reason() -> None:
    assert run_form.fitness(lab_rows.node("a")).fit
    assert run_form.fitness(lab_rows.node("a", drained=True, drain_reason="Fan")).reason == "Fan"
    assert not run_form.fitness(lab_rows.node("a", python="")).fit
    assert run_form.fitness(lab_rows.node("a", state=LinkState.CONNECTING)).reason == "Connecting"


def test_run_names_count_up_and_never_collide() -> None:
    assert run_form.suggest_name("CartPole-v1", []) == "cartpole-1"
    runs = [lab_rows.run(3, name="cartpole-4")]
    assert run_form.suggest_name("CartPole-v1", runs) == "cartpole-5"
    assert run_form.suggest_name("ALE/Pong-v5", []) == "pong-1"
    assert run_form.check_name("cartpole-4", runs) == "A run of this name exists."
