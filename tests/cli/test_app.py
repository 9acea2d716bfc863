"""leptonctl as a program: speed, imports, exit codes, errors."""

import json
import os
import subprocess
import sys
import time

import pytest

import lepton_desktop
from lepton_desktop.cli.app import CRASH_FILE, app
from lepton_desktop.settings import paths

HEAVY = ("torch", "gymnasium", "PySide6", "numpy", "paramiko", "msgspec", "psutil", "rich")


def test_help_imports_nothing_heavy_and_is_quick():
    script = (
        "import sys\nfrom lepton_desktop.cli import main\ncode = main(['--help'])\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules], code, file=sys.stderr)"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    took = time.monotonic() - begun
    assert done.stderr.strip() == "[] 0"
    assert took < 3  # generous: the machine may be busy


def commands_of(group, path=()):
    for command in group.registered_commands:
        name = command.name or command.callback.__name__
        yield [*path, name.replace("_", "-")]
    for child in group.registered_groups:
        yield from commands_of(child.typer_instance, (*path, child.name))


@pytest.mark.parametrize("command", list(commands_of(app)), ids=" ".join)
def test_every_command_explains_itself(ctl, command):
    done = ctl(*command, "--help")
    assert done.code == 0
    assert len(done.out.split("\n\n")[1].strip()) > 10


def test_the_contract_of_names_holds():
    known = {" ".join(command) for command in commands_of(app)}
    assert known >= {
        *(f"engine {name}" for name in ("start", "stop", "status", "dial", "run")),
        *(f"node {name}" for name in ("add", "list", "show", "test", "edit", "remove", "drain")),
        *(f"node {name}" for name in ("resume", "processes", "trust")),
        *(f"reward {name}" for name in ("list", "show", "check", "import", "export")),
        *(f"run {name}" for name in ("start", "list", "show", "logs", "metrics", "stop", "rerun")),
        *("env list", "env show", "plugin list", "activity", "doctor", "top", "demo"),
    }


def test_version(ctl):
    assert ctl("--version").out == f"leptonctl {lepton_desktop.__version__}\n"


@pytest.mark.parametrize("args", [["nope"], ["node", "add"], ["top", "--nope"], ["node"], []])
def test_wrong_usage_is_exit_code_2(ctl, args):
    done = ctl(*args)
    assert done.code == 2
    assert done.out + done.err


def test_an_error_is_message_and_hint_on_stderr_with_exit_code_1(ctl):
    done = ctl("engine", "status")
    assert done.code == 1
    assert done.out == ""
    assert "No engine runs" in done.err
    assert "leptonctl engine start" in done.err


def test_a_bug_is_a_short_report_and_a_file(ctl, engine):
    engine.answers["nodes.list"] = lambda _: {"unexpected": 1}
    done = ctl("node", "list", "--json")
    assert done.code == 1
    assert done.out == ""
    assert "This is a bug" in done.err
    assert "Traceback" not in done.err
    assert "Traceback" in (paths().home / CRASH_FILE).read_text()


def test_another_engine_version_is_a_message_not_part_of_the_result(ctl, engine):
    engine.answers["activity.list"] = lambda _: {"activity": []}
    done = ctl("activity", "--json")
    assert done.json == []
    assert "0.0.0" in done.err


def test_a_reader_that_leaves_early_is_no_error(engine):
    rows = [{"id": n, "time": 1.0, "who": "w", "what": "x" * 100} for n in range(5000)]
    engine.answers["activity.list"] = lambda _: {"activity": rows}
    call = f"{sys.executable} -m lepton_desktop.cli activity | head -n 1"
    done = subprocess.run(["sh", "-c", call], capture_output=True, text=True, env=dict(os.environ))
    assert done.stdout.startswith("TIME")
    assert "Traceback" not in done.stderr


def test_json_is_one_value_with_every_field(ctl, engine):
    rows = [{"id": 1, "time": 1.0, "who": "cli", "what": "node add"}]
    engine.answers["activity.list"] = lambda _: {"activity": rows}
    (row,) = ctl("activity", "--json").json
    assert row == {**rows[0], "where": "", "detail": "", "level": "info"}
    assert json.dumps(row)
