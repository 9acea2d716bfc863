"""leptonctl doctor on this very machine."""

import socket

import pytest

from lepton_desktop.cli import machine
from lepton_desktop.cli.machine import check_machine
from lepton_desktop.settings import paths
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import Check


def of(name, checks):
    return next(check for check in checks if check.name == name)


def test_it_checks_this_machine_without_an_engine(ctl):
    done = ctl("doctor", "--json")
    found = {check["name"]: check for check in done.json}
    assert found["Python"]["level"] == "ok"
    assert found["packages"]["level"] == "ok"
    assert found["Qt"]["level"] == "ok"
    assert found["engine"]["level"] == "warning"
    assert "leptonctl engine start" in found["engine"]["hint"]
    assert done.code == int(any(check["level"] == "error" for check in done.json))


def test_it_shows_the_findings_of_every_node_and_fails_with_them(ctl, engine):
    bad = Check("python", "error", "There is no python3.", "sudo apt install python3", "nova")
    engine.answers["nodes.check"] = lambda _: {"checks": [dump(bad)]}
    done = ctl("doctor")
    assert done.code == 1
    assert "ERROR  nova: python: There is no python3." in done.out
    assert "sudo apt install python3" in done.out
    assert ("nodes.check", {}) in engine.calls


def test_a_missing_package_is_an_error_with_the_command(monkeypatch):
    monkeypatch.setattr(machine, "DEPENDENCIES", ("typer", "surely-not-installed"))
    check = of("packages", check_machine(paths()))
    assert check.level == "error"
    assert check.hint.endswith("pip install surely-not-installed")


def test_a_qt_that_does_not_load_names_the_packages(monkeypatch):
    monkeypatch.setattr(machine, "TRY_QT", "raise ImportError('libEGL.so.1: cannot open')")
    check = of("Qt", check_machine(paths()))
    assert check.level == "error"
    assert "libEGL.so.1" in check.message
    assert "libegl1" in check.hint


@pytest.mark.parametrize("state", ["absent", "dead", "alive"])
def test_the_ssh_agent_is_asked(monkeypatch, tmp_path, state):
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    with socket.socket(socket.AF_UNIX) as listener:
        if state != "absent":
            monkeypatch.setenv("SSH_AUTH_SOCK", str(tmp_path / "agent"))
            listener.bind(str(tmp_path / "agent"))
        if state == "alive":
            listener.listen()
        check = of("ssh agent", check_machine(paths()))
    assert check.level == ("ok" if state == "alive" else "warning")
    assert bool(check.hint) == (state != "alive")


def test_no_display_is_a_warning_and_missing_x_libraries_an_error(monkeypatch):
    monkeypatch.setattr(machine.sys, "platform", "linux")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.delenv("DISPLAY", raising=False)
    assert machine._display().level == "warning"
    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(machine, "X11_LIBRARIES", {"libsurely-not.so.0": "libsurely-not0"})
    check = machine._display()
    assert check.level == "error"
    assert check.hint.endswith("libsurely-not0")


def test_little_disk_space_is_a_warning(monkeypatch):
    monkeypatch.setattr(machine, "LOW_DISK_BYTES", 10**18)
    check = of("files", check_machine(paths()))
    assert check.level == "warning"
    assert "are free" in check.message
