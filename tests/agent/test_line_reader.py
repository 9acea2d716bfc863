from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lepton_desktop.agent import line_reader
from lepton_desktop.agent.line_reader import read_lines
from lepton_desktop.agent.status_file import LogPiece, Record, write_record
from lepton_desktop.wire.node import JobStatus, State


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line_reader, "CHUNK_BYTES", 16)


def written(folder: Path, name: str, data: bytes) -> Path:
    path = folder / name
    path.write_bytes(data)
    pieces = [LogPiece(path.stat().st_ino, 0)] if name == "output.log" else []
    write_record(folder, Record(JobStatus("j", State.RUNNING), output=pieces))
    return folder


def all_of(folder: Path, name: str, ended: bool) -> list[bytes]:
    chunks, offset = [], 0
    while (chunk := read_lines(folder, name, offset, ended)) is not None:
        assert chunk.offset == offset
        assert chunk.next_offset > offset
        chunks.append(chunk.data)
        offset = chunk.next_offset
    return chunks


quiet = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
contents = st.lists(st.text("ab\u00e9\u20ac\U0001f600\n", max_size=12)).map("".join)


@quiet
@given(contents)
def test_a_log_arrives_whole_whatever_its_lines(tmp_path: Path, text: str) -> None:
    data = text.encode()
    running = b"".join(all_of(written(tmp_path, "output.log", data), "output.log", ended=False))
    assert data.startswith(running)
    assert b"\n" not in data[len(running) :]
    ended = all_of(tmp_path, "output.log", ended=True)
    assert b"".join(ended) == data
    assert all(len(chunk) <= 16 for chunk in ended)
    assert "".join(chunk.decode() for chunk in ended) == text  # no character is torn


@quiet
@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"-"))))
def test_records_arrive_whole_or_not_at_all(tmp_path: Path, lines: list[bytes]) -> None:
    folder = written(tmp_path, "metrics.jsonl", b"".join(line + b"\n" for line in lines))
    got = b"".join(all_of(folder, "metrics.jsonl", ended=True)).split(b"\n")
    assert [line for line in lines if len(line) < 15] == [
        line for line in got[:-1] if len(line) < 15
    ]
    assert set(got[:-1]) <= set(lines)


def test_a_torn_record_is_never_sent(tmp_path: Path) -> None:
    folder = written(tmp_path, "events.jsonl", b'{"a": 1}\n{"b"')
    assert all_of(folder, "events.jsonl", ended=True) == [b'{"a": 1}\n']


def test_a_record_longer_than_a_chunk_is_passed_over(tmp_path: Path) -> None:
    data = b"x" * 100 + b"\nshort\n"
    assert all_of(written(tmp_path, "metrics.jsonl", data), "metrics.jsonl", False) == [
        b"",
        b"short\n",
    ]
    written(tmp_path, "metrics.jsonl", b"x" * 100)
    assert all_of(tmp_path, "metrics.jsonl", True) == []


def test_bytes_that_are_no_text_are_not_mistaken_for_characters(tmp_path: Path) -> None:
    data = b"\x80" * 40
    assert b"".join(all_of(written(tmp_path, "output.log", data), "output.log", True)) == data


def test_no_file_is_no_line(tmp_path: Path) -> None:
    assert read_lines(tmp_path, "metrics.jsonl", 0, ended=True) is None
