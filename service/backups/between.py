"""Copying a database event by event, from any kind to any other."""

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Connection, Engine, delete, inspect, select

from events import copying
from events.timeline import Timeline, settings_of
from projections import ledger, merkle, projector
from projections.database import connect, insert_all, writing
from projections.ledger import RewrittenError
from projections.reading import reading
from service.access.tables import tokens
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
    BackupError where there is nothing to copy, and RewrittenError where the copy's ledger is not
    the source's.
    """
    engine = connect(source_url)
    try:
        must_have_a_log(source_url, engine)
        size, root = _ledger_of(engine)
        initialise(target_url, told)
        count = _copied(source_url, target_url, progress)
        there = connect(target_url)
        try:
            if with_tokens:
                _copy_tokens(engine, there)
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
        return Copied(count, made, ledger.root_at(connection, made), size is not None)


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
        return size, ledger.root_at(connection, size)


def _copy_tokens(source: Engine, target: Engine) -> None:
    """Let tokens open the copy as they open the source: they are kept as hashes."""
    if not inspect(source).has_table(tokens.name):
        return
    with reading(source) as connection:
        rows = [tuple(row) for row in connection.execute(select(tokens))]
    with writing(target) as connection:
        _replace(connection, rows)


def _replace(connection: Connection, rows: list[tuple[object, ...]]) -> None:
    for row in rows:
        connection.execute(delete(tokens).where(tokens.c.id == row[0]))
    insert_all(connection, tokens, rows)
