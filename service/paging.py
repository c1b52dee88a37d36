"""Cursors: where a list goes on, in the answer that it began with.

A cursor holds the question with its clocks resolved, so a list stays one list while reports
come in. It is opaque, and checked for damage; it grants nothing, so it is not signed.
"""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from events.errors import Fault
from service.clocks import Asked, Clocks
from service.problems import InvalidQueryError

DEFAULT_LIMIT = 100
MOST = 1000

_CHECK = 6

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
        is_ours = isinstance(question, dict) and type(seq) is int and bool(clocks.strength)
        if not is_ours or [type(one) for one in after] != list(key):
            raise ValueError("not of ours")
    except (ValueError, TypeError, KeyError, OverflowError, binascii.Error):
        raise _invalid("is not a cursor that an answer here gave as next") from None
    return question, clocks, after


def _invalid(message: str) -> InvalidQueryError:
    return InvalidQueryError(Fault("cursor", "invalid", message))
