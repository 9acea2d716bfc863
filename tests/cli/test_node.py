"""leptonctl node against an engine that answers from a table."""

import io
import sys

import pytest

from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import Check, LinkState, NodeRow
from lepton_desktop.wire.node import ProcessInfo
from tests.cli.rows import KEY, LOST, UNKNOWN_KEY, UP


def sent(engine, method):
    return next(params for name, params in engine.calls if name == method)


def test_list_shows_state_load_and_reason(ctl, engine):
    engine.answers["nodes.list"] = lambda _: {"nodes": [dump(UP), dump(UNKNOWN_KEY), dump(LOST)]}
    done = ctl("node", "list")
    head, atlas, nova, vega = done.out.splitlines()
    assert head.split()[:4] == ["NAME", "STATE", "CPU", "MEMORY"]
    assert "42 %" in atlas
    assert "4.0 GB of 16.0 GB" in atlas
    assert "unknown" in nova
    assert "No route to host." in vega


def test_control_characters_of_a_node_never_reach_the_terminal(ctl, engine):
    engine.answers["nodes.list"] = lambda _: {"nodes": [dump(LOST)]}
    assert "\x1b" not in ctl("node", "list").out


def test_an_empty_list_says_how_to_add_one(ctl, engine):
    engine.answers["nodes.list"] = lambda _: {"nodes": []}
    assert "leptonctl node add" in ctl("node", "list").out
    assert ctl("node", "list", "--json").json == []


def test_add_sends_only_what_was_given(ctl, engine):
    engine.answers["nodes.add"] = engine.answers["nodes.show"] = lambda _: dump(UP)
    done = ctl(
        *("node", "add", "atlas", "--host", "h", "--port", "2222", "--tag", "gpu,a", "--tag", "b"),
        *("--accept-key", KEY, "--json"),
    )
    assert done.code == 0
    assert done.json["name"] == "atlas"
    assert sent(engine, "nodes.add") == {
        "spec": {"name": "atlas", "host": "h", "port": 2222, "tags": ["gpu", "a", "b"]},
        "accept_key": KEY,
    }


def test_add_follows_the_steps_until_the_node_is_up(ctl, engine):
    steps = iter(["Checking the host key", "Pushing the agent"])

    def changes(_):
        step = next(steps, None)
        row = NodeRow("atlas", "u@a:22", LinkState.CONNECTING, step=step) if step else UP
        return {"revision": 5, "nodes": [dump(row)]}

    engine.answers["nodes.add"] = lambda _: {}
    engine.answers["nodes.add"] = engine.answers["nodes.show"] = lambda _: dump(
        NodeRow("atlas", "u@a:22", LinkState.CONNECTING, step="Connecting")
    )
    engine.answers["changes.next"] = changes
    done = ctl("node", "add", "atlas", "--host", "h")
    assert done.code == 0
    assert "Checking the host key" in done.err
    assert "Pushing the agent" in done.err


def test_an_unknown_key_ends_with_the_exact_command(ctl, engine):
    engine.answers["nodes.add"] = engine.answers["nodes.show"] = lambda _: dump(UNKNOWN_KEY)
    done = ctl("node", "add", "nova", "--host", "nova")
    assert done.code == 1
    assert KEY in done.err
    assert f"leptonctl node trust nova {KEY}" in done.err


def test_a_wrong_name_fails_before_anything_is_asked(ctl, engine):
    done = ctl("node", "add", "a/b", "--host", "h")
    assert done.code == 1
    assert "not a usable node name" in done.err
    assert not engine.calls


def test_a_port_outside_its_limits_is_refused(ctl, engine):
    done = ctl("node", "add", "a", "--port", "70000")
    assert done.code == 1
    assert "1 to 65535" in done.err


def test_a_password_comes_from_the_environment(ctl, engine, monkeypatch):
    monkeypatch.setenv("LEPTON_PASSWORD", "hush")
    engine.answers["nodes.add"] = lambda _: dump(UP)
    done = ctl("node", "add", "atlas", "--host", "h", "--no-wait")
    assert sent(engine, "nodes.add")["password"] == "hush"
    assert "hush" not in done.out + done.err


def test_a_password_comes_from_stdin(ctl, engine, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.StringIO("hush\n"))
    engine.answers["nodes.login"] = engine.answers["nodes.show"] = lambda _: dump(UP)
    assert ctl("node", "login", "atlas").code == 0
    assert sent(engine, "nodes.login") == {"name": "atlas", "password": "hush"}


def test_a_password_is_never_an_argument(ctl):
    assert ctl("node", "add", "a", "--password=hush").code == 2
    assert ctl("node", "login", "a", "--password", "hush").code == 2


def test_edit_sends_changes_and_refuses_none(ctl, engine):
    engine.answers["nodes.edit"] = lambda _: dump(UP)
    assert ctl("node", "edit", "atlas", "--user", "me", "--tag", "x").code == 0
    expected = {"name": "atlas", "changes": {"user": "me", "tags": ["x"]}}
    assert sent(engine, "nodes.edit") == expected
    assert ctl("node", "edit", "atlas").code == 1


def test_show_names_hardware_and_python(ctl, engine):
    engine.answers["nodes.show"] = lambda _: dump(UP)
    out = ctl("node", "show", "atlas").out
    for text in ("Debian 12", "Zen, 8 logical CPUs", "500.0 GB free of 1.0 TB", "CPU 42 %"):
        assert text in out


def test_an_engine_error_is_shown_with_its_hint(ctl, engine):
    def unknown(_):
        raise LeptonError("There is no node 'x'.", "See: leptonctl node list", code="node_unknown")

    engine.answers["nodes.show"] = unknown
    done = ctl("node", "show", "x")
    assert (done.code, done.out) == (1, "")
    assert done.err.splitlines()[-2:] == [
        "Error: There is no node 'x'.",
        "See: leptonctl node list",
    ]


@pytest.mark.parametrize(("level", "code"), [("ok", 0), ("warning", 0), ("error", 1)])
def test_the_exit_code_of_test_follows_its_findings(ctl, engine, level, code):
    check = Check("disk", level, "100 MB free", "Delete something", "atlas")
    engine.answers["nodes.show"] = lambda _: dump(UP)
    engine.answers["nodes.check"] = lambda _: {"checks": [dump(check)]}
    done = ctl("node", "test", "atlas")
    assert done.code == code
    assert ("Delete something" in done.out) == (level != "ok")


def test_drain_resume_remove_trust_processes(ctl, engine):
    process = ProcessInfo(7, "u", "python train.py", 99.0, 10**9, job_id="j-1")
    engine.answers |= dict.fromkeys(
        ("nodes.drain", "nodes.resume", "nodes.trust", "nodes.show"), lambda _: dump(UP)
    )
    engine.answers["nodes.remove"] = lambda _: {"spec": {"name": "atlas", "host": "h"}}
    engine.answers["nodes.processes"] = lambda _: {"processes": [dump(process)]}
    assert ctl("node", "drain", "atlas", "--reason", "dust").code == 0
    assert sent(engine, "nodes.drain") == {"name": "atlas", "reason": "dust"}
    assert ctl("node", "resume", "atlas").code == 0
    assert ctl("node", "trust", "atlas", KEY).code == 0
    assert sent(engine, "nodes.trust") == {"name": "atlas", "fingerprint": KEY}
    assert "python train.py" in ctl("node", "processes", "atlas").out
    assert ctl("node", "remove", "atlas", "--json").json["host"] == "h"
