"""What clients may ask about nodes: ``nodes.*`` and ``telemetry.*``. Runs in the engine."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any

from lepton_desktop.engine.cluster import reasons
from lepton_desktop.engine.cluster.checks import node_checks
from lepton_desktop.engine.cluster.fleet import Fleet
from lepton_desktop.engine.cluster.telemetry import cluster_mean, series
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import NodeSpec, load
from lepton_desktop.wire.desk import NodeRow

Params = dict[str, Any]
Handler = Callable[[Params], Awaitable[Any]]

PROCESSES_SECONDS = 20.0
WIDEST = 20_000


def methods(fleet: Fleet) -> dict[str, Handler]:
    """The handlers by method name; params as ``ENGINE_METHODS`` describes them."""
    service = _Service(fleet)
    return {
        "nodes.list": service.list,
        "nodes.show": service.show,
        "nodes.add": service.add,
        "nodes.edit": service.edit,
        "nodes.remove": service.remove,
        "nodes.trust": service.trust,
        "nodes.login": service.login,
        "nodes.reconnect": service.reconnect,
        "nodes.drain": service.drain,
        "nodes.resume": service.resume,
        "nodes.processes": service.processes,
        "nodes.environments": service.environments,
        "nodes.check": service.check,
        "telemetry.series": service.series,
        "telemetry.cluster": service.cluster,
    }


class _Service:
    def __init__(self, fleet: Fleet) -> None:
        self._fleet = fleet

    async def list(self, _: Params) -> Params:
        return {"nodes": self._fleet.rows()}

    async def show(self, params: Params) -> NodeRow:
        return self._fleet.row(_text(params, "name"))

    async def add(self, params: Params) -> NodeRow:
        return self._fleet.add(
            load(NodeSpec, params.get("spec")),
            password=_secret(params, "password"),
            passphrase=_secret(params, "passphrase"),
            accept_key=_text(params, "accept_key", ""),
        )

    async def edit(self, params: Params) -> NodeRow:
        changes = params.get("changes")
        if not isinstance(changes, dict):
            raise _wrong("changes", "an object of fields")
        return self._fleet.edit(_text(params, "name"), changes)

    async def remove(self, params: Params) -> Params:
        return {"spec": await self._fleet.remove(_text(params, "name"))}

    async def trust(self, params: Params) -> NodeRow:
        return self._fleet.trust(_text(params, "name"), _text(params, "fingerprint"))

    async def login(self, params: Params) -> NodeRow:
        return self._fleet.log_in(
            _text(params, "name"), _secret(params, "password"), _secret(params, "passphrase")
        )

    async def reconnect(self, params: Params) -> NodeRow:
        return self._fleet.reconnect(_text(params, "name"))

    async def drain(self, params: Params) -> NodeRow:
        return self._fleet.drain(_text(params, "name"), _text(params, "reason", ""))

    async def resume(self, params: Params) -> NodeRow:
        return self._fleet.resume(_text(params, "name"))

    async def processes(self, params: Params) -> Any:  # noqa: ANN401 - JSON from the agent
        name = _text(params, "name")
        answer = await self._fleet.call(name, "processes.list", {}, PROCESSES_SECONDS)
        return reasons.plain_json(answer)

    async def environments(self, params: Params) -> Params:
        name, refresh = _text(params, "name"), params.get("refresh") is True
        return {"environments": await self._fleet.environments(name, refresh)}

    async def check(self, params: Params) -> Params:
        name = _text(params, "name", "")
        rows = [self._fleet.row(name)] if name else self._fleet.rows()
        return {"checks": [line for row in rows for line in node_checks(row)]}

    async def series(self, params: Params) -> Params:
        ring = self._fleet.ring(_text(params, "name"))
        keys, since, _, width = _window(params)
        return {"series": [series(ring, key, since, width) for key in keys]}

    async def cluster(self, params: Params) -> Params:
        rings = self._fleet.rings()
        keys, since, now, width = _window(params)
        return {"series": [cluster_mean(rings, key, since, now, width) for key in keys]}


def _window(params: Params) -> tuple[list[str], float, float, int]:
    keys, seconds, width = params.get("keys"), params.get("seconds"), params.get("width", 0)
    if not isinstance(keys, list) or not all(isinstance(key, str) for key in keys):
        raise _wrong("keys", "a list of quantities such as 'host.cpu_percent'")
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not seconds > 0:
        raise _wrong("seconds", "a number above 0")
    if isinstance(width, bool) or not isinstance(width, int) or not 0 <= width <= WIDEST:
        raise _wrong("width", f"a number of pixels, 0 to {WIDEST}")
    now = time.time()
    return keys, now - min(float(seconds), 7 * 86400.0), now, width


def _text(params: Params, name: str, default: str | None = None) -> str:
    value = params.get(name, default)
    if not isinstance(value, str):
        raise _wrong(name, "a text")
    return value


def _secret(params: Params, name: str) -> str | None:
    value = params.get(name)
    if value is not None and not isinstance(value, str):
        raise _wrong(name, "a text")
    return value


def _wrong(name: str, expected: str) -> LeptonError:
    return LeptonError(f"The parameter '{name}' must be {expected}.", code="params")
