import os
import shutil
import subprocess
import sys
from pathlib import Path

import psutil

from lepton_desktop.agent import procfs


def test_a_process_is_read_as_psutil_reads_it() -> None:
    stat = procfs.read_stat(os.getpid())
    me = psutil.Process()
    assert stat is not None
    assert (stat.parent, stat.group) == (os.getppid(), os.getpgrp())
    assert stat.session == os.getsid(0)
    assert stat.is_alive
    assert abs(stat.memory_bytes - me.memory_info().rss) < 32 * 1024 * 1024
    times = me.cpu_times()
    assert abs(stat.cpu_ticks / procfs.TICKS_PER_SECOND - times.user - times.system) < 1
    boot = psutil.boot_time()
    assert abs(boot + stat.start_ticks / procfs.TICKS_PER_SECOND - me.create_time()) < 2
    assert procfs.owner(os.getpid()) == os.getuid()


def test_a_name_with_brackets_and_spaces_misleads_nobody(tmp_path: Path) -> None:
    odd = tmp_path / "a) R (b"
    shutil.copy(shutil.which("sleep") or "", odd)
    with subprocess.Popen([odd, "60"], env={"TAG": "x=y", "TAGS": "z"}) as process:
        stat = procfs.read_stat(process.pid)
        assert stat is not None
        assert (stat.name, stat.parent) == ("a) R (b", os.getpid())
        assert procfs.environment_value(process.pid, "TAG") == "x=y"
        assert procfs.environment_value(process.pid, "TA") is None
        assert procfs.command_line(process.pid) == f"{odd} 60"
        assert process.pid in {item.pid for item in procfs.all_stats()}
        process.kill()


def test_a_process_that_is_gone_is_none() -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    assert procfs.read_stat(process.pid) is None
    assert procfs.environment_value(process.pid, "X") is None
    assert procfs.command_line(process.pid) is None
    assert procfs.owner(process.pid) is None
