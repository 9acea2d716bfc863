import errno
from pathlib import Path

import pytest

from lepton_desktop.agent.home import NodeHome, open_home, storage_error
from lepton_desktop.errors import LeptonError


def test_the_home_is_made_and_private(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEPTON_NODE_HOME", f"{tmp_path}/deep/home")
    home = open_home()
    assert home.root == tmp_path / "deep" / "home"
    assert home.jobs.is_dir()
    assert home.root.stat().st_mode & 0o777 == 0o700
    assert open_home() == home


def test_without_a_name_it_lies_in_the_login_s_data(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    assert open_home().root == tmp_path / ".local/share/lepton-desktop"


@pytest.mark.parametrize("job_id", ["", ".", "..", "../x", "a/b", ".x", "a\n", "a" * 128, "é"])
def test_a_job_id_never_leads_out_of_the_jobs_folder(tmp_path: Path, job_id: str) -> None:
    with pytest.raises(LeptonError) as caught:
        NodeHome(tmp_path).job(job_id)
    assert caught.value.code == "job_id"


@pytest.mark.parametrize(
    ("number", "code"),
    [
        (errno.ENOSPC, "disk_full"),
        (errno.EDQUOT, "disk_full"),
        (errno.EACCES, "permission"),
        (errno.EROFS, "permission"),
        (errno.EIO, "storage"),
    ],
)
def test_a_failed_write_is_told_in_the_operator_s_words(number: int, code: str) -> None:
    error = storage_error(OSError(number, "why"), "It cannot be written", Path("/x"))
    assert error.code == code
    assert error.message.startswith("It cannot be written: ")
    assert bool(error.hint) == (code != "storage")
