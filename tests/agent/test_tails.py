import itertools
import json
import sys
import time

import pytest

from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.line_reader import CHUNK_BYTES
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import JobLines, State
from tests.agent.agent_process import CURRENT, ISOLATED, AgentProcess, wait_until
from tests.agent.conftest import StartAgent
from tests.agent.test_jobs import job, script

REPORTER = """
import json, sys, time
count = int(sys.argv[1])
with open("metrics.jsonl", "a", buffering=1) as metrics:
    for step in range(count):
        metrics.write(json.dumps({"t": time.time(), "step": step, "m": {"a": step}}) + "\\n")
        print("line", step, flush=True)
        time.sleep(0.01)
"""


def steps(text: str) -> list[int]:
    return [json.loads(line)["step"] for line in text.splitlines()]


def check_seams(pieces: list[JobLines]) -> None:
    """Every piece begins where the one before ended."""
    for before, after in itertools.pairwise(pieces):
        assert after.offset == before.next_offset
    for piece in pieces:
        assert len(piece.text.encode()) == piece.next_offset - piece.offset


def test_lines_arrive_while_the_job_runs_and_once(any_agent: AgentProcess) -> None:
    any_agent.call("job.start", job=script("r", REPORTER, "150"))
    status = any_agent.follow_to_end("r")
    assert status.state is State.SUCCEEDED
    pieces = any_agent.pieces("r", "metrics.jsonl")
    assert len(pieces) > 3
    check_seams(pieces)
    assert steps(any_agent.text("r", "metrics.jsonl")) == list(range(150))
    assert any_agent.text("r", "output.log") == "".join(f"line {n}\n" for n in range(150))
    states = [status["state"] for status in any_agent.notifications("job.status")]
    assert states == ["RUNNING", "SUCCEEDED"]


def test_a_line_reaches_the_wire_within_half_a_second(agent: AgentProcess) -> None:
    text = "import time\nfor _ in range(10): print(time.time(), flush=True); time.sleep(0.3)\n"
    agent.call("job.start", job=script("t", text))
    agent.call("job.follow", job_id="t")
    delays = []
    for count in range(1, 11):
        agent.wait_for(lambda _, n=count: agent.text("t", "output.log").count("\n") >= n)
        delays.append(time.time() - float(agent.text("t", "output.log").splitlines()[count - 1]))
    assert sorted(delays)[len(delays) // 2] < 0.5


def test_a_killed_agent_costs_no_line_and_doubles_none(
    start_agent: StartAgent, home: NodeHome
) -> None:
    """What the engine does: it stores offsets with the data and resumes there."""
    stored = {"metrics.jsonl": "", "output.log": ""}
    offsets = {"metrics.jsonl": 0, "output.log": 0}

    def store(agent: AgentProcess) -> None:
        for params in agent.notifications("job.lines"):
            piece = build(JobLines, params)
            assert piece.offset == offsets[piece.file]
            stored[piece.file] += piece.text
            offsets[piece.file] = piece.next_offset

    first = start_agent(CURRENT)
    first.call("job.start", job=script("r", REPORTER, "300"))
    first.call("job.follow", job_id="r", offsets=offsets)
    first.wait_for(lambda _: len(first.pieces("r", "metrics.jsonl")) > 2)
    first.kill()
    store(first)
    second = start_agent(ISOLATED)
    second.call("job.follow", job_id="r", offsets=offsets)
    second.wait_for(lambda _: len(second.pieces("r", "output.log")) > 2)
    second.kill()
    store(second)
    third = start_agent(CURRENT)
    assert third.follow_to_end("r", offsets).state is State.SUCCEEDED
    store(third)
    assert steps(stored["metrics.jsonl"]) == list(range(300))
    assert stored["metrics.jsonl"] == (home.job("r") / "metrics.jsonl").read_text()
    assert stored["output.log"] == (home.job("r") / "output.log").read_text()


def test_a_last_line_without_newline_comes_when_the_job_has_ended(agent: AgentProcess) -> None:
    agent.call("job.start", job=script("p", "import sys; sys.stdout.write('one\\ntwo')"))
    agent.follow_to_end("p")
    assert agent.text("p", "output.log") == "one\ntwo"


def test_a_long_log_comes_in_chunks_and_metrics_before_it(agent: AgentProcess) -> None:
    text = (
        "open('metrics.jsonl', 'w').write('{}\\n' * 10)\n"
        "import sys\nfor n in range(40000): sys.stdout.write('%05d %s\\n' % (n, 'é' * 10))\n"
    )
    agent.call("job.start", job=script("big", text))
    wait_until(lambda: agent.call("job.status", job_id="big")["state"] == "SUCCEEDED")
    agent.follow_to_end("big")
    pieces = agent.pieces("big", "output.log")
    check_seams(pieces)
    assert pieces[-1].next_offset == 40000 * 27
    assert all(piece.next_offset - piece.offset <= CHUNK_BYTES for piece in pieces)
    assert agent.notifications("job.lines")[0]["file"] == "metrics.jsonl"
    assert agent.notifications("job.status")[-1]["state"] == "SUCCEEDED"
    kinds = [getattr(message, "method", "") for message in agent.messages]
    assert kinds.index("job.status") > len(kinds) - 1 - kinds[::-1].index("job.lines")


def test_a_rotated_log_keeps_its_numbering(agent: AgentProcess, home: NodeHome) -> None:
    text = "for n in range(20000): print('line', n)"
    agent.call("job.start", job=script("rot", text, log_limit_bytes=50_000))
    agent.follow_to_end("rot")
    start = agent.call("job.status", job_id="rot")["output_start"]
    assert start > 0
    assert (home.job("rot") / "output.log").stat().st_size < 200_000
    whole = "".join(f"line {n}\n" for n in range(20000)).encode()
    for piece in agent.pieces("rot", "output.log"):
        assert whole[piece.offset : piece.next_offset] == piece.text.encode()
    assert agent.pieces("rot", "output.log")[-1].next_offset == len(whole)


def test_following_again_begins_at_the_new_offset(agent: AgentProcess) -> None:
    agent.call("job.start", job=script("again", "print('abc'); print('def')"))
    agent.follow_to_end("again")
    agent.messages.clear()
    agent.follow_to_end("again", {"output.log": 4})
    assert agent.text("again", "output.log") == "def\n"
    assert agent.pieces("again", "output.log")[0].offset == 4


def test_unfollow_falls_silent(agent: AgentProcess) -> None:
    agent.call("job.start", job=script("u", REPORTER, "2000"))
    agent.call("job.follow", job_id="u")
    agent.wait_for(lambda _: bool(agent.pieces("u", "metrics.jsonl")))
    agent.call("job.unfollow", job_id="u")
    agent.call("processes.list")
    agent.call("processes.list")
    before = len(agent.notifications("job.lines"))
    agent.call("processes.list")
    agent.call("job.stop", job_id="u", grace_seconds=0)
    assert len(agent.notifications("job.lines")) == before


def test_several_jobs_are_followed_at_once(agent: AgentProcess) -> None:
    for number in range(4):
        agent.call("job.start", job=script(f"m{number}", REPORTER, "40"))
        agent.call("job.follow", job_id=f"m{number}")
    for number in range(4):
        agent.follow_to_end(f"m{number}")


def test_a_removed_job_folder_ends_the_follow(agent: AgentProcess, home: NodeHome) -> None:
    agent.call("job.start", job=job("gone", "sleep", "600"))
    agent.call("job.follow", job_id="gone")
    agent.wait_for(lambda _: bool(agent.notifications("job.status")))
    home.job("gone").rename(home.root / "moved")
    message = agent.wait_for(
        lambda m: getattr(m, "params", {}).get("state") == State.UNKNOWN.value, 10
    )
    assert "knows no job" in getattr(message, "params", {})["reason"]
    (home.root / "moved").rename(home.job("gone"))


@pytest.mark.skipif(sys.platform != "linux", reason="inotify")
def test_without_inotify_lines_still_arrive(start_agent: StartAgent) -> None:
    blind = (
        "import lepton_desktop.agent.inotify as i, lepton_desktop.agent.__main__ as m\n"
        "i.FolderWatch.add = lambda self, folder: None\n"
        "raise SystemExit(m.main())\n"
    )
    agent = start_agent([sys.executable, "-c", blind])
    agent.call("job.start", job=script("b", REPORTER, "50"))
    assert agent.follow_to_end("b").state is State.SUCCEEDED
    assert steps(agent.text("b", "metrics.jsonl")) == list(range(50))
