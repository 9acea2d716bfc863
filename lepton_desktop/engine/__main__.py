"""The engine's composition root: builds the parts, serves until told to end. Runs on the desk.

``python -m lepton_desktop.engine --home DIR`` runs in the foreground.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import secrets
import signal
import sys
import time
from typing import Any

import lepton_desktop
from lepton_desktop.engine.activity import ActivityLog
from lepton_desktop.engine.changes import ChangeBoard
from lepton_desktop.engine.instance import (
    Address,
    announce,
    forget,
    log_to,
    sole_engine,
    where_it_runs,
)
from lepton_desktop.engine.params import number, whole, words
from lepton_desktop.engine.server import Handler, Server, merge
from lepton_desktop.engine.store import Store
from lepton_desktop.errors import LeptonError
from lepton_desktop.settings import Paths, paths
from lepton_desktop.wire.desk import Changes, EngineStatus, LinkState

log = logging.getLogger(__name__)

STATUS_SECONDS = 2.0
LONGEST_WAIT_SECONDS = 60.0
CLOSING_SECONDS = 8.0


class Engine:
    """All parts of one engine, from start to end."""

    def __init__(self, where: Paths) -> None:
        # Heavy imports (paramiko) come after the lock: a second start has to be cheap.
        from lepton_desktop.engine.cluster import service as cluster_service
        from lepton_desktop.engine.cluster.fleet import Fleet
        from lepton_desktop.engine.rewards import service as rewards_service
        from lepton_desktop.engine.rewards.library import Library
        from lepton_desktop.engine.runs.service import Runs, Surroundings

        self._paths = where
        self._started = time.time()
        self._ending = asyncio.Event()
        self._store = Store(where.store_file)
        # Milliseconds since 1970: beyond every revision that an earlier engine gave out.
        self._board = ChangeBoard(first_revision=int(self._started * 1000))
        self._activity = ActivityLog(self._store, self._board)
        note = self._activity.write
        self._fleet = Fleet(where, self._store, self._board, note)
        library = Library(self._store, where.plugins)
        self._runs = Runs(Surroundings(self._fleet, self._store, self._board, library, where, note))
        self._fleet.listen(self._runs.listener)
        self._token = secrets.token_urlsafe(32)
        self._server = Server(
            self._token,
            merge(
                self._methods(),
                self._activity.methods(),
                cluster_service.methods(self._fleet),
                self._runs.methods(),
                rewards_service.methods(library, note),
            ),
        )

    async def serve(self) -> None:
        """Open the port, tell where it is, and go on until ``end``."""
        port = await self._server.start()
        version = lepton_desktop.__version__
        announce(self._paths, Address(port, self._token, os.getpid(), version, self._started))
        log.info("Lepton engine %s, pid %d, port %d", version, os.getpid(), port)
        status = asyncio.create_task(self._keep_status())
        try:
            self._runs.start()
            await self._fleet.start()
            await self._ending.wait()
        finally:
            status.cancel()
            await self._close()

    def end(self) -> None:
        """Let ``serve`` return."""
        self._ending.set()

    async def _close(self) -> None:
        log.info("The engine ends; jobs on the nodes go on.")
        forget(self._paths)
        for part in (self._server, self._runs, self._fleet):
            try:
                async with asyncio.timeout(CLOSING_SECONDS):
                    await part.close()
            except TimeoutError:
                log.warning("%s did not close in time.", type(part).__name__)
        self._store.close()

    def _methods(self) -> dict[str, Handler]:
        return {
            "session.open": self._status_answer,
            "engine.status": self._status_answer,
            "engine.stop": self._stop_answer,
            "changes.next": self._changes,
        }

    async def _status_answer(self, _params: dict[str, Any]) -> EngineStatus:
        return self._status()

    async def _stop_answer(self, _params: dict[str, Any]) -> dict[str, Any]:
        # The answer has to leave first.
        asyncio.get_running_loop().call_later(0.1, self.end)
        return {}

    async def _changes(self, params: dict[str, Any]) -> Changes:
        topics = words(params, "topics")
        wait = min(max(number(params, "timeout_seconds") or 0.0, 0.0), LONGEST_WAIT_SECONDS)
        return await self._board.next(whole(params, "revision", 0), topics, wait)

    async def _keep_status(self) -> None:
        while True:
            self._board.publish("engine", "engine", self._status())
            await asyncio.sleep(STATUS_SECONDS)

    def _status(self) -> EngineStatus:
        rows = self._fleet.rows()
        return EngineStatus(
            version=lepton_desktop.__version__,
            pid=os.getpid(),
            home=str(self._paths.home),
            started=self._started,
            nodes=len(rows),
            links_up=sum(row.state is LinkState.UP for row in rows),
            runs_active=self._runs.active_count(),
            store_bytes=self._store.size_bytes(),
        )


async def _run(where: Paths) -> None:
    engine = Engine(where)
    loop = asyncio.get_running_loop()
    if sys.platform == "win32":
        signal.signal(signal.SIGINT, lambda *_: loop.call_soon_threadsafe(engine.end))
    else:
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, engine.end)
    await engine.serve()


def main(argv: list[str] | None = None) -> int:
    """Run the engine of a home, unless one runs already."""
    parser = argparse.ArgumentParser(
        prog="python -m lepton_desktop.engine", description="The Lepton Desktop engine."
    )
    parser.add_argument("--home", help="the desk's folder; LEPTON_HOME or the default without it")
    where = paths(parser.parse_args(argv).home)
    try:
        return _main(where)
    except LeptonError as error:
        sys.stderr.write(f"{error.message}\n{error.hint}\n")
        return 1


def _main(where: Paths) -> int:
    where.make()
    with sole_engine(where) as alone:
        if not alone:
            sys.stdout.write(where_it_runs(where) + "\n")
            return 0
        forget(where)
        log_to(where.log_file)
        try:
            asyncio.run(_run(where))
        except LeptonError as error:
            log.info("The engine cannot run: %s", error)
            raise
        except Exception:
            log.exception("The engine ended with a bug.")
            return 70
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
