"""The engine's database: one SQLite file, one writer, readers beside it. Runs in the engine."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from lepton_desktop.engine.schema import APPLICATION_ID, STEPS, VERSION
from lepton_desktop.errors import LeptonError

T = TypeVar("T")
Connection = sqlite3.Connection

BUSY_TIMEOUT_SECONDS = 5.0
QUICK_CHECK_LIMIT_BYTES = 64 * 1024 * 1024
"""Larger files are not read through at every start; damage then shows where it is met."""


class Store:
    """Documents by kind and key, and transactions for those who own other tables.

    The document methods are short and may be called from the event loop; longer work goes through
    ``write`` and ``read``, which leave the loop free.
    """

    def __init__(self, file: Path) -> None:
        """Open or create the file and bring it to this version's schema.

        Raises:
            LeptonError: The file is damaged, newer than this program, or cannot be opened.
        """
        self.file = file
        self._lock = threading.RLock()
        self._connection = _open(file)
        self._reader = _connect(file)
        self._reader_lock = threading.Lock()
        self._writes = ThreadPoolExecutor(1, "store-write")
        self._reads = ThreadPoolExecutor(1, "store-read")

    def close(self) -> None:
        """Finish what was begun and close the file."""
        self._writes.shutdown()
        self._reads.shutdown()
        self._reader.close()
        self._connection.close()

    def size_bytes(self) -> int:
        """Size of the database and its write-ahead log."""
        return sum(part.stat().st_size for part in _parts(self.file) if part.exists())

    def transact(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` in one transaction: all of it is stored, or nothing.

        Raises:
            LeptonError: The file cannot be written, such as on a full disk.
        """
        with self._lock:
            try:
                return self._transact(work)
            except sqlite3.OperationalError as error:
                raise _unusable(self.file, error) from error

    def _transact(self, work: Callable[[Connection], T]) -> T:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            result = work(self._connection)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:  # a full disk has rolled it back already
                self._connection.execute("ROLLBACK")
            raise
        return result

    async def write(self, work: Callable[[Connection], T]) -> T:
        """``transact`` in the writer's thread."""
        return await _in_thread(self._writes, self.transact, work)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run a query beside the writer, in the reader's thread."""
        return await _in_thread(self._reads, self._query, work)

    def _query(self, work: Callable[[Connection], T]) -> T:
        with self._reader_lock:
            return work(self._reader)

    def save(self, kind: str, key: str, value: dict[str, Any]) -> None:
        """Store a document, replacing the old one."""
        text = json.dumps(value, separators=(",", ":"))
        self.transact(
            lambda base: base.execute(
                "INSERT OR REPLACE INTO documents VALUES (?, ?, ?)", (kind, key, text)
            )
        )

    def load(self, kind: str, key: str) -> dict[str, Any] | None:
        """One document, or None."""
        with self._lock:
            row = self._connection.execute(
                "SELECT value FROM documents WHERE kind = ? AND key = ?", (kind, key)
            ).fetchone()
        return None if row is None else _document(row[0])

    def all(self, kind: str) -> dict[str, dict[str, Any]]:
        """Every document of a kind, by key."""
        with self._lock:
            rows = self._connection.execute(
                "SELECT key, value FROM documents WHERE kind = ? ORDER BY key", (kind,)
            ).fetchall()
        return {key: _document(text) for key, text in rows}

    def delete(self, kind: str, key: str) -> None:
        """Forget a document; an unknown key is no error."""
        self.transact(
            lambda base: base.execute(
                "DELETE FROM documents WHERE kind = ? AND key = ?", (kind, key)
            )
        )


async def _in_thread(
    pool: ThreadPoolExecutor,
    act: Callable[[Callable[[Connection], T]], T],
    work: Any,  # noqa: ANN401
) -> T:
    # Shielded: a cancelled caller must not leave a half-awaited transaction behind.
    return await asyncio.shield(asyncio.get_running_loop().run_in_executor(pool, act, work))


def _document(text: str) -> dict[str, Any]:
    value: dict[str, Any] = json.loads(text)
    return value


def _parts(file: Path) -> list[Path]:
    return [file, file.with_name(file.name + "-wal"), file.with_name(file.name + "-shm")]


def _connect(file: Path) -> Connection:
    connection = sqlite3.connect(
        file, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
    )
    connection.execute("PRAGMA foreign_keys = ON")
    return connection


def _open(file: Path) -> Connection:
    connection: Connection | None = None
    try:
        connection = _connect(file)
        _prepare(connection, file)
    except sqlite3.OperationalError as error:
        _close(connection)
        raise _unusable(file, error) from None
    except sqlite3.DatabaseError as error:
        _close(connection)
        raise _damaged(file, error) from None
    except LeptonError:
        _close(connection)
        raise
    return connection


def _close(connection: Connection | None) -> None:
    if connection is not None:
        connection.close()


def _prepare(connection: Connection, file: Path) -> None:
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > VERSION:
        raise LeptonError(
            f"The store {file} was written by a newer Lepton Desktop"
            f" (schema {version}, this one reads {VERSION}).",
            "Update Lepton Desktop, or set LEPTON_HOME to another folder.",
            code="store_newer",
        )
    if version and file.stat().st_size < QUICK_CHECK_LIMIT_BYTES:
        verdict = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if verdict != "ok":
            raise sqlite3.DatabaseError(verdict)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    _migrate(connection, version)


def _migrate(connection: Connection, version: int) -> None:
    for number in range(version, VERSION):
        # executescript commits what is open, so the transaction is part of the script.
        connection.executescript(
            f"BEGIN IMMEDIATE; {STEPS[number]}; PRAGMA user_version = {number + 1};"
            f" PRAGMA application_id = {APPLICATION_ID}; COMMIT;"
        )


def _unusable(file: Path, error: Exception) -> LeptonError:
    hint = (
        "Check that its folder exists, that its disk has space left and that you may write to it."
    )
    if "locked" in str(error):
        hint = "End the other program that has it open, then start the engine again."
    return LeptonError(f"The store {file} cannot be used: {error}.", hint, code="store")


def _damaged(file: Path, error: Exception) -> LeptonError:
    stamp = time.strftime("%Y%m%d-%H%M%S")
    aside = file.with_name(f"{file.stem}.damaged-{stamp}{file.suffix}")
    for part, target in zip(_parts(file), _parts(aside), strict=True):
        if part.exists():
            part.rename(target)
    return LeptonError(
        f"The store {file} is damaged ({error}); it was kept as {aside.name}.",
        "Put a backup in its place, or start again to begin with an empty store.",
        code="store_damaged",
    )
