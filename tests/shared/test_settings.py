"""The desk's own files and options."""

import json
import os
import threading

import pytest

from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import (
    Settings,
    changed,
    paths,
    plugins_folder,
    read_settings,
    resources_folder,
    write_private,
    write_settings,
)


def test_lepton_home_moves_every_file(monkeypatch, tmp_path):
    monkeypatch.setenv("LEPTON_HOME", str(tmp_path / "desk"))
    where = paths()
    for file in (
        where.engine_file,
        where.lock_file,
        where.log_file,
        where.store_file,
        where.settings_file,
        where.runs,
        where.plugins,
        where.local_node,
    ):
        assert file.is_relative_to(tmp_path / "desk")


def test_an_argument_beats_the_environment(tmp_path):
    assert paths(tmp_path).home == tmp_path.resolve()


def test_without_either_the_platform_decides(monkeypatch):
    monkeypatch.delenv("LEPTON_HOME")
    assert paths().home.name == "lepton-desktop"


def test_a_home_below_a_file_is_an_error_with_a_hint(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(LeptonError, match="LEPTON_HOME") as caught:
        paths(tmp_path / "file" / "home").make()
    assert caught.value.code == "home"


def test_a_new_home_is_private(tmp_path):
    assert paths(tmp_path / "home").make().home.stat().st_mode & 0o777 == 0o700


def test_defaults_without_a_file(tmp_path):
    assert read_settings(paths(tmp_path)) == Settings()


def test_options_survive_a_restart(tmp_path):
    where = paths(tmp_path)
    write_settings(where, changed(Settings(), theme="light", zoom_percent=150))
    assert read_settings(where) == Settings(theme="light", zoom_percent=150)


@pytest.mark.parametrize("values", [{"zoom_percent": 79}, {"theme": "pink"}, {"absent": 1}])
def test_values_outside_their_limits_are_refused(values):
    with pytest.raises(LeptonError):
        changed(Settings(), **values)


def test_a_damaged_file_is_named(tmp_path):
    where = paths(tmp_path)
    where.settings_file.write_text("{")
    with pytest.raises(LeptonError, match=r"settings\.json"):
        read_settings(where)


def test_private_files_are_private_and_never_half_written(tmp_path):
    target = tmp_path / "secret"
    texts = {json.dumps({"n": number, "fill": "x" * 50_000}) for number in range(30)}
    write_private(target, min(texts))
    done = threading.Event()

    def write():
        for text in texts:
            write_private(target, text)
        done.set()

    writer = threading.Thread(target=write)
    writer.start()
    while not done.is_set():
        assert target.read_text() in texts
    writer.join()
    assert target.stat().st_mode & 0o777 == 0o600
    assert os.listdir(tmp_path) == ["secret"]  # noqa: PTH208


def test_shipped_folders_exist():
    assert resources_folder().is_dir()
    assert plugins_folder().is_dir()
