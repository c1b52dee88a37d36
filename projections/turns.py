"""Turns: the instants at which answers change though nothing is recorded.

What was announced takes effect, what was offered until a day lapses.
"""

from typing import NamedTuple

from sqlalchemy import Connection, bindparam, func, select

from events.dates import END_OF_TIME
from projections.positions import positions
from projections.reports import reports

_BEGUN = select(func.max(reports.c.latest)).where(reports.c.latest <= bindparam("now"))
_TO_BEGIN = select(func.min(reports.c.latest)).where(reports.c.latest > bindparam("now"))
_LAPSED = select(func.max(positions.c.until_end)).where(positions.c.until_end < bindparam("now"))
_TO_LAPSE = select(func.min(positions.c.until_end)).where(positions.c.until_end >= bindparam("now"))
_AROUND = select(*(query.scalar_subquery() for query in (_BEGUN, _LAPSED, _TO_BEGIN, _TO_LAPSE)))


class Turns(NamedTuple):
    """Between which two turns an instant is, in UTC microseconds."""

    last: int  # at or before it
    next: int  # after it


def around(connection: Connection, now: int) -> Turns:
    """Return the turns before and after an instant, of whatever was ever recorded."""
    begun, lapsed, to_begin, to_lapse = connection.execute(_AROUND, {"now": now}).one()
    last = max(-END_OF_TIME if begun is None else begun, 0 if lapsed is None else lapsed + 1)
    following = [one for one in (to_begin, None if to_lapse is None else to_lapse + 1) if one]
    return Turns(last, min(following, default=END_OF_TIME))
