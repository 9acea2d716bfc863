"""EngineClient: one typed call a method of the engine. Runs on the desk; thread-safe."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

import lepton_desktop
from lepton_desktop.client.connection import Connection
from lepton_desktop.client.process import Progress, find_engine, not_running, start_engine
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths, paths
from lepton_desktop.specs import EnvironmentSpec, NodeSpec, RewardSpec, RunSpec, load
from lepton_desktop.wire.convert import build, dump
from lepton_desktop.wire.desk import (
    ActivityRow,
    Changes,
    Check,
    EngineStatus,
    LogText,
    NodeRow,
    Plan,
    Problem,
    RewardRow,
    RunRow,
    Series,
)
from lepton_desktop.wire.node import ProcessInfo, PythonEnvironment

T = TypeVar("T")

CALL_SECONDS = 60.0
BROKEN = ("engine_gone", "timeout", "wire")
ALL_TOPICS = ("nodes", "runs", "tasks", "activity", "engine")


class EngineClient:
    """Calls to one engine from any thread; each call in progress has a connection of its own.

    After ``engine_gone`` the next call looks for the engine again, so a client outlives a restart
    of the engine.
    """

    def __init__(self, where: Paths, role: str = "cli") -> None:
        self._paths = where
        self._role = role
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._busy: set[Connection] = set()
        self._closed = False
        self._engine_version = ""

    @classmethod
    def connect(
        cls,
        home: Path | str | None = None,
        start: bool = True,
        role: str = "cli",
        progress: Progress | None = None,
    ) -> EngineClient:
        """Attach to the engine of ``home``.

        Args:
            home: The desk's folder; ``LEPTON_HOME`` or the platform's folder without one.
            start: Start an engine when none runs.
            role: Who calls, for the activity log: ``cli``, ``window``, ``script`` …
            progress: Told in words how the start goes.

        Raises:
            LeptonError: None runs (``engine_not_running``), it does not start (``engine_start``),
                or it refuses the token.
        """
        where = paths(home)
        if start:
            start_engine(where, progress)
        client = cls(where, role)
        client.status()
        return client

    @property
    def paths(self) -> Paths:
        """The files of the engine's home."""
        return self._paths

    @property
    def version_problem(self) -> str:
        """One sentence when the engine is of another version than this program, else empty."""
        if self._engine_version in ("", lepton_desktop.__version__):
            return ""
        return (
            f"The engine is version {self._engine_version}, this program "
            f"{lepton_desktop.__version__}: restart it with leptonctl engine stop, then start."
        )

    def __enter__(self) -> EngineClient:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop every connection; calls that wait in other threads end with ``engine_gone``."""
        with self._lock:
            self._closed = True
            connections = [*self._idle, *self._busy]
            self._idle.clear()
        for connection in connections:
            connection.close()

    def call(self, method: str, **params: Any) -> Any:  # noqa: ANN401
        """Call ``method`` and return its raw JSON result; None-valued params are left out.

        Raises:
            LeptonError: What the engine answered, or ``engine_gone``, ``engine_not_running``.
        """
        return self._call(method, params, CALL_SECONDS)

    def _call(self, method: str, params: dict[str, Any], timeout_seconds: float) -> Any:  # noqa: ANN401
        given = {name: dump(value) for name, value in params.items() if value is not None}
        connection = self._take()
        try:
            result = connection.call(method, given, timeout_seconds)
        except LeptonError as error:
            self._give(connection, broken=error.code in BROKEN)
            raise
        except BaseException:
            self._give(connection, broken=True)
            raise
        self._give(connection)
        return result

    def _take(self) -> Connection:
        with self._lock:
            if self._closed:
                raise LeptonError("This client was closed.", code="engine_gone")
            while self._idle:
                connection = self._idle.pop()
                if connection.is_open:
                    self._busy.add(connection)
                    return connection
                connection.close()
        return self._open()

    def _open(self) -> Connection:
        address = find_engine(self._paths)
        if address is None:
            raise not_running(self._paths)
        connection = Connection(address.port, address.token, self._role)
        with self._lock:
            if not self._closed:
                self._engine_version = build(EngineStatus, connection.status).version
                self._busy.add(connection)
                return connection
        connection.close()
        raise LeptonError("This client was closed.", code="engine_gone")

    def _give(self, connection: Connection, broken: bool = False) -> None:
        drop = [connection] if broken else []
        with self._lock:
            self._busy.discard(connection)
            if broken:
                drop += self._idle  # they went to the same engine
                self._idle.clear()
            elif not self._closed:
                self._idle.append(connection)
        for old in drop:
            old.close()

    def _rows(self, kind: type[T], key: str, method: str, **params: Any) -> list[T]:  # noqa: ANN401
        return [build(kind, item) for item in self.call(method, **params)[key]]

    # The engine

    def status(self) -> EngineStatus:
        """The engine itself."""
        return build(EngineStatus, self.call("engine.status"))

    def stop_engine(self) -> None:
        """End the engine; jobs on the nodes go on."""
        self.call("engine.stop")

    def changes(
        self, revision: int, topics: Iterable[str] = ALL_TOPICS, timeout_seconds: float = 20.0
    ) -> Changes:
        """What changed since ``revision`` (0: everything); waits until something does."""
        params = {"revision": revision, "topics": list(topics), "timeout_seconds": timeout_seconds}
        return build(Changes, self._call("changes.next", params, timeout_seconds + 15.0))

    def activity(self, limit: int = 100) -> list[ActivityRow]:
        """The newest lines of the activity log."""
        return self._rows(ActivityRow, "activity", "activity.list", limit=limit)

    def plugins(self) -> list[dict[str, Any]]:
        """Plug-ins, broken ones with their problem."""
        return list(self.call("plugins.list")["plugins"])

    def environments(self) -> list[EnvironmentSpec]:
        """Environments that are known without importing them."""
        return self._rows(EnvironmentSpec, "environments", "environments.list")

    # Nodes

    def nodes(self) -> list[NodeRow]:
        """Every registered node."""
        return self._rows(NodeRow, "nodes", "nodes.list")

    def node(self, name: str) -> NodeRow:
        """One node."""
        return self._node("nodes.show", name)

    def _node(self, method: str, name: str, **params: Any) -> NodeRow:  # noqa: ANN401
        return build(NodeRow, self.call(method, name=name, **params))

    def add_node(
        self,
        spec: NodeSpec,
        password: str | None = None,
        passphrase: str | None = None,
        accept_key: str | None = None,
    ) -> NodeRow:
        """Register a node; ``accept_key`` pins its host key when it is that one."""
        secrets = {"password": password, "passphrase": passphrase, "accept_key": accept_key}
        return build(NodeRow, self.call("nodes.add", spec=dump(spec), **secrets))

    def edit_node(self, name: str, changes: dict[str, Any]) -> NodeRow:
        """Change fields of a node's spec."""
        return self._node("nodes.edit", name, changes=changes)

    def remove_node(self, name: str) -> NodeSpec:
        """Forget a node; the spec restores it."""
        return load(NodeSpec, self.call("nodes.remove", name=name)["spec"])

    def trust_node(self, name: str, fingerprint: str) -> NodeRow:
        """Pin the host key that the node offers, if it still is the one with this fingerprint."""
        return self._node("nodes.trust", name, fingerprint=fingerprint)

    def login_node(
        self, name: str, password: str | None = None, passphrase: str | None = None
    ) -> NodeRow:
        """Give a secret that the engine keeps in memory only."""
        return self._node("nodes.login", name, password=password, passphrase=passphrase)

    def reconnect_node(self, name: str) -> NodeRow:
        """Try the link now."""
        return self._node("nodes.reconnect", name)

    def drain_node(self, name: str, reason: str = "") -> NodeRow:
        """No new jobs for this node."""
        return self._node("nodes.drain", name, reason=reason)

    def resume_node(self, name: str) -> NodeRow:
        """End a drain."""
        return self._node("nodes.resume", name)

    def processes(self, name: str) -> list[ProcessInfo]:
        """What runs on a node."""
        return self._rows(ProcessInfo, "processes", "nodes.processes", name=name)

    def node_environments(self, name: str, refresh: bool = False) -> list[PythonEnvironment]:
        """Pythons of a node."""
        return self._rows(
            PythonEnvironment, "environments", "nodes.environments", name=name, refresh=refresh
        )

    def check_nodes(self, name: str | None = None) -> list[Check]:
        """What doctor shows of one node or of all."""
        return self._rows(Check, "checks", "nodes.check", name=name)

    def telemetry(
        self, keys: list[str], name: str | None = None, seconds: float = 300.0, width: int = 300
    ) -> list[Series]:
        """Telemetry of one node, or the mean over the cluster without a name."""
        method = "telemetry.series" if name else "telemetry.cluster"
        params = {"name": name, "keys": keys, "seconds": seconds, "width": width}
        return self._rows(Series, "series", method, **params)

    # Runs

    def runs(self) -> list[RunRow]:
        """Every run."""
        return self._rows(RunRow, "runs", "runs.list")

    def run(self, run_id: str) -> RunRow:
        """One run, by id, unique prefix or name."""
        return build(RunRow, self.call("runs.show", run_id=run_id))

    def plan(self, spec: RunSpec) -> Plan:
        """What a start would do, nothing done."""
        return build(Plan, self.call("runs.plan", spec=dump(spec)))

    def start_run(self, spec: RunSpec) -> RunRow:
        """Start a training."""
        return build(RunRow, self.call("runs.start", spec=dump(spec)))

    def stop_run(self, run_id: str) -> RunRow:
        """Ask for a stop; the row shows STOPPING until every process is verified gone."""
        return build(RunRow, self.call("runs.stop", run_id=run_id))

    def rerun(self, run_id: str) -> RunRow:
        """Start the same spec again."""
        return build(RunRow, self.call("runs.rerun", run_id=run_id))

    def remove_run(self, run_id: str) -> None:
        """Forget a finished run."""
        self.call("runs.remove", run_id=run_id)

    def metrics(
        self,
        run_id: str,
        keys: Iterable[str] = (),
        width: int = 0,
        x_range: tuple[float | None, float | None] = (None, None),
    ) -> list[Series]:
        """Series of a run; no keys: all; width 0: exact."""
        low, high = x_range
        params = {"keys": list(keys), "width": width, "x_from": low, "x_to": high}
        return self._rows(Series, "series", "runs.metrics", run_id=run_id, **params)

    def logs(
        self,
        run_id: str,
        job_id: str | None = None,
        before: int | None = None,
        limit: int = 65536,
    ) -> list[LogText]:
        """The end of the output of each job of a run."""
        params = {"job_id": job_id, "before": before, "limit": limit}
        return self._rows(LogText, "logs", "runs.logs", run_id=run_id, **params)

    def events(self, run_id: str) -> list[dict[str, Any]]:
        """Events of a run: ``{t, kind, text, step?}``."""
        return list(self.call("runs.events", run_id=run_id)["events"])

    # Rewards

    def rewards(self) -> list[RewardRow]:
        """The reward library."""
        return self._rows(RewardRow, "rewards", "rewards.list")

    def reward(self, name: str) -> RewardRow:
        """One reward function."""
        return build(RewardRow, self.call("rewards.show", name=name))

    def check_reward(self, spec: RewardSpec) -> list[Problem]:
        """Problems of a reward function, with places and hints."""
        return self._rows(Problem, "problems", "rewards.check", spec=dump(spec))

    def save_reward(self, spec: RewardSpec) -> RewardRow:
        """Put a reward function into the library."""
        return build(RewardRow, self.call("rewards.save", spec=dump(spec)))
