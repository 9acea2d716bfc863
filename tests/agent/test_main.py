import ast
import subprocess
from pathlib import Path

import pytest

from lepton_desktop import __version__
from tests.agent.agent_process import CURRENT, ISOLATED, MAIN, ROOT


def _old_python() -> str | None:
    for version in ("3.6", "3.7", "3.8"):
        stored = sorted(Path("~/.pyenv/versions").expanduser().glob(f"{version}.*/bin/python3"))
        for candidate in [f"/usr/bin/python{version}", *map(str, stored)]:
            if Path(candidate).is_file():
                return candidate
    return None


def _run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("command", [CURRENT, ISOLATED], ids=["current", "isolated"])
def test_version_is_printed(command: list[str]) -> None:
    done = _run(*command, "--version")
    assert (done.returncode, done.stdout.strip()) == (0, __version__)


def test_other_arguments_are_a_usage_error() -> None:
    done = _run(*CURRENT, "--verbose")
    assert done.returncode == 2
    assert "usage" in done.stderr


@pytest.mark.parametrize(
    "path", [MAIN, MAIN.with_name("__init__.py"), ROOT / "lepton_desktop" / "__init__.py"]
)
def test_what_an_old_python_reads_first_parses_on_it(path: Path) -> None:
    ast.parse(path.read_text(encoding="utf-8"), feature_version=(3, 6))
    assert "from __future__" not in path.read_text(encoding="utf-8")


@pytest.mark.optional
@pytest.mark.skipif(_old_python() is None, reason="no Python older than 3.9 on this machine")
def test_an_old_python_says_so_in_one_line() -> None:
    old = _old_python()
    assert old is not None
    done = _run(old, "-I", "-S", str(MAIN))
    assert done.returncode == 3
    assert done.stdout == ""
    assert "Python 3.9 or newer is needed" in done.stderr
    assert len(done.stderr.splitlines()) == 1
