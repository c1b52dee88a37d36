"""Copies of SQLite databases, made by its backup API while others write.

Never `VACUUM INTO`: it may give the events other ids, as those are rowids.
"""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from service.backups.files import BackupError

EVENTS = "stored_events"
"""The table of the log."""

PAGES = 4096
"""Pages that are copied between two reports of how far it is."""


def copy(source: Path, target: Path, progress: Callable[[int, int], None] | None = None) -> None:
    """Copy one state of a database into an empty file, which then needs none beside it.

    `progress` is told how many pages are left, and of how many. Raises BackupError.
    """

    def told(_: int, left: int, total: int) -> None:
        if progress:
            progress(left, total)

    with closing(_opened(source)) as ours, closing(sqlite3.connect(target)) as theirs:
        ours.execute("BEGIN")
        _must_be_ours(ours)
        # That has fixed the state that is seen: without it, each write by others would begin
        # the copy anew. It keeps none of them waiting.
        ours.backup(theirs, pages=PAGES, progress=told)
    finish(target)


def copy_backup(path: Path, target: Path) -> None:
    """Copy a backup into a file, and let SQLite check the copy. Raises BackupError."""
    beside = path.with_name(f"{path.name}-wal")
    if beside.exists() and beside.stat().st_size:
        raise BackupError(
            f"{path} is a database in use, and part of it is in {beside}: "
            f"'stancelog --database sqlite:///{path} backup FILE' makes a backup of it"
        )
    shutil.copyfile(path, target)
    must_be_whole(target)


def finish(path: Path) -> None:
    """Bring into a database all that is beside it. It stays in WAL mode, as servers need it."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def must_be_whole(path: Path) -> None:
    """Let SQLite check every page, index and row. Raises BackupError."""
    try:
        with closing(_opened(path)) as connection:
            found = [row[0] for row in connection.execute("PRAGMA integrity_check(3)")]
            _must_be_ours(connection)
    except sqlite3.DatabaseError as error:
        found = [str(error)]
    if found != ["ok"]:
        raise BackupError(f"it is damaged: {' '.join('; '.join(found).split())}")


def _must_be_ours(connection: sqlite3.Connection) -> None:
    query = "SELECT 1 FROM sqlite_master WHERE name = ?"
    if not connection.execute(query, (EVENTS,)).fetchall():
        raise BackupError("there is no timeline in it")


def _opened(path: Path) -> sqlite3.Connection:
    if not path.exists():
        raise BackupError(f"there is no file {path}")
    name = quote(str(path.resolve()))
    return sqlite3.connect(f"file:{name}?mode=rw", uri=True, isolation_level=None)
