import asyncio
from pathlib import Path
from typing import Any

import pytest

from lepton_desktop.engine.cluster.records import THIS_COMPUTER
from lepton_desktop.engine.cluster.service import methods
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import dump
from lepton_desktop.wire.desk import ENGINE_METHODS
from tests.engine.cluster.lab import running_fleet


def test_every_nodes_and_telemetry_method_is_there(tmp_path: Path) -> None:
    async def run() -> None:
        async with running_fleet(tmp_path) as lab:
            table = methods(lab.fleet)
            wanted = {name for name in ENGINE_METHODS if name.startswith(("nodes.", "telemetry."))}
            assert set(table) == wanted

    asyncio.run(run())


def test_what_clients_ask_about_this_computer(tmp_path: Path) -> None:
    async def run() -> None:
        async with running_fleet(tmp_path) as lab:
            await lab.up(THIS_COMPUTER)
            await lab.until(lambda: lab.fleet.row(THIS_COMPUTER).sample)
            table = methods(lab.fleet)

            async def ask(method: str, **params: Any) -> Any:
                return dump(await table[method](params))

            me = {"name": THIS_COMPUTER}
            assert (await ask("nodes.show", **me))["state"] == "UP"
            assert [row["name"] for row in (await ask("nodes.list"))["nodes"]] == [THIS_COMPUTER]
            assert (await ask("nodes.processes", **me))["processes"]
            assert (await ask("nodes.environments", **me, refresh=True))["environments"]
            checks = (await ask("nodes.check"))["checks"]
            assert {"link", "python", "disk", "clock"} <= {check["name"] for check in checks}
            window = {"keys": ["host.memory_used_bytes", "nonsense"], "seconds": 60, "width": 100}
            await lab.until(lambda: lab.fleet.ring(THIS_COMPUTER).read("host.load_1m", 0)[0].size)
            series = (await ask("telemetry.series", **me, **window))["series"]
            assert [bool(item["x"]) for item in series] == [True, False]
            assert (await ask("telemetry.cluster", **window))["series"][0]["x"]
            assert (await ask("nodes.drain", **me, reason="mine"))["drained"]
            assert (await ask("nodes.reconnect", **me))["state"] == "CONNECTING"
            await lab.up(THIS_COMPUTER)

    asyncio.run(run())


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("nodes.show", {}, "params"),
        ("nodes.show", {"name": "x"}, "node_unknown"),
        ("nodes.add", {}, "spec"),
        ("nodes.add", {"spec": {"name": "a b", "host": "h"}}, "spec"),
        ("nodes.add", {"spec": {"name": "x"}}, "spec"),
        ("nodes.add", {"spec": {"name": "x", "host": "h", "port": 0}}, "spec"),
        ("nodes.add", {"spec": {"name": "x", "host": "h"}, "password": 3}, "params"),
        ("nodes.edit", {"name": THIS_COMPUTER}, "params"),
        ("nodes.edit", {"name": THIS_COMPUTER, "changes": {"host": "h"}}, "spec"),
        ("nodes.trust", {"name": THIS_COMPUTER, "fingerprint": "SHA256:x"}, "host_key_other"),
        ("telemetry.series", {"name": THIS_COMPUTER}, "params"),
        ("telemetry.series", {"name": THIS_COMPUTER, "keys": [], "seconds": -1}, "params"),
        ("telemetry.cluster", {"keys": [], "seconds": 1, "width": 10**9}, "params"),
    ],
)
def test_wrong_questions_get_a_clear_answer(
    tmp_path: Path, method: str, params: dict[str, Any], code: str
) -> None:
    async def run() -> None:
        async with running_fleet(tmp_path) as lab:
            with pytest.raises(LeptonError) as caught:
                await methods(lab.fleet)[method](params)
            assert caught.value.code == code

    asyncio.run(run())
