"""A SQLite file, the folder that it is in, and the library that reads it."""

import os
import shutil
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from events.timeline import settings_of
from service import settings
from service.doctor.findings import Finding, error, ok, warning

REACHED = "database"
LIBRARY = "SQLite"
FILE = "file"
DISK = "disk"

OLDEST = (3, 35, 0)
"""The first that knows RETURNING."""

GIGABYTE = 2**30


def examined(url: str) -> Iterator[Finding]:
    """Yield what is found."""
    yield from _library()
    file = Path(settings_of(url)["SQLITE_DBNAME"]).absolute()
    if there_is_none := _why_none(file):
        yield there_is_none
        return
    yield from _disk(file)
    yield from _permissions(file)
    yield from _opened(file)


def _why_none(file: Path) -> Finding | None:
    """Return why there is no such file that could be looked at."""
    setting = settings.database_url.name
    try:
        if not file.parent.is_dir():
            mend = f"mkdir -p {file.parent}, or name another file in {setting}"
            return error(REACHED, f"there is no folder {file.parent}", mend)
        if file.is_dir():
            return error(REACHED, f"{file} is a folder", f"name a file in it in {setting}")
        if not file.exists():
            mend = (
                f"'stancelog init' makes one there; if there should be one, {setting} names another"
            )
            return error(REACHED, f"there is no file {file}", mend)
    except PermissionError:
        mend = "run as the user that the server runs as, or let this user enter that folder"
        return error(REACHED, f"this user may not look into {file.parent}", mend)
    return None


def _library() -> Iterator[Finding]:
    version = sqlite3.sqlite_version
    mend = "use a Python whose sqlite3 module has a newer SQLite, with FTS5"
    with closing(sqlite3.connect(":memory:")) as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    if sqlite3.sqlite_version_info < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        yield error(LIBRARY, f"its version is {version}: {oldest} at least is needed", mend)
    elif "ENABLE_FTS5" not in options:
        yield error(LIBRARY, f"{version} has no FTS5, which search needs", mend)
    else:
        yield ok(LIBRARY, f"{version}, with FTS5")


def _disk(file: Path) -> Iterator[Finding]:
    free = shutil.disk_usage(file.parent).free
    size = file.stat().st_size if file.exists() else 0
    said = f"{free / GIGABYTE:.1f} GB are free in {file.parent}"
    if free < GIGABYTE / 10:
        yield error(DISK, f"{said}: writes are about to fail", "make room")
    elif free < max(size, GIGABYTE):
        mend = "make room: a rebuild needs as much as the database has now, for a while"
        yield warning(DISK, said, mend)
    else:
        yield ok(DISK, said)


def _permissions(file: Path) -> Iterator[Finding]:
    if not os.access(file, os.R_OK | os.W_OK):
        mend = f"run as its owner ({_owner(file)}), or let this user read and write it"
        yield error(FILE, f"{file} cannot be read and written by this user", mend)
    elif not os.access(file.parent, os.W_OK | os.X_OK):
        mend = f"let this user write in {file.parent}"
        yield error(FILE, "SQLite cannot make the files that it needs beside it", mend)
    elif stat.S_IMODE(file.stat().st_mode) & stat.S_IWOTH:
        yield warning(FILE, f"every user of this machine may change {file}", f"chmod o-w {file}")
    else:
        yield ok(FILE, f"{file} can be read and written")


def _owner(file: Path) -> str:
    try:
        return file.owner()
    except KeyError:
        return str(file.stat().st_uid)


def _opened(file: Path) -> Iterator[Finding]:
    name = f"file:{quote(str(file))}?mode=ro"
    try:
        with closing(sqlite3.connect(name, uri=True, timeout=5)) as connection:
            ((mode,),) = connection.execute("PRAGMA journal_mode")
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
    except sqlite3.DatabaseError as told:
        mend = "restore it from a backup, or name the right file"
        if isinstance(told, sqlite3.OperationalError):
            mend = "see who has it open ('fuser'), and whether this user may read it"
        yield error(REACHED, f"{file}: {told}", mend)
        return
    if mode == "wal":
        yield ok(REACHED, f"{file} answers, in WAL mode")
    else:
        mend = f"with no server running: sqlite3 {file} 'PRAGMA journal_mode=WAL'"
        yield warning(REACHED, f"its journal mode is {mode}: readers and writers wait", mend)
