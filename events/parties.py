"""Parties: states, organizations, blocs, movements, persons."""

from datetime import datetime
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate

from events.records import Record

PARTIES = UUID("e7f6f2a4-7c0b-5f0e-8d0c-0f5b1c6f5a10")


def party_key(party_id: str) -> UUID:
    """Return the aggregate id of a party id."""
    return uuid5(PARTIES, party_id)


def names_of(party: Record) -> dict[str, str]:
    """Return every text that looks this party up, case folded, with the field that gives it."""
    names = {party["id"].casefold(): "id"}
    for scheme, code in party.get("codes", {}).items():
        names.setdefault(code.casefold(), f"codes.{scheme}")
    for i, alias in enumerate(party.get("aliases", ())):
        names.setdefault(alias.casefold(), f"aliases.{i}")
    return names


class Party(Aggregate):
    """Someone who can take a position."""

    class Registered(Aggregate.Created):
        """A party became known."""

        record: Record
        recorded_by: str

    class Revised(Aggregate.Event):
        """What is known of the party changed."""

        record: Record
        recorded_by: str

        def apply(self, aggregate: "Party") -> None:
            """Add a version."""
            aggregate.versions[self.originator_version] = self.record

    def __init__(self, record: Record) -> None:
        self.versions = {1: record}

    @property
    def current(self) -> Record:
        """The latest version."""
        return self.versions[max(self.versions)]

    @classmethod
    def registered(cls, record: Record, recorded_by: str, at: datetime | None) -> "Party":
        """Register a party."""
        return cls._create(
            cls.Registered,
            id=party_key(record["id"]),
            record=record,
            recorded_by=recorded_by,
            timestamp=at,
        )

    def revise(self, record: Record, recorded_by: str, at: datetime | None) -> None:
        """Add a version."""
        self.trigger_event(self.Revised, record=record, recorded_by=recorded_by, timestamp=at)
