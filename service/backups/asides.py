"""What a backup holds, in a temporary SQLite database, so that it can be read and checked."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from sqlalchemy import LargeBinary, Table

from projections.ledger import ledger
from service.access.tables import MOVES
from service.backups import postgresql, sqlite
from service.backups.files import Kind, kind_of
from service.opening import initialise

_EVENT = "INSERT INTO stored_events (rowid, originator_id, originator_version, topic, state)"


@contextmanager
def aside(path: Path) -> Iterator[str]:
    """Give the URL of a database with the events, the ledger and what is kept of clients.

    The backup is left as it is. Raises BackupError where it is none, or damaged.
    """
    kind = kind_of(path)
    with TemporaryDirectory(prefix="stancelog-backup-") as folder:
        file = Path(folder) / "aside.db"
        url = f"sqlite:///{file}"
        if kind is Kind.SQLITE:
            sqlite.copy_backup(path, file)
        else:
            postgresql.must_be_whole(path)
            initialise(url)
            with closing(sqlite3.connect(file)) as connection, connection:
                _fill(connection, path)
        yield url


def _fill(connection: sqlite3.Connection, path: Path) -> None:
    binary = {table.name: _binary(table) for table in (ledger, *MOVES)}
    for table, values in postgresql.rows_of(path, postgresql.EVENTS, *binary):
        if table == postgresql.EVENTS:
            into = _EVENT
            row: tuple[object, ...] = (
                int(values["notification_id"] or 0),
                UUID(values["originator_id"]).hex,
                int(values["originator_version"] or 0),
                values["topic"],
                _bytes(values["state"]),
            )
        else:
            into = f"INSERT INTO {table} ({', '.join(values)})"
            row = tuple(
                _bytes(one) if name in binary[table] else one for name, one in values.items()
            )
        marks = ", ".join("?" * len(row))
        connection.execute(f"{into} VALUES ({marks})", row)


def _binary(table: Table) -> set[str]:
    return {one.name for one in table.columns if isinstance(one.type, LargeBinary)}


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else postgresql.bytes_of(text)
