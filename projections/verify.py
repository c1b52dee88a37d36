"""Proof that the read models say what the log says: rebuilt aside, and compared row for row."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Table, select

from events.timeline import Timeline
from projections.database import RowId, connect, metadata, writing
from projections.log import START
from projections.projector import PROJECTIONS, Progress, checkpoint, head_of, replay
from projections.reading import reading

TABLES = (checkpoint, *(table for projection in PROJECTIONS for table in projection.TABLES))


class Difference(NamedTuple):
    """A row that is not as the log has it. None: there is no such row."""

    table: str
    key: dict[str, Any]
    live: dict[str, Any] | None
    rebuilt: dict[str, Any] | None


def differences(
    engine: Engine, timeline: Timeline, progress: Progress | None = None
) -> Iterator[Difference]:
    """Yield every row of the live read models that a rebuild would not give, and the reverse.

    The live tables are read in one state, the log up to where that state is. The rebuild is
    made in a temporary SQLite file, whatever the database, without the events that a read model
    fails on.
    """
    with tempfile.TemporaryDirectory(prefix="stancelog-verify-") as folder:
        aside = connect(f"sqlite:///{Path(folder) / 'aside.db'}")
        try:
            with reading(engine) as live:
                head = head_of(live)
                with writing(aside) as rebuilt:
                    metadata.create_all(rebuilt)
                    last = START
                    for last in replay(rebuilt, timeline, START, head.position, spare=True):
                        if progress:
                            progress(last.position, head.position)
                    rebuilt.execute(checkpoint.insert().values(id=1, **last._asdict()))
                with reading(aside) as rebuilt:
                    for table in TABLES:
                        yield from _compare(table, live, rebuilt)
        finally:
            aside.dispose()


def _compare(table: Table, live: Connection, rebuilt: Connection) -> Iterator[Difference]:
    """Walk both sides in the order of the key, side by side."""
    key = table.info["key"]
    ours, theirs = _rows(table, live), _rows(table, rebuilt)
    one, other = next(ours, None), next(theirs, None)
    while one is not None or other is not None:
        at, there = _key(one, key), _key(other, key)
        if other is None or (one is not None and at < there):
            yield Difference(table.name, dict(zip(key, at, strict=True)), one, None)
            one = next(ours, None)
        elif one is None or there < at:
            yield Difference(table.name, dict(zip(key, there, strict=True)), None, other)
            other = next(theirs, None)
        else:
            if one != other:
                yield Difference(table.name, dict(zip(key, at, strict=True)), one, other)
            one, other = next(ours, None), next(theirs, None)


def _key(row: dict[str, Any] | None, key: tuple[str, ...]) -> tuple[Any, ...]:
    return tuple(row[name] for name in key) if row else ()


def _rows(table: Table, connection: Connection) -> Iterator[dict[str, Any]]:
    columns = [
        column
        for column in table.columns
        if column.type is not RowId and not column.info.get("upkeep")
    ]
    query = select(*columns).order_by(*(table.c[name] for name in table.info["key"]))
    streamed = connection.execution_options(yield_per=1000).execute(query)
    for row in streamed:
        yield dict(row._mapping)  # noqa: SLF001
