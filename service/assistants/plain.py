"""Text that others wrote, as an assistant is given it: quoted, and nothing in it that nobody sees.

Source: https://www.unicode.org/reports/tr36/ (what does not show, and what turns text around).
"""

import re
from collections.abc import Iterable
from typing import Any

import orjson

from service.answers import Body
from service.wording import shortened, squeezed

LONGEST = 600
"""Characters that are quoted of one text."""

PART = "Part of a list: "
"""How a page says that its numbers are not of all there is."""

_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # control characters
    "\u200b\u2060-\u2064\ufeff"  # of no width; the joiners of scripts that need them stay
    "\u202a-\u202e\u2066-\u2069"  # what turns the direction of text
    "\ud800-\udfff"
    "\U000e0000-\U000e007f]"  # tags: a hidden alphabet
    # Variation selectors pick how the character before them looks: a second one picks nothing.
    "|(?<=[\ufe00-\ufe0f\U000e0100-\U000e01ef])[\ufe00-\ufe0f\U000e0100-\U000e01ef]+"
)


def plain(text: str) -> str:
    """Return text without what nobody sees: control characters, tags, turns of direction."""
    return _UNSEEN.sub("", text)


def all_plain(value: Any) -> Any:
    """Return an answer with every text in it plain."""
    if isinstance(value, str):
        return plain(value)
    if isinstance(value, dict):
        return {plain(key): all_plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [all_plain(one) for one in value]
    return value


def quoted(text: str, most: int = LONGEST) -> str:
    """Return text in quotation marks that nothing in it can close, on one line."""
    return orjson.dumps(shortened(squeezed(plain(text)), most)).decode()


def glance(said: Body | None, what: str = "position") -> str:
    """Return a position or a status in words, with what is null told as what it is."""
    if said is None:
        return "nothing on record"
    if said.get(what) is not None:
        return str(said[what]).replace("_", " ")
    return {
        "unreported": f"no {what} on record",
        "lapsed": "none (the last offer lapsed)",
        "undeclared": "undeclared (it took its position back)",
    }[said["state"]]


def clocks(answer: Body) -> str:
    """Return both clocks and the floor of an answer."""
    as_of = f"as of {answer['as_of']}, " if "as_of" in answer else ""
    known = answer["known_at"] or "the empty log"
    return f"{as_of}as known at {known} (seq {answer['seq']}), floor {answer['floor']}"


def count(number: int, noun: str) -> str:
    """Return a number of things, in the plural where it is not one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def among(texts: Iterable[str], most: int = 20) -> str:
    """Return texts with commas; of many the first."""
    told = list(texts)
    more = f" and {len(told) - most} more" if len(told) > most else ""
    return ", ".join(told[:most]) + more
