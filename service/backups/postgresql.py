"""Backups of PostgreSQL: made and put back by its own `pg_dump` and `pg_restore`."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import psycopg

from events.timeline import settings_of
from service.backups.files import BackupError

EVENTS = "timeline_events"
"""The table of the log."""

EVERYTHING_OF_OURS = ("--no-owner", "--no-acl")
"""A dump names no roles: it goes into a database of whoever restores it."""

_VARIABLES = {
    "PGHOST": "POSTGRES_HOST",
    "PGPORT": "POSTGRES_PORT",
    "PGUSER": "POSTGRES_USER",
    "PGPASSWORD": "POSTGRES_PASSWORD",
    "PGDATABASE": "POSTGRES_DBNAME",
}
_BEGIN = re.compile(r"COPY (?:\w+\.)?(\w+) \((.*)\) FROM stdin;\n")
_DATA = re.compile(rf" TABLE DATA \S+ {EVENTS} ")  # not its schema alone
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_OCTET = re.compile(rb"\\(\\|[0-7]{3})")
_CHARACTERS = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


class Row(NamedTuple):
    """One row of a dump, its values as text."""

    table: str
    values: dict[str, str | None]


def dump(url: str, path: Path) -> None:
    """Write all of a database into a file, as it is at one moment, while others write.

    Raises BackupError.
    """
    words = ("--format=custom", *EVERYTHING_OF_OURS, f"--file={path}")
    _run("pg_dump", *words, to=url)


def restore(url: str, path: Path) -> None:
    """Put a dump into a database that is empty: all of it or nothing. Raises BackupError."""
    once = ("--single-transaction", "--exit-on-error")
    name = settings_of(url)["POSTGRES_DBNAME"]
    _run("pg_restore", *once, *EVERYTHING_OF_OURS, f"--dbname={name}", str(path), to=url)


def must_be_whole(path: Path) -> None:
    """Let pg_restore read every byte of a dump, which must be one of ours. Raises BackupError."""
    if not _DATA.search(_run("pg_restore", "--list", str(path))):
        raise BackupError("there is no timeline in it")
    _run("pg_restore", f"--file={os.devnull}", str(path))


def must_be_empty(url: str) -> None:
    """Raises BackupError where a database has any table, and psycopg.Error where there is none."""
    settings = settings_of(url)
    to = {name.removeprefix("PG").lower(): settings[ours] for name, ours in _VARIABLES.items()}
    to["dbname"] = to.pop("database")
    with psycopg.connect(**to) as connection:  # type: ignore[arg-type]
        found = connection.execute(
            "SELECT relname FROM pg_class JOIN pg_namespace space ON space.oid = relnamespace "
            "WHERE relkind IN ('r', 'p', 'v', 'm', 'S') AND nspname !~ '^pg_' "
            "AND nspname <> 'information_schema' ORDER BY relname LIMIT 1"
        ).fetchone()
    if found:
        name = to["dbname"]
        raise BackupError(
            f"the database {name} is not empty: it has {found[0]}. Restore into one that is: "
            f"'createdb {name}_restored' makes one"
        )


def rows_of(path: Path, *tables: str) -> Iterator[Row]:
    """Yield the rows that a dump has of some tables, in no order. Raises BackupError."""
    words = [_program("pg_restore"), "--data-only", "--file=-"]
    words += [f"--table={name}" for name in tables]
    with subprocess.Popen([*words, str(path)], stdout=subprocess.PIPE, encoding="utf-8") as process:  # noqa: S603
        assert process.stdout
        table, columns = "", []
        for line in process.stdout:
            if begin := _BEGIN.fullmatch(line):
                table, columns = begin[1], [one.strip(' "') for one in begin[2].split(",")]
            elif line == "\\.\n":
                table = ""
            elif table:
                values = map(_value, line.removesuffix("\n").split("\t"))
                yield Row(table, dict(zip(columns, values, strict=True)))
    if process.returncode:
        raise BackupError(f"{path} cannot be read by pg_restore, which ended with an error")


def bytes_of(text: str) -> bytes:
    """Return what a bytea is, in whichever form `bytea_output` had it written."""
    if text.startswith("\\x"):
        return bytes.fromhex(text[2:])
    return _OCTET.sub(lambda found: _octet(found[1]), text.encode())


def _octet(text: bytes) -> bytes:
    return text if text == b"\\" else bytes([int(text, 8)])


def _value(text: str) -> str | None:
    """Return what a field of COPY stands for."""
    if text == "\\N":
        return None
    return _ESCAPED.sub(lambda found: _CHARACTERS.get(found[1], found[1]), text)


def _run(program: str, *words: str, to: str | None = None) -> str:
    """Run one of PostgreSQL's programs to its end, and return what it says.

    The password is in no list of processes.
    """
    environment = dict(os.environ)
    if to:
        settings = settings_of(to)
        environment |= {
            name: value for name, ours in _VARIABLES.items() if (value := settings[ours])
        }
        environment["PGOPTIONS"] = f"{os.environ.get('PGOPTIONS', '')} -c bytea_output=hex"
    command = [_program(program), *words]
    done = subprocess.run(  # noqa: S603
        command, env=environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"it ended with status {done.returncode}"
        hint = f". {program} must be of the server's version or newer" if "version" in said else ""
        raise BackupError(f"{program} failed: {said}{hint}")
    return done.stdout


def _program(name: str) -> str:
    """Return where one of PostgreSQL's programs is. Raises BackupError."""
    if found := shutil.which(name):
        return found
    raise BackupError(
        f"there is no {name} on the PATH. PostgreSQL's client programs have it: "
        "'apt-get install postgresql-client', of the server's version or newer"
    )
