"""Making a backup, and making a database of one."""

from collections.abc import Callable, Iterable
from pathlib import Path

from sqlalchemy import inspect

from events.timeline import settings_of
from projections.database import connect, writing
from projections.ledger import RewrittenError
from projections.tampering import Walk
from service.access.tables import sessions
from service.backups import between, postgresql, sqlite
from service.backups.asides import aside
from service.backups.checking import walked
from service.backups.files import BackupError, Kind, kind_of, put_in_place, usual_mode
from service.opening import Told, initialise

Progress = Callable[[int, int], None]


def back_up(
    url: str, path: Path, *, replace: bool, check: bool, progress: Progress | None = None
) -> Walk | None:
    """Write all of a database, as it is at one moment, into a file that only its owner reads.

    Others may write meanwhile. Returns the ledger as it was found in the backup; None where it
    was not checked, or there is none. After an error there is no file. Raises BackupError and
    RewrittenError.
    """
    database = file_of(url)
    if database and path.exists() and database.exists() and path.samefile(database):
        raise BackupError(f"{path} is the database itself: give the name of another file")
    engine = connect(url)
    try:
        between.must_have_a_log(url, engine)
    finally:
        engine.dispose()
    with put_in_place(path, replace=replace) as part:
        if database:
            sqlite.copy(database, part, progress)
        else:
            postgresql.dump(url, part)
        found = checked(part) if check else None
        if database:
            sqlite.finish(part)
    return found


def checked(path: Path, *, sizes: Iterable[int] = ()) -> Walk | None:
    """Read every byte of a backup, and compare every event with the ledger in it.

    Returns that ledger, with the roots at some `sizes`; None where there is none. Raises
    BackupError, and RewrittenError at the first event that is not as it was recorded.
    """
    with aside(path) as url:
        found = walked(url, sizes=sizes)
    if found and found.tampered:
        raise RewrittenError(f"the log was tampered with: {found.tampered}")
    return found


def restore(
    path: Path,
    url: str,
    *,
    check: Callable[[str], None],
    told: Told | None = None,
) -> None:
    """Make a database of a backup, and upgrade it to this version. `check` is told its URL.

    A file appears once all of that is done. Sessions have ended. Raises BackupError where
    something is there already.
    """
    kind, database = kind_of(path), file_of(url)
    if database is None:
        postgresql.must_be_empty(url)
        _fill(path, kind, url, told)
        check(url)
        return
    with put_in_place(database, mode=usual_mode()) as part:
        part_url = f"sqlite:///{part}"
        _fill(path, kind, part_url, told)
        check(part_url)
        sqlite.finish(part)


def _fill(path: Path, kind: Kind, url: str, told: Told | None) -> None:
    part = file_of(url)
    if kind is Kind.SQLITE and part:
        sqlite.copy_backup(path, part)
    elif kind is Kind.POSTGRESQL and not part:
        postgresql.must_be_whole(path)
        postgresql.restore(url, path)
    else:
        with aside(path) as source:
            between.copy(source, url, told=told)
    _end_sessions(url)
    initialise(url, told)


def _end_sessions(url: str) -> None:
    """Let nobody be signed in by what a backup remembers."""
    engine = connect(url)
    try:
        if inspect(engine).has_table(sessions.name):
            with writing(engine) as connection:
                connection.execute(sessions.delete())
    finally:
        engine.dispose()


def file_of(url: str) -> Path | None:
    """Return the file of a SQLite database, None for one of PostgreSQL. Raises DatabaseUrlError."""
    name = settings_of(url).get("SQLITE_DBNAME")
    return Path(name) if name else None
