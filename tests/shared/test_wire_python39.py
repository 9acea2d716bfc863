"""The shared vocabulary on the oldest Python that nodes may have, standard library only."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

CHECK = """
import sys
sys.path.insert(0, sys.argv[1])
import dataclasses, json, typing
from lepton_desktop import errors, formula, plugins, specs
from lepton_desktop.wire import convert, desk, framing, node
for module in (node, desk, specs, plugins):
    for kind in list(vars(module).values()):
        if dataclasses.is_dataclass(kind):
            typing.get_type_hints(kind)
spec = specs.load(specs.RunSpec, {"name": "a", "reward": {"name": "r", "environment": "E",
    "terms": [{"name": "t", "formula": "1 - x"}]}})
assert convert.build(specs.RunSpec, json.loads(json.dumps(convert.dump(spec)))) == spec
assert specs.check_reward(spec.reward) == []
assert formula.check_formula("foo", ["x"])[0].column == 1
assert formula.check_formula("x +", ["x"]) and formula.check_formula("-" * 900 + "x", ["x"])
plugins.discover([])
print("%d.%d" % sys.version_info[:2])
"""


def interpreters() -> list[str]:
    """This Python, and a 3.9 where there is one."""
    candidates = [str(path) for path in Path.home().glob(".pyenv/versions/3.9.*/bin/python")]
    candidates += filter(None, [shutil.which("python3.9")])
    return [sys.executable, *filter(_runs, candidates)][:2]


def _runs(python: str) -> bool:
    """A version manager's stand-in is on PATH also where the version is not chosen."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("python", interpreters())
def test_shared_modules_work_isolated(python):
    answer = subprocess.run(
        [python, "-I", "-S", "-W", "error", "-c", CHECK, str(ROOT)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert answer.stderr == ""
    assert answer.stdout.strip().startswith("3.")


def test_the_runtime_compiles_on_the_oldest_python():
    oldest = interpreters()[-1]
    code = (
        "import pathlib, sys\n"
        "for path in pathlib.Path(sys.argv[1]).rglob('*.py'):\n"
        "    compile(path.read_text(encoding='utf-8'), str(path), 'exec')\n"
    )
    folder = str(ROOT / "lepton_desktop" / "runtime")
    subprocess.run([oldest, "-I", "-S", "-c", code, folder], timeout=60, check=True)
