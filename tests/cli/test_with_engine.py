"""leptonctl on the real engine, with real SSH nodes of the demo lab."""

import subprocess
import sys

import pytest

from lepton_desktop.client import find_engine
from lepton_desktop.demo.lab import Lab
from lepton_desktop.demo.ssh_server import new_key
from lepton_desktop.demo.sweep import JOB_VARIABLE, tagged
from lepton_desktop.settings import paths
from lepton_desktop.wire.framing import Reply, Request, decode, encode, hello, read_hello

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


@pytest.fixture
def real(ctl):
    assert ctl("engine", "start").code == 0
    yield ctl
    assert ctl("engine", "stop").code == 0
    assert find_engine(paths()) is None


@pytest.fixture
def node(tmp_path):
    with Lab(tmp_path / "lab", 1) as lab:
        yield lab.nodes[0]


def add(node, *more, key=""):
    spec = node.spec
    return (
        *("node", "add", spec.name, "--host", spec.host, "--port", str(spec.port)),
        *("--key", str(key or spec.key), "--python", spec.python, "--home", spec.home, *more),
    )


def test_engine_start_status_stop(ctl):
    first = ctl("engine", "start", "--json").json
    assert ctl("engine", "start", "--json").json["pid"] == first["pid"]
    assert ctl("engine", "status", "--json").json["home"] == str(paths().home)
    assert ctl("engine", "stop").code == 0
    assert ctl("engine", "status").code == 1
    assert ctl("engine", "stop").code == 0


def test_an_unknown_key_is_shown_and_accepted_by_the_printed_command(real, node):
    refused = real(*add(node))
    assert refused.code == 1
    command = next(line for line in refused.err.splitlines() if "node trust" in line)
    assert command.split()[-1] == node.fingerprint
    accepted = real(*command.split()[1:], "--json")
    assert accepted.code == 0
    assert (accepted.json["state"], accepted.json["host_key"]) == ("UP", node.fingerprint)
    assert real("node", "test", node.spec.name).code == 0
    assert node.spec.name in {check["node"] for check in real("doctor", "--json").json}
    assert real("node", "processes", node.spec.name, "--json").json


def test_a_wrong_fingerprint_and_a_wrong_login_key_are_refused_in_words(real, node, tmp_path):
    wrong = real(*add(node, "--accept-key", "SHA256:" + "A" * 43))
    assert wrong.code == 1
    assert node.fingerprint in wrong.err
    stranger = tmp_path / "stranger"
    stranger.touch(mode=0o600)
    stranger.write_text(new_key()[1])
    real("node", "remove", node.spec.name)
    refused = real(*add(node, "--accept-key", node.fingerprint, key=stranger))
    assert refused.code == 1
    assert "Error" in refused.err
    assert "Traceback" not in refused.err


def test_a_training_is_followed_to_its_end_and_a_long_one_is_stopped_clean(real, node):
    assert real(*add(node, "--accept-key", node.fingerprint)).code == 0
    start = ("run", "start", "--nodes", node.spec.name, "--reward", "cartpole-upright")
    plan = real(*start, "--dry-run", "--json").json
    assert plan["steps"][0]["node"] == node.spec.name
    done = real(
        *(*start, "--name", "short", "--steps", "4096", "--evaluation-episodes", "3"),
        *("--follow", "--json"),
    )
    assert done.code == 0, done.err
    assert done.json["state"] == "SUCCEEDED"
    assert done.json["result"]["eval/episodes"] == 3
    keys = {series["key"] for series in real("run", "metrics", "short", "--json").json}
    assert {"rollout/return_mean", "objective/return_mean", "reward/upright"} <= keys

    long = real(*start, "--name", "long", "--steps", "100000000", "--json").json
    stopped = real("run", "stop", "long", "--json")
    assert stopped.code == 0, stopped.err
    assert stopped.json["state"] == "CANCELLED"
    jobs = [job["job_id"] for job in real("run", "show", long["run_id"], "--json").json["jobs"]]
    assert [process for job in jobs for process in tagged(JOB_VARIABLE, job)] == []


def test_a_run_that_cannot_start_names_the_reason(real):
    assert "nowhere" in real("run", "start", "--nodes", "nowhere").err
    assert "Absent-v0" in real("run", "start", "--env", "Absent-v0").err
    assert "nothing" in real("run", "start", "--reward", "nothing").err


def test_a_desk_afar_dials_in(real):
    call = [sys.executable, "-m", "lepton_desktop.cli", "engine", "dial"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as dial:
        dial.stdin.write(hello("client"))
        dial.stdin.write(encode(Request(1, "session.open", {"token": "", "client": "afar"})))
        dial.stdin.write(encode(Request(2, "nodes.list")))
        dial.stdin.flush()
        assert read_hello(dial.stdout.readline()) == "engine"
        answers = [decode(dial.stdout.readline()) for _ in range(2)]
        dial.stdin.close()
        assert dial.wait(timeout=10) == 0
    assert [type(answer) for answer in answers] == [Reply, Reply]
    assert answers[1].result["nodes"][0]["name"] == "this-computer"
