import base64
import os
from pathlib import Path

import pytest

from lepton_desktop.agent import files
from lepton_desktop.agent.home import NodeHome
from lepton_desktop.errors import LeptonError
from tests.agent.agent_process import AgentProcess


def test_a_file_is_read_piece_by_piece(agent: AgentProcess, home: NodeHome) -> None:
    data = bytes(range(256)) * 20
    (home.root / "file").write_bytes(data)
    got, offset = b"", 0
    while True:
        chunk = agent.call("file.read", path="file", offset=offset, limit=1000)
        piece = base64.b64decode(chunk["data"])
        if not piece:
            break
        assert (chunk["offset"], chunk["size"]) == (offset, len(data))
        got, offset = got + piece, offset + len(piece)
    assert got == data


def test_a_piece_fits_in_one_line_of_the_wire(home: NodeHome) -> None:
    (home.root / "big").write_bytes(b"x" * (files.MOST_BYTES + 10))
    chunk = files.read_file(home, "big", 0, 2**62)
    assert len(base64.b64decode(chunk.data)) == files.MOST_BYTES


@pytest.mark.parametrize("offset", [2**62, 10**30])
def test_an_offset_beyond_the_end_gives_nothing(home: NodeHome, offset: int) -> None:
    (home.root / "file").write_bytes(b"abc")
    assert files.read_file(home, "file", offset, 10).data == ""


@pytest.mark.parametrize(
    "name", ["../secret", "/etc/passwd", "link", "a/../../secret", "", ".", "nul\0", "loop"]
)
def test_nothing_outside_the_home_is_read(home: NodeHome, tmp_path: Path, name: str) -> None:
    (tmp_path / "secret").write_text("secret")
    (home.root / "link").symlink_to(tmp_path / "secret")
    (home.root / "loop").symlink_to(home.root / "loop")
    with pytest.raises(LeptonError) as caught:
        files.read_file(home, name, 0, 10)
    assert caught.value.code in ("path", "file_missing")


def test_missing_and_odd_files_are_refused(home: NodeHome) -> None:
    os.mkfifo(home.root / "pipe")
    for name in ("missing", "pipe", "jobs"):
        with pytest.raises(LeptonError):
            files.read_file(home, name, 0, 10)
