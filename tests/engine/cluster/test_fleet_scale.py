"""Hundreds of nodes and broken agents; the machines are pretended, the fleet is real."""

import asyncio
import random
import threading
import time
from pathlib import Path

import pytest

from lepton_desktop.engine.cluster import remote
from lepton_desktop.engine.cluster.bundle import Bundle
from lepton_desktop.engine.cluster.machine import Tell
from lepton_desktop.engine.cluster.records import THIS_COMPUTER
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec
from lepton_desktop.wire.desk import LinkState
from tests.engine.cluster.lab import running_fleet
from tests.engine.cluster.pipes import AnsweringPipe

NODES = 200
GPUS = [50.0] * 8


class PretendedMachine:
    """A node whose agent is a pipe."""

    home, host_key = "/home", "SHA256:x"

    def __init__(self, pipe: AnsweringPipe) -> None:
        self.pipe = pipe
        self.pushed: list[Bundle] = []

    async def start_agent(self, tell: Tell, mend: bool) -> AnsweringPipe:
        self.pipe.greet()
        return self.pipe

    async def unpack(self, bundle: Bundle, tell: Tell) -> str:
        return "/nowhere"

    async def put(self, path: str, data: bytes) -> None:
        raise LeptonError("No disk.")

    async def get(self, path: str, target: Path) -> None:
        raise LeptonError("No disk.")

    async def close(self) -> None:
        await self.pipe.close()


@pytest.fixture
def pretended(monkeypatch: pytest.MonkeyPatch) -> dict[str, AnsweringPipe]:
    """The pipes by node; a host named ``dead`` never answers, ``refuses`` fails at once."""
    pipes: dict[str, AnsweringPipe] = {}

    async def reach(spec: NodeSpec, *_: object) -> PretendedMachine:
        if spec.host == "dead":
            await asyncio.sleep(3600)
        if spec.host == "refuses":
            raise LeptonError("It refuses.", code="refused")
        pipes[spec.name] = AnsweringPipe()
        return PretendedMachine(pipes[spec.name])

    monkeypatch.setattr(remote, "reach", reach)
    return pipes


def sample() -> dict[str, object]:
    return {
        "method": "telemetry.sample",
        "params": {
            "time": time.time(),
            "host": {"cpu_percent": random.uniform(0, 100), "memory_used_bytes": 10**9},
            "gpu": {"utilisation_percent": GPUS, "memory_used_bytes": [10**9] * 8},
        },
    }


def test_two_hundred_nodes_come_up_beside_dead_ones(
    pretended: dict[str, AnsweringPipe], tmp_path: Path
) -> None:
    async def run() -> None:
        async with running_fleet(tmp_path) as lab:
            threads = threading.active_count()
            for number in range(NODES):
                host = ("dead", "refuses")[number % 2] if number < 20 else "fine"
                lab.fleet.add(NodeSpec(f"node-{number}", host=host))

            def up() -> int:
                rows = (row for row in lab.fleet.rows() if row.name != THIS_COMPUTER)
                return sum(row.state is LinkState.UP for row in rows)

            await lab.until(lambda: up() == NODES - 20, 30.0)
            assert threading.active_count() - threads < 10
            for _ in range(5):
                for pipe in pretended.values():
                    pipe.say(sample())
                await asyncio.sleep(0.3)
            await lab.until(
                lambda: all(lab.shown(name).sample is not None for name in pretended), 10.0
            )
            assert lab.fleet.row("node-0").state is LinkState.CONNECTING
            assert lab.fleet.row("node-1").state is LinkState.RECONNECTING
            assert lab.fleet.row("node-1").retry_at is not None

    asyncio.run(run())


def test_samples_reach_the_board_at_most_four_times_a_second(
    pretended: dict[str, AnsweringPipe], tmp_path: Path
) -> None:
    async def run() -> None:
        async with running_fleet(tmp_path) as lab:
            lab.fleet.add(NodeSpec("node", host="fine"))
            await lab.up("node")
            seen = set()
            began = time.monotonic()
            while time.monotonic() - began < 1.5:
                pretended["node"].say(sample())
                await asyncio.sleep(0.01)
                seen.add(lab.shown("node").sample_age_at)
            assert 3 <= len(seen) <= 8

    asyncio.run(run())


@pytest.mark.expects_log("not messages")
def test_an_agent_gone_mad_harms_neither_itself_nor_others(
    pretended: dict[str, AnsweringPipe], tmp_path: Path
) -> None:
    chaos = random.Random(1)

    async def run() -> None:
        async with running_fleet(tmp_path) as lab:
            for name in ("mad", "sane"):
                lab.fleet.add(NodeSpec(name, host="fine"))
                await lab.up(name)
            for _ in range(2000):
                pretended["mad"].say(chaos.randbytes(chaos.randrange(1, 400)) + b"\n")
            pretended["mad"].say(b"y" * 5_000_000 + b"\n")
            pretended["sane"].say(sample())
            await lab.until(lambda: lab.fleet.row("sane").sample)
            assert await lab.fleet.call("mad", "node.describe", {}, 10.0)
            assert await lab.fleet.call("sane", "node.describe", {}, 1.0)
            assert lab.fleet.row("mad").state is LinkState.UP

    asyncio.run(run())


@pytest.mark.parametrize(
    "answer", [{"os": 3}, [], "facts", {"os": "x" * 100}, {"cpu_count": float("1e300")}]
)
def test_an_agent_that_answers_nonsense_is_a_state_not_a_crash(
    pretended: dict[str, AnsweringPipe], tmp_path: Path, answer: object
) -> None:
    original = AnsweringPipe.answer

    class Nonsense(AnsweringPipe):
        def answer(self, method: str) -> object:
            return answer if method == "node.describe" else original(self, method)

    async def run() -> None:
        async with running_fleet(tmp_path) as lab:

            async def reach(*_: object) -> PretendedMachine:
                return PretendedMachine(Nonsense())

            remote.reach = reach  # type: ignore[assignment] # the fixture puts it back
            lab.fleet.add(NodeSpec("odd", host="fine"))
            row = await lab.state("odd", LinkState.RECONNECTING)
            assert "another shape" in row.reason

    asyncio.run(run())
