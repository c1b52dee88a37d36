"""Copying a database event by event, from any kind to any other."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import Engine, Table, delete, inspect, select, tuple_

from events import copying
from events.timeline import Timeline, settings_of
from projections import ledger, merkle, projector
from projections.database import connect, in_parts, insert_all, writing
from projections.ledger import RewrittenError
from projections.reading import reading
from service.access.tables import MOVES
from service.backups import postgresql, sqlite
from service.backups.files import BackupError
from service.opening import Told, initialise
from service.schemas import records
from service.settings import redacted


class Copied(NamedTuple):
    """What a copy came to."""

    events: int  # how many it lacked
    size: int  # how many its ledger has
    root: bytes
    had_a_ledger: bool  # so that the root could be compared


def copy(
    source_url: str,
    target_url: str,
    *,
    with_tokens: bool = True,
    progress: Callable[[int, int], None] | None = None,
    told: Told | None = None,
) -> Copied:
    """Let a database have what another one has: every event, its id and its place in the log.

    What it has must be what the other begins with. Raises OtherLogError where it is not,
    BackupError where there is nothing to copy, DatabaseUrlError, and RewrittenError where the
    copy's ledger is not the source's.
    """
    settings_of(source_url)  # which refuses what is no database of ours
    engine = connect(source_url)
    try:
        must_have_a_log(source_url, engine)
        size, root = _ledger_of(engine)
        kept = _kept_of_clients(engine) if with_tokens else {}  # of no later event than is copied
        initialise(target_url, told)
        count = _copied(source_url, target_url, progress)
        there = connect(target_url)
        try:
            _put(there, kept)
            return _checked(there, count, size, root)
        finally:
            there.dispose()
    finally:
        engine.dispose()


def _copied(source_url: str, target_url: str, progress: Callable[[int, int], None] | None) -> int:
    source = Timeline(source_url, check=records.load)
    target = Timeline(target_url, check=records.load)
    engine = connect(target_url)
    try:
        count = copying.copy(source, target, progress)
        projector.catch_up(engine, target)
        return count
    finally:
        engine.dispose()
        target.close()
        source.close()


def _checked(there: Engine, count: int, size: int | None, root: bytes) -> Copied:
    with reading(there) as connection:
        made = ledger.size_of(connection)
        if size is not None and (made < size or ledger.root_at(connection, size) != root):
            raise RewrittenError(
                "the copied events do not give the root that the ledger of the source has: an "
                "event there was altered, or its ledger was. 'stancelog verify' of the source "
                "names the first one that differs"
            )
        return Copied(count, made, ledger.root_at(connection, made), not made or size is not None)


def must_have_a_log(url: str, engine: Engine) -> None:
    """Raises BackupError where a database has no timeline, of whatever version."""
    file = settings_of(url).get("SQLITE_DBNAME")
    table = sqlite.EVENTS if file else postgresql.EVENTS
    if (file and not Path(file).is_file()) or not inspect(engine).has_table(table):
        raise BackupError(f"there is no timeline in {redacted(url)}")


def _ledger_of(engine: Engine) -> tuple[int | None, bytes]:
    """Return the size and the root of a ledger; None where that version of ours had none."""
    if not inspect(engine).has_table(ledger.ledger.name):
        return None, merkle.EMPTY
    with reading(engine) as connection:
        size = ledger.size_of(connection)
        return size or None, ledger.root_at(connection, size)


def _kept_of_clients(engine: Engine) -> dict[Table, list[Any]]:
    """Return the rows that are of no log: tokens, as hashes, and what clients' keys answered."""
    has_table = inspect(engine).has_table
    with reading(engine) as connection:
        return {
            table: [tuple(row) for row in connection.execute(select(table))]
            for table in MOVES
            if has_table(table.name)
        }


def _put(engine: Engine, kept: dict[Table, list[Any]]) -> None:
    """Add such rows, in the place of those that have their keys."""
    with writing(engine) as connection:
        for table, rows in kept.items():
            key = tuple_(*table.primary_key)  # its columns come first
            size = len(table.primary_key)
            for some in in_parts([row[:size] for row in rows]):
                connection.execute(delete(table).where(key.in_(some)))
            insert_all(connection, table, rows)
