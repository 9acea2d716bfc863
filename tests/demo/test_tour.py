"""The demo itself, as people start it."""

import os
import re
import signal
import subprocess
import sys
import threading

import pytest

from lepton_desktop.demo.sweep import TAG_VARIABLE, tagged
from lepton_desktop.settings import PACKAGE

pytestmark = pytest.mark.slow


def start_demo(folder, *args):
    env = {**os.environ, "TMPDIR": str(folder), "PYTHONUNBUFFERED": "1"}
    for name in ("DISPLAY", "WAYLAND_DISPLAY", "LEPTON_HOME", TAG_VARIABLE):
        env.pop(name, None)
    return subprocess.Popen(
        [sys.executable, "-m", "lepton_desktop.demo", "--headless", *args],
        env=env,
        cwd=folder,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def png_size(file):
    data = file.read_bytes()
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    return int.from_bytes(data[16:20], "big"), int.from_bytes(data[20:24], "big")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(PACKAGE.parent))
    return tmp_path


@pytest.mark.timeout(600)
def test_the_main_job_runs_end_to_end_and_leaves_nothing(folder):
    pictures = folder / "pictures"
    with start_demo(folder, "--screenshots", str(pictures)) as demo:
        text, _ = demo.communicate(timeout=580)
        tag = f"{demo.pid}-"
    assert demo.returncode == 0, text
    mean = float(re.search(r"Evaluation +([\d.]+) ±", text).group(1))
    assert mean >= 475
    assert "world size 2" in text
    assert "Left on nodes" in text
    for name in ("overview.png", "nodes.png", "run.png"):
        assert png_size(pictures / name) == (1440, 900)
    assert not [p for p in tagged(TAG_VARIABLE) if p.environ()[TAG_VARIABLE].startswith(tag)]
    assert [path.name for path in folder.iterdir()] == ["pictures"]


@pytest.mark.timeout(200)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_demo_that_is_told_to_end_cleans_up(folder, number):
    with start_demo(folder) as demo:
        seen = threading.Event()
        reader = threading.Thread(target=read_until, args=(demo.stdout, "[5/", seen))
        reader.start()
        assert seen.wait(120), "the demo did not come as far as the training"
        demo.send_signal(number)
        assert demo.wait(timeout=60) != 0
        reader.join(timeout=10)
    tag = f"{demo.pid}-"
    assert not [p for p in tagged(TAG_VARIABLE) if p.environ()[TAG_VARIABLE].startswith(tag)]
    assert not list(folder.glob("lepton-demo-*"))


def read_until(stream, text, seen):
    for line in stream:
        if text in line:
            seen.set()
