"""The library's PostgreSQL recorder, kept from hanging."""

from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import wraps
from threading import BoundedSemaphore
from typing import Any
from uuid import UUID

import psycopg
from eventsourcing.persistence import (
    IntegrityError,
    InterfaceError,
    OperationalError,
    StoredEvent,
)
from eventsourcing.postgres import PostgresApplicationRecorder, PostgresDatastore
from psycopg.errors import LockNotAvailable
from psycopg.pq import TransactionStatus
from psycopg.sql import SQL, Identifier

PIPELINED = 128 * 1024
"""Most bytes of events that are saved in psycopg's pipeline mode."""

CONNECT_TIMEOUT = 5
"""Seconds until a server that does not answer is out of reach."""

MOST, KEPT = 10, 5
"""Connections of one process at once, and how many of them are kept for the next."""


class Connections:
    """The log's connections: whoever needs one takes one that is free, or opens another.

    psycopg's own pool opens them in threads of its own. While the server is down, callers wait
    for those; when it is back, they wait on, as the threads pause twice as long each time.
    """

    def __init__(self, to: Mapping[str, Any], prepare: Callable[[Any], None]) -> None:
        """`to`: what psycopg connects with. `prepare` is called with each new connection."""
        self._to = to
        self._prepare = prepare
        self._free: deque[psycopg.Connection[Any]] = deque()
        self._places = BoundedSemaphore(MOST)

    def open(self, *_: Any) -> None:
        """There is nothing to open yet."""

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[Any]]:
        """Give a connection. Raises psycopg.OperationalError, at once if there is no server."""
        if not self._places.acquire(timeout=CONNECT_TIMEOUT):
            raise psycopg.OperationalError(f"all {MOST} connections of the log are in use")
        try:
            connection = self._take()
            try:
                yield connection
            finally:
                self._give_back(connection)
        finally:
            self._places.release()

    def _take(self) -> psycopg.Connection[Any]:
        with suppress(IndexError):
            return self._free.pop()
        connection = psycopg.connect(**self._to, connect_timeout=CONNECT_TIMEOUT)
        self._prepare(connection)
        return connection

    def _give_back(self, connection: psycopg.Connection[Any]) -> None:
        is_idle = connection.info.transaction_status == TransactionStatus.IDLE
        if is_idle and len(self._free) < KEPT:
            self._free.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        """Close those that are free."""
        with suppress(IndexError):
            while True:
                self._free.pop().close()


def _once(method: Any) -> Callable[..., Any]:
    once: Callable[..., Any] = method.__wrapped__
    return once


def _tried_twice(once: Callable[..., Any]) -> Callable[..., Any]:
    """Return a method, tried twice. The library's own are tried ten times.

    Ten times thirty seconds for a lock is a hang. The second time is for free connections that
    have died since they were used: a server that was started again costs nobody an answer. An
    event is saved once even so: its key is unique.
    """

    @wraps(once)
    def tried(self: "PostgresRecorder", *args: Any, **kwargs: Any) -> Any:
        try:
            return once(self, *args, **kwargs)
        except (InterfaceError, OperationalError) as error:
            if isinstance(error.__cause__, LockNotAvailable):
                raise  # it has waited already
            self.datastore.pool.close()
            return once(self, *args, **kwargs)

    return tried


class PostgresRecorder(PostgresApplicationRecorder):
    """Saves large batches outside psycopg's pipeline mode, and does not wait for a dead server.

    The library sends all events of a save as one parameter, in pipeline mode. With 300 kB it
    works; with 1 MB psycopg 3.3.9 waits for the server, which waits for the rest, for ever
    (as in psycopg's issue 685). Small saves keep the pipeline: it spares round trips.
    """

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        to: Any = datastore.pool.kwargs
        datastore.pool = Connections(to, datastore.after_connect_func())  # type: ignore[assignment]
        super().__init__(datastore, **kwargs)

    select_events = _tried_twice(_once(PostgresApplicationRecorder.select_events))
    select_notifications = _tried_twice(_once(PostgresApplicationRecorder.select_notifications))
    max_notification_id = _tried_twice(_once(PostgresApplicationRecorder.max_notification_id))

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Insert events under the table's lock. Returns their notification ids."""
        if sum(len(event.state) for event in stored_events) <= PIPELINED:
            ids: Sequence[int] | None = self._insert_piped(stored_events, **kwargs)
            return ids
        with (
            self.datastore.get_connection() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            self._insert_stored_events(cursor, stored_events, **kwargs)
            return self._fetch_ids_after_insert_events(cursor, stored_events, **kwargs)

    @_tried_twice
    def _insert_piped(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Insert events in one round trip. The library takes four."""
        with self.datastore.get_connection() as connection, connection.cursor() as cursor:
            try:
                with connection.pipeline():
                    connection.execute("BEGIN")
                    self._insert_stored_events(cursor, stored_events, **kwargs)
                    connection.execute("COMMIT")  # skipped after an error
            except psycopg.Error:
                with suppress(psycopg.Error):  # it may be lost
                    connection.rollback()
                raise
            return self._fetch_ids_after_insert_events(cursor, stored_events, **kwargs)

    def insert_kept(self, rows: Sequence[tuple[int, UUID, int, str, bytes]]) -> int:
        """Insert events of another log with the ids that they had there, at the end of this one.

        Returns the id of the event before them, 0 where there is none; unless they come after
        it, raises IntegrityError. What is recorded next comes after them.
        """
        table = Identifier(self.datastore.schema, self.events_table_name)
        names = ("notification_id", "originator_id", "originator_version", "topic", "state")
        into = SQL("COPY {} ({}) FROM STDIN").format(table, SQL(", ").join(map(Identifier, names)))
        serial = SQL("SELECT setval(pg_get_serial_sequence(%s, 'notification_id'), %s)")
        with (
            self.datastore.get_connection() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            for statement in self.lock_table_statements:
                cursor.execute(statement)
            cursor.execute(self.max_notification_id_statement)
            found: Any = cursor.fetchone()
            last: int = found["max"] or 0
            if last >= rows[0][0]:
                raise IntegrityError("the log has later events")
            with cursor.copy(into) as copy:
                for row in rows:
                    copy.write_row(row)
            cursor.execute(serial, (table.as_string(), rows[-1][0]))
            return last
