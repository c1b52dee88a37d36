"""How read models are asked: connections that see one state, and queries compiled once."""

import sqlite3
from collections import deque, namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from threading import BoundedSemaphore, Lock
from time import monotonic
from typing import Any
from weakref import WeakKeyDictionary, ref

import psycopg
from psycopg import generators
from psycopg.errors import LockNotAvailable, QueryCanceled
from psycopg.pq import TransactionStatus
from sqlalchemy import Connection, Engine, Select, event, exc

from projections.database import QUERY_TIMEOUT, driver

MOST_READERS = 15
"""Connections of one process to a database at once that read it."""

STEPS = 50_000
"""Instructions of SQLite's between looks at the clock: about a millisecond."""

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


def reading(engine: Engine) -> AbstractContextManager[Connection]:
    """Give a connection that sees one state of the read models, all of one generation."""
    return _kept_for(engine).reading()


def reading_from(engine: Engine, statement: str) -> AbstractContextManager[tuple[Connection, Any]]:
    """Give the same, with the first row of a statement; None if there is none."""
    return _kept_for(engine).reading_from(statement)


def row_of(engine: Engine, statement: str) -> Any:
    """Return the first row of one statement, None if there is none.

    It needs no transaction around it: one statement sees one state.
    """
    return _kept_for(engine).row(statement)


def begun(engine: Engine, *statements: str) -> AbstractContextManager[tuple[Connection, Any]]:
    """Give a connection in a transaction that writes, begun by some statements.

    With the first row of the last of them; None if there is none. The transaction is committed,
    or taken back after an error.
    """
    return _kept_for(engine, writing=True).begun(statements)


def was_too_long(error: BaseException) -> bool:
    """Tell whether an error is that a reading went on for longer than it may."""
    told = error.orig if isinstance(error, exc.DBAPIError) else error
    is_interrupted = getattr(told, "sqlite_errorname", None) == "SQLITE_INTERRUPT"
    return is_interrupted or isinstance(told, QueryCanceled)


def usage(engine: Engine) -> tuple[int, int]:
    """Return how many connections of this process read and write, and how many wait for that."""
    kinds = _kept.get(engine, {}).values()
    return sum(one.busy for one in kinds), sum(one.idle for one in kinds)


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


class _Kept:
    """Connections of one process for one purpose, kept between transactions as they are.

    Of the 190 us that a reading took around its statements on SQLite, 160 were spent on taking
    a connection out of SQLAlchemy's pool, and on putting it back. On PostgreSQL that pool asks
    a connection whether it lives, which is a round trip; here it is the beginning that tells.
    """

    def __init__(self, engine: Engine, longest: float | None = None) -> None:
        self._longest = longest  # seconds
        self._idle: deque[Connection] = deque()
        self._room = BoundedSemaphore(MOST_READERS)
        pool: Any = engine.pool
        self._timeout: float = pool.timeout()  # as long as others wait for a connection
        self._begin = BEGIN[engine.dialect.name]
        self._engine = ref(engine)  # which keeps us, not the other way round
        event.listen(engine, "engine_disposed", self._close)

    @property
    def busy(self) -> int:
        """How many are in use."""
        return MOST_READERS - self._room._value  # noqa: SLF001  there is no other way to ask

    @property
    def idle(self) -> int:
        """How many are kept for the next."""
        return len(self._idle)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give one of them, in a transaction that only reads."""
        with self._taking_room():
            connection, _ = self._begun(self._begin)
            with self._in_transaction(connection, _end_reading):
                yield connection

    @contextmanager
    def reading_from(self, statement: str) -> Iterator[tuple[Connection, Any]]:
        """Give the same, with the first row of a statement."""
        with self._taking_room():
            connection, cursor = self._begun(self._begin, statement)
            with self._in_transaction(connection, _end_reading):
                yield connection, cursor.fetchone()

    @contextmanager
    def begun(self, statements: Sequence[str]) -> Iterator[tuple[Connection, Any]]:
        """Give one of them, in a transaction that some statements began."""
        with self._taking_room():
            connection, cursor = self._begun(*statements)
            with self._in_transaction(connection, _commit):
                yield connection, cursor.fetchone()

    @contextmanager
    def _in_transaction(
        self, connection: Connection, end: Callable[[Connection], None]
    ) -> Iterator[None]:
        try:
            yield
            end(connection)
        except BaseException as error:
            if isinstance(error, _UNSOUND) or not _is_taken_back(connection):
                _discard(connection)  # whatever state it is in
            else:
                self._idle.append(connection)
            raise
        self._idle.append(connection)

    def row(self, statement: str) -> Any:
        """Return the first row of a statement, run by one of them outside of transactions."""
        with self._taking_room():
            connection, cursor = self._begun(statement)
            row = cursor.fetchone()
            cursor.close()  # or the statement would still be running on SQLite
            self._idle.append(connection)
            return row

    @contextmanager
    def _taking_room(self) -> Iterator[None]:
        if not self._room.acquire(timeout=self._timeout):
            raise exc.TimeoutError(f"no connection was free for {self._timeout} s")
        try:
            yield
        finally:
            self._room.release()

    def _begun(self, *statements: str) -> tuple[Connection, Any]:
        """Return one that has run some statements, with the cursor of the last.

        One that was lost while it was idle is replaced.
        """
        while connection := self._taken():
            self._limit(connection)
            try:
                return connection, _run(connection, statements)
            except (LockNotAvailable, QueryCanceled):
                raise  # it has waited already
            except (psycopg.OperationalError, psycopg.InterfaceError):
                pass
        connection = self._opened()
        self._limit(connection)
        return connection, _run(connection, statements)

    def _opened(self) -> Connection:
        engine = self._engine()
        assert engine is not None, "whoever asks has it"
        connection = engine.connect().execution_options(has_begun=True)
        connection.detach()  # for good: it is not in a state that others could use it in
        if connection.dialect.name == "postgresql":
            own = driver(connection)
            own.autocommit = True  # we say BEGIN ourselves
            if self._longest:
                own.execute(f"SET statement_timeout = {self._longest * 1000:.0f}")
        return connection

    def _limit(self, connection: Connection) -> None:
        """Let a reading on SQLite end when it has gone on for too long, whatever it is doing."""
        if self._longest and connection.dialect.name == "sqlite":
            end = monotonic() + self._longest
            driver(connection).set_progress_handler(lambda: monotonic() > end, STEPS)

    def _taken(self) -> Connection | None:
        with suppress(IndexError):  # another thread was first
            return self._idle.pop()
        return None

    def _close(self, _: Engine) -> None:
        while connection := self._taken():
            _discard(connection)


def _run(connection: Connection, statements: Sequence[str]) -> Any:
    """Run some statements. Returns the cursor of the last."""
    try:
        if connection.dialect.name == "sqlite":
            return [driver(connection).execute(statement) for statement in statements][-1]
        return _at_once(driver(connection), statements)
    except BaseException:
        _discard(connection)
        raise


def _at_once(connection: psycopg.Connection[Any], statements: Sequence[str]) -> Any:
    """Run some statements in one round trip to PostgreSQL."""
    if connection.pgconn.transaction_status == TransactionStatus.ACTIVE:
        connection.wait(generators.fetch_many(connection.pgconn))  # the end of the last COMMIT
    cursor = connection.execute("; ".join(statements).encode())
    while cursor.nextset():
        pass
    return cursor


def _commit(connection: Connection) -> None:
    driver(connection).execute("COMMIT")


def _end_reading(connection: Connection) -> None:
    """End a transaction that has only read.

    On PostgreSQL nothing depends on what becomes of that, so nobody waits for it.
    """
    one = driver(connection)
    if connection.dialect.name == "sqlite":
        one.execute("COMMIT")
    else:
        one.pgconn.send_query(b"COMMIT")
        one.pgconn.flush()


def _is_taken_back(connection: Connection) -> bool:
    with suppress(sqlite3.Error, psycopg.Error):
        driver(connection).execute("ROLLBACK")
        return True
    return False


def _discard(connection: Connection) -> None:
    driver(connection).close()
    connection.invalidate()  # or it would try to take back what was begun, and log that it cannot
    connection.close()


_kept: WeakKeyDictionary[Engine, dict[bool, _Kept]] = WeakKeyDictionary()
_lock = Lock()


def _kept_for(engine: Engine, *, writing: bool = False) -> _Kept:
    """Return the connections that read or write: those that write may all wait for a lock."""
    with _lock:
        of_engine = _kept.setdefault(engine, {})
        if writing not in of_engine:
            longest = None if writing else engine.get_execution_options().get(QUERY_TIMEOUT)
            of_engine[writing] = _Kept(engine, longest)
        return of_engine[writing]
