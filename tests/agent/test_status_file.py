import os
from dataclasses import replace
from pathlib import Path

import pytest

from lepton_desktop.agent.identity import identify
from lepton_desktop.agent.status_file import (
    NAME,
    PADDED_BYTES,
    LogPiece,
    Record,
    read_record,
    write_record,
)
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.node import JobStatus, State

FULL = Record(
    JobStatus("j", State.FAILED, "ř" * 300, 7, -9, 1.5, 2.5, 4096),
    starter=identify(os.getpid()),
    supervisor=identify(os.getpid()),
    leader=identify(os.getpid()),
    output=[LogPiece(2**63, 0), LogPiece(2**63 + 1, 2**60)],
)


def test_a_record_comes_back_as_written(tmp_path: Path) -> None:
    for record in (Record(JobStatus("j", State.STARTING)), FULL):
        write_record(tmp_path, record)
        assert read_record(tmp_path) == record
        assert (tmp_path / NAME).stat().st_size == PADDED_BYTES
        assert [entry.name for entry in tmp_path.iterdir()] == [NAME]


def test_a_status_file_shows_the_status_at_its_top(tmp_path: Path) -> None:
    write_record(tmp_path, FULL)
    assert '"state": "FAILED"' in (tmp_path / NAME).read_text()


@pytest.mark.parametrize("damage", [b"", b"{", b"[]", b"{}", b"\xff", b'{"job_id": 1}'])
def test_damage_is_an_error_with_a_hint(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / NAME).write_bytes(damage)
    with pytest.raises(LeptonError) as caught:
        read_record(tmp_path)
    assert caught.value.code == "job_unreadable"


def test_who_answers_for_a_job() -> None:
    me = identify(os.getpid())
    gone = replace(me, start_ticks=me.start_ticks + 1)
    status = JobStatus("j", State.RUNNING)
    assert Record(status, starter=me).is_looked_after
    assert Record(status, starter=gone, supervisor=me).is_looked_after
    assert not Record(status, starter=me, supervisor=gone).is_looked_after
    assert not Record(status).is_looked_after
