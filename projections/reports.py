"""Reports: each as it read at every point of the log, and what changed it."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Index,
    Integer,
    Select,
    Table,
    bindparam,
    select,
    text,
    tuple_,
    union_all,
)

from events.dates import bounds_of
from events.records import Record, issues_named, parties_named
from projections.belief import OPEN, believed, close
from projections.database import Micros, Text, in_parts, insert_all, metadata
from projections.log import Entry, Page, log
from projections.reading import Prepared

reports = Table(
    "reports",
    metadata,
    Column("place", Integer, primary_key=True),  # seq of the first recording
    Column("version", Integer, primary_key=True),  # 1, and one more with each amendment
    Column("id", Text, nullable=False),
    Column("seq_from", Integer, nullable=False),
    Column("seq_to", BigInteger, nullable=False),
    Column("recorded_at", Micros, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("summary", Text, nullable=False),
    Column("stands", Boolean, nullable=False),
    Column("earliest", Micros, nullable=False),
    Column("latest", Micros, nullable=False),
    Column("record", Text, nullable=False),  # JSON, the report as it reads
    Column("amendment", Text),  # JSON, the correction, retraction or reinstatement
    Index("reports_by_id", "id", "seq_from"),
    Index("reports_by_latest", "latest", "place"),
    Index(
        "reports_by_amendment",
        "seq_from",
        sqlite_where=text("amendment IS NOT NULL"),
        postgresql_where=text("amendment IS NOT NULL"),
    ),
    info={"key": ("place", "version")},
)

report_subjects = Table(
    "report_subjects",
    metadata,
    Column("kind", Text, primary_key=True),  # party or issue
    Column("subject", Text, primary_key=True),  # its id
    Column("latest", Micros, primary_key=True, autoincrement=False),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, primary_key=True, autoincrement=False),
    info={"key": ("kind", "subject", "latest", "place", "version")},
    sqlite_with_rowid=False,
)
"""Which parties and issues each version of a report names."""

NAME = "reports"
VERSION = 2
TABLES = (reports, report_subjects)


class Version(NamedTuple):
    """A report as it read from one point of the log on."""

    record: Record
    place: int
    version: int
    seq: int  # from which on it reads so
    recorded_at: int
    recorded_by: str
    stands: bool
    earliest: int
    latest: int
    amendment: Record | None


# How events change it


def apply(connection: Connection, page: Page) -> None:
    """Add versions, each closing the one before it."""
    versions: list[tuple[Any, ...]] = []
    subjects: list[tuple[Any, ...]] = []
    for entry in page.entries:
        if entry.report is None:
            continue
        if entry.amends:
            insert_all(connection, reports, versions)
            versions = []
            close(connection, reports, entry)
        versions.append(_version_row(entry, entry.report))
        subjects += _subjects(entry, entry.report)
    insert_all(connection, reports, versions)
    insert_all(connection, report_subjects, subjects)


def _version_row(entry: Entry, report: Record) -> tuple[Any, ...]:
    earliest, latest = bounds_of(report["occurred"])
    return (
        entry.place,
        entry.originator_version,
        report["id"],
        entry.seq,
        OPEN,
        entry.recorded_at,
        entry.recorded_by,
        report["type"],
        report["summary"],
        entry.stands,
        earliest,
        latest,
        orjson.dumps(report).decode(),
        orjson.dumps(entry.record).decode() if entry.amends else None,
    )


def _subjects(entry: Entry, report: Record) -> list[tuple[Any, ...]]:
    latest = bounds_of(report["occurred"]).latest
    where = (latest, entry.place, entry.originator_version)
    named = {"party": parties_named(report), "issue": issues_named(report)}
    return [(kind, name, *where) for kind, names in named.items() for name in names]


# What can be asked of it

_READS = (
    reports.c.record,
    reports.c.place,
    reports.c.version,
    reports.c.seq_from,
    reports.c.recorded_at,
    reports.c.recorded_by,
    reports.c.stands,
    reports.c.earliest,
    reports.c.latest,
    reports.c.amendment,
)
_ONE = select(*_READS).where(reports.c.id == bindparam("id"), believed(reports))
_EVERY_VERSION = (
    select(*_READS)
    .where(reports.c.id == bindparam("id"), reports.c.seq_from <= bindparam("seq"))
    .order_by(reports.c.version)
)
_STANDS_AMONG = (
    reports.c.id.in_(bindparam("ids", expanding=True)) & believed(reports) & reports.c.stands
)
_STANDING_AMONG = select(*_READS).where(_STANDS_AMONG).order_by(reports.c.place)
SUMMARIES = 20
"""Most reports that one look finds the summaries of."""

_SUMMARIES_AMONG = Prepared(
    select(reports.c.id, reports.c.summary).where(
        reports.c.id.in_([bindparam(f"id_{n}") for n in range(SUMMARIES)]),
        believed(reports),
        reports.c.stands,
    )
)
_IDS = select(reports.c.id).where(reports.c.version == 1)


class Filter(NamedTuple):
    """Which reports to list. None: whichever."""

    party: str | None = None
    issue: str | None = None
    type: str | None = None
    from_: int | None = None  # UTC microseconds; what may have happened in the window
    to: int | None = None


class AmendmentFilter(NamedTuple):
    """Which corrections, retractions and reinstatements to list. None: whichever."""

    type: str | None = None
    report: str | None = None
    party: str | None = None  # named by the report before the amendment or after it
    issue: str | None = None


def version_of(connection: Connection, report_id: str, seq: int) -> Version | None:
    """Return a report as it read at `seq`, standing or not; None if it was not recorded."""
    row = connection.execute(_ONE, {"id": report_id, "seq": seq}).one_or_none()
    return _version(row) if row else None


def versions_of(connection: Connection, report_id: str, seq: int) -> list[Version]:
    """Return every version of a report up to `seq`, oldest first; empty if there is none."""
    query = {"id": report_id, "seq": seq}
    return [_version(row) for row in connection.execute(_EVERY_VERSION, query)]


def types_of(connection: Connection, ids: Iterable[str]) -> dict[str, str]:
    """Return the type, statement or meeting, of each of some reports by id."""
    found: dict[str, str] = {}
    for part in in_parts(ids):
        query = select(reports.c.id, reports.c.type).where(
            reports.c.id.in_(part), reports.c.version == 1
        )
        found |= {row.id: row.type for row in connection.execute(query)}
    return found


def versions_at(connection: Connection, recorded: Iterable[tuple[str, int]]) -> dict[int, Version]:
    """Return the versions that began at some (report, seq), by that seq."""
    found: dict[int, Version] = {}
    for part in in_parts(recorded):
        key = tuple_(reports.c.id, reports.c.seq_from)
        rows = connection.execute(select(*_READS).where(key.in_(part)))
        found |= {row.seq_from: _version(row) for row in rows}
    return found


def amendments(
    connection: Connection, wanted: AmendmentFilter, *, below: int, count: int
) -> list[Version]:
    """Return at most `count` versions that amendments made, newest first.

    Of those recorded before the log position `below`.
    """
    query = _amendments(wanted).where(reports.c.seq_from < below).limit(count)
    return [_version(row) for row in connection.execute(query)]


def _amendments(wanted: AmendmentFilter) -> Select[Any]:
    query = select(*_READS).where(reports.c.amendment.is_not(None))
    if wanted.type is not None:
        query = query.join(log, log.c.seq == reports.c.seq_from).where(log.c.type == wanted.type)
    if wanted.report is not None:
        query = query.where(reports.c.id == wanted.report)
    for kind, subject in (("party", wanted.party), ("issue", wanted.issue)):
        if subject is not None:
            query = query.where(_names_before_or_after(kind, subject))
    return query.order_by(reports.c.seq_from.desc())


def _names_before_or_after(kind: str, subject: str) -> ColumnElement[bool]:
    names = report_subjects.c
    of_subject = (names.kind == kind) & (names.subject == subject)
    after = select(names.place, names.version).where(of_subject)
    before = select(names.place, names.version + 1).where(of_subject)
    return tuple_(reports.c.place, reports.c.version).in_(union_all(after, before))


def versions_read(connection: Connection, keys: Iterable[tuple[int, int]]) -> list[Version]:
    """Return the versions of some (place, version), in any order."""
    key = tuple_(reports.c.place, reports.c.version)
    return [
        _version(row)
        for part in in_parts(keys)
        for row in connection.execute(select(*_READS).where(key.in_(part)))
    ]


def versions_before(
    connection: Connection, versions: Iterable[Version]
) -> dict[tuple[int, int], Version]:
    """Return the version before each of some, where there is one, by place and version."""
    found: dict[tuple[int, int], Version] = {}
    for part in in_parts((one.place, one.version - 1) for one in versions):
        key = tuple_(reports.c.place, reports.c.version)
        for row in connection.execute(select(*_READS).where(key.in_(part))):
            found[row.place, row.version] = _version(row)
    return found


def standing(
    connection: Connection,
    wanted: Filter,
    *,
    seq: int,
    after: tuple[int, int] | None = None,
    count: int,
) -> list[Version]:
    """Return at most `count` reports that stood at `seq`, in order of effect, then of place.

    `after`: the effect and place of the report before the first.
    """
    query, latest, place = _naming(select(*_READS), wanted.party, wanted.issue)
    if wanted.type is not None:
        query = query.where(reports.c.type == wanted.type)
    if wanted.from_ is not None:
        query = query.where(latest >= wanted.from_)
    if wanted.to is not None:
        query = query.where(reports.c.earliest <= wanted.to)
    if after is not None:
        query = query.where(tuple_(latest, place) > after)
    query = query.order_by(latest, place).limit(count)
    return [_version(row) for row in connection.execute(query, {"seq": seq})]


def taking_effect(
    connection: Connection,
    first: int,
    last: int,
    *,
    seq: int,
    party: str | None = None,
    issue: str | None = None,
    count: int,
    newest_first: bool = False,
) -> list[tuple[int, int]]:
    """Return (effect, place) of reports that stood at `seq`, in order of effect, then place.

    Those with effect from `first` to `last`, in UTC microseconds, that name the party and the
    issue, where given. At least `count` if there are as many: all of an instant, or none.
    `newest_first`: the last `count` of them, in the reverse order.
    """
    chosen = select(reports.c.latest, reports.c.place)
    query, latest, place = _naming(chosen, party, issue)
    query = query.where(latest >= first, latest <= last)
    order = (latest.desc(), place.desc()) if newest_first else (latest, place)
    some = query.order_by(*order).limit(count)
    found = [(row.latest, row.place) for row in connection.execute(some, {"seq": seq})]
    if len(found) == count:
        end = found[-1]
        is_left = place < end[1] if newest_first else place > end[1]
        rest = query.where(latest == end[0], is_left).order_by(*order)
        found += [(row.latest, row.place) for row in connection.execute(rest, {"seq": seq})]
    return found


def newest(
    connection: Connection,
    *,
    seq: int,
    until: int,
    party: str | None = None,
    issue: str | None = None,
    count: int,
) -> list[Version]:
    """Return at most `count` reports that stood at `seq`, the last to take effect first.

    Of those with effect up to `until`, in UTC microseconds, that name the party and the issue,
    where given.
    """
    query, latest, place = _naming(select(*_READS), party, issue)
    query = query.where(latest <= until).order_by(latest.desc(), place.desc()).limit(count)
    return [_version(row) for row in connection.execute(query, {"seq": seq})]


def instants_of_effect(
    connection: Connection,
    *,
    seq: int,
    party: str | None = None,
    issue: str | None = None,
    count: int,
) -> list[int]:
    """Return the last `count` instants at which a report took effect that stood at `seq`.

    In order, each once, in UTC microseconds. Of reports that name the party and the issue, where
    given.
    """
    query, latest, _ = _naming(select(reports.c.latest), party, issue)
    query = query.with_only_columns(latest).distinct().order_by(latest.desc()).limit(count)
    return sorted(connection.scalars(query, {"seq": seq}))


def _naming(
    query: Select[Any], party: str | None, issue: str | None
) -> tuple[Select[Any], ColumnElement[int], ColumnElement[int]]:
    """Restrict a query to what stood at the parameter `seq` and names a party and an issue.

    Returns it with the columns of effect and place that an index has in that order.
    """
    query = query.where(believed(reports), reports.c.stands)
    latest, place = reports.c.latest, reports.c.place
    for kind, subject in (("party", party), ("issue", issue)):
        if subject is None:
            continue
        names = report_subjects.alias(f"names_{kind}")
        query = query.join(
            names,
            (names.c.place == reports.c.place)
            & (names.c.version == reports.c.version)
            & (names.c.kind == kind)
            & (names.c.subject == subject),
        )
        latest, place = names.c.latest, names.c.place
    return query, latest, place


def standing_among(connection: Connection, ids: list[str], *, seq: int) -> list[Version]:
    """Return the reports of these ids that stood at `seq`, in log order."""
    return [_version(row) for row in connection.execute(_STANDING_AMONG, {"ids": ids, "seq": seq})]


def summaries_among(connection: Connection, ids: list[str], *, seq: int) -> dict[str, str]:
    """Return the summaries of those of these reports that stood at `seq`, by id."""
    found: dict[str, str] = {}
    for start in range(0, len(ids), SUMMARIES):
        part = ids[start : start + SUMMARIES]
        whole = part + part[-1:] * (SUMMARIES - len(part))  # so it is one statement, for any number
        named = {f"id_{n}": key for n, key in enumerate(whole)}
        found |= dict(_SUMMARIES_AMONG.all(connection, **named, seq=seq))
    return found


def ids_like(connection: Connection, start: str, count: int) -> list[str]:
    """Return at most `count` report ids that begin with `start`."""
    query = _IDS.where(reports.c.id.startswith(start, autoescape=True))
    return list(connection.scalars(query.order_by(reports.c.id).limit(count)))


def _version(row: Any) -> Version:
    amendment = orjson.loads(row.amendment) if row.amendment else None
    return Version(
        orjson.loads(row.record),
        row.place,
        row.version,
        row.seq_from,
        row.recorded_at,
        row.recorded_by,
        row.stands,
        row.earliest,
        row.latest,
        amendment,
    )
