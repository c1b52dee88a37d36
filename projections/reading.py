"""How read models are asked: connections that see one state, and queries compiled once."""

import sqlite3
from collections import deque, namedtuple
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from threading import BoundedSemaphore, Lock
from typing import Any
from weakref import WeakKeyDictionary

import psycopg
from psycopg.errors import LockNotAvailable
from sqlalchemy import Connection, Engine, Select, event, exc

from projections.database import driver

MOST_READERS = 15
"""Connections of one process to a database at once that read it."""

BEGIN = {
    "sqlite": "BEGIN",
    # The lock comes before the first look, which is what fixes the state that is seen: so no
    # rebuild puts other tables in place between two looks. It keeps no writer waiting.
    "postgresql": "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; "
    "LOCK TABLE checkpoint IN ACCESS SHARE MODE",
}

_UNSOUND = (
    exc.SQLAlchemyError,
    sqlite3.Error,
    psycopg.Error,
    GeneratorExit,
    KeyboardInterrupt,
    SystemExit,
)
"""After these a connection is in no state to go on with. It is after a question was refused."""


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one state of the read models, all of one generation."""
    with begun(engine, BEGIN[engine.dialect.name]) as (connection, _):
        yield connection


@contextmanager
def begun(engine: Engine, begin: str) -> Iterator[tuple[Connection, Any]]:
    """Give a connection in a transaction, with the driver's cursor of what began it.

    The transaction is committed, or taken back after an error.
    """
    with _kept_for(engine, begin).one(engine) as both:
        yield both


class Prepared:
    """A query that is compiled once for each kind of database, and run by the driver itself.

    For what every question asks: of the 120 us that one of them takes on SQLite when SQLAlchemy
    runs it, 100 are spent around the statement. Values come as the driver has them: on SQLite
    a Boolean is 0 or 1.
    """

    def __init__(self, query: Select[Any]) -> None:
        self.query = query
        row: Any = namedtuple("row", query.selected_columns.keys())  # type: ignore[misc]
        self._named = row._make
        self._compiled: dict[str, tuple[str, Sequence[str] | None, dict[str, Any]]] = {}

    def all(self, connection: Connection, **values: Any) -> list[Any]:
        """Return all rows, with the columns as attributes."""
        return [*map(self._named, self._cursor(connection, values).fetchall())]

    def first(self, connection: Connection, **values: Any) -> Any:
        """Return the first row, None if there is none."""
        row = self._cursor(connection, values).fetchone()
        return row and self._named(row)

    def in_parts(self, connection: Connection, count: int, **values: Any) -> Iterator[Any]:
        """Yield all rows, reading `count` at a time."""
        cursor = self._cursor(connection, values)
        while some := cursor.fetchmany(count):
            yield from map(self._named, some)

    def _cursor(self, connection: Connection, values: dict[str, Any]) -> Any:
        kind = connection.dialect.name
        if kind not in self._compiled:
            compiled = self.query.compile(dialect=connection.dialect)
            binds = compiled.binds.items()
            literals = {name: bind.value for name, bind in binds if not bind.required}
            order = getattr(compiled, "positiontup", None)
            self._compiled[kind] = str(compiled), order, literals
        statement, order, literals = self._compiled[kind]
        given: Any = literals | values
        return driver(connection).execute(
            statement, given if order is None else [given[name] for name in order]
        )


def first_of(connection: Connection, statement: str) -> Any:
    """Return the first row of a statement, None if there is none."""
    return driver(connection).execute(statement).fetchone()


class _Kept:
    """Connections for transactions that begin alike, kept between these as they are.

    Of the 190 us that a reading took around its statements on SQLite, 160 were spent on taking
    a connection out of SQLAlchemy's pool, and on putting it back. On PostgreSQL that pool asks
    a connection whether it lives, which is a round trip; here it is the beginning that tells.
    """

    def __init__(self, engine: Engine, begin: str) -> None:
        self._idle: deque[Connection] = deque()
        self._room = BoundedSemaphore(MOST_READERS)
        pool: Any = engine.pool
        self._timeout: float = pool.timeout()  # as long as others wait for a connection
        self._begin = begin
        event.listen(engine, "engine_disposed", self._close)

    @contextmanager
    def one(self, engine: Engine) -> Iterator[tuple[Connection, Any]]:
        """Give one of them, in a transaction, with the cursor of what began it."""
        if not self._room.acquire(timeout=self._timeout):
            raise exc.TimeoutError(f"no connection was free for {self._timeout} s")
        try:
            connection, cursor = self._begun(engine)
            try:
                yield connection, cursor
                driver(connection).execute("COMMIT")
            except BaseException as error:
                if isinstance(error, _UNSOUND) or not _is_taken_back(connection):
                    _discard(connection)  # whatever state it is in
                else:
                    self._idle.append(connection)
                raise
            self._idle.append(connection)
        finally:
            self._room.release()

    def _begun(self, engine: Engine) -> tuple[Connection, Any]:
        """Return one that has begun. One that was lost while it was idle is replaced."""
        while connection := self._taken():
            try:
                return self._begin_with(connection)
            except LockNotAvailable:
                raise  # it has waited already
            except (psycopg.OperationalError, psycopg.InterfaceError):
                pass
        connection = engine.connect().execution_options(has_begun=True)
        connection.detach()  # for good: it is not in a state that others could use it in
        if connection.dialect.name == "postgresql":
            driver(connection).autocommit = True  # we say BEGIN ourselves
        return self._begin_with(connection)

    def _taken(self) -> Connection | None:
        with suppress(IndexError):  # another thread was first
            return self._idle.pop()
        return None

    def _begin_with(self, connection: Connection) -> tuple[Connection, Any]:
        try:
            return connection, driver(connection).execute(self._begin)
        except BaseException:
            _discard(connection)
            raise

    def _close(self, _: Engine) -> None:
        while connection := self._taken():
            _discard(connection)


def _is_taken_back(connection: Connection) -> bool:
    with suppress(sqlite3.Error, psycopg.Error):
        driver(connection).execute("ROLLBACK")
        return True
    return False


def _discard(connection: Connection) -> None:
    driver(connection).close()
    connection.invalidate()  # or it would try to take back what was begun, and log that it cannot
    connection.close()


_kept: WeakKeyDictionary[Engine, dict[str, _Kept]] = WeakKeyDictionary()
_lock = Lock()


def _kept_for(engine: Engine, begin: str) -> _Kept:
    with _lock:
        of_engine = _kept.setdefault(engine, {})
        if begin not in of_engine:
            of_engine[begin] = _Kept(engine, begin)
        return of_engine[begin]
