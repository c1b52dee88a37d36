"""The two clocks of every question: `as_of` in the world, `known_at` in our log."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection

from events import dates
from events.dates import DateError
from events.errors import Fault
from events.vocabulary import POSITION_FLOOR, STATUS_FLOOR, STRENGTH
from projections import log
from projections.changes import Floors
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


@dataclass(frozen=True)
class TwoFloors:
    """The floors of an answer about both positions and statuses."""

    floor: str  # the weakest attribution that sets a position
    status_floor: str  # the weakest that sets a status

    @classmethod
    def of(cls, question: Mapping[str, Any]) -> "TwoFloors":
        """Return what a question means: `floor` alone sets both."""
        floor = question.get("floor")
        status_floor = question.get("status_floor") or floor or STATUS_FLOOR
        return cls(floor or POSITION_FLOOR, status_floor)

    @property
    def strengths(self) -> Floors:
        """The same as strengths."""
        return Floors(STRENGTH[self.floor], STRENGTH[self.status_floor])

    def echo(self) -> dict[str, Any]:
        """Return what an answer repeats."""
        return {"floor": self.floor, "status_floor": self.status_floor}


Names = Mapping[str, str]
"""How a question spells the clocks that it does not call by their names."""


def resolve(
    connection: Connection, head: Head, asked: Asked, floor: str, names: Names | None = None
) -> Clocks:
    """Return the clocks that a question means, `floor` being its default.

    Raises InvalidQueryError for a date that is none, both `known_at` and `seq`, a `seq`
    above the head, or a `known_at` that has not come.
    """
    names = {name: name for name in ("as_of", "known_at", "seq")} | dict(names or {})
    if asked.known_at is not None and asked.seq is not None:
        one, exact = names["known_at"], names["seq"]
        raise _invalid(one, f"give {one} or {exact}, not both: {exact} is its exact form")
    as_of = dates.now() if asked.as_of is None else _instant(names["as_of"], asked.as_of)
    seq, known_at = _known(connection, head, asked, names)
    return Clocks(as_of, known_at, seq, asked.floor or floor, asked.as_of is None)


def _known(
    connection: Connection, head: Head, asked: Asked, names: Names
) -> tuple[int, int | None]:
    if asked.seq is not None:
        if asked.seq > head.seq:
            raise _invalid(names["seq"], f"{asked.seq} is above the head of the log, {head.seq}")
        return asked.seq, log.recorded_at(connection, asked.seq)
    if asked.known_at is not None:
        now = dates.now()
        known_at = _instant(names["known_at"], asked.known_at)
        is_today = asked.known_at.strip() == dates.to_text(now)[:10]
        if known_at > now + dates.MINUTE and not is_today:
            raise _invalid(
                names["known_at"],
                f"{asked.known_at} has not come: what we will know is not recorded yet",
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
