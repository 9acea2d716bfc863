"""The store's tables, as steps from one schema version to the next. Runs in the engine.

A step is never edited once released: append another one.
"""

from __future__ import annotations

APPLICATION_ID = 0x4C505444
"""``LPTD`` in the file header tells this store from any other SQLite file."""

_FIRST = """
CREATE TABLE documents (
    kind TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (kind, key)
) WITHOUT ROWID;

CREATE TABLE runs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    run_id TEXT NOT NULL UNIQUE,
    active INTEGER NOT NULL,
    body TEXT NOT NULL
);

CREATE TABLE jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job_id TEXT NOT NULL UNIQUE,
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    body TEXT NOT NULL
);
CREATE INDEX jobs_of_run ON jobs (run);

CREATE TABLE offsets (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    file TEXT NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (job, file)
) WITHOUT ROWID;

CREATE TABLE metric_keys (
    id INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE
);

CREATE TABLE metric_points (
    run INTEGER NOT NULL REFERENCES runs (number) ON DELETE CASCADE,
    key INTEGER NOT NULL REFERENCES metric_keys (id),
    step INTEGER NOT NULL,
    job INTEGER NOT NULL,
    line INTEGER NOT NULL,
    time REAL,
    value REAL,
    PRIMARY KEY (run, key, step, job, line)
) WITHOUT ROWID;

CREATE TABLE events (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    line INTEGER NOT NULL,
    run INTEGER NOT NULL,
    body TEXT NOT NULL,
    PRIMARY KEY (job, line)
) WITHOUT ROWID;
CREATE INDEX events_of_run ON events (run);

CREATE TABLE output (
    job INTEGER NOT NULL REFERENCES jobs (number) ON DELETE CASCADE,
    offset INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (job, offset)
) WITHOUT ROWID;

CREATE TABLE activity (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    time REAL NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    place TEXT NOT NULL,
    detail TEXT NOT NULL,
    level TEXT NOT NULL
);
"""

STEPS: tuple[str, ...] = (_FIRST,)
"""Step n turns schema version n into n + 1."""

VERSION = len(STEPS)
