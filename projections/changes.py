"""Changes: each instant at which a position, its terms, or a status became another.

Asked of the read models; nothing is stored. Only reports that took effect in the window can
have changed something in it, and offers that lapsed in it: of those, the database finds the
rows that say other words than the row before them, and `runs` decides.
"""

from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, String, Table, bindparam, cast, func, literal, select

from projections import positions, reports, statuses
from projections.belief import believed, latest_first
from projections.database import in_parts
from projections.positions import Pair
from projections.runs import TERMS, Change

FEW_REPORTS = 4
REPORTS_AT_ONCE = 200
"""Looked at together: few at first, for those who want a few changes only, then more."""

KINDS = ("position", "status", "terms")


class Key(NamedTuple):
    """Where a change is in the order of changes. `party` is empty for a status."""

    at: int  # UTC microseconds
    issue: str
    party: str


class Window(NamedTuple):
    """Which changes to look for: from `first` to `last`, both inclusive, in UTC microseconds."""

    first: int
    last: int
    party: str | None = None  # None: every party, and statuses, which are nobody's
    issue: str | None = None
    kind: str | None = None  # one of KINDS; None: all of them


class Floors(NamedTuple):
    """The weakest strength that sets a position, and a status."""

    positions: int = positions.FLOOR
    statuses: int = statuses.FLOOR


def changes(
    connection: Connection,
    window: Window,
    *,
    seq: int,
    floors: Floors,
    after: Key | None = None,
    newest_first: bool = False,
) -> Iterator[tuple[Key, Change]]:
    """Yield the changes in a window, as believed at `seq`, in order of their keys.

    `after`: the key of the last change that is not wanted any more; not with `newest_first`.
    """
    if after is not None:
        window = window._replace(first=after.at)
    for key in _candidates(connection, window, seq, floors, newest_first=newest_first):
        if after is not None and key <= after:
            continue
        found = _changed(connection, key, seq, floors)
        if found is not None and window.kind in (None, kind_of(key, found)):
            yield key, found


def nearest(
    connection: Connection, window: Window, *, seq: int, floors: Floors, newest_first: bool = False
) -> int | None:
    """Return the instant (UTC microseconds) of the first change in a window, or of the last.

    None if there is none. One report after another is looked at: of a day of votes, to find all
    that changed takes a hundred times as long.
    """
    every = _parts(connection, window, seq, most=FEW_REPORTS, newest_first=newest_first)
    for part, took_effect in every:
        lapses = set(_lapses(connection, part, seq, floors))
        instants = {key.at for key in lapses} | {at for at, _ in took_effect}
        for at in sorted(instants, reverse=newest_first):
            told = [[key for key in lapses if key.at == at]]
            places = [place for effect, place in took_effect if effect == at]
            turns = (_turns(connection, part, [place], seq, floors) for place in places)
            for keys in chain(told, turns):
                if any(_changed(connection, key, seq, floors) for key in keys if key.at == at):
                    return at
    return None


def _changed(connection: Connection, key: Key, seq: int, floors: Floors) -> Change | None:
    if key.party:
        pair = Pair(key.party, key.issue)
        return positions.changed_at(connection, pair, key.at, seq=seq, floor=floors.positions)
    return statuses.changed_at(connection, key.issue, key.at, seq=seq, floor=floors.statuses)


def kind_of(key: Key, change: Change) -> str:
    """Return which of KINDS a change is."""
    if not key.party:
        return "status"
    return "position" if change.terms is None else "terms"


def _candidates(
    connection: Connection, window: Window, seq: int, floors: Floors, *, newest_first: bool
) -> Iterator[Key]:
    """Yield every key at which something may have changed, in order, each once."""
    every = _parts(connection, window, seq, most=REPORTS_AT_ONCE, newest_first=newest_first)
    for part, took_effect in every:
        found = set() if part.kind == "status" else set(_lapses(connection, part, seq, floors))
        for places in in_parts([place for _, place in took_effect]):
            found.update(_turns(connection, part, places, seq, floors))
        yield from sorted(found, reverse=newest_first)


def _parts(
    connection: Connection, window: Window, seq: int, *, most: int, newest_first: bool
) -> Iterator[tuple[Window, list[tuple[int, int]]]]:
    """Yield the parts of a window in order, each with (effect, place) of what took effect in it.

    FEW_REPORTS or so in the first, twice as many in each that follows, up to `most`.
    """
    left, count = window, FEW_REPORTS
    while left.first <= left.last:
        took_effect = _taking_effect(connection, left, seq, count, newest_first=newest_first)
        part = left
        if len(took_effect) >= count:
            end = took_effect[-1][0]
            part = left._replace(first=end) if newest_first else left._replace(last=end)
        yield part, took_effect
        if newest_first:
            left = left._replace(last=part.first - 1)
        else:
            left = left._replace(first=part.last + 1)
        count = min(2 * count, most)


def _taking_effect(
    connection: Connection, window: Window, seq: int, count: int, *, newest_first: bool
) -> list[tuple[int, int]]:
    """Return (effect, place) of what may have changed something: see `reports.taking_effect`.

    Of one party on one issue its rows are asked, which an index has in order: to find the
    reports that name both among the many that name either takes a hundred times as long.
    """
    first, last, party, issue, _ = window
    if party is None or issue is None:
        return reports.taking_effect(
            connection,
            first,
            last,
            seq=seq,
            party=party,
            issue=issue,
            count=count,
            newest_first=newest_first,
        )
    rows = positions.positions.c
    asked = {"seq": seq, "party": party, "issue": issue, "first": first, "last": last}
    order = (rows.effective.desc(), rows.place.desc()) if newest_first else _IN_ORDER
    query = _OF_PAIR.order_by(*order).limit(count)
    found = [(row.effective, row.place) for row in connection.execute(query, asked)]
    if len(found) == count:
        end = found[-1][0]
        rest = connection.execute(_OF_PAIR, asked | {"first": end, "last": end})
        found += {(row.effective, row.place) for row in rest} - {*found}
    return found


def _turns(
    connection: Connection, window: Window, places: list[int], seq: int, floors: Floors
) -> Iterator[Key]:
    asked = {"places": places, "seq": seq}
    if window.kind != "status":
        turning = _TERMS_TURN if window.kind == "terms" else _POSITIONS_TURN
        query = _of(turning, positions.positions, window)
        for row in connection.execute(query, asked | {"floor": floors.positions}):
            yield Key(row.effective, row.issue, row.party)
    if window.party is None and window.kind in (None, "status"):
        query = _of(_STATUSES_TURN, statuses.statuses, window)
        for row in connection.execute(query, asked | {"floor": floors.statuses}):
            yield Key(row.effective, row.issue, "")


def _lapses(connection: Connection, window: Window, seq: int, floors: Floors) -> Iterator[Key]:
    asked = {"seq": seq, "floor": floors.positions}
    asked |= {"first": window.first - 1, "last": window.last - 1}
    for row in connection.execute(_of(_LAPSES, positions.positions, window), asked):
        yield Key(row.until_end + 1, row.issue, row.party)


def _of(query: Select[Any], table: Table, window: Window) -> Select[Any]:
    for name in ("party", "issue"):
        if (wanted := getattr(window, name)) is not None and name in table.c:
            query = query.where(table.c[name] == wanted)
    return query


def _turning(table: Table, keys: tuple[str, ...], told: tuple[str, ...]) -> Select[Any]:
    """Return the query of rows at some places that say other words than the row before them."""
    before = table.alias("before")
    words_before = (
        select(_words(before, told))
        .where(
            *(before.c[key] == table.c[key] for key in keys),
            before.c.effective < table.c.effective,
            before.c.strength >= bindparam("floor"),
            believed(before),
        )
        .order_by(*latest_first(before))
        .limit(1)
        .correlate(table)
        .scalar_subquery()
    )
    return select(table.c.effective, *(table.c[key] for key in keys)).where(
        table.c.place.in_(bindparam("places", expanding=True)),
        table.c.strength >= bindparam("floor"),
        believed(table),
        _words(table, told).is_distinct_from(words_before),
    )


def _words(table: Any, told: tuple[str, ...]) -> Any:
    words: Any = literal("")
    for name in told:
        words = words + literal("\x1f") + func.coalesce(cast(table.c[name], String), "")
    return words


_IN_ORDER = (positions.positions.c.effective, positions.positions.c.place)
_OF_PAIR = select(*_IN_ORDER).where(
    positions.positions.c.party == bindparam("party"),
    positions.positions.c.issue == bindparam("issue"),
    positions.positions.c.effective.between(bindparam("first"), bindparam("last")),
    believed(positions.positions),
)
_POSITIONS_TURN = _turning(positions.positions, ("party", "issue"), ("says", *TERMS))
_TERMS_TURN = _turning(positions.positions, ("party", "issue"), TERMS)
_STATUSES_TURN = _turning(statuses.statuses, ("issue",), ("says",))
_LAPSES = select(
    positions.positions.c.until_end, positions.positions.c.party, positions.positions.c.issue
).where(
    positions.positions.c.until_end.between(bindparam("first"), bindparam("last")),
    positions.positions.c.strength >= bindparam("floor"),
    believed(positions.positions),
)
