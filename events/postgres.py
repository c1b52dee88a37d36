"""The library's PostgreSQL recorder, kept from hanging on large saves."""

from collections.abc import Sequence
from typing import Any

from eventsourcing.persistence import StoredEvent
from eventsourcing.postgres import PostgresApplicationRecorder

PIPELINED = 128 * 1024
"""Most bytes of events that are saved in psycopg's pipeline mode."""


class PostgresRecorder(PostgresApplicationRecorder):
    """Saves large batches outside psycopg's pipeline mode.

    The library sends all events of a save as one parameter, in pipeline mode. With 300 kB it
    works; with 1 MB psycopg 3.3.9 waits for the server, which waits for the rest, for ever
    (as in psycopg's issue 685). Small saves keep the pipeline: it spares round trips.
    """

    def insert_events(
        self, stored_events: Sequence[StoredEvent], **kwargs: Any
    ) -> Sequence[int] | None:
        """Insert events under the table's lock. Returns their notification ids."""
        if sum(len(event.state) for event in stored_events) <= PIPELINED:
            piped: Sequence[int] | None = super().insert_events(stored_events, **kwargs)
            return piped
        with (
            self.datastore.get_connection() as connection,
            connection.transaction(),
            connection.cursor() as cursor,
        ):
            self._insert_stored_events(cursor, stored_events, **kwargs)
            return self._fetch_ids_after_insert_events(cursor, stored_events, **kwargs)
