"""leptonctl engine dial: a desk elsewhere speaks through stdin and stdout."""

import subprocess
import sys

from lepton_desktop.wire.framing import Reply, Request, decode, encode, hello, read_hello


def test_a_desk_speaks_through_it_without_knowing_the_token(engine):
    call = [sys.executable, "-m", "lepton_desktop.cli", "engine", "dial"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as dial:
        dial.stdin.write(hello("client"))
        dial.stdin.write(encode(Request(1, "session.open", {"token": "", "client": "afar"})))
        dial.stdin.write(encode(Request(2, "engine.status")))
        dial.stdin.flush()
        assert read_hello(dial.stdout.readline()) == "engine"
        answers = [decode(dial.stdout.readline()) for _ in range(2)]
        assert [type(answer) for answer in answers] == [Reply, Reply]
        dial.stdin.close()
        assert dial.wait(timeout=10) == 0
    assert engine.calls[0][1] == {"token": "right", "client": "afar"}


def test_it_ends_when_the_engine_ends(engine):
    call = [sys.executable, "-m", "lepton_desktop.cli", "engine", "dial"]
    with subprocess.Popen(call, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as dial:
        assert read_hello(dial.stdout.readline()) == "engine"
        engine.stop()
        assert dial.wait(timeout=10) in (0, 1)
