"""The two moments of a difference: one clock moves, the other stands still."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from sqlalchemy import Connection

from events.errors import Fault
from projections.differences import Axis, Step
from projections.log import Head
from service import clocks
from service.clocks import Asked, Clocks
from service.paging import FIRST
from service.problems import InvalidQueryError

WORLD = ("from_", "to")
KNOWLEDGE = ("known_from", "known_to", "seq_from", "seq_to")

NAMES = {
    Axis.WORLD: {"as_of": "to"},
    Axis.KNOWLEDGE: {"known_at": "known_to", "seq": "seq_to"},
}
"""How the parameters spell the clocks of the second moment."""

_FIRST_NAMES = {
    Axis.WORLD: {"as_of": "from"},
    Axis.KNOWLEDGE: {"known_at": "known_from", "seq": "seq_from"},
}


class Moments(NamedTuple):
    """What is compared with what."""

    axis: Axis
    first: Clocks
    last: Clocks

    @property
    def step(self) -> Step:
        """The way from one to the other."""
        if self.axis is Axis.WORLD:
            return Step(self.axis, self.first.as_of, self.last.as_of, self.last.seq)
        return Step(self.axis, self.first.seq, self.last.seq, self.last.as_of)

    def echo(self) -> dict[str, Any]:
        """Return what an answer repeats of them."""
        ends = {"from": self.first.echo(), "to": self.last.echo()}
        for end in ends.values():
            del end["floor"]
        return {"axis": self.axis.value} | ends

    def pins(self) -> dict[str, Any]:
        """Return the query that pins both moments for ever."""
        first, last = self.first.echo(), self.last.echo()
        if self.axis is Axis.WORLD:
            return {"from": first["as_of"], "to": last["as_of"], "seq": last["seq"]}
        return {"seq_from": first["seq"], "seq_to": last["seq"], "as_of": last["as_of"]}


def axis_of(given: Mapping[str, Any]) -> Axis:
    """Return the axis on which the parameters given move. Raises InvalidQueryError."""
    world = [name for name in WORLD if given.get(name) is not None]
    knowledge = [name for name in KNOWLEDGE if given.get(name) is not None]
    if bool(world) == bool(knowledge):
        raise _invalid(
            "from",
            "move one clock: from=…&to=… for what the world did, or known_from=…&known_to=… "
            "for what we learned, not both",
        )
    axis = Axis.WORLD if world else Axis.KNOWLEDGE
    begins = ("from_",) if world else ("known_from", "seq_from")
    if not any(given.get(name) is not None for name in begins):
        name = begins[0].rstrip("_")
        raise _invalid(name, f"say from when: give {name}")
    still = ("as_of",) if world else ("known_at", "seq")
    for name in still:
        if given.get(name) is not None:
            moves = "from and to" if world else "known_from and known_to"
            raise _invalid(name, f"is the clock that moves here: {moves} say where it is")
    return axis


def last_asked(axis: Axis, given: Mapping[str, Any]) -> Asked:
    """Return the clocks of the second moment as they were asked."""
    floor = given.get("floor")
    if axis is Axis.WORLD:
        return Asked(given.get("to"), given.get("known_at"), given.get("seq"), floor)
    return Asked(given.get("as_of"), given.get("known_to"), given.get("seq_to"), floor)


def moments(connection: Connection, head: Head, given: Mapping[str, Any], last: Clocks) -> Moments:
    """Return both moments, `last` being resolved. Raises InvalidQueryError.

    On every page but the first, `given` has the first moment as `FIRST`, as it was resolved:
    a date like today means more tomorrow.
    """
    axis = axis_of(given)
    names = _FIRST_NAMES[axis]
    if FIRST in given:
        asked = Asked(as_of=given[FIRST]["as_of"], seq=given[FIRST]["seq"])
        first = clocks.resolve(connection, head, asked, last.floor, names)
        return Moments(axis, first, last)
    if axis is Axis.WORLD:
        asked = Asked(as_of=given["from_"])
        first = clocks.resolve(connection, head, asked, last.floor, names)
        first = replace(last, as_of=first.as_of)
        is_reversed = first.as_of > last.as_of
    else:
        asked = Asked(known_at=given.get("known_from"), seq=given.get("seq_from"))
        first = clocks.resolve(connection, head, asked, last.floor, names)
        first = replace(last, seq=first.seq, known_at=first.known_at)
        is_reversed = first.seq > last.seq
    if is_reversed:
        name = next(iter(names.values()))
        raise _invalid(name, "is after the second moment: give the earlier one first")
    return Moments(axis, first, last)


def _invalid(field: str, message: str) -> InvalidQueryError:
    return InvalidQueryError(Fault(field, "invalid", message))
