"""Which nodes a run gets, and how many ranks on each. Runs in the engine; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from lepton_desktop.engine.cluster.records import THIS_COMPUTER
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec, RunSpec
from lepton_desktop.wire.desk import LinkState, NodeRow
from lepton_desktop.wire.node import AgentHello, InterfaceFacts, PythonEnvironment


@dataclass(frozen=True)
class Candidate:
    """What is known of a node that a run asks for."""

    row: NodeRow
    spec: NodeSpec
    hello: AgentHello | None


@dataclass(frozen=True)
class Seat:
    """A node with its share of the ranks."""

    row: NodeRow
    spec: NodeSpec
    hello: AgentHello
    first_rank: int
    ranks: int

    @property
    def node(self) -> str:
        """Its name."""
        return self.row.name

    @property
    def gpus(self) -> list[int]:
        """Indices of the NVIDIA devices that its Python can use."""
        environment = self.environment
        if environment is None or environment.cuda is None or self.row.facts is None:
            return []
        return [gpu.index for gpu in self.row.facts.gpus if gpu.kind == "nvidia"]

    @property
    def environment(self) -> PythonEnvironment | None:
        """What is known of its Python."""
        found = [one for one in self.row.environments if one.path == self.row.python]
        return found[0] if found else None

    @property
    def interfaces(self) -> list[InterfaceFacts]:
        """Its network interfaces, loopback left out."""
        known = self.row.facts.interfaces if self.row.facts else []
        return [one for one in known if not one.address.startswith("127.")]

    @property
    def machine(self) -> tuple[object, ...]:
        """Equal for two names of one machine.

        Containers and network namespaces share a boot id, but not their addresses.
        """
        places = tuple(sorted((one.name, one.address) for one in self.interfaces))
        return (self.hello.boot_id, *places)


def wanted_nodes(spec: RunSpec) -> list[str]:
    """The nodes of a run, in the order of ranks.

    Raises:
        LeptonError: A node is named twice.
    """
    nodes = spec.nodes or [THIS_COMPUTER]
    for name in nodes:
        if nodes.count(name) > 1:
            raise LeptonError(
                f"The node {name} is named {nodes.count(name)} times.",
                "Name it once and raise the processes per node.",
                code="placement",
            )
    return nodes


def place(spec: RunSpec, candidates: Mapping[str, Candidate]) -> list[Seat]:
    """Seats in the order of ranks.

    Raises:
        LeptonError: A node cannot take the run; every such node is named.
    """
    chosen = [candidates[name] for name in wanted_nodes(spec)]
    problems = [problem for one in chosen if (problem := _problem(one)) is not None]
    if problems:
        raise LeptonError(
            " ".join(problem.message for problem in problems), problems[0].hint, code="placement"
        )
    seats: list[Seat] = []
    for one in chosen:
        if one.hello is None:
            raise LeptonError(f"{one.row.name} has not said hello yet.", "Try again.", "placement")
        first = sum(seat.ranks for seat in seats)
        seat = Seat(one.row, one.spec, one.hello, first, max(1, spec.processes_per_node))
        if spec.processes_per_node == 0 and seat.gpus:
            seat = Seat(one.row, one.spec, one.hello, first, len(seat.gpus))
        seats.append(seat)
    return seats


def _problem(one: Candidate) -> LeptonError | None:
    row = one.row
    if row.state is not LinkState.UP or one.hello is None:
        why = f": {row.reason}" if row.reason else ""
        hint = row.hint or "Wait until the node is up, or leave it out."
        return LeptonError(f"The node {row.name} is {row.state.value}{why}.", hint)
    if row.drained:
        why = f" ({row.drain_reason})" if row.drain_reason else ""
        hint = f"End the drain with: leptonctl node resume {row.name}. Or leave the node out."
        return LeptonError(f"The node {row.name} is drained{why}.", hint)
    if not row.python:
        why = row.python_problem or "no Python with torch and gymnasium was found"
        hint = "Name an interpreter that has torch and gymnasium in the node's settings."
        return LeptonError(f"The node {row.name} cannot train: {why.rstrip('.')}.", hint)
    return None


@dataclass(frozen=True)
class Devices:
    """Where networks live, for all ranks alike."""

    device: str
    """``cpu`` or ``cuda``."""
    backend: str
    """``gloo`` or ``nccl``."""
    warnings: tuple[str, ...] = ()


def choose_devices(spec: RunSpec, seats: Sequence[Seat]) -> Devices:
    """CUDA where every rank has it; NCCL where every rank has a GPU of its own.

    Raises:
        LeptonError: The run insists on what a node lacks.
    """
    without = [seat.node for seat in seats if not seat.gpus]
    if spec.device == "cuda" and without:
        raise LeptonError(
            f"The run asks for CUDA, but {', '.join(without)} has no GPU that torch can use.",
            "Choose the device auto or cpu, or other nodes.",
            code="placement",
        )
    device = "cpu" if spec.device == "cpu" or without else "cuda"
    warnings = []
    if spec.device == "auto" and without and len(without) < len(seats):
        warnings.append(f"All ranks use the CPU, because {', '.join(without)} has no usable GPU.")
    machines = {seat.machine for seat in seats}
    own = device == "cuda" and len(machines) == len(seats)
    own = own and all(seat.ranks <= len(seat.gpus) for seat in seats)
    if spec.backend == "nccl" and not own:
        raise LeptonError(
            "NCCL needs an NVIDIA GPU of its own for every rank.",
            "Choose the backend auto or gloo, or fewer processes per node.",
            code="placement",
        )
    backend = "nccl" if own and spec.backend != "gloo" else "gloo"
    return Devices(device, backend, (*warnings, *_crowding(seats)))


def _crowding(seats: Sequence[Seat]) -> list[str]:
    warnings = []
    for machine in dict.fromkeys(seat.machine for seat in seats):
        here = [seat for seat in seats if seat.machine == machine]
        ranks = sum(seat.ranks for seat in here)
        facts = here[0].row.facts
        names = ", ".join(seat.node for seat in here)
        if facts is not None and ranks > facts.cpu_count:
            warnings.append(f"{names}: {ranks} ranks share {facts.cpu_count} CPUs.")
        if len(here) > 1:
            warnings.append(f"{names} are one machine.")
    versions = {one.torch for seat in seats if (one := seat.environment) and one.torch}
    if len(versions) > 1:
        warnings.append(f"The nodes have different torch versions: {', '.join(sorted(versions))}.")
    return warnings
