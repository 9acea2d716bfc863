"""Blocking work off the event loop, one short-lived thread each. Runs in the engine.

A pool would let a few dead nodes occupy every worker and delay the healthy ones. Threads are
bounded by the callers instead: a node has at most one connecting, one writing and one moving files.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[[], T], name: str) -> T:
    """Run ``work`` in its own daemon thread; an exception of it is raised here."""
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()

    def settle(setter: Callable[[Any], None], value: object) -> None:
        if not future.done():
            setter(value)

    def run() -> None:
        outcome: tuple[Callable[[Any], None], object]
        try:
            outcome = (future.set_result, work())
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is awaited
            outcome = (future.set_exception, error)
        with contextlib.suppress(RuntimeError):  # the loop is gone, and with it who asked
            loop.call_soon_threadsafe(settle, *outcome)

    threading.Thread(target=run, name=name, daemon=True).start()
    return await future
