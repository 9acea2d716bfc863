from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.gui.models.plain_text import plain, seconds_until


@given(st.text())
def test_nothing_that_moves_the_cursor_or_turns_text_round_is_left(text: str) -> None:
    import unicodedata

    assert not any(unicodedata.category(char)[0] == "C" for char in plain(text))


def test_escape_sequences_vanish_whole() -> None:
    assert plain("\x1b[1;31merror\x1b[0m \x1b]0;title\x07done") == "error done"


def test_a_countdown_is_never_negative() -> None:
    assert seconds_until(10.2, now=8.0) == 3
    assert seconds_until(7.0, now=8.0) == 0
    assert seconds_until(None) is None
