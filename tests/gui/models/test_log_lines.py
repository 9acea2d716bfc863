from lepton_desktop.gui.models.log_lines import LINES_KEPT, LogModel, level_of
from lepton_desktop.wire.desk import LogText


def _shown(model: LogModel) -> list[str]:
    return [model.data(model.index(place)) for place in range(model.rowCount())]


def _log(text: str, offset: int = 0, job: str = "job-1") -> LogText:
    return LogText(job, "gpu-a-01", text, offset)


def test_an_answer_that_overlaps_adds_only_what_is_new() -> None:
    model = LogModel()
    model.add([_log("one\ntwo\n")])
    assert model.add([_log("two\nthree\n", offset=4)]) == 1
    assert _shown(model) == ["one", "two", "three"]


def test_half_a_line_waits_for_its_end() -> None:
    model = LogModel()
    model.add([_log("one\ntw")])
    assert _shown(model) == ["one"]
    model.add([_log("one\ntwo\n")])
    assert _shown(model) == ["one", "two"]


def test_bytes_that_could_not_be_decoded_do_not_shift_what_follows() -> None:
    model = LogModel()
    model.add([_log("a\ufffd\ufffdb ü\n")])  # 4 bytes and a two-byte letter, space, newline
    model.add([_log("next\n", offset=8)])
    assert _shown(model) == ["a\ufffd\ufffdb ü", "next"]


def test_jobs_have_their_own_offsets() -> None:
    model = LogModel()
    model.add([_log("zero\n"), _log("one\n", job="job-2")])
    model.add([_log("zero\nmore\n"), _log("one\n", job="job-2")])
    assert _shown(model) == ["zero", "one", "more"]


def test_lines_are_bounded() -> None:
    model = LogModel()
    text = "".join(f"line {number}\n" for number in range(LINES_KEPT + 500))
    model.add([_log(text)])
    model.add([_log(text + "last\n")])
    assert model.rowCount() == LINES_KEPT
    assert _shown(model)[-1] == "last"


def test_levels_filter_from_warning_upwards() -> None:
    model = LogModel()
    model.add([_log("fine\nWARNING slow step\nTraceback (most recent call last):\n")])
    model.set_filter("warning", "")
    assert len(_shown(model)) == 2
    model.set_filter("error", "")
    assert _shown(model) == ["Traceback (most recent call last):"]
    model.set_filter("all", "SLOW")
    assert _shown(model) == ["WARNING slow step"]


def test_escape_sequences_and_carriage_returns_are_data_not_commands() -> None:
    model = LogModel()
    model.add([_log("10 %\r50 %\r100 %\n\x1b[2Jhidden\x07 <img src=x>\n")])
    assert _shown(model) == ["100 %", "hidden <img src=x>"]


def test_level_of_python_exceptions() -> None:
    assert level_of("ValueError: bad") == "error"
    assert level_of("DeprecationWarning: old") == "warning"
    assert level_of("no errors here, step 3") == "info"
