import json

from hypothesis import given
from hypothesis import strategies as st

from lepton_desktop.agent.text import clean


@given(st.text(alphabet=st.characters(), max_size=500), st.integers(1, 100))
def test_clean_text_is_printable_short_and_encodable(text: str, limit: int) -> None:
    result = clean(text, limit)
    assert len(result) <= limit
    assert not any(ord(character) < 32 or 0x7F <= ord(character) < 0xA0 for character in result)
    json.dumps(result).encode("ascii")
    result.encode("utf-8")


def test_escape_sequences_and_direction_marks_lose_their_power() -> None:
    assert clean("a\x1b[31mb\u202ec\ud800\nd") == "a [31mb c  d"
