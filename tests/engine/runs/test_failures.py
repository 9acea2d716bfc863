"""Why a run failed, in words."""

from lepton_desktop.engine.runs.failures import Ending, explain, last_words, plain, short
from lepton_desktop.engine.runs.lines import Event
from lepton_desktop.wire.node import State

TORCHRUN = """\
Traceback (most recent call last):
  File "train.py", line 3, in <module>
ValueError: the reward is odd
E1124 torch/distributed/elastic/multiprocessing/api.py:984] failed (exitcode: 1) local_rank: 0
Traceback (most recent call last):
torch.distributed.elastic.multiprocessing.errors.ChildFailedError:
=====
 train FAILED
=====
"""


def ending(node="a", ranks="Rank 0", **more):
    values = {"state": State.FAILED, "reason": "exit code 1", "exit_code": 1, "ended": 5.0}
    return Ending(node, ranks, **{**values, **more})


def test_error_event_is_the_reason():
    error = Event("error", "The reward is NaN at step 5.", hint="Check the formula.")
    assert explain([ending(errors=[error])]) == (
        "Rank 0 on a: The reward is NaN at step 5.",
        "Check the formula.",
    )


def test_exception_of_the_rank_counts_more_than_the_summary_of_torchrun():
    assert last_words(TORCHRUN) == "ValueError: the reward is odd"
    reason, hint = explain([ending(output=TORCHRUN)])
    assert reason == "Rank 0 on a: exit code 1: ValueError: the reward is odd"
    assert "logs" in hint


def test_rank_that_broke_first_is_named_not_those_that_lost_it():
    lost = ending(
        output="RuntimeError: [gloo/tcp/pair.cc:1] Connection closed by peer [10.0.0.2]",
        ended=1.0,  # its node's clock is behind
    )
    broke = ending("b", "Rank 1", output="MemoryError: 4 GiB", ended=9.0)
    assert explain([lost, broke])[0].startswith("Rank 1 on b: exit code 1: MemoryError")


def test_job_that_died_at_once_says_its_last_line():
    reason, _hint = explain([ending(output="/py: No module named lepton_desktop.runtime\n")])
    assert reason.endswith("No module named lepton_desktop.runtime")


def test_full_disk_and_memory_have_a_next_step():
    assert "space" in explain([ending(output="OSError: [Errno 28] No space left on device")])[1]
    assert "minibatch" in explain([ending(output="torch.OutOfMemoryError: CUDA out of memory")])[1]
    assert "again" in explain([ending(output="The server socket: EADDRINUSE")])[1]


def test_nothing_known_is_said_so():
    assert explain([]) == ("No job was left.", "")
    assert "without a reason" in explain([ending(reason="")])[0]


def test_terminal_control_is_stripped():
    assert plain("\x1b[31mred\x1b[0m 10%\r20%\x07\n") == "red 10%\n20%\n"
    assert short("a\n b" * 500).endswith("…")
