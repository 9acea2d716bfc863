"""The window's line to the engine: worker threads in, queued signals out. Runs in the window.

One thread waits in ``changes.next``, a small pool carries calls, over one thread-safe client.
Results and errors come back to the Qt thread; nothing here ever makes that thread wait.
"""

from __future__ import annotations

import enum
import logging
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal

from lepton_desktop.client import EngineClient
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import Changes

log = logging.getLogger(__name__)

TOPICS = ("nodes", "runs", "tasks", "activity", "engine")
POLL_SECONDS = 10.0
PACE_SECONDS = 0.25
"""At least this long between two answers: the engine coalesces what happens meanwhile."""
FIRST_RETRY_SECONDS = 1.0
LONGEST_RETRY_SECONDS = 15.0
LOOK_AGAIN_SECONDS = 3.0
CALL_THREADS = 4
STOPPED_CODES = frozenset({"engine_not_running"})

OnResult = Callable[[Any], None]
OnError = Callable[[LeptonError], None]


class Phase(enum.Enum):
    """Where the line to the engine stands."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    RECONNECTING = "reconnecting"
    STOPPED = "stopped"


@dataclass(frozen=True)
class LinkStatus:
    """What the engine chip and the banner show."""

    phase: Phase
    message: str = ""
    hint: str = ""
    retry_at: float | None = None
    """Epoch seconds of the next try while RECONNECTING."""
    data_at: float | None = None
    """Epoch seconds of the newest answer; pages go on showing that data."""

    @property
    def connected(self) -> bool:
        """Whether actions that need the engine can be carried out."""
        return self.phase is Phase.CONNECTED


class EngineCalls(Protocol):
    """The part of EngineClient that the window needs."""

    def call(self, method: str, **params: Any) -> Any:  # noqa: ANN401
        """One request and its result."""

    def changes(self, revision: int, topics: Iterable[str], timeout_seconds: float) -> Changes:
        """Wait for news."""

    def close(self) -> None:
        """Close the connection; a call that waits in another thread ends with an error."""


Progress = Callable[[str], None]
Connect = Callable[[bool, Progress], EngineCalls]
"""Makes a client; the argument says whether a missing engine may be started, and whom to tell."""


def connector(home: Path) -> Connect:
    """How the window reaches the engine of ``home``."""

    def connect(start: bool, progress: Progress) -> EngineCalls:
        return EngineClient.connect(home, start=start, role="window", progress=progress)

    return connect


@dataclass(frozen=True)
class _Delivery:
    callback: Callable[[Any], None]
    value: object
    owner: QObject | None


class EngineLink(QObject):
    """Calls and changes of one engine, as signals of the Qt thread."""

    status_changed = Signal(object)
    """LinkStatus."""
    changes_arrived = Signal(object)
    """Changes."""
    _delivered = Signal(object)
    _status_found = Signal(object)
    _changes_found = Signal(object)

    def __init__(self, connect: Connect, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._connect = connect
        self._status = LinkStatus(Phase.STOPPED)
        self._stopping = threading.Event()
        self._wake = threading.Event()
        self._may_start_engine = True
        self._poller: threading.Thread | None = None
        self._pool: ThreadPoolExecutor | None = None
        self._client: EngineCalls | None = None
        self._client_lock = threading.Lock()
        self._delivered.connect(self._on_delivered, Qt.ConnectionType.QueuedConnection)
        self._status_found.connect(self._on_status_found, Qt.ConnectionType.QueuedConnection)
        self._changes_found.connect(self._on_changes_found, Qt.ConnectionType.QueuedConnection)

    @property
    def status(self) -> LinkStatus:
        """The newest status; read it in the Qt thread."""
        return self._status

    @property
    def connected(self) -> bool:
        """Whether the engine answers."""
        return self._status.connected

    def start(self) -> None:
        """Begin to connect. Does nothing while it already does."""
        if self._poller is not None and self._poller.is_alive():
            self.retry_now()
            return
        self._stopping.clear()
        self._wake.clear()
        self._may_start_engine = True
        self._on_status_found(LinkStatus(Phase.CONNECTING))
        self._pool = self._pool or ThreadPoolExecutor(CALL_THREADS, "engine-call")
        self._poller = threading.Thread(target=self._poll, name="engine-changes", daemon=True)
        self._poller.start()

    def retry_now(self) -> None:
        """Cut the countdown short; a stopped engine may be started again."""
        self._may_start_engine = True
        self._wake.set()

    def close(self, seconds: float = 5.0) -> None:
        """End all threads; the engine and its runs go on."""
        self._stopping.set()
        self._wake.set()
        self._use(None)
        if self._poller is not None:
            self._poller.join(seconds)
            self._poller = None
        if self._pool is not None:
            self._pool.shutdown(wait=True, cancel_futures=True)
            self._pool = None
        self._on_status_found(LinkStatus(Phase.STOPPED))

    def call(
        self,
        method: str,
        params: dict[str, Any] | None = None,
        on_result: OnResult | None = None,
        on_error: OnError | None = None,
        owner: QObject | None = None,
    ) -> None:
        """Ask the engine in a worker thread; exactly one of the callbacks runs in the Qt thread.

        Nothing is delivered when ``owner`` (else the object the callback is bound to) was deleted.
        """
        done = on_result or _ignore
        failed = on_error or _log_error
        if self._pool is None:
            self._deliver(failed, _gone(), owner)
            return
        self._pool.submit(self._work, method, params or {}, done, failed, owner)

    def _work(
        self,
        method: str,
        params: dict[str, Any],
        done: OnResult,
        failed: OnError,
        owner: QObject | None,
    ) -> None:
        try:
            result = self._current_client().call(method, **params)
        except LeptonError as error:
            self._deliver(failed, error, owner)
        except Exception as error:
            log.exception("The call %s failed in the window", method)
            self._deliver(failed, LeptonError(f"{method}: {error}", code="bug"), owner)
        else:
            self._deliver(done, result, owner)

    def _current_client(self) -> EngineCalls:
        with self._client_lock:
            client = self._client
        if client is None:
            raise _gone()
        return client

    def _use(self, client: EngineCalls | None) -> None:
        """Calls go through ``client`` from now on; the old one is closed, waiting calls end."""
        with self._client_lock:
            old, self._client = self._client, client
        if old is not None:
            old.close()

    # The changes thread.

    def _poll(self) -> None:
        tries = 0
        while not self._stopping.is_set():
            start, self._may_start_engine = self._may_start_engine, False
            try:
                client = self._connect(start, self._tell_progress)
                tries = 0
                self._follow(client)
            except LeptonError as error:
                problem = error
            except Exception as error:
                log.exception("The line to the engine broke")
                problem = LeptonError(str(error), code="bug")
            else:
                return
            finally:
                self._use(None)
            tries += 1
            if not self._stopping.is_set():
                self._wait_for_retry(problem, tries)

    def _tell_progress(self, text: str) -> None:
        self._emit(self._status_found, LinkStatus(Phase.CONNECTING, text))

    def _follow(self, client: EngineCalls) -> None:
        """Ask for changes until told to stop.

        Raises:
            LeptonError: The connection broke.
        """
        self._use(client)
        revision = 0
        while not self._stopping.is_set():
            began = time.monotonic()
            changes = client.changes(revision, TOPICS, POLL_SECONDS)
            self._emit(self._changes_found, (changes, time.time(), revision == 0))
            revision = changes.revision
            self._stopping.wait(max(0.0, PACE_SECONDS - (time.monotonic() - began)))

    def _wait_for_retry(self, error: LeptonError, tries: int) -> None:
        """Show the reason; a stopped engine is looked for quietly, somebody may start it."""
        stopped = error.code in STOPPED_CODES
        seconds = min(FIRST_RETRY_SECONDS * 1.7 ** (tries - 1), LONGEST_RETRY_SECONDS)
        if stopped:
            seconds = LOOK_AGAIN_SECONDS
        self._emit(
            self._status_found,
            LinkStatus(
                Phase.STOPPED if stopped else Phase.RECONNECTING,
                error.message,
                error.hint,
                None if stopped else time.time() + seconds,
            ),
        )
        if self._wake.wait(seconds):
            self._emit(self._status_found, LinkStatus(Phase.CONNECTING))
            self._wake.clear()

    # Back in the Qt thread.

    def _deliver(
        self, callback: Callable[[Any], None], value: object, owner: QObject | None
    ) -> None:
        self._emit(self._delivered, _Delivery(callback, value, owner))

    def _emit(self, signal: Any, value: object) -> None:  # noqa: ANN401 - a bound Qt signal
        """Emit from a worker; the window may be going away at this very moment."""
        if not self._stopping.is_set() and shiboken6.isValid(self):
            signal.emit(value)

    def _on_delivered(self, delivery: _Delivery) -> None:
        owner = delivery.owner or getattr(delivery.callback, "__self__", None)
        if isinstance(owner, QObject) and not shiboken6.isValid(owner):
            return
        delivery.callback(delivery.value)

    def _on_status_found(self, status: LinkStatus) -> None:
        status = replace(status, data_at=status.data_at or self._status.data_at)
        if status != self._status:
            self._status = status
            self.status_changed.emit(status)

    def _on_changes_found(self, found: tuple[Changes, float, bool]) -> None:
        changes, at, first = found
        fresh = LinkStatus(Phase.CONNECTED, data_at=at)
        was_connected = self._status.connected
        self._status = fresh
        if first and not changes.reset:
            changes = replace(changes, reset=True)
        self.changes_arrived.emit(changes)
        if not was_connected:
            self.status_changed.emit(fresh)


def _ignore(_result: object) -> None:
    """For calls whose result arrives as a change."""


def _log_error(error: LeptonError) -> None:
    log.info("A call failed: %s", error)


def _gone() -> LeptonError:
    return LeptonError(
        "The engine is not connected.",
        "Wait for the reconnect, or start the engine from the top bar.",
        code="engine_gone",
    )
