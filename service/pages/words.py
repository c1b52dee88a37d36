"""How the pages say it: positions as people read them, their signs, and what stands for silence.

Dates and attributions are in the words of `service.wording`, as everywhere. No word says more than
the record: a vague date stays vague, and no position is never neutral.
"""

from events import dates
from service.wording import ATTRIBUTED as ATTRIBUTIONS
from service.wording import date_in_words as date

__all__ = ["ATTRIBUTIONS", "date"]

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
    "conditional_oppose": "(\N{MINUS SIGN})",
    "oppose": "\N{MINUS SIGN}",
    "undeclared": "?",
    "lapsed": "\N{MULTIPLICATION SIGN}",
}
"""So that colour is never the only sign of a position."""

SIGNED = {name: f"{SIGNS[name]} {text}" for name, text in POSITIONS.items()}

STATES = {
    "undeclared": "Took its position back",
    "lapsed": "Lapsed",
    "unreported": "No position on record",
}

ALIGNMENTS = {
    "thin": "Too few positions to compare",
    "opposed": "Opposed: there are positions on each side, without conditions",
    "split": "Split: there are positions on each side",
    "aligned": "Aligned: all on one side, without conditions",
    "converging": "Converging: one side, some on conditions or neutral",
}


def words(term: str) -> str:
    """Return a term of the vocabulary as words."""
    return term.replace("_", " ")


def stance(state: str, position: str | None) -> str:
    """Return where a party stands."""
    return POSITIONS[position] if position else STATES[state]


def stance_key(state: str, position: str | None) -> str:
    """Return the one word that a stance is coloured and marked by."""
    return position or state


def since(occurred: str) -> str:
    """Return a date to say "since" of: what goes on, since it began."""
    return date(occurred.removesuffix("/.."))


def instant(text: str) -> str:
    """Return an instant of an answer: the end of a day is that day."""
    if text[11:].startswith("23:59:59.9"):
        return day(text)
    return f"{day(text)}, {text[11:16]} UTC"


def day(text: str) -> str:
    """Return the day, in UTC, of an instant of an answer."""
    return date(text[:10])


def day_of(micros: int) -> str:
    """Return the day of an instant (UTC microseconds) as YYYY-MM-DD."""
    return dates.to_text(micros)[:10]
