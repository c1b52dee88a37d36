"""Issues: propositions that parties take positions on."""

from datetime import datetime
from uuid import UUID, uuid5

from eventsourcing.domain import Aggregate

from events.errors import PropositionFixedError
from events.records import Record

ISSUES = UUID("2b1c3f5e-19a5-5d3f-9a0e-7f3f0f2f7c9d")


def issue_key(issue_id: str) -> UUID:
    """Return the aggregate id of an issue id."""
    return uuid5(ISSUES, issue_id)


class Issue(Aggregate):
    """One proposition: "for" and "against" mean one thing."""

    class Opened(Aggregate.Created):
        """An issue became known."""

        record: Record
        recorded_by: str

    class Revised(Aggregate.Event):
        """The issue is described otherwise."""

        record: Record
        recorded_by: str

        def apply(self, aggregate: "Issue") -> None:
            """Add a version."""
            aggregate.versions[self.originator_version] = self.record

    class PropositionFixed(Aggregate.Event):
        """A report named the issue, so its proposition no longer changes.

        Bookkeeping: it takes no `seq`. It is saved with the report, so a revision of the
        proposition at the same moment collides with it instead of slipping past.
        """

        def apply(self, aggregate: "Issue") -> None:
            """Note it."""
            aggregate.proposition_is_fixed = True

    def __init__(self, record: Record) -> None:
        self.versions = {1: record}
        self.proposition_is_fixed = False

    @property
    def current(self) -> Record:
        """The latest version."""
        return self.versions[max(self.versions)]

    @classmethod
    def opened(cls, record: Record, recorded_by: str, at: datetime | None) -> "Issue":
        """Open an issue."""
        return cls._create(
            cls.Opened,
            id=issue_key(record["id"]),
            record=record,
            recorded_by=recorded_by,
            timestamp=at,
        )

    def revise(self, record: Record, recorded_by: str, at: datetime | None) -> None:
        """Add a version. Raises PropositionFixedError."""
        if self.proposition_is_fixed and record["proposition"] != self.current["proposition"]:
            raise PropositionFixedError(
                f"reports already name issue {record['id']!r}, so its proposition stays "
                f"{self.current['proposition']!r}: open a new issue with "
                f'"supersedes": "{record["id"]}"',
                "proposition",
            )
        self.trigger_event(self.Revised, record=record, recorded_by=recorded_by, timestamp=at)

    def fix_proposition(self, at: datetime) -> None:
        """Let the proposition change no more. `at`: as of the report that names the issue."""
        if not self.proposition_is_fixed:
            self.trigger_event(self.PropositionFixed, timestamp=at)
