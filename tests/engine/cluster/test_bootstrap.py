import hashlib
import io
import os
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from lepton_desktop.engine.cluster import bootstrap
from lepton_desktop.engine.cluster.bundle import Bundle
from lepton_desktop.errors import LeptonError
from tests.nodes import path_without_python


def ask(script: str, **env: str) -> str:
    return subprocess.run(
        ["/bin/sh", "-s"],
        input=script,
        env={"PATH": os.environ["PATH"], **env},
        check=True,
        capture_output=True,
        text=True,
    ).stdout


def small_bundle() -> Bundle:
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w:gz") as archive:
        entry = tarfile.TarInfo("inner/file.txt")
        entry.size = 5
        archive.addfile(entry, io.BytesIO(b"hello"))
    data = raw.getvalue()
    return Bundle(hashlib.sha256(data).hexdigest(), data)


def unpack(bundle: Bundle, folder: Path, archive: Path) -> tuple[str, str]:
    command = bootstrap.unpack_command(sys.executable, str(archive), str(folder), bundle)
    answer = subprocess.run(
        ["/bin/sh", "-c", command], input=bootstrap.UNPACK, capture_output=True, text=True
    )
    return answer.stdout, answer.stderr


@pytest.mark.parametrize("name", ["node", "with blank", "quote'd", "$(touch pwned)", "-dash"])
def test_the_probe_says_where_and_with_what_an_agent_can_live(tmp_path: Path, name: str) -> None:
    home = tmp_path / name
    known = home / "agents" / "abc"
    known.mkdir(parents=True)
    (known / "__main__.py").touch()
    probe = bootstrap.read_probe(ask(bootstrap.probe_script(str(home), "", ["abc", "def"])))
    bootstrap.check_probe(probe, 1)
    assert probe.home == str(home)
    assert probe.have == {"abc"}
    assert Path(probe.python).exists()
    assert probe.free_bytes is not None
    assert probe.platform.system == os.uname().sysname
    assert not (tmp_path / "pwned").exists()


def test_an_empty_or_relative_home_lies_under_the_users_home(tmp_path: Path) -> None:
    for home, place in (("", ".local/share/lepton-desktop"), ("~/x", "x"), ("y/z", "y/z")):
        answer = ask(bootstrap.probe_script(home, "", []), HOME=str(tmp_path))
        assert bootstrap.read_probe(answer).home == str(tmp_path / place)


def test_noise_around_the_answers_is_skipped(tmp_path: Path) -> None:
    answer = ask(bootstrap.probe_script(str(tmp_path), "", []))
    noisy = "Welcome to the lab\nlepton-probeish\nno newline here: " + answer + "bye"
    assert bootstrap.read_probe(noisy) == bootstrap.read_probe(answer)


def test_an_answer_without_its_end_is_shell_noise(tmp_path: Path) -> None:
    answer = ask(bootstrap.probe_script(str(tmp_path), "", []))
    with pytest.raises(LeptonError) as caught:
        bootstrap.read_probe(answer.replace("lepton-probe end", "trunc"))
    assert caught.value.code == "shell_noise"


def test_a_node_without_python_is_told(tmp_path: Path) -> None:
    path = path_without_python(tmp_path / "bin")
    probe = bootstrap.read_probe(ask(bootstrap.probe_script(str(tmp_path), "", []), PATH=path))
    with pytest.raises(LeptonError) as caught:
        bootstrap.check_probe(probe, 0)
    assert caught.value.code == "python_missing"
    assert "3.9" in caught.value.hint


def test_the_configured_python_serves_when_the_system_has_an_old_one(tmp_path: Path) -> None:
    path = Path(path_without_python(tmp_path / "bin"))
    old = path / "python3"
    old.write_text("#!/bin/sh\necho 3.6.9 /usr/bin/python3\n")
    old.chmod(0o755)
    script = bootstrap.probe_script(str(tmp_path), "", [])
    probe = bootstrap.read_probe(ask(script, PATH=str(path)))
    with pytest.raises(LeptonError, match=r"/usr/bin/python3 is 3\.6\.9") as caught:
        bootstrap.check_probe(probe, 0)
    assert caught.value.code == "python_old"
    script = bootstrap.probe_script(str(tmp_path), sys.executable, [])
    probe = bootstrap.read_probe(ask(script, PATH=str(path)))
    bootstrap.check_probe(probe, 0)
    assert Path(probe.python).resolve() == Path(sys.executable).resolve()


def test_a_home_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    home = str(tmp_path / "file" / "home")
    probe = bootstrap.read_probe(ask(bootstrap.probe_script(home, "", [])))
    with pytest.raises(LeptonError) as caught:
        bootstrap.check_probe(probe, 0)
    assert caught.value.code == "home_not_writable"


def test_too_little_space_is_told_before_anything_is_pushed(tmp_path: Path) -> None:
    probe = bootstrap.read_probe(ask(bootstrap.probe_script(str(tmp_path), "", [])))
    with pytest.raises(LeptonError) as caught:
        bootstrap.check_probe(probe, 2**60)
    assert caught.value.code == "disk_full"


def test_unpacking_checks_renames_and_cleans_up(tmp_path: Path) -> None:
    bundle, folder, archive = small_bundle(), tmp_path / "a b" / "target", tmp_path / "x.tar.gz"
    folder.parent.mkdir()
    for _ in range(2):
        archive.write_bytes(bundle.data)
        bootstrap.read_unpack(*unpack(bundle, folder, archive), str(folder))
        assert (folder / "inner" / "file.txt").read_text() == "hello"
        assert list(tmp_path.iterdir()) == [folder.parent]
        assert list(folder.parent.iterdir()) == [folder]


def test_bytes_that_changed_on_the_way_are_refused(tmp_path: Path) -> None:
    bundle, folder, archive = small_bundle(), tmp_path / "target", tmp_path / "x.tar.gz"
    archive.write_bytes(bundle.data[:-1])
    with pytest.raises(LeptonError, match="another hash"):
        bootstrap.read_unpack(*unpack(bundle, folder, archive), str(folder))
    assert list(tmp_path.iterdir()) == []


def test_free_space_is_read_from_df(tmp_path: Path) -> None:
    free = bootstrap.read_space(ask(bootstrap.space_script(str(tmp_path))))
    stat = os.statvfs(tmp_path)
    assert free is not None
    assert abs(free - stat.f_bavail * stat.f_frsize) < 2**30
    assert bootstrap.read_space("nothing") is None
