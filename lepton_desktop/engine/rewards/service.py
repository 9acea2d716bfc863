"""The methods rewards.*, environments.list and plugins.list. Runs in the engine."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from lepton_desktop.engine.connection import Handler
from lepton_desktop.engine.rewards.library import Library
from lepton_desktop.errors import LeptonError
from lepton_desktop.specs import RewardSpec, load


def methods(library: Library, note: Callable[[str, str, str, str], None]) -> dict[str, Handler]:
    """What clients may ask. Files are read in a thread."""

    async def rewards(_params: dict[str, Any]) -> Any:  # noqa: ANN401
        return {"rewards": await asyncio.to_thread(library.rewards)}

    async def show(params: dict[str, Any]) -> Any:  # noqa: ANN401
        return await asyncio.to_thread(library.reward, str(params.get("name", "")))

    async def check(params: dict[str, Any]) -> Any:  # noqa: ANN401
        spec = load(RewardSpec, params.get("spec"))
        return {"problems": await asyncio.to_thread(library.check, spec)}

    async def save(params: dict[str, Any]) -> Any:  # noqa: ANN401
        spec = load(RewardSpec, params.get("spec"))
        if not spec.terms:
            raise LeptonError("The reward has no terms.", "Add at least one term.", code="reward")
        row = library.save(spec)
        note("reward saved", spec.name, f"version {spec.version}", "info")
        return row

    async def environments(_params: dict[str, Any]) -> Any:  # noqa: ANN401
        return {"environments": await asyncio.to_thread(library.environments)}

    async def plugins(_params: dict[str, Any]) -> Any:  # noqa: ANN401
        return {"plugins": await asyncio.to_thread(library.plugins)}

    return {
        "rewards.list": rewards,
        "rewards.show": show,
        "rewards.check": check,
        "rewards.save": save,
        "environments.list": environments,
        "plugins.list": plugins,
    }
