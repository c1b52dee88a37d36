"""Files that are there whole or not at all, and what their first bytes say they are."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from uuid import uuid4

BESIDE = ("", "-wal", "-shm", "-journal")
"""What SQLite may have beside a database."""

PRIVATE = 0o600


class BackupError(Exception):
    """A file is no backup, or cannot become one, and why."""


class Kind(Enum):
    """Whose backup a file is, by its first bytes."""

    SQLITE = b"SQLite format 3\0"
    POSTGRESQL = b"PGDMP"


def kind_of(path: Path) -> Kind:
    """Tell whose backup a file is. Raises BackupError, OSError."""
    with path.open("rb") as file:
        start = file.read(16)
    for kind in Kind:
        if start.startswith(kind.value):
            return kind
    raise BackupError(
        f"{path} is no backup: neither a SQLite database nor what 'pg_dump --format=custom' "
        "writes. Records as NDJSON go in with 'stancelog import --keep-recorded-at'"
    )


@contextmanager
def put_in_place(path: Path, *, replace: bool = False, mode: int = PRIVATE) -> Iterator[Path]:
    """Give the path of an empty file beside `path`, which takes its name once it is written.

    After an error there is nothing. Raises FileExistsError unless `replace`, and BackupError
    where something else stands in the way.
    """
    _must_be_free(path, replace=replace)
    part = path.with_name(f".{path.name[:100]}.{uuid4().hex}")
    try:
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        yield part
        _sync(part)
        _take_name(part, path, replace=replace)
        _sync(path.parent)
    finally:
        for ending in BESIDE:
            part.with_name(part.name + ending).unlink(missing_ok=True)


def _must_be_free(path: Path, *, replace: bool) -> None:
    if path.is_dir():
        raise BackupError(f"{path} is a folder: give the name of a file")
    if os.path.lexists(path) and not replace:
        raise FileExistsError(f"{path} is there already, and was left as it is")
    if path.exists() and not path.is_file():  # a device, say, which a rename would replace too
        raise BackupError(f"{path} is no file: give the name of one")
    for ending in BESIDE[1:]:  # which SQLite would take for a part of the new file
        if (left := path.with_name(path.name + ending)).exists():
            raise BackupError(f"{left} is left of another database there: move it away first")


def _take_name(part: Path, path: Path, *, replace: bool) -> None:
    if replace:
        part.replace(path)
        return
    try:
        path.hardlink_to(part)  # which never replaces a file, as a rename does
    except FileExistsError:
        raise
    except OSError:  # no such links here: FAT, some shares
        _must_be_free(path, replace=False)
        part.replace(path)


def _sync(path: Path) -> None:
    """Wait until a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def usual_mode() -> int:
    """Return the mode that new files have here."""
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask
