"""The library's SQLite recorder, strict about ids."""

from collections.abc import Sequence
from uuid import UUID

from eventsourcing.persistence import IntegrityError
from eventsourcing.sqlite import SQLiteApplicationRecorder


class SQLiteRecorder(SQLiteApplicationRecorder):
    """Reads no event whose aggregate's id is written in another way than we write it.

    SQLite keeps the id as text. One written otherwise, in capitals say, still stands for the
    same UUID, but its aggregate is not found by it any more.
    """

    def convert_originator_id(self, originator_id: str) -> UUID | str:
        """Return the id as a UUID. Raises ValueError."""
        found = super().convert_originator_id(originator_id)
        if not isinstance(found, UUID) or found.hex != originator_id:
            raise ValueError(f"{originator_id!r} is not how the id of an aggregate is stored")
        return found

    def insert_kept(self, rows: Sequence[tuple[int, UUID, int, str, bytes]]) -> int:
        """Insert events of another log with the ids that they had there, at the end of this one.

        Returns the id of the event before them, 0 where there is none; unless they come after
        it, raises IntegrityError.
        """
        table = self.events_table_name
        before = f"SELECT max(rowid) FROM {table} WHERE rowid < ?"  # noqa: S608
        since = f"SELECT count(*) FROM {table} WHERE rowid >= ?"  # noqa: S608
        with self.datastore.transaction(commit=True) as cursor:
            cursor.executemany(
                f"INSERT INTO {table} (rowid, originator_id, originator_version, topic, state) "  # noqa: S608
                "VALUES (?, ?, ?, ?, ?)",
                [(id_, key.hex, version, *rest) for id_, key, version, *rest in rows],
            )
            cursor.execute(since, rows[0][:1])
            if cursor.fetchone()[0] != len(rows):
                raise IntegrityError("the log has later events")
            cursor.execute(before, rows[0][:1])
            return cursor.fetchone()[0] or 0
