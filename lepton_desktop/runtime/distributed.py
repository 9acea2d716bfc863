"""The ranks of one training and what they add up. Runs in a job on a node, under torchrun.

Every rank steps its own environments and computes gradients on its own minibatches; gradients are
averaged as one flat vector, so one global minibatch is ``minibatch_size × world_size`` samples. All
ranks start from the same parameters and apply the same averaged gradient, so they stay identical.
A single process has no process group and pays nothing.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import distributed

from lepton_desktop.errors import LeptonError

TIMEOUT = timedelta(seconds=90)
"""A rank that says nothing for so long is given up; a dead one is noticed at once."""


@dataclass(frozen=True)
class Place:
    """Where this process stands, in torchrun's words."""

    rank: int = 0
    local_rank: int = 0
    world_size: int = 1

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Place:
        """As torchrun set it; a single process without torchrun."""
        return cls(
            int(environment.get("RANK", "0")),
            int(environment.get("LOCAL_RANK", "0")),
            int(environment.get("WORLD_SIZE", "1")),
        )


class Ranks:
    """All ranks of this training, seen from one of them.

    Attributes:
        place: Where this process stands.
        device: Where its networks live.
        backend: ``gloo`` or ``nccl``; empty for a single process.
        sync_seconds: Time spent in collectives so far.
    """

    def __init__(self, place: Place, device: str = "auto", backend: str = "auto") -> None:
        self.place = place
        self.device = _device(place, device)
        self.backend = ""
        self.sync_seconds = 0.0
        torch.set_num_threads(1)
        if place.world_size > 1:
            if backend == "auto":
                backend = "nccl" if self.device.type == "cuda" else "gloo"
            self.backend = backend
            with self._collective():
                distributed.init_process_group(backend, timeout=TIMEOUT)

    @classmethod
    def join(cls, device: str, backend: str) -> Ranks:
        """Find the others, as torchrun told."""
        return cls(Place.from_environment(os.environ), device, backend)

    @property
    def is_first(self) -> bool:
        """Whether this is rank 0, which alone writes files."""
        return self.place.rank == 0

    def average(self, vector: torch.Tensor) -> None:
        """Replace a vector by its mean over the ranks."""
        if self.place.world_size > 1:
            with self._collective():
                distributed.all_reduce(vector)
            vector /= self.place.world_size

    def sum(self, numbers: NDArray[np.float64]) -> NDArray[np.float64]:
        """The sum of an array over the ranks."""
        if self.place.world_size == 1:
            return numbers
        # NCCL reduces tensors on the device only.
        tensor = torch.from_numpy(numbers.copy())
        tensor = tensor.to(self.device) if self.backend == "nccl" else tensor
        with self._collective():
            distributed.all_reduce(tensor)
        return np.asarray(tensor.cpu().numpy())

    def gather(self, text: str) -> list[str]:
        """One text of every rank, in rank order, on all of them."""
        if self.place.world_size == 1:
            return [text]
        texts: list[Any] = [None] * self.place.world_size
        with self._collective():
            distributed.all_gather_object(texts, text)
        return texts

    def copy_from_first(self, vector: torch.Tensor) -> None:
        """Overwrite a vector with that of rank 0."""
        if self.place.world_size > 1:
            with self._collective():
                distributed.broadcast(vector, src=0)

    def share_failure(self, error: LeptonError | None) -> None:
        """Let every rank fail with the same message when one of them failed.

        Raises:
            LeptonError: That of the first rank that brought one.
        """
        failed = self.sum(np.array([0.0 if error is None else 1.0]))
        if failed[0] == 0.0:
            return
        if self.place.world_size == 1 and error is not None:
            raise error
        mine = "" if error is None else "\0".join((error.message, error.hint, error.code))
        for rank, text in enumerate(self.gather(mine)):
            if text:
                message, hint, code = text.split("\0")
                raise LeptonError(f"Rank {rank}: {message}", hint, code)

    def close(self) -> None:
        """Leave the group in good order."""
        if self.place.world_size > 1:
            distributed.destroy_process_group()

    @contextlib.contextmanager
    def _collective(self) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        except RuntimeError as error:
            reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
            raise LeptonError(
                f"Rank {self.place.rank} lost the other ranks: {reason}",
                "Look for the first error in the logs of the other ranks; nodes must reach each "
                "other on the address and interface of the plan.",
                code="rank_lost",
            ) from None
        self.sync_seconds += time.perf_counter() - start


def _device(place: Place, wanted: str) -> torch.device:
    if wanted == "auto":
        wanted = "cuda" if torch.cuda.is_available() else "cpu"
    if wanted == "cpu":
        return torch.device("cpu")
    devices = torch.cuda.device_count()
    if devices == 0:
        raise LeptonError(
            "This run asks for CUDA, but torch finds no CUDA device here.",
            "Choose the device cpu, or a Python whose torch was built for the driver.",
            code="no_cuda",
        )
    device = torch.device("cuda", place.local_rank % devices)
    torch.cuda.set_device(device)
    return device


def rank_seed(seed: int, rank: int, step: int) -> int:
    """A seed for one rank's random streams; another one after a resume at another step."""
    return int(np.random.SeedSequence([seed, rank, step]).generate_state(1, np.uint32)[0] >> 1)
