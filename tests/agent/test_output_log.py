from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton_desktop.agent.output_log import SMALLEST_LIMIT, OutputLog, read_output
from lepton_desktop.agent.status_file import LogPiece, Record, write_record
from lepton_desktop.wire.node import JobStatus, State


class Folder:
    """A job folder whose record is kept as the supervisor does."""

    def __init__(self, path: Path, limit: int) -> None:
        self.path = path
        self.can_record = True
        path.mkdir(exist_ok=True)
        self.log = OutputLog(path, limit, self.record)
        self.record(self.log.pieces)

    def record(self, pieces: list[LogPiece]) -> bool:
        if self.can_record:
            status = JobStatus("j", State.RUNNING, output_start=pieces[-1].start)
            write_record(self.path, Record(status, output=pieces))
        return self.can_record


def everything(folder: Path, offset: int) -> tuple[int, bytes]:
    """From ``offset`` to the end, in small bites."""
    first, data = read_output(folder, offset, 1000)
    at, whole = first + len(data), data
    while data:
        again, data = read_output(folder, at, 1000)
        assert again == at
        at, whole = at + len(data), whole + data
    return first, whole


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.lists(st.integers(0, 5000), max_size=30), st.integers(0, 60_000))
def test_offsets_survive_rotation(tmp_path: Path, sizes: list[int], offset: int) -> None:
    folder = Folder(tmp_path / "job", SMALLEST_LIMIT)
    printed = b""
    for number, size in enumerate(sizes):
        line = str(number).encode() * size + b"\n"
        printed += line
        folder.log.write(line)
    start, got = everything(tmp_path / "job", offset)
    folder.log.close()
    assert got == printed[start:]
    assert start == max(offset, folder.log.start)
    assert (tmp_path / "job" / "output.log").stat().st_size <= SMALLEST_LIMIT + 5001 * 2


def test_rotation_cuts_at_a_line(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "job", SMALLEST_LIMIT)
    for number in range(2000):
        folder.log.write(b"line %d\n" % number)
    start, got = everything(tmp_path / "job", 0)
    assert start == folder.log.start > 0
    assert got.startswith(b"line ")
    assert got.endswith(b"line 1999\n")
    folder.log.close()


def test_a_reader_in_the_middle_of_a_rotation_waits(tmp_path: Path) -> None:
    """The record names the new file already, the old one still bears the name: both fit."""
    folder = Folder(tmp_path / "job", SMALLEST_LIMIT)
    folder.log.write(b"0123456789\n")
    here = folder.log.pieces[-1]
    folder.record([here, LogPiece(here.inode + 1_000_000, 4096)])
    assert read_output(tmp_path / "job", 4, 3) == (4, b"456")
    folder.record([LogPiece(here.inode + 1_000_000, 4096)])
    assert read_output(tmp_path / "job", 4, 3) == (4, b"")
    folder.log.close()


def test_a_rotation_that_cannot_be_recorded_does_not_happen(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "job", SMALLEST_LIMIT)
    folder.can_record = False
    for _ in range(20):
        folder.log.write(b"x" * 999 + b"\n")
    assert folder.log.start == 0
    assert len(everything(tmp_path / "job", 0)[1]) == 20_000
    assert sorted(entry.name for entry in (tmp_path / "job").iterdir()) == [
        "output.log",
        "status.json",
    ]
    folder.can_record = True
    folder.log.write(b"y\n")
    assert folder.log.start > 0
    folder.log.close()


def test_no_log_yet_is_no_data(tmp_path: Path) -> None:
    assert read_output(tmp_path, 7, 100) == (7, b"")


@pytest.mark.parametrize("offset", [100, 2**40])
def test_an_offset_beyond_the_end_gives_nothing(tmp_path: Path, offset: int) -> None:
    folder = Folder(tmp_path / "job", SMALLEST_LIMIT)
    folder.log.write(b"short\n")
    assert read_output(tmp_path / "job", offset, 10) == (offset, b"")
    folder.log.close()
