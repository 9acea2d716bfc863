"""Checkpoints: whole or not at all, found by latest.json, read without running code."""

from __future__ import annotations

import dataclasses
import errno
import hashlib
import json
import pickle

import pytest
import torch

from lepton_desktop.errors import LeptonError
from lepton_desktop.runtime import checkpoint as checkpoints
from lepton_desktop.runtime.checkpoint import KEPT, Checkpoint

ONE = Checkpoint(
    step=100,
    iteration=2,
    episodes=5,
    policy={"tensors": {"a": torch.arange(3.0)}, "hidden_sizes": [8]},
    optimiser={"state": {0: {"step": torch.tensor(3.0)}}},
    normaliser={"mean": [0.0]},
    returns={"mean": [1.5]},
    random=['{"state": 12345678901234567890123}'],
    spec={"run_id": "a"},
)


def test_a_checkpoint_comes_back_as_it_was(tmp_path):
    path = checkpoints.save(ONE, tmp_path)
    found = checkpoints.load(path)
    assert torch.equal(found.policy["tensors"]["a"], torch.arange(3.0))
    assert dataclasses.replace(found, policy={}, optimiser={}) == dataclasses.replace(
        ONE, policy={}, optimiser={}
    )


def test_latest_names_the_newest_with_its_hash(tmp_path):
    checkpoints.save(ONE, tmp_path)
    path = checkpoints.save(dataclasses.replace(ONE, step=200), tmp_path)
    latest = json.loads((tmp_path / "latest.json").read_text())
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert latest == {"file": "step_200.pt", "step": 200, "sha256": digest}
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "latest.json",
        "step_100.pt",
        "step_200.pt",
    ]


def test_old_ones_go(tmp_path):
    for step in range(1, KEPT + 4):
        checkpoints.save(dataclasses.replace(ONE, step=step * 100), tmp_path)
    kept = {file.name for file in tmp_path.glob("*.pt")}
    assert kept == {f"step_{step * 100}.pt" for step in range(4, KEPT + 4)}


def test_a_full_disk_leaves_the_old_checkpoint(tmp_path, monkeypatch):
    checkpoints.save(ONE, tmp_path)
    before = (tmp_path / "latest.json").read_bytes()

    def full(content, path):
        path.write_bytes(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(LeptonError, match="disk is full"):
        checkpoints.save(dataclasses.replace(ONE, step=200), tmp_path)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["latest.json", "step_100.pt"]
    assert (tmp_path / "latest.json").read_bytes() == before


class Trap:
    def __reduce__(self):
        return (print, ("the trap ran",))


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", pickle.dumps(Trap())])
def test_a_file_that_is_none_is_refused(tmp_path, content, capsys):
    path = tmp_path / "x.pt"
    path.write_bytes(content)
    with pytest.raises(LeptonError) as caught:
        checkpoints.load(path)
    assert caught.value.code == "checkpoint"
    assert "the trap ran" not in capsys.readouterr().out


def test_code_in_a_checkpoint_is_not_run(tmp_path, capsys):
    path = tmp_path / "x.pt"
    torch.save({"format": 1, "step": Trap()}, path)
    with pytest.raises(LeptonError, match="cannot be read"):
        checkpoints.load(path)
    assert "the trap ran" not in capsys.readouterr().out


def test_another_format_and_a_missing_file_are_said(tmp_path):
    torch.save({"format": 99}, tmp_path / "x.pt")
    with pytest.raises(LeptonError, match="not a checkpoint of this version"):
        checkpoints.load(tmp_path / "x.pt")
    with pytest.raises(LeptonError, match="no checkpoint"):
        checkpoints.load(tmp_path / "absent.pt")
