"""The two clocks of every question: `as_of` in the world, `known_at` in our log."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from events import dates
from events.dates import DateError
from events.errors import Fault
from events.vocabulary import STRENGTH
from projections import log
from projections.log import Head
from service.problems import InvalidQueryError


@dataclass(frozen=True)
class Asked:
    """The clocks and the floor of a question as they were asked. None: the default."""

    as_of: str | None = None
    known_at: str | None = None
    seq: int | None = None
    floor: str | None = None


@dataclass(frozen=True)
class Clocks:
    """The clocks and the floor of a question, resolved: what pins its answer."""

    as_of: int  # UTC microseconds, inclusive
    known_at: int | None  # UTC microseconds; None: the empty log
    seq: int
    floor: str
    is_as_of_now: bool = False

    @property
    def strength(self) -> int:
        """The floor as a strength."""
        return STRENGTH[self.floor]

    def echo(self) -> dict[str, Any]:
        """Return what every answer repeats."""
        known_at = None if self.known_at is None else dates.to_text(self.known_at)
        return {
            "as_of": dates.to_text(self.as_of),
            "known_at": known_at,
            "seq": self.seq,
            "floor": self.floor,
        }


def resolve(connection: Connection, head: Head, asked: Asked, floor: str) -> Clocks:
    """Return the clocks that a question means, `floor` being its default.

    Raises InvalidQueryError for a date that is none, both `known_at` and `seq`, a `seq`
    above the head, or a `known_at` that has not come.
    """
    if asked.known_at is not None and asked.seq is not None:
        raise _invalid("known_at", "give known_at or seq, not both: seq is its exact form")
    as_of = dates.now() if asked.as_of is None else _instant("as_of", asked.as_of)
    seq, known_at = _known(connection, head, asked)
    return Clocks(as_of, known_at, seq, asked.floor or floor, asked.as_of is None)


def _known(connection: Connection, head: Head, asked: Asked) -> tuple[int, int | None]:
    if asked.seq is not None:
        if asked.seq > head.seq:
            raise _invalid("seq", f"{asked.seq} is above the head of the log, {head.seq}")
        return asked.seq, log.recorded_at(connection, asked.seq)
    if asked.known_at is not None:
        now = dates.now()
        known_at = _instant("known_at", asked.known_at)
        is_today = asked.known_at.strip() == dates.to_text(now)[:10]
        if known_at > now + dates.MINUTE and not is_today:
            raise _invalid(
                "known_at", f"{asked.known_at} has not come: what we will know is not recorded yet"
            )
        if known_at < now:
            return log.seq_known_at(connection, known_at), known_at
    return head.seq, head.recorded_at if head.seq else None


def _instant(field: str, text: str) -> int:
    try:
        return dates.instant_of(text)
    except DateError as error:
        raise _invalid(field, str(error)) from None


def _invalid(field: str, message: str) -> InvalidQueryError:
    return InvalidQueryError(Fault(field, "invalid", message))
