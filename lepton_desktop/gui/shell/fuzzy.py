"""Fuzzy matching for the palette: words in any order, letters in order. Pure. In the window."""

from __future__ import annotations

WORD_STARTS = " -_./:·"
START, WORD, RUN, LETTER = 16, 9, 6, 1
GAP = 1
MOST_GAP = 12


def score(query: str, text: str) -> int | None:
    """How well a query fits a text; None when it does not.

    The query is cut at spaces and every part must be found, so ``gpu-a-07 dr`` finds "Drain
    gpu-a-07" and a verb may follow its object. Starts of words and unbroken runs count most.
    """
    lowered = text.lower()
    total = 0
    for part in query.lower().split():
        found = _part(part, lowered)
        if found is None:
            return None
        total += found
    return total - len(text) // 8


def _part(part: str, text: str) -> int | None:
    place = text.find(part)
    whole = -1
    while place >= 0:
        at_word = place == 0 or text[place - 1] in WORD_STARTS
        value = (START if place == 0 else WORD if at_word else 0) + RUN * len(part)
        whole = max(whole, value)
        place = text.find(part, place + 1)
    return whole if whole >= 0 else _scattered(part, text)


def _scattered(part: str, text: str) -> int | None:
    """Letters in order with gaps, each best at the start of a word."""
    total, place = 0, 0
    for number, letter in enumerate(part):
        found = _next(letter, text, place)
        if found < 0:
            return None
        gap = found - place
        if number and gap == 0:
            total += RUN
        elif found == 0 or text[found - 1] in WORD_STARTS:
            total += WORD
        else:
            total += LETTER - GAP * min(gap, MOST_GAP)
        place = found + 1
    return total if total > 0 else None


def _next(letter: str, text: str, start: int) -> int:
    """The next place of a letter; one that begins a word is preferred when it is near."""
    if start < len(text) and text[start] == letter:
        return start
    first = text.find(letter, start)
    place = first
    while 0 <= place <= first + MOST_GAP:
        if text[place - 1] in WORD_STARTS:
            return place
        place = text.find(letter, place + 1)
    return first
