import json
import os
import signal
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from lepton_desktop.agent.home import NodeHome
from lepton_desktop.agent.identity import Identity, boot_id, identify
from lepton_desktop.agent.jobs import Jobs
from lepton_desktop.agent.procfs import read_stat
from lepton_desktop.agent.status_file import Record, read_record, write_record
from lepton_desktop.errors import LeptonError
from lepton_desktop.wire.convert import build
from lepton_desktop.wire.node import JobSpec, JobStatus, State, StopReport
from tests.agent.agent_process import AgentProcess, wait_until
from tests.agent.conftest import StartAgent

IGNORES_SIGTERM = (
    "import signal, time\n"
    "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    "print('deaf', flush=True)\n"
    "while True: time.sleep(1)\n"
)

REPARENTED_WORKER = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open("worker.new", "w").write(str(os.getpid()))
        os.rename("worker.new", "worker")
        time.sleep(600)
    os._exit(0)
os.wait()
print("leader goes on", flush=True)
if sys.argv[1] == "stay":
    time.sleep(600)
"""


def job(job_id: str, *argv: str, **more: Any) -> dict[str, Any]:
    return {"job_id": job_id, "kind": "script", "argv": list(argv), **more}


def script(job_id: str, text: str, *argv: str, **more: Any) -> dict[str, Any]:
    return job(job_id, sys.executable, "-c", text, *argv, **more)


def is_running(pid: int) -> bool:
    """A zombie has ended; when init reaps it is not our business."""
    stat = read_stat(pid)
    return stat is not None and stat.is_alive


def pid_in(path: Path) -> int:
    wait_until(path.exists, what=f"{path} is written")
    return int(path.read_text())


def test_a_job_runs_to_its_end(any_agent: AgentProcess, home: NodeHome) -> None:
    text = (
        "import os, sys\n"
        "here = os.getcwd() == os.environ['LEPTON_JOB_DIR']\n"
        "print(here, open('note.txt').read(), sys.argv[1:])\n"
        "print(*(os.environ[k] for k in ('LEPTON_JOB_ID', 'LEPTON_RUN_ID', 'PYTHONUNBUFFERED')))\n"
        "print(os.environ['WHERE'], file=sys.stderr)\n"
        "print(os.getsid(0) == os.getpid(), sys.stdin.read() == '')\n"
    )
    answer = any_agent.call(
        "job.start",
        job=script(
            "train-1",
            text,
            "{home}",
            files={"note.txt": "žluťoučký", "deep/er/file": ""},
            env={"WHERE": "{job}/x"},
            run_id="run-7",
        ),
    )
    assert build(JobStatus, answer).job_id == "train-1"
    status = any_agent.follow_to_end("train-1")
    assert (status.state, status.exit_code, status.reason) == (State.SUCCEEDED, 0, "")
    assert status.started is not None
    assert status.ended is not None
    assert status.ended >= status.started
    lines = any_agent.text("train-1", "output.log").splitlines()
    assert lines[0] == f"True žluťoučký ['{home.root}']"
    assert lines[1] == "train-1 run-7 1"
    assert lines[2] == f"{home.jobs}/train-1/x"
    assert lines[3] == "True True"
    folder = home.job("train-1")
    assert json.loads((folder / "job.json").read_text())["argv"][-1] == "{home}"
    assert (folder / "job.json").stat().st_mode & 0o077 == 0
    assert {entry.name for entry in folder.iterdir()} == {
        "job.json",
        "status.json",
        "output.log",
        "note.txt",
        "deep",
    }


def test_job_list_knows_finished_and_running(agent: AgentProcess) -> None:
    agent.call("job.start", job=script("a", "pass"))
    agent.call("job.start", job=job("b", "sleep", "600"))
    agent.follow_to_end("a")
    states = {row["job_id"]: row["state"] for row in agent.call("job.list")["jobs"]}
    assert states == {"a": "SUCCEEDED", "b": "RUNNING"}


@pytest.mark.parametrize(
    ("text", "code", "reason"),
    [
        ("raise SystemExit(7)", 7, "exit code 7"),
        ("print('one\\n\\x1b[31mtwo\\n\\n'); raise SystemExit(1)", 1, "exit code 1: [31mtwo"),
        ("import os; os.kill(os.getpid(), 9)", -9, "killed by signal 9 (SIGKILL)"),
        (
            "import json; open('events.jsonl', 'w').write("
            "json.dumps({'kind': 'error', 'text': 'unknown name: x'}) + '\\nbroken'); "
            "print('noise'); raise SystemExit(2)",
            2,
            "exit code 2: unknown name: x",
        ),
    ],
)
def test_a_failed_job_says_why(agent: AgentProcess, text: str, code: int, reason: str) -> None:
    agent.call("job.start", job=script("bad", text))
    status = agent.follow_to_end("bad")
    assert (status.state, status.exit_code, status.reason) == (State.FAILED, code, reason)


def test_the_same_job_is_started_once(agent: AgentProcess, home: NodeHome) -> None:
    body = script("once", "open('ran', 'a').write('x'); import time; time.sleep(600)")
    asked = [agent.request("job.start", job=body) for _ in range(6)]
    answers = [agent.answer(ident) for ident in asked]
    assert len({answer["pid"] for answer in answers}) == 1
    wait_until((home.job("once") / "ran").exists)
    agent.call("job.stop", job_id="once", grace_seconds=1)
    assert agent.call("job.start", job=body)["state"] == "CANCELLED"
    assert (home.job("once") / "ran").read_text() == "x"


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (job("x", "/nowhere/python3"), "program_missing"),
        (job("x", "no-such-program"), "program_missing"),
        (job("x", __file__), "program_missing"),
        (job("x"), "argv"),
        (job("x", "true", files={"../escape": ""}), "path"),
        (job("x", "true", files={"/tmp/escape": ""}), "path"),
        (job("x", "true", files={"a/../../escape": ""}), "path"),
        (job("x", "true", files={"status.json": "{}"}), "path"),
        (job("x", "true", files={"": ""}), "path"),
        (job("../x", "true"), "job_id"),
        (job("", "true"), "job_id"),
        (job("x", "true", files={"a": "", "a/b": ""}), "storage"),
    ],
)
def test_what_cannot_start_is_refused_and_leaves_nothing(
    agent: AgentProcess, home: NodeHome, body: dict[str, Any], code: str
) -> None:
    with pytest.raises(LeptonError) as caught:
        agent.call("job.start", job=body)
    assert caught.value.code == code
    assert caught.value.message
    assert list(home.jobs.iterdir()) == []
    assert not (home.root / "escape").exists()


def test_a_missing_interpreter_has_a_hint(agent: AgentProcess) -> None:
    with pytest.raises(LeptonError, match="does not exist on this node") as caught:
        agent.call("job.start", job=job("x", "/nowhere/python3"))
    assert "Choose another Python" in caught.value.hint


def test_a_program_that_cannot_be_executed_fails_with_a_reason(
    agent: AgentProcess, tmp_path: Path
) -> None:
    program = tmp_path / "program"
    program.write_text("#!/nowhere/interpreter\n")
    program.chmod(0o755)
    answer = agent.call("job.start", job=job("x", str(program)))
    assert answer["state"] == "FAILED"
    assert "cannot be started" in answer["reason"]


def test_unknown_jobs_are_named(agent: AgentProcess) -> None:
    for method in ("job.status", "job.follow"):
        with pytest.raises(LeptonError) as caught:
            agent.call(method, job_id="nobody")
        assert caught.value.code == "job_unknown"
    report = build(StopReport, agent.call("job.stop", job_id="nobody"))
    assert (report.state, report.survivors) == (State.UNKNOWN, [])


def test_stop_ends_a_job_gracefully(any_agent: AgentProcess, home: NodeHome) -> None:
    text = (
        "import signal, sys, time\n"
        "def end(*_): open('ended-well', 'w'); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); open('ready', 'w')\n"
        "while True: time.sleep(1)\n"
    )
    any_agent.call("job.start", job=script("s", text))
    wait_until((home.job("s") / "ready").exists)
    began = time.monotonic()
    report = build(StopReport, any_agent.call("job.stop", job_id="s", grace_seconds=10))
    assert (report.state, report.survivors, report.reason) == (State.CANCELLED, [], "stopped")
    assert time.monotonic() - began < 8
    assert (home.job("s") / "ended-well").exists()


def test_stop_ends_a_job_that_ignores_sigterm(any_agent: AgentProcess) -> None:
    any_agent.call("job.start", job=script("deaf", IGNORES_SIGTERM))
    any_agent.call("job.follow", job_id="deaf")
    any_agent.wait_for(lambda _: "deaf" in any_agent.text("deaf", "output.log"))
    began = time.monotonic()
    report = build(StopReport, any_agent.call("job.stop", job_id="deaf", grace_seconds=3))
    took = time.monotonic() - began
    assert (report.state, report.survivors) == (State.CANCELLED, [])
    assert 2.9 < took < 10
    states = [status["state"] for status in any_agent.notifications("job.status")]
    assert states[0] == "RUNNING"
    assert "STOPPING" in states


def test_stop_reaches_a_reparented_worker(any_agent: AgentProcess, home: NodeHome) -> None:
    any_agent.call("job.start", job=script("w", REPARENTED_WORKER, "stay"))
    worker = pid_in(home.job("w") / "worker")
    any_agent.call("job.follow", job_id="w")
    any_agent.wait_for(lambda _: "goes on" in any_agent.text("w", "output.log"))
    assert worker in {row["pid"] for row in any_agent.call("job.verify", job_id="w")["survivors"]}
    report = build(StopReport, any_agent.call("job.stop", job_id="w", grace_seconds=2))
    assert report.survivors == []
    assert not is_running(worker)


def test_what_a_job_leaves_behind_is_ended(agent: AgentProcess, home: NodeHome) -> None:
    agent.call("job.start", job=script("w", REPARENTED_WORKER, "go"))
    status = agent.follow_to_end("w")
    assert status.state is State.SUCCEEDED
    assert status.reason == "1 process left behind, ended"
    assert not is_running(pid_in(home.job("w") / "worker"))


def test_stop_finds_a_worker_without_the_tag_in_its_environment(
    agent: AgentProcess, home: NodeHome
) -> None:
    """A worker that was started with an empty environment descends from the supervisor still."""
    text = (
        "import subprocess, sys, time\n"
        "subprocess.Popen([sys.executable, '-c', sys.argv[1], 'stay'], env={},"
        " start_new_session=True)\ntime.sleep(600)\n"
    )
    agent.call("job.start", job=script("bare", text, REPARENTED_WORKER))
    worker = pid_in(home.job("bare") / "worker")
    assert agent.call("job.stop", job_id="bare", grace_seconds=1)["state"] == "CANCELLED"
    assert not is_running(worker)


def test_stop_of_a_finished_job_still_sweeps(agent: AgentProcess, home: NodeHome) -> None:
    agent.call("job.start", job=script("f", "pass"))
    agent.follow_to_end("f")
    stray = psutil.Popen(["sleep", "600"], env={**os.environ, "LEPTON_JOB_ID": "f"})
    report = build(StopReport, agent.call("job.verify", job_id="f"))
    assert [row.pid for row in report.survivors] == [stray.pid]
    assert report.survivors[0].job_id == "f"
    reaper = threading.Thread(target=stray.wait)
    reaper.start()
    report = build(StopReport, agent.call("job.stop", job_id="f", grace_seconds=2))
    reaper.join()
    assert (report.state, report.survivors) == (State.SUCCEEDED, [])
    assert stray.returncode == -signal.SIGTERM


def test_a_job_outlives_its_agent_and_a_later_one_knows_it(
    start_agent: StartAgent, home: NodeHome
) -> None:
    first = start_agent()
    first.call("job.start", job=job("long", "sleep", "600"))
    first.kill()
    second = start_agent()
    status = build(JobStatus, second.call("job.status", job_id="long"))
    assert status.state is State.RUNNING
    assert is_running(status.pid or 0)
    assert "survivors" not in second.call("job.stop", job_id="long", grace_seconds=2)
    assert second.call("job.status", job_id="long")["state"] == "CANCELLED"


def _kill_supervisor(home: NodeHome, job_id: str) -> None:
    supervisor = read_record(home.job(job_id)).supervisor
    os.kill(supervisor.pid, signal.SIGKILL)
    wait_until(lambda: not supervisor.is_alive)


def test_a_killed_supervisor_is_noticed(agent: AgentProcess, home: NodeHome) -> None:
    agent.call("job.start", job=job("orphan", "sleep", "600"))
    agent.call("job.follow", job_id="orphan")
    _kill_supervisor(home, "orphan")
    status = build(JobStatus, agent.call("job.status", job_id="orphan"))
    assert status.state is State.RUNNING
    assert "the supervisor is gone; the job goes on" in status.reason
    os.kill(status.pid or 0, signal.SIGKILL)
    ended = agent.follow_to_end("orphan")
    assert ended.state is State.FAILED
    assert ended.reason == "the supervisor is gone and so is the job; how it ended is not known"
    assert read_record(home.job("orphan")).status == ended


def test_stop_works_without_a_supervisor(agent: AgentProcess, home: NodeHome) -> None:
    agent.call("job.start", job=script("orphan", REPARENTED_WORKER, "stay"))
    worker = pid_in(home.job("orphan") / "worker")
    _kill_supervisor(home, "orphan")
    report = build(StopReport, agent.call("job.stop", job_id="orphan", grace_seconds=2))
    assert (report.state, report.survivors) == (State.FAILED, [])
    assert not is_running(worker)


def test_a_supervisor_that_is_terminated_ends_the_job(agent: AgentProcess, home: NodeHome) -> None:
    agent.call("job.start", job=job("told", "sleep", "600"))
    os.kill(read_record(home.job("told")).supervisor.pid, signal.SIGTERM)
    status = agent.follow_to_end("told")
    assert status.state is State.FAILED
    assert "the supervisor was told to end by signal 15" in status.reason


class TestRecordsOfOtherTimes:
    """Status files as a reboot or a crash leaves them, made by hand."""

    def record(self, home: NodeHome, supervisor: Identity, state: State = State.RUNNING) -> Jobs:
        folder = home.job("old")
        folder.mkdir()
        write_record(folder, Record(JobStatus("old", state, pid=1), supervisor=supervisor))
        return Jobs(home)

    def test_a_reboot_ends_a_job(self, home: NodeHome) -> None:
        me = identify(os.getpid())
        jobs = self.record(home, replace(me, boot_id="another boot"))
        status = jobs.status("old")
        assert status.state is State.FAILED
        assert status.reason == "the node was restarted while the job ran"
        assert jobs.status("old") == status

    def test_a_reused_pid_is_not_trusted(self, home: NodeHome) -> None:
        me = identify(os.getpid())
        jobs = self.record(home, replace(me, start_ticks=me.start_ticks - 1))
        assert jobs.status("old").state is State.FAILED

    def test_a_living_supervisor_is_trusted(self, home: NodeHome) -> None:
        jobs = self.record(home, identify(os.getpid()))
        assert jobs.status("old").state is State.RUNNING
        write_record(home.job("old"), Record(JobStatus("old", State.SUCCEEDED)))

    def test_a_stop_that_was_cut_short_counts_as_cancelled(self, home: NodeHome) -> None:
        jobs = self.record(home, Identity(2**22 + 1, 1, boot_id()), State.STOPPING)
        assert jobs.status("old").state is State.CANCELLED

    def test_an_agent_that_died_while_starting_fails_the_job(self, home: NodeHome) -> None:
        jobs = self.record(home, Identity(2**22 + 1, 1, boot_id()), State.STARTING)
        assert jobs.status("old").state is State.STARTING  # the supervisor may be on its way
        long_ago = time.time() - 60
        os.utime(home.job("old") / "status.json", (long_ago, long_ago))
        assert jobs.status("old").state is State.FAILED

    def test_a_damaged_record_hides_no_other_job(self, home: NodeHome) -> None:
        jobs = self.record(home, Identity(), State.SUCCEEDED)
        broken = home.job("broken")
        broken.mkdir()
        (broken / "status.json").write_text("{")
        (home.jobs / ".new-left-over").mkdir()
        rows = {row.job_id: row for row in jobs.list()}
        assert {name: row.state for name, row in rows.items()} == {
            "broken": State.UNKNOWN,
            "old": State.SUCCEEDED,
        }
        assert "not readable" in rows["broken"].reason


def test_a_folder_that_refuses_is_a_permission_error(home: NodeHome) -> None:
    if os.geteuid() == 0:
        home = NodeHome(Path("/proc/1"))  # even root may not write there
    else:
        home.jobs.chmod(0o500)
    with pytest.raises(LeptonError) as caught:
        Jobs(home).start(build(JobSpec, job("x", "true")))
    assert caught.value.code in ("permission", "storage", "disk_full")


def test_half_made_folders_of_a_killed_agent_are_cleared_away(home: NodeHome) -> None:
    old, young = home.jobs / ".new-old", home.jobs / ".new-young"
    for folder in (old, young):
        folder.mkdir()
        (folder / "job.json").write_text("{}")
    long_ago = time.time() - 2 * 3600
    os.utime(old, (long_ago, long_ago))
    assert Jobs(home).list() == []
    assert (old.exists(), young.exists()) == (False, True)


DEAF_RANK = """
import os, signal, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
rank = os.environ["RANK"]
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        open(f"worker-{rank}", "w").write(str(os.getpid()))
        time.sleep(600)
    os._exit(0)
os.wait()
open(f"rank-{rank}", "w").write(str(os.getpid()))
while True: time.sleep(1)
"""


@pytest.mark.slow
def test_stop_ends_a_torchrun_gang_with_deaf_ranks_and_reparented_workers(
    agent: AgentProcess, home: NodeHome
) -> None:
    pytest.importorskip("torch", reason="the extra 'train' is not installed")
    port = agent.call("port.find", address="127.0.0.1")["port"]
    gang = job(
        "gang",
        *(sys.executable, "-m", "torch.distributed.run", "--nnodes", "1", "--nproc-per-node", "2"),
        *("--master-addr", "127.0.0.1", "--master-port", str(port), "{job}/rank.py"),
        files={"rank.py": DEAF_RANK},
        env={"OMP_NUM_THREADS": "1"},
    )
    agent.call("job.start", job=gang)
    places = [home.job("gang") / f"{kind}-{rank}" for kind in ("worker", "rank") for rank in "01"]
    wait_until(lambda: all(place.exists() and place.read_text() for place in places), 120)
    pids = [int(place.read_text()) for place in places]
    began = time.monotonic()
    report = build(StopReport, agent.call("job.stop", job_id="gang", grace_seconds=3))
    assert time.monotonic() - began < 10
    assert (report.state, report.survivors) == (State.CANCELLED, [])
    assert [pid for pid in pids if is_running(pid)] == []
