"""How things are said to people: dates as a source gave them, positions, attributions.

No word says more than the record: a vague date stays vague, and no position is never neutral.
"""

from functools import lru_cache

from events import dates

POSITIONS = {
    "support": "For",
    "conditional_support": "For, on conditions",
    "neutral": "Neutral",
    "conditional_oppose": "Against, on conditions",
    "oppose": "Against",
}

SIGNS = {
    "support": "+",
    "conditional_support": "(+)",
    "neutral": "0",
    "conditional_oppose": "(−)",
    "oppose": "−",
    "undeclared": "?",
    "lapsed": "×",
}
"""So that colour is never the only sign of a position."""

STATES = {
    "undeclared": "Took its position back",
    "lapsed": "Lapsed",
    "unreported": "No position on record",
}

ATTRIBUTIONS = {
    "recorded_act": "a recorded act, such as a vote",
    "official_document": "an official document",
    "on_record": "said on the record",
    "readout": "an official readout",
    "background": "officials, not named",
    "deep_background": "not to be attributed",
    "leaked_document": "a leaked document",
    "third_party_claim": "claimed by others",
    "media_report": "a media report",
    "analyst_coded": "an analyst's reading",
    "unattributed": "not attributed",
}

ALIGNMENTS = {
    "thin": "Too few positions to compare",
    "opposed": "Opposed: there are positions on each side, without conditions",
    "split": "Split: there are positions on each side",
    "aligned": "Aligned: all on one side, without conditions",
    "converging": "Converging: one side, some on conditions or neutral",
}

_MONTHS = (
    "January February March April May June July August September October November December"
).split()
_QUALIFIERS = {"?": "possibly {}", "~": "about {}", "%": "possibly about {}"}


def words(term: str) -> str:
    """Return a term of the vocabulary as words."""
    return term.replace("_", " ")


def stance(state: str, position: str | None) -> str:
    """Return where a party stands."""
    return POSITIONS[position] if position else STATES[state]


def stance_key(state: str, position: str | None) -> str:
    """Return the one word that a stance is coloured and marked by."""
    return position or state


@lru_cache(maxsize=4096)
def date(occurred: str) -> str:
    """Return a date as a source gave it (contract, section 2) in English."""
    first, is_interval, last = occurred.partition("/")
    if not is_interval:
        return _one(first)
    if last == "..":
        return f"since {_one(first)}"
    return f"{_one(first)} to {_one(last)}"


def _one(text: str) -> str:
    if "T" in text.upper():
        day, clock = text.upper().split("T")
        hours, offset = clock[:5], clock.lstrip("0123456789:.")
        return f"{_day(day)}, {hours} {'UTC' if offset == 'Z' else f'UTC{offset}'}"
    mark = text[-1] if text[-1] in _QUALIFIERS else ""
    told = _day(text.rstrip("?~%"))
    return _QUALIFIERS[mark].format(told) if mark else told


def _day(text: str) -> str:
    year, *rest = text.split("-")
    year = year.lstrip("0") or year
    if not rest:
        return year
    month = _MONTHS[int(rest[0]) - 1]
    return f"{int(rest[1])} {month} {year}" if len(rest) == 2 else f"{month} {year}"


def instant(text: str) -> str:
    """Return an instant of an answer in English: the end of a day is that day."""
    day, clock = text.split("T")
    if clock.startswith("23:59:59.9"):
        return _day(day)
    return f"{_day(day)}, {clock[:5]} UTC"


def day(text: str) -> str:
    """Return the day, in UTC, of an instant of an answer."""
    return _day(text[:10])


def day_of(micros: int) -> str:
    """Return the day of an instant (UTC microseconds) as YYYY-MM-DD."""
    return dates.to_text(micros)[:10]
