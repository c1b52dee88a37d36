"""The newest: reports as they read, those first that were recorded or amended last."""

from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, func, select, union_all

from projections.belief import believed
from projections.log import log
from projections.reports import Version, report_subjects, reports, versions_read


class Subject(NamedTuple):
    """Of which reports: those that name it, or named it before a correction."""

    kind: str  # party or issue
    id: str


class Newest(NamedTuple):
    """One report, and when it was first recorded."""

    version: Version
    first_recorded_at: int


def newest(
    connection: Connection,
    subject: Subject | None,
    *,
    seq: int,
    skip: int = 0,
    count: int,
    type_: str | None = None,
) -> list[Newest]:
    """Return at most `count` reports as they read at `seq`, retracted ones too.

    The last to be recorded or amended first, after `skip` of them.
    """
    keys = _of_subject(subject) if subject else _of_all(skip + count, type_)
    keys = keys.order_by(keys.selected_columns.seq_from.desc()).offset(skip).limit(count)
    if subject and type_:
        keys = keys.where(reports.c.type == type_)
    asked = {"seq": seq} | (subject._asdict() if subject else {})
    found = versions_read(
        connection, [(row.place, row.version) for row in connection.execute(keys, asked)]
    )
    first = _first_recorded_at(connection, [one.place for one in found])
    found.sort(key=lambda one: -one.seq)
    return [Newest(one, first.get(one.place, one.recorded_at)) for one in found]


def number_of(connection: Connection, subject: Subject | None, *, seq: int) -> int:
    """Return how many reports there are in all, retracted ones too."""
    if subject is None:
        query = select(func.count()).where(reports.c.version == 1, reports.c.place <= seq)
        return connection.execute(query).scalar_one()
    query = select(func.count()).select_from(_of_subject(subject).subquery())
    return connection.execute(query, {"seq": seq} | subject._asdict()).scalar_one()


_KEYS = (reports.c.place, reports.c.version, reports.c.seq_from)


def _of_all(count: int, type_: str | None) -> Select[Any]:
    """Return the keys of the newest reports, from two indexes that have them in order."""
    first = select(*_KEYS).where(reports.c.version == 1, believed(reports))
    first = first.order_by(reports.c.place.desc())
    amended = select(*_KEYS).where(reports.c.amendment.is_not(None), believed(reports))
    amended = amended.order_by(reports.c.seq_from.desc())
    if type_:
        first, amended = (one.where(reports.c.type == type_) for one in (first, amended))
    parts = (one.limit(count).subquery() for one in (first, amended))
    both = union_all(*(select(part) for part in parts)).subquery()
    return select(both)


def _of_subject(subject: Subject) -> Select[Any]:
    """Return the keys of the reports that name a subject in some version."""
    names, told = report_subjects, reports.alias("told")
    places = (
        select(names.c.place)
        .join(told, (told.c.place == names.c.place) & (told.c.version == names.c.version))
        .where(
            names.c.kind == bindparam("kind"),
            names.c.subject == bindparam("id"),
            told.c.seq_from <= bindparam("seq"),
        )
    )
    return select(*_KEYS).where(reports.c.place.in_(places), believed(reports))


def _first_recorded_at(connection: Connection, places: list[int]) -> dict[int, int]:
    query = select(log.c.seq, log.c.recorded_at).where(
        log.c.seq.in_(bindparam("seqs", expanding=True))
    )
    return {row.seq: row.recorded_at for row in connection.execute(query, {"seqs": places})}
