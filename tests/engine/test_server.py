"""The engine's door, with real sockets."""

import asyncio
import contextlib
import logging

import msgspec
import pytest

from lepton_desktop.engine.connection import CALLS_AT_ONCE, caller
from lepton_desktop.engine.server import Server, merge
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.desk import EngineStatus
from lepton_desktop.wire.framing import hello

TOKEN = "correct horse"


class Client:
    """A bare client, so that it can also misbehave."""

    def __init__(self, reader, writer):
        self.reader, self.writer, self.number = reader, writer, 0

    async def send(self, line):
        self.writer.write(line)
        await self.writer.drain()

    async def ask(self, method, **params):
        self.number += 1
        body = {"id": self.number, "method": method, "params": params}
        await self.send(msgspec.json.encode(body) + b"\n")
        return self.number

    async def answer(self):
        line = await asyncio.wait_for(self.reader.readline(), 10)
        return msgspec.json.decode(line) if line else None

    async def call(self, method, **params):
        await self.ask(method, **params)
        return await self.answer()


@contextlib.asynccontextmanager
async def serving(extra=None, **options):
    async def opened(_params):
        return EngineStatus("1", 1, "/home", 0.0)

    server = Server(TOKEN, merge({"session.open": opened}, extra or {}), **options)
    port = await server.start()
    try:
        yield port
    finally:
        await server.close()


@contextlib.asynccontextmanager
async def client_of(port, token=TOKEN, name="test"):
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 20)
    client = Client(reader, writer)
    try:
        assert (await reader.readline()).split()[:2] == [b"lepton-wire", b"1"]
        await client.send(hello("client"))
        if token is not None:
            answer = await client.call("session.open", token=token, client=name)
            assert token != TOKEN or answer["result"]["version"] == "1"
            client.opening = answer
        yield client
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()


def test_wrong_token_is_refused_and_disconnected():
    async def scenario():
        async with serving() as port, client_of(port, "wrong") as client:
            assert client.opening["error"]["data"]["code"] == "token"
            assert await client.answer() is None

    asyncio.run(scenario())


def test_nothing_is_answered_before_the_token():
    async def scenario():
        async def secret(_params):
            return "secret"

        async with serving({"secret": secret}) as port, client_of(port, None) as client:
            assert (await client.call("secret"))["error"]["data"]["code"] == "token"
            assert await client.answer() is None

    asyncio.run(scenario())


@pytest.mark.parametrize("greeting", [b"", b"hello?\n", b"lepton-wire 99 client\n"])
def test_stranger_is_disconnected(monkeypatch, greeting):
    monkeypatch.setattr("lepton_desktop.engine.connection.OPENING_SECONDS", 0.2)

    async def scenario():
        async with serving() as port:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            await reader.readline()
            writer.write(greeting)
            assert await asyncio.wait_for(reader.read(), 5) == b""
            writer.close()

    asyncio.run(scenario())


def test_waiting_call_does_not_block_the_others():
    async def scenario():
        gate = asyncio.Event()

        async def wait(_params):
            await gate.wait()
            return "waited"

        async def quick(_params):
            gate.set()
            return "quick"

        table = {"wait": wait, "quick": quick}
        async with serving(table) as port, client_of(port) as client:
            first = await client.ask("wait")
            second = await client.ask("quick")
            answers = [await client.answer(), await client.answer()]
            assert {one["id"]: one["result"] for one in answers} == {
                first: "waited",
                second: "quick",
            }

    asyncio.run(scenario())


@pytest.mark.expects_log("A bug in fail")
def test_operator_error_travels_whole_and_a_bug_is_logged(caplog):
    async def scenario():
        async def refuse(_params):
            raise LeptonError("No such node.", "Add it first.", code="node_unknown")

        async def fail(_params):
            raise ZeroDivisionError("secret detail")

        table = {"refuse": refuse, "fail": fail}
        async with serving(table) as port, client_of(port) as client:
            error = (await client.call("refuse"))["error"]
            assert error["message"] == "No such node."
            assert error["data"] == {"hint": "Add it first.", "code": "node_unknown"}
            error = (await client.call("fail"))["error"]
            assert error["data"]["code"] == "internal"
            assert "secret detail" not in str(error)
            error = (await client.call("nothing"))["error"]
            assert error["data"]["code"] == "unknown_method"

    with caplog.at_level(logging.ERROR):
        asyncio.run(scenario())
    assert "secret detail" in caplog.text


@pytest.mark.parametrize(
    "line", [b"\xff\x00garbage\n", b"[1,2]\n", b"{}\n", b"x" * 9000 + b"\n", b'{"id":true}\n']
)
@pytest.mark.expects_log("was dropped")
def test_malformed_line_is_named_and_the_connection_lives_on(line, caplog):
    async def scenario():
        async def ping(_params):
            return "pong"

        async with (
            serving({"ping": ping}, max_line_bytes=4096) as port,
            client_of(port) as client,
        ):
            await client.send(line)
            assert (await client.answer())["error"]["data"]["code"] == "wire"
            assert (await client.call("ping"))["result"] == "pong"

    asyncio.run(scenario())


def test_flood_of_calls_is_held_back_at_the_socket():
    async def scenario():
        gate, begun = asyncio.Event(), []

        async def wait(_params):
            begun.append(1)
            await gate.wait()
            return "done"

        async with serving({"wait": wait}) as port, client_of(port) as client:
            for _ in range(5 * CALLS_AT_ONCE):
                await client.ask("wait")
            while len(begun) < CALLS_AT_ONCE:
                await asyncio.sleep(0)
            for _ in range(100):
                await asyncio.sleep(0)
            assert len(begun) == CALLS_AT_ONCE
            gate.set()
            for _ in range(5 * CALLS_AT_ONCE):
                assert (await client.answer())["result"] == "done"

    asyncio.run(scenario())


@pytest.mark.expects_log("stopped reading")
def test_client_that_stops_reading_is_disconnected(monkeypatch, caplog):
    monkeypatch.setattr("lepton_desktop.engine.connection.SENDING_SECONDS", 0.3)

    async def scenario():
        async def large(_params):
            return "x" * 30_000_000

        async with serving({"large": large}) as port, client_of(port) as client:
            await client.ask("large")
            deadline = asyncio.get_running_loop().time() + 10
            while "stopped reading" not in caplog.text:
                assert asyncio.get_running_loop().time() < deadline
                await asyncio.sleep(0.02)

    asyncio.run(scenario())


def test_handler_learns_who_calls():
    async def scenario():
        async def who(_params):
            return caller.get()

        async with (
            serving({"who": who}) as port,
            client_of(port, name="window") as one,
            client_of(port, name="cli") as two,
        ):
            assert (await one.call("who"))["result"] == "window"
            assert (await two.call("who"))["result"] == "cli"

    asyncio.run(scenario())


def test_method_claimed_twice_is_a_bug():
    with pytest.raises(ValueError, match=r"answer a\.b"):
        merge({"a.b": None}, {"a.b": None})
