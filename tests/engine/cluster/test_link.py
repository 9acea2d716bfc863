import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lepton_desktop.engine.cluster import link as link_module
from lepton_desktop.engine.cluster.link import Link
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.framing import MAX_LINE_BYTES, hello
from lepton_desktop.wire.node import JobLines, JobStatus, NodeFacts, Sample, State
from tests.engine.cluster.pipes import AnsweringPipe, Pipe

LINES = {"job_id": "j", "file": "output.log", "offset": 0, "next_offset": 3, "text": "a\n"}


class Events:
    """Collects what a link tells."""

    def __init__(self) -> None:
        self.samples: list[Sample] = []
        self.lines: list[JobLines] = []
        self.statuses: list[JobStatus] = []
        self.skews: list[float] = []
        self.gate = asyncio.Event()
        self.gate.set()

    def on_sample(self, sample: Sample) -> None:
        self.samples.append(sample)

    def on_skew(self, seconds: float) -> None:
        self.skews.append(seconds)

    async def on_job_lines(self, lines: JobLines) -> None:
        await self.gate.wait()
        self.lines.append(lines)

    async def on_job_status(self, status: JobStatus) -> None:
        self.statuses.append(status)


@asynccontextmanager
async def opened(pipe: AnsweringPipe) -> AsyncIterator[tuple[Link, Events]]:
    events = Events()
    link = Link("node", pipe, events)
    pipe.greet()
    try:
        await link.open()
        yield link, events
    finally:
        await link.close()


async def until(condition: object, seconds: float = 5.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline
        await asyncio.sleep(0.005)


def test_noise_before_the_hello_is_skipped() -> None:
    async def run() -> None:
        pipe = AnsweringPipe()
        pipe.say(b"Welcome!\n\xff\xfe\x00 binary\nlepton-wire is nice\nno newline: ")
        async with opened(pipe) as (link, _):
            facts = await link.call_for(NodeFacts, "node.describe", {}, 5.0)
            assert facts.os == "Fake"
        assert pipe.written.startswith(hello("engine"))

    asyncio.run(run())


@pytest.mark.parametrize(
    ("noise", "words", "code", "text"),
    [
        (b"", "", "agent_failed", "no output"),
        (b"hi\n", "python3: not found", "agent_failed", "python3: not found"),
        (b"Session limit reached\n", "", "shell_noise", "Session limit reached"),
        (b"x" * 300_000, "", "shell_noise", "xxx"),
        (b"lepton-wire 99 agent\n", "", "wire", "version 99"),
    ],
)
def test_an_agent_that_does_not_come_up_says_why(
    noise: bytes, words: str, code: str, text: str
) -> None:
    async def run() -> None:
        pipe = Pipe(words=words)
        pipe.say(noise)
        pipe.end()
        link = Link("node", pipe, Events())
        with pytest.raises(LeptonError) as caught:
            await link.open()
        await link.close()
        assert caught.value.code == code
        assert text in caught.value.message

    asyncio.run(run())


def test_an_agent_that_never_says_hello_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "HELLO_SECONDS", 0.1)

    async def run() -> None:
        link = Link("node", Pipe(), Events())
        with pytest.raises(LeptonError, match="did not say hello"):
            await link.open()
        await link.close()

    asyncio.run(run())


def test_replies_find_their_callers_in_any_order() -> None:
    async def run() -> None:
        pipe = AnsweringPipe()
        async with opened(pipe) as (link, _):
            pipe.answers = {"slow": None, "fast": "f"}
            slow = asyncio.create_task(link.call("slow", {}, 5.0))
            assert await link.call("fast", {}, 5.0) == "f"
            asked = [json.loads(line) for line in pipe.written.splitlines()[1:]]
            pipe.say({"id": next(r["id"] for r in asked if r["method"] == "slow"), "result": "s"})
            assert await slow == "s"

    asyncio.run(run())


def test_an_agents_error_is_raised_whole_and_without_control_characters() -> None:
    async def run() -> None:
        pipe = AnsweringPipe()
        async with opened(pipe) as (link, _):
            pipe.answers = {"job.start": None}
            call = asyncio.create_task(link.call("job.start", {}, 5.0))
            await until(lambda: b"job.start" in pipe.written)
            ident = json.loads(pipe.written.splitlines()[-1])["id"]
            data = {"hint": "Free \x1b[31msome\x07.", "code": "disk_full"}
            error = {"code": -32000, "message": "Full\x00.", "data": data}
            pipe.say({"id": ident, "error": error})
            with pytest.raises(LeptonError) as caught:
                await call
            assert (caught.value.message, caught.value.hint) == ("Full.", "Free some.")
            assert caught.value.code == "disk_full"

    asyncio.run(run())


def test_a_call_without_an_answer_times_out_and_a_late_answer_is_ignored() -> None:
    async def run() -> None:
        pipe = AnsweringPipe(answers={"slow": None})
        async with opened(pipe) as (link, _):
            with pytest.raises(LeptonError, match=r"did not answer slow within 0\.05") as caught:
                await link.call("slow", {}, 0.05)
            assert caught.value.code == "timeout"
            pipe.say({"id": json.loads(pipe.written.splitlines()[-1])["id"], "result": 1})
            assert await link.call("node.describe", {}, 5.0)

    asyncio.run(run())


def test_pending_calls_fail_when_the_link_ends() -> None:
    async def run() -> None:
        pipe = AnsweringPipe(answers={"slow": None})
        async with opened(pipe) as (link, _):
            calls = [asyncio.create_task(link.call("slow", {}, 60.0)) for _ in range(3)]
            await until(lambda: pipe.written.count(b"slow") == 3)
            pipe.words = "killed"
            pipe.end()
            assert await link.serve() == "killed"
            for call in calls:
                with pytest.raises(LeptonError) as caught:
                    await call
                assert caught.value.code == "link_down"
            with pytest.raises(LeptonError, match="killed"):
                await link.call("slow", {}, 60.0)

    asyncio.run(run())


def test_silence_ends_the_link_within_ten_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert link_module.SILENCE_SECONDS < 9
    monkeypatch.setattr(link_module, "SILENCE_SECONDS", 1.5)

    async def run() -> None:
        pipe = AnsweringPipe(answers={"node.ping": None})
        async with opened(pipe) as (link, _):
            began = time.monotonic()
            assert "no sign of life" in await link.serve()
            assert time.monotonic() - began < 4.0

    asyncio.run(run())


def test_pings_keep_a_quiet_link_and_measure_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(link_module, "SILENCE_SECONDS", 1.5)
    monkeypatch.setattr(link_module, "PING_AFTER_SECONDS", 0.5)
    monkeypatch.setattr(link_module, "PING_EVERY_SECONDS", 0.5)

    async def run() -> None:
        pipe = AnsweringPipe(answers={"node.ping": {"time": time.time() + 100.0}})
        async with opened(pipe) as (link, events):
            serving = asyncio.create_task(link.serve())
            await until(lambda: len(events.skews) >= 3, 10.0)
            assert not serving.done()
            assert 90.0 < events.skews[0] < 101.0
            serving.cancel()
            await asyncio.gather(serving, return_exceptions=True)

    asyncio.run(run())


def test_job_lines_wait_for_their_listener_and_keep_their_order() -> None:
    async def run() -> None:
        pipe = AnsweringPipe()
        async with opened(pipe) as (link, events):
            events.gate.clear()
            for number in range(100):
                pipe.say({"method": "job.lines", "params": {**LINES, "offset": number}})
            pipe.say({"method": "job.status", "params": {"job_id": "j", "state": "RUNNING"}})
            await asyncio.sleep(0.1)
            assert pipe._incoming.qsize() > 100 - link_module.BACKLOG - 5
            assert events.statuses == []
            events.gate.set()
            await until(lambda: events.statuses)
            assert [lines.offset for lines in events.lines] == list(range(100))
            assert events.statuses[0].state is State.RUNNING
            assert link.malformed == 0

    asyncio.run(run())


@pytest.mark.expects_log("failed")
def test_a_listener_that_fails_costs_the_link_so_that_no_line_is_skipped() -> None:
    async def run() -> None:
        pipe = AnsweringPipe()
        async with opened(pipe) as (link, events):

            async def broken(_: JobLines) -> None:
                raise ValueError("store is full")

            events.on_job_lines = broken  # type: ignore[method-assign]
            pipe.say({"method": "job.lines", "params": LINES})
            assert "fault in the engine" in await link.serve()

    asyncio.run(run())


@pytest.mark.expects_log("not messages")
def test_lines_that_are_not_messages_are_counted_and_survived() -> None:
    bad = [
        b"not json",
        b"[1,2]",
        b'{"id":1.5,"result":1}',
        b'{"method":3}',
        b'{"method":"telemetry.sample","params":{"time":"now"}}',
        b'{"method":"telemetry.sample","params":{"time":NaN}}',
        b'{"method":"job.status","params":{"job_id":"j","state":"DANCING"}}',
        b'{"method":"job.lines","params":{}}',
        b'{"id":3,"method":"who.are.you"}',
        b"\xff\xfe\x00",
        b"[" * 100_000,
    ]

    async def run() -> None:
        pipe = AnsweringPipe()
        async with opened(pipe) as (link, events):
            for line in bad:
                pipe.say(line + b"\n")
            pipe.say(b"x" * (MAX_LINE_BYTES + 10) + b"\n")
            pipe.say({"method": "telemetry.sample", "params": {"time": 1.0}})
            await until(lambda: events.samples)
            assert link.malformed == len(bad) + 1
            assert await link.call("node.describe", {}, 5.0)

    asyncio.run(run())


def test_unknown_notifications_and_fields_are_ignored() -> None:
    async def run() -> None:
        pipe = AnsweringPipe()
        async with opened(pipe) as (link, events):
            pipe.say({"method": "weather.report", "params": {"rain": True}})
            pipe.say({"method": "telemetry.sample", "params": {"time": 1, "mood": "good"}})
            await until(lambda: events.samples)
            assert events.samples[0].time == 1.0
            assert link.malformed == 0

    asyncio.run(run())


MESSAGES = st.builds(
    lambda body: json.dumps(body).encode() + b"\n",
    st.dictionaries(
        st.sampled_from(["id", "method", "params", "result", "error", "x"]),
        st.recursive(
            st.none()
            | st.booleans()
            | st.integers()
            | st.floats()
            | st.text()
            | st.sampled_from(["telemetry.sample", "job.lines", "job.status", "agent.hello"]),
            lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
            max_leaves=8,
        ),
    ),
)


@pytest.mark.slow
@pytest.mark.expects_log("not messages")
@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary() | MESSAGES | st.just(b"\n"), max_size=20))
def test_arbitrary_bytes_never_take_the_link_down(chunks: list[bytes]) -> None:
    async def run() -> None:
        pipe = AnsweringPipe()
        async with opened(pipe) as (link, _):
            for chunk in chunks:
                if chunk:
                    pipe.say(chunk)
            pipe.say(b"\n")
            assert (await link.call("node.describe", {}, 5.0))["os"] == "Fake"

    asyncio.run(run())
