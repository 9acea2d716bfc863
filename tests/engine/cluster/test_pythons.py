from lepton_desktop.engine.cluster.pythons import choose_python
from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.node import PythonEnvironment

BARE = PythonEnvironment("/usr/bin/python3", "3.11.2", "system")
HALF = PythonEnvironment("/half/python", "3.11.2", "venv", torch="2.13.0")
BROKEN = PythonEnvironment(
    "/broken/python", "3.11.2", "venv", "2.13.0", "1.4.0", problem="torch does not import."
)
GOOD = PythonEnvironment("/good/python", "3.11.2", "conda", "2.13.0", "1.4.0")
ANY = NodeSpec("n", host="h")


def test_the_first_environment_that_can_train_is_chosen() -> None:
    assert choose_python(ANY, [BARE, BROKEN, HALF, GOOD]) == ("/good/python", "")


def test_the_configured_one_is_kept_even_when_it_cannot_train() -> None:
    spec = NodeSpec("n", host="h", python="/half/python")
    assert choose_python(spec, [GOOD, HALF]) == ("/half/python", "gymnasium missing.")
    spec = NodeSpec("n", host="h", python="/none")
    path, problem = choose_python(spec, [GOOD])
    assert path == "/none"
    assert "not found" in problem


def test_the_reason_names_the_closest_one() -> None:
    path, problem = choose_python(ANY, [BARE, HALF])
    assert path == ""
    assert "/half/python: gymnasium missing." in problem
    assert choose_python(ANY, [])[1]
