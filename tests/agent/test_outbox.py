import os
import threading

from lepton_desktop.agent.outbox import Outbox
from lepton_desktop.wire.framing import Reply, decode


def test_lines_of_many_threads_stay_whole() -> None:
    read_end, write_end = os.pipe()
    outbox = Outbox(write_end, on_broken=lambda: None)
    threads = [
        threading.Thread(
            target=lambda n=number: [outbox.send(Reply(n, "x" * 5000)) for _ in range(40)]
        )
        for number in range(8)
    ]
    for thread in threads:
        thread.start()
    with os.fdopen(read_end, "rb") as stream:
        counts = [decode(stream.readline()).id for _ in range(320)]  # type: ignore[union-attr]
    for thread in threads:
        thread.join()
    os.close(write_end)
    assert sorted(counts) == sorted(list(range(8)) * 40)


def test_a_broken_pipe_is_told_once_and_nobody_fails() -> None:
    read_end, write_end = os.pipe()
    told: list[int] = []
    outbox = Outbox(write_end, on_broken=lambda: told.append(1))
    os.close(read_end)
    outbox.send(Reply(1))
    outbox.send(Reply(2))
    os.close(write_end)
    assert told == [1]
