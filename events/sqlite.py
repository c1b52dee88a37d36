"""The library's SQLite recorder, strict about ids."""

from uuid import UUID

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
