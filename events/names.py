"""Names that only one thing may hold at a time."""

from datetime import datetime
from functools import lru_cache
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate

RECORD_IDS = UUID("6d2f9d2c-35a4-5b0e-9a53-6f5dbb1f8a51")
PARTY_NAMES = UUID("0c1f0ad7-9a4c-5c55-8a1e-4c3ff9d3f0b2")


@lru_cache(maxsize=1024)  # each is asked for twice or more while a record is decided
def record_key(record_id: str) -> UUID:
    """Return the aggregate id of a record id.

    Reports, corrections, retractions and reinstatements share one space: a report lives
    under its key, the others hold theirs with a `Name`.
    """
    return uuid5(RECORD_IDS, record_id)


def party_name_key(name: str) -> UUID:
    """Return the aggregate id of a party's id, code or alias, whatever its case."""
    return uuid5(PARTY_NAMES, name.casefold())


class Name(Aggregate):
    """A name, and who holds it: the log's own bookkeeping, so its events take no `seq`.

    The recorder refuses a second first event of one aggregate, so of two processes that
    take a name at once, one is refused.
    """

    class Taken(Aggregate.Created):
        """The name came into use."""

        holder: str

    class TakenAgain(Aggregate.Event):
        """The name, once released, came into use again."""

        holder: str

        def apply(self, aggregate: "Name") -> None:
            """Note the holder."""
            aggregate.holder = self.holder

    class Released(Aggregate.Event):
        """The name is free."""

        def apply(self, aggregate: "Name") -> None:
            """Forget the holder."""
            aggregate.holder = None

    def __init__(self, holder: str | None) -> None:
        self.holder = holder

    @classmethod
    def taken(cls, key: UUID, holder: str, at: datetime) -> "Name":
        """Take a name that nobody ever held. `at`: as of its record, as everywhere here."""
        return cls._create(cls.Taken, id=key, holder=holder, timestamp=at)

    def take(self, holder: str, at: datetime) -> None:
        """Take a name that was released."""
        self.trigger_event(self.TakenAgain, holder=holder, timestamp=at)

    def release(self, at: datetime) -> None:
        """Give the name up."""
        self.trigger_event(self.Released, timestamp=at)
