"""The catalog: parties and issues as they were known, and every name that looks a party up."""

from collections.abc import Iterable
from typing import Any, NamedTuple

import orjson
from sqlalchemy import BigInteger, Column, Connection, Index, Integer, Table, bindparam, select

from events.parties import names_of
from events.records import Record
from projections.belief import OPEN, believed
from projections.database import Micros, RowId, Text, in_parts, insert_all, metadata
from projections.log import Page
from projections.reading import Prepared


def _versions(name: str) -> Table:
    return Table(
        name,
        metadata,
        Column("id", Text, primary_key=True),
        Column("seq_from", Integer, primary_key=True),
        Column("seq_to", BigInteger, nullable=False),
        Column("recorded_at", Micros, nullable=False),
        Column("recorded_by", Text, nullable=False),
        Column("record", Text, nullable=False),  # JSON
        info={"key": ("id", "seq_from")},
    )


parties = _versions("parties")
issues = _versions("issues")
party_names = Table(
    "party_names",
    metadata,
    Column("id", RowId, primary_key=True),
    Column("name", Text, nullable=False),  # an id, a code or an alias, case folded
    Column("party", Text, nullable=False),
    Column("seq_from", Integer, nullable=False),
    Column("seq_to", BigInteger, nullable=False),
    Index("party_names_by_name", "name"),
    Index("party_names_by_party", "party"),
    info={"key": ("name", "seq_from", "party")},
)

NAME = "catalog"
VERSION = 1
TABLES = (parties, issues, party_names)
VERSIONS = {"party": parties, "issue": issues}


class Version(NamedTuple):
    """A party or an issue as it was known."""

    record: Record
    seq: int
    recorded_at: int
    recorded_by: str


# How events change it

_CLOSE = {
    column.table: column.table.update()
    .where(column == bindparam("key"), column.table.c.seq_to == OPEN)
    .values(seq_to=bindparam("at"))
    for column in (parties.c.id, issues.c.id, party_names.c.party)
}


def apply(connection: Connection, page: Page) -> None:
    """Add versions, each closing the one before it."""
    for entry in page.entries:
        table = VERSIONS.get(entry.type)
        if table is None:
            continue
        key = entry.record["id"]
        connection.execute(_CLOSE[table], {"key": key, "at": entry.seq})
        version = (orjson.dumps(entry.record).decode(),)
        told = (entry.recorded_at, entry.recorded_by)
        insert_all(connection, table, [(key, entry.seq, OPEN, *told, *version)])
        if table is parties:
            connection.execute(_CLOSE[party_names], {"key": key, "at": entry.seq})
            names = names_of(entry.record)
            insert_all(connection, party_names, [(name, key, entry.seq, OPEN) for name in names])


# What can be asked of it

_ONE = {
    kind: select(t.c.record, t.c.seq_from, t.c.recorded_at, t.c.recorded_by).where(
        t.c.id == bindparam("id"), believed(t)
    )
    for kind, t in VERSIONS.items()
}
_AMONG = {
    kind: select(t.c.record, t.c.seq_from, t.c.recorded_at, t.c.recorded_by).where(
        t.c.id.in_(bindparam("ids", expanding=True)), believed(t)
    )
    for kind, t in VERSIONS.items()
}
_EVER = {
    kind: select(t.c.id).where(t.c.id == bindparam("id")).limit(1) for kind, t in VERSIONS.items()
}
_MANY = {
    kind: select(t.c.record, t.c.seq_from, t.c.recorded_at, t.c.recorded_by)
    .where(t.c.id > bindparam("after"), believed(t))
    .order_by(t.c.id)
    .limit(bindparam("count"))
    for kind, t in VERSIONS.items()
}
_NAMED = select(party_names.c.party).where(
    party_names.c.name == bindparam("name"), believed(party_names)
)
_PAIR = Prepared(  # three look-ups, in one statement
    select(
        _NAMED.scalar_subquery().label("party"),
        select(issues.c.id)
        .where(issues.c.id == bindparam("issue"))
        .limit(1)
        .scalar_subquery()
        .label("issue"),
        select(issues.c.record)
        .where(issues.c.id == bindparam("issue"), believed(issues))
        .scalar_subquery()
        .label("record"),
    )
)
_ALL_NAMES = select(party_names.c.name, party_names.c.party).where(believed(party_names))


def version_of(connection: Connection, kind: str, key: str, seq: int) -> Version | None:
    """Return a party or issue (`kind`) by its id, as known at `seq`; None if it was not."""
    row = connection.execute(_ONE[kind], {"id": key, "seq": seq}).one_or_none()
    return _version(row) if row else None


def versions(
    connection: Connection, kind: str, seq: int, *, after: str = "", count: int
) -> list[Version]:
    """Return at most `count` parties or issues by id, as known at `seq`, with ids above `after`."""
    query = {"seq": seq, "after": after, "count": count}
    return [_version(row) for row in connection.execute(_MANY[kind], query)]


def versions_among(
    connection: Connection, kind: str, ids: Iterable[str], seq: int
) -> list[Version]:
    """Return the parties or issues of these ids that were known at `seq`, in any order."""
    return [
        _version(row)
        for part in in_parts(ids)
        for row in connection.execute(_AMONG[kind], {"ids": part, "seq": seq})
    ]


def party_named(connection: Connection, text: str, seq: int) -> str | None:
    """Return the id of the party that an id, code or alias stands for, whatever its case."""
    query = {"name": text.casefold(), "seq": seq}
    return connection.execute(_NAMED, query).scalar()


def pair_named(
    connection: Connection, party: str, issue: str, seq: int
) -> tuple[str | None, str | None, Record | None]:
    """Return the id of the party of that name and of the issue, as far as there are any.

    And the record of the issue. All as known at `seq`, but an issue is found that was opened later.
    """
    row = _PAIR.first(connection, name=party.casefold(), issue=issue, seq=seq)
    return row.party, row.issue, orjson.loads(row.record) if row.record else None


def was_registered(connection: Connection, kind: str, key: str) -> bool:
    """Tell whether a party or issue was ever registered under the id."""
    return connection.execute(_EVER[kind], {"id": key}).scalar() is not None


def seqs_of(connection: Connection, kind: str, seq: int, *, ids: Iterable[str] = ()) -> list[int]:
    """Return the log positions, up to `seq`, of all versions of parties or issues (`kind`).

    Only of those `ids`, where given. In order.
    """
    table = VERSIONS[kind]
    query = select(table.c.seq_from).where(table.c.seq_from <= seq)
    if ids:
        query = query.where(table.c.id.in_(list(ids)))
    return list(connection.scalars(query.order_by(table.c.seq_from)))


def names(connection: Connection, kind: str, seq: int) -> dict[str, str]:
    """Return every text that stands for a party or issue, with its id, as known at `seq`."""
    if kind == "party":
        return {row.name: row.party for row in connection.execute(_ALL_NAMES, {"seq": seq})}
    ids = select(issues.c.id).where(believed(issues))
    return {row.id: row.id for row in connection.execute(ids, {"seq": seq})}


def _version(row: Any) -> Version:
    return Version(orjson.loads(row.record), row.seq_from, row.recorded_at, row.recorded_by)
