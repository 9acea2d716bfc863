import os
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lepton_desktop.agent import identity
from lepton_desktop.agent.identity import NOBODY, Identity, identify, send_signal


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[bytes]]:
    with subprocess.Popen(["sleep", "600"]) as process:
        yield process
        process.kill()


def test_nobody_is_never_there() -> None:
    assert not NOBODY.exists
    assert not NOBODY.is_alive
    assert identify(2**22 + 1) == NOBODY


def test_only_the_very_process_counts(sleeper: subprocess.Popen[bytes]) -> None:
    it = identify(sleeper.pid)
    assert it.is_alive
    assert not replace(it, start_ticks=it.start_ticks + 1).exists
    assert not replace(it, boot_id="another").exists


def test_a_zombie_exists_but_does_not_live(sleeper: subprocess.Popen[bytes]) -> None:
    it = identify(sleeper.pid)
    sleeper.kill()
    os.waitid(os.P_PID, sleeper.pid, os.WEXITED | os.WNOWAIT)
    assert it.exists
    assert not it.is_alive


@pytest.mark.parametrize("with_pidfd", [True, False])
def test_a_signal_reaches_the_very_process_only(
    sleeper: subprocess.Popen[bytes], with_pidfd: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not with_pidfd:
        monkeypatch.delattr(os, "pidfd_open")
    it = identify(sleeper.pid)
    send_signal(replace(it, start_ticks=it.start_ticks + 1), signal.SIGKILL)
    send_signal(NOBODY, signal.SIGKILL)
    assert identity.identify(sleeper.pid).is_alive
    send_signal(it, signal.SIGTERM)
    assert sleeper.wait(10) == -signal.SIGTERM
    send_signal(it, signal.SIGKILL)  # it is gone: nothing happens


def test_an_old_kernel_without_pidfd_is_served(
    sleeper: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    def not_there(pid: int) -> int:
        raise OSError(38, "Function not implemented")

    monkeypatch.setattr(os, "pidfd_open", not_there)
    send_signal(identify(sleeper.pid), signal.SIGTERM)
    assert sleeper.wait(10) == -signal.SIGTERM


def test_identity_fits_json() -> None:
    assert Identity(1, 2, "x") == Identity(pid=1, start_ticks=2, boot_id="x")
