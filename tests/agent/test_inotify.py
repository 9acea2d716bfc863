import ctypes
import os
import select
from pathlib import Path

import pytest

from lepton_desktop.agent.inotify import FolderWatch


def test_only_the_folder_that_was_written_is_named(tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.mkdir()
    two.mkdir()
    watch = FolderWatch()
    first, second = watch.add(one), watch.add(two)
    assert watch.read() == set()
    with (two / "file").open("a") as stream:
        select.select([watch.handle], [], [], 5)
        assert watch.read() == {second}
        stream.write("x")
        stream.flush()
        select.select([watch.handle], [], [], 5)
        assert watch.read() == {second}
    watch.remove(second)
    (one / "file").touch()
    select.select([watch.handle], [], [], 5)
    assert first in watch.read()
    os.close(watch.handle)


def test_a_folder_that_is_missing_cannot_be_watched(tmp_path: Path) -> None:
    watch = FolderWatch()
    assert watch.add(tmp_path / "missing") is None
    watch.remove(None)
    os.close(watch.handle)


def test_without_the_system_call_nothing_is_watched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ctypes, "CDLL", lambda *_, **__: object())
    watch = FolderWatch()
    assert watch.add(tmp_path) is None
    assert watch.read() == set()
