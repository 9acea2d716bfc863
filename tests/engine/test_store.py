"""The engine's database: documents, transactions, schema versions, damage."""

import asyncio
import sqlite3

import pytest

from lepton_desktop.engine import schema
from lepton_desktop.engine.store import Store
from lepton_desktop.errors import LeptonError


@pytest.fixture
def store(tmp_path):
    opened = Store(tmp_path / "store.sqlite")
    yield opened
    opened.close()


def test_documents_survive_a_reopening(tmp_path):
    first = Store(tmp_path / "store.sqlite")
    first.save("node", "a", {"port": 22})
    first.save("node", "a", {"port": 23})
    first.save("node", "b", {})
    first.save("reward", "a", {"x": [1, None]})
    first.delete("node", "b")
    first.delete("node", "never")
    first.close()
    second = Store(tmp_path / "store.sqlite")
    try:
        assert second.all("node") == {"a": {"port": 23}}
        assert second.load("reward", "a") == {"x": [1, None]}
        assert second.load("reward", "b") is None
    finally:
        second.close()


def test_failed_transaction_leaves_nothing(store):
    def half(base):
        base.execute("INSERT INTO documents VALUES ('k', 'one', '{}')")
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        store.transact(half)
    assert store.all("k") == {}
    store.save("k", "two", {})
    assert list(store.all("k")) == ["two"]


def test_full_disk_is_an_error_with_a_next_step_and_nothing_is_half_stored(store):
    store._connection.execute("PRAGMA max_page_count = 40")

    def much(base):
        for number in range(200):
            base.execute("INSERT INTO documents VALUES ('k', ?, ?)", (str(number), "x" * 4000))

    with pytest.raises(LeptonError) as caught:
        store.transact(much)
    assert caught.value.code == "store"
    assert "space" in caught.value.hint
    assert store.all("k") == {}
    store._connection.execute("PRAGMA max_page_count = 100000")
    store.save("k", "one", {})


def test_reads_and_writes_leave_the_event_loop_free(store):
    async def scenario():
        insert = "INSERT INTO documents VALUES ('k', ?, '{}')"
        await asyncio.gather(
            *(store.write(lambda base, n=n: base.execute(insert, (n,))) for n in range(50))
        )
        count = await store.read(
            lambda base: base.execute("SELECT count(*) FROM documents").fetchone()[0]
        )
        assert count == 50

    asyncio.run(scenario())


def test_newer_schema_is_refused_with_a_next_step(tmp_path):
    file = tmp_path / "store.sqlite"
    Store(file).close()
    base = sqlite3.connect(file)
    base.execute(f"PRAGMA user_version = {schema.VERSION + 1}")
    base.close()
    with pytest.raises(LeptonError) as caught:
        Store(file)
    assert caught.value.code == "store_newer"
    assert caught.value.hint
    assert file.exists()


@pytest.mark.parametrize("damage", ["noise", "torn"])
def test_damaged_file_is_kept_aside_and_the_next_start_works(tmp_path, damage):
    file = tmp_path / "store.sqlite"
    if damage == "noise":
        file.write_bytes(b"not a database at all " * 500)
    else:
        opened = Store(file)
        opened.transact(
            lambda base: base.executemany(
                "INSERT INTO documents VALUES ('k', ?, ?)",
                [(str(number), "x" * 500) for number in range(400)],
            )
        )
        opened.close()
        whole = file.read_bytes()
        file.write_bytes(whole[: len(whole) // 2])
    content = file.read_bytes()
    with pytest.raises(LeptonError) as caught:
        Store(file)
    assert caught.value.code == "store_damaged"
    assert caught.value.hint
    aside = [path for path in tmp_path.iterdir() if "damaged" in path.name]
    assert [path.read_bytes() for path in aside if path.suffix == ".sqlite"] == [content]
    Store(file).close()


def test_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(LeptonError) as caught:
        Store(tmp_path / "absent" / "store.sqlite")
    assert caught.value.code == "store"


def test_migrations_run_one_after_another(tmp_path, monkeypatch):
    file = tmp_path / "store.sqlite"
    first = Store(file)
    first.save("node", "a", {})
    first.close()
    steps = (*schema.STEPS, "CREATE TABLE later (x)")
    monkeypatch.setattr("lepton_desktop.engine.store.STEPS", steps)
    monkeypatch.setattr("lepton_desktop.engine.store.VERSION", len(steps))
    second = Store(file)
    try:
        second.transact(lambda base: base.execute("INSERT INTO later VALUES (1)"))
        assert second.all("node") == {"a": {}}
    finally:
        second.close()


def test_failed_migration_leaves_the_old_schema(tmp_path, monkeypatch):
    file = tmp_path / "store.sqlite"
    Store(file).close()
    steps = (*schema.STEPS, "CREATE TABLE later (x); CREATE TABLE documents (x)")
    with monkeypatch.context() as patch:
        patch.setattr("lepton_desktop.engine.store.STEPS", steps)
        patch.setattr("lepton_desktop.engine.store.VERSION", len(steps))
        with pytest.raises(LeptonError) as caught:
            Store(file)
        assert caught.value.code == "store"
    Store(file).close()
