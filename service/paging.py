"""Cursors: where a list goes on, in the answer that it began with.

A cursor holds the question with its clocks resolved, so a list stays one list while reports
come in. It is opaque, and checked for damage; it grants nothing, so it is not signed.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from events import dates
from events.errors import Fault
from events.vocabulary import ATTRIBUTIONS
from service.clocks import Asked, Clocks
from service.problems import InvalidQueryError

DEFAULT_LIMIT = 100
MOST = 1000

FIRST = "first"
"""What a difference calls the first of its moments, as it was resolved."""

_CHECK = 6

MOST_SEQ = 2**31 - 1

Question = dict[str, Any]


class Page(NamedTuple):
    """One page of a list that was asked for."""

    question: Question  # what was asked, as it was asked
    clocks: Asked | Clocks  # resolved once the list has begun
    after: list[Any]  # the sort key of the last row given; empty on the first page
    limit: int

    def next(self, clocks: Clocks, after: list[Any]) -> str:
        """Return the cursor of the page that follows a row with the sort key `after`."""
        pinned = [clocks.as_of, clocks.known_at, clocks.seq, clocks.floor]
        payload = orjson.dumps([self.question, pinned, after])
        check = sha256(payload).digest()[:_CHECK]
        return urlsafe_b64encode(check + payload).decode().rstrip("=")


def page_of(parameters: dict[str, Any], path: str, key: tuple[type, ...] = (str,)) -> Page:
    """Return the page that the parameters ask for, of the list at `path`, sorted by `key`.

    With a cursor, the other parameters may be left out, or must be those that the list began
    with. Raises InvalidQueryError.
    """
    asked: Asked = parameters["asked"]
    limit: int = parameters["limit"]
    filters = {k: v for k, v in parameters.items() if k not in ("asked", "limit", "cursor")}
    question = {"path": path, **filters, **asked.__dict__}
    if "cursor" not in parameters:
        return Page(question, asked, [], limit)
    begun, clocks, after = _opened(parameters["cursor"], key)
    for name, value in question.items():
        if value is not None and value != begun.get(name):
            raise _invalid(f"belongs to a list with another {name.rstrip('_')}")
    return Page(begun, clocks, after, limit)


def _opened(cursor: str, key: tuple[type, ...]) -> tuple[Question, Clocks, list[Any]]:
    try:
        raw = urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        check, payload = raw[:_CHECK], raw[_CHECK:]
        if sha256(payload).digest()[:_CHECK] != check:
            raise ValueError("damaged")
        question, [as_of, known_at, seq, floor], after = orjson.loads(payload)
        clocks = Clocks(as_of=as_of, known_at=known_at, seq=seq, floor=floor)
        clocks.echo()
        is_ours = bool(clocks.strength) and _is_position(seq) and _is_question(question, key)
        if not is_ours or not _is_place(after, key, seq):
            raise ValueError("not of ours")
    except (ValueError, TypeError, KeyError, OverflowError, binascii.Error):
        raise _invalid("is not a cursor that an answer here gave as next") from None
    return question, clocks, after


def _is_question(question: Any, key: tuple[type, ...]) -> bool:
    """Tell whether a value may be the question of a list that is sorted by `key`.

    The ends of a window are instants; those of a difference stay as they were asked, and its
    first moment is kept as it was resolved.
    """
    if not isinstance(question, dict):
        return False
    is_window = key != (bool, str, str)
    end = int if is_window else str
    numbers = dict.fromkeys(("seq", "seq_from", "seq_to", "year"), int)
    kinds = {"from_": end, "to": end, "inherit": bool} | numbers
    told = {name: value for name, value in question.items() if name != FIRST and value is not None}
    if not all(_is_sound(value, kinds.get(name, str)) for name, value in told.items()):
        return False
    if not 1 <= told.get("year", 1) <= 9999:
        return False
    if not {told.get("floor"), told.get("status_floor")} <= {None, *ATTRIBUTIONS}:
        return False
    if is_window:
        return all(dates.to_text(told[name]) for name in ("from_", "to") if name in told)
    first = question[FIRST]
    return _is_position(first["seq"]) and _is_sound(first["as_of"], str)


def _is_place(after: Any, key: tuple[type, ...], seq: int) -> bool:
    """Tell whether a value may be the sort key of a row that was known at `seq`.

    One that ends in a number ends in a log position.
    """
    if not (isinstance(after, list) and len(after) == len(key)):
        return False
    return all(map(_is_sound, after, key)) and (key[-1] is not int or 0 <= after[-1] <= seq)


def _is_position(value: object) -> bool:
    """Tell whether a value may be a position in a log: a database takes no larger ones."""
    return type(value) is int and 0 <= value <= MOST_SEQ


def _is_sound(value: object, kind: type) -> bool:
    """Tell whether a value is of a kind, and such as every database takes."""
    if type(value) is not kind:
        return False
    if isinstance(value, str):
        return "\0" not in value
    return not isinstance(value, int) or abs(value) < 2**62


def _invalid(message: str) -> InvalidQueryError:
    return InvalidQueryError(Fault("cursor", "invalid", message))
