"""A real asyncio server that speaks the wire, for faults that a good engine never shows."""

import asyncio
import json
import os
import threading

from lepton_desktop.wire.framing import Failure, Reply, decode, encode, failure_from, hello

TOKEN = "right"
STATUS = {"version": "0.0.0", "pid": os.getpid(), "home": "/h", "started": 1.0}


class TinyEngine:
    """Answers from a table ``method → function(params)``; runs in a thread of its own."""

    def __init__(self, paths, answers=None, greeting=None):
        self.answers = {"engine.status": lambda _: STATUS, **(answers or {})}
        self.greeting = greeting or hello("engine")
        self.calls = []
        self.clients = 0
        self._paths = paths
        self._writers = set()
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()))

    def __enter__(self):
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stop.set)
            self._thread.join(timeout=10)

    def drop_clients(self):
        self._loop.call_soon_threadsafe(self._drop)

    def _drop(self):
        for writer in self._writers:
            writer.transport.abort()

    async def _run(self):
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        self._paths.make()
        self._paths.engine_file.write_text(
            json.dumps({"port": port, "token": TOKEN, "pid": os.getpid(), "version": "0.0.0"})
        )
        self._ready.set()
        await self._stop.wait()
        server.close()
        self._drop()
        await server.wait_closed()

    async def _serve(self, reader, writer):
        self._writers.add(writer)
        writer.write(self.greeting)
        try:
            await reader.readline()  # hello
            while line := await reader.readline():
                answer = await asyncio.to_thread(self._answer, decode(line))
                writer.write(answer if isinstance(answer, bytes) else encode(answer))
        except ConnectionError:
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answer(self, request):
        self.calls.append((request.method, request.params))
        if request.method == "session.open":
            self.clients += 1
            if request.params["token"] != TOKEN:
                return Failure(request.id, -32000, "The token is wrong.", {"code": "token"})
            return Reply(request.id, STATUS)
        try:
            result = self.answers[request.method](request.params)
        except Exception as error:  # noqa: BLE001
            return failure_from(request.id, error)
        return result if isinstance(result, bytes) else Reply(request.id, result)
