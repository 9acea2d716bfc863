import sys
import venv
from importlib import metadata
from pathlib import Path

import pytest

from lepton_desktop.agent import python_envs
from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.python_envs import environments
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import PythonEnvironment
from tests.agent.agent_process import AgentProcess


def program(path: Path, text: str) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return str(path)


def installed(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


@pytest.fixture(autouse=True)
def _no_other_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONPATH"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))


def test_this_python_is_described(any_agent: AgentProcess) -> None:
    answer = any_agent.call("python.list", paths=[sys.executable])["environments"]
    first = build(PythonEnvironment, answer[0])
    assert (first.path, first.source) == (sys.executable, "configured")
    assert first.version == sys.version.split()[0]
    assert first.torch == installed("torch")
    assert first.gymnasium == installed("gymnasium")
    assert first.numpy == installed("numpy")
    assert bool(first.problem) == (None in (first.torch, first.gymnasium, first.numpy))
    assert len({row["path"] for row in answer}) == len(answer)


def test_an_empty_environment_names_what_is_missing(home: NodeHome) -> None:
    venv.create(home.python / "bare", symlinks=True)
    rows = {row.source: row for row in environments(home, [])}
    assert rows["lepton"].path == str(home.python / "bare" / "bin" / "python")
    assert rows["lepton"].problem == "torch, gymnasium and numpy are not installed"
    assert rows["system"].version


def test_one_missing_package_makes_one_sentence(home: NodeHome) -> None:
    venv.create(home.python / "some", symlinks=True)
    (site,) = (home.python / "some" / "lib").glob("python*/site-packages")
    for name, version in {"gymnasium": "1.2", "numpy": "2.0"}.items():
        info = site / f"{name}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    (row,) = (row for row in environments(home, []) if row.source == "lepton")
    assert (row.gymnasium, row.numpy, row.torch) == ("1.2", "2.0", None)
    assert row.problem == "torch is not installed"


def test_cuda_is_read_without_importing_torch(home: NodeHome) -> None:
    venv.create(home.python / "gpu", symlinks=True)
    (site,) = (home.python / "gpu" / "lib").glob("python*/site-packages")
    (site / "torch").mkdir()
    (site / "torch" / "__init__.py").write_text("raise SystemExit('torch was imported')")
    (site / "torch" / "version.py").write_text(
        "from typing import Optional\n__version__ = '2.9.0+cu128'\n"
        "cuda: Optional[str] = '12.8'\nhip: Optional[str] = None\n"
    )
    (row,) = (row for row in environments(home, []) if row.source == "lepton")
    assert row.cuda == "12.8"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cuda = '11.8'\n", "11.8"),
        ("cuda: Optional[str] = None\nhip: Optional[str] = '6.2'\n", "6.2"),
        ("cuda = None\n", None),
        ("cuda = compute()\n", None),
        ("", None),
    ],
)
def test_versions_in_torch_s_file(text: str, expected: str | None) -> None:
    assert python_envs._cuda(text) == expected


def test_what_is_no_python_says_why(
    home: NodeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_envs, "ASK_SECONDS", 0.9)
    asked = [
        str(tmp_path / "missing"),
        "",
        program(tmp_path / "crash", "#!/bin/sh\nexit 3\n"),
        program(tmp_path / "odd", "#!/bin/sh\necho; echo 'lepton-report {\"version\": 1}'\n"),
        program(tmp_path / "broken", "#!/nowhere/python\n"),
        program(tmp_path / "hangs", "#!/bin/sh\nexec sleep 600\n"),
    ]
    problems = [row.problem for row in environments(home, asked)][: len(asked)]
    assert problems == [
        "There is no such file.",
        "There is no such file.",
        "It does not behave like a Python (exit code 3).",
        "It does not behave like a Python (exit code 0).",
        "It cannot be run: No such file or directory.",
        "It did not answer within 1 s.",
    ]


def test_an_old_python_is_too_old(home: NodeHome, tmp_path: Path) -> None:
    old = program(
        tmp_path / "old",
        '#!/bin/sh\necho \'lepton-report {"version": "3.6.9", "executable": "/o", '
        '"prefix": "/o", "base_prefix": "/o", "packages": {}, "torch_version_file": ""}\'\n',
    )
    assert environments(home, [old])[0].problem == (
        "Python 3.6.9 is too old, 3.9 or newer is needed"
    )


def test_virtual_and_conda_environments_are_found(
    home: NodeHome, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("active", "miniconda3", "miniconda3/envs/rl", "elsewhere"):
        venv.create(tmp_path / name, symlinks=True)
    (tmp_path / ".conda").mkdir()
    (tmp_path / ".conda" / "environments.txt").write_text(f"{tmp_path}/elsewhere\n/gone\n")
    monkeypatch.setenv("VIRTUAL_ENV", str(tmp_path / "active"))
    found = {row.path: row.source for row in environments(home, [])}
    assert found[f"{tmp_path}/active/bin/python"] == "venv"
    for name in ("miniconda3", "miniconda3/envs/rl", "elsewhere"):
        assert found[f"{tmp_path}/{name}/bin/python"] == "conda"


def test_an_interpreter_is_listed_once_under_its_first_name(home: NodeHome, tmp_path: Path) -> None:
    link = tmp_path / "my-python"
    real = str(Path(sys.base_prefix, "bin", "python3").resolve())
    link.symlink_to(real)
    rows = environments(home, [str(link), real, str(link)])
    assert [row.source for row in rows].count("configured") == 1
    assert rows[0].path == str(link)


def test_noise_of_an_interpreter_is_skipped(home: NodeHome, tmp_path: Path) -> None:
    noisy = program(tmp_path / "noisy", f'#!/bin/sh\necho Welcome!\nexec {sys.executable} "$@"\n')
    assert environments(home, [noisy])[0].version == sys.version.split()[0]


def test_a_slow_node_gets_an_answer_in_time(
    home: NodeHome, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(python_envs, "ALL_SECONDS", 0.0)
    rows = environments(home, [sys.executable])
    assert rows[0].problem == "The node was too slow to ask all its Pythons."
