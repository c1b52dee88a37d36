"""The database of the read models: SQLite or PostgreSQL, named by one URL."""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from functools import partial
from itertools import islice
from typing import Any, TypeVar

import psycopg
from sqlalchemy import (
    BigInteger,
    Connection,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    exc,
    make_url,
)

from projections.aside import OPTION, Aside, let_work_aside, named

T = TypeVar("T")

metadata = MetaData()

Text = String().with_variant(String(collation="C"), "postgresql")
"""Text that sorts by code point on every database."""

Micros = BigInteger()
"""UTC microseconds since 1970."""

RowId = BigInteger().with_variant(Integer(), "sqlite")
"""A key that means nothing outside its table."""

LOCK_TIMEOUT = 30
"""Seconds that a transaction waits for another one's lock, and a reader for a connection."""

CONNECT_TIMEOUT = 5
"""Seconds until a PostgreSQL server that does not answer is out of reach."""

Trouble = (
    exc.OperationalError,
    exc.InterfaceError,
    exc.ProgrammingError,
    exc.TimeoutError,
    sqlite3.OperationalError,
    sqlite3.ProgrammingError,
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.ProgrammingError,
)
"""What says that the database does not do its part, rather than that a value does not fit."""

PARAMETERS = 400
"""Most values in one IN list."""


QUERY_TIMEOUT = "query_timeout"
"""The option of an engine that says for how many seconds a reading may go on; none: for ever."""


def connect(
    url: str, lock_timeout: int = LOCK_TIMEOUT, query_timeout: float | None = None
) -> Engine:
    """Return an engine for sqlite:///FILE or postgresql://…, opening nothing yet.

    Both in seconds: `lock_timeout` that a lock is waited for, `query_timeout` that a reading may
    go on.
    """
    parsed = make_url(url.replace("postgres://", "postgresql://", 1))
    if parsed.get_backend_name() == "postgresql":
        engine = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": CONNECT_TIMEOUT},
            pool_pre_ping=True,
            pool_timeout=lock_timeout,
            execution_options={QUERY_TIMEOUT: query_timeout},
            hide_parameters=True,  # errors go into logs: those are not to say what was asked
        )
        event.listen(engine, "connect", partial(_open_postgresql, lock_timeout))
    else:
        engine = create_engine(
            parsed,
            connect_args={"timeout": lock_timeout},
            pool_timeout=lock_timeout,
            execution_options={QUERY_TIMEOUT: query_timeout},
            hide_parameters=True,  # errors go into logs: those are not to say what was asked
        )
        event.listen(engine, "connect", _open_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    let_work_aside(engine)
    return engine


def _open_postgresql(lock_timeout: int, connection: Any, _: Any) -> None:
    connection.autocommit = True  # a setting goes with the transaction that is rolled back
    connection.execute(f"SET lock_timeout = '{lock_timeout}s'")
    connection.autocommit = False


def _open_sqlite(connection: Any, _: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    # The log has put the file into WAL mode, for good, when it was created.
    # Read models can be rebuilt; the log syncs every commit on connections of its own.
    connection.execute("PRAGMA synchronous=NORMAL")
    # Importing the UN set, 1.12 million positions, took 58 s with SQLite's own 2 MB of cache
    # and a checkpoint every 4 MB, and 44 s with these (12 s of system time became 3.5).
    connection.execute("PRAGMA cache_size=-65536")  # KiB
    connection.execute("PRAGMA wal_autocheckpoint=8192")  # pages of 4 KiB


def _begin_sqlite(connection: Connection) -> None:
    # A deferred transaction that reads, then writes, fails at once when another one wrote
    # in between, whatever the timeout. So one that will write says so first.
    options = connection.get_execution_options()
    if not options.get("has_begun"):
        driver(connection).execute("BEGIN IMMEDIATE" if options.get("will_write") else "BEGIN")


def driver(connection: Connection) -> Any:
    """Return the driver's own connection, for what is done too often to go through SQLAlchemy."""
    return connection.connection.dbapi_connection


@contextmanager
def writing(engine: Engine, aside: Aside | None = None) -> Iterator[Connection]:
    """Give a connection whose changes are committed together, or not at all.

    `aside`: work on these tables instead of the live ones.
    """
    with engine.execution_options(will_write=True, **{OPTION: aside}).begin() as connection:
        yield connection


def in_parts(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield the values in lists that are short enough for one statement's IN."""
    rest = iter(values)
    while part := list(islice(rest, PARAMETERS)):
        yield part


@contextmanager
def at_once(connection: Connection) -> Iterator[None]:
    """Send PostgreSQL the changes of a block together: they take one round trip, not one each.

    For few changes: it waits for ever where one of them has 1 MB (see events/postgres.py).
    """
    with nullcontext() if connection.dialect.name == "sqlite" else driver(connection).pipeline():
        yield


def insert_all(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows in bulk: values in the order of the table's columns, without a `RowId`."""
    if not rows:
        return
    own = driver(connection)
    columns = [column.name for column in table.columns if column.type is not RowId]
    into = f"{named(connection, table)} ({', '.join(columns)})"
    if connection.dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        own.executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # noqa: S608
    elif own.pgconn.pipeline_status:  # COPY would take it out of its pipeline
        marks = ", ".join(["%s"] * len(columns))
        own.cursor().executemany(f"INSERT INTO {into} VALUES ({marks})", rows)  # noqa: S608
    else:
        with own.cursor().copy(f"COPY {into} FROM STDIN") as copy:
            for row in rows:
                copy.write_row(row)


def insert_new(connection: Connection, table: Table, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert those rows that are not there yet."""
    if not rows:
        return
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(table.columns))
    insert = f"INSERT INTO {named(connection, table)} VALUES ({marks}) ON CONFLICT DO NOTHING"  # noqa: S608
    driver(connection).cursor().executemany(insert, rows)
