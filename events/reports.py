"""Reports of statements and meetings, and what later became of them."""

from datetime import datetime
from uuid import UUID

from eventsourcing.domain import Aggregate, datetime_now_with_tzinfo

from events.dates import DAY, bounds_of, to_micros
from events.errors import (
    AlreadyRetractedError,
    ContentDiffersError,
    NotRetractedError,
    NotYetHappenedError,
    StaleVersionError,
)
from events.names import record_key
from events.records import Record, fields_that_differ


class Report(Aggregate):
    """One source's account of something said or done. Commands decide; events apply."""

    class StatementReported(Aggregate.Created):
        """A source reported that parties said something."""

        record: Record
        recorded_by: str

    class MeetingReported(Aggregate.Created):
        """A source reported that parties met, called or voted."""

        record: Record
        recorded_by: str

    class Corrected(Aggregate.Event):
        """The report was wrong, and this is how it should have read."""

        record: Record
        recorded_by: str
        report: Record  # the whole report, as corrected

        def apply(self, aggregate: "Report") -> None:
            """Replace what the report says."""
            aggregate.current = self.report
            aggregate.amendments[self.record["id"]] = self.originator_version, self.record

    class Retracted(Aggregate.Event):
        """The report no longer stands."""

        record: Record
        recorded_by: str
        report: Record  # as it stood

        def apply(self, aggregate: "Report") -> None:
            """Note that it does not stand."""
            aggregate.stands = False
            aggregate.amendments[self.record["id"]] = self.originator_version, self.record

    class Reinstated(Aggregate.Event):
        """The report stands again, as last corrected."""

        record: Record
        recorded_by: str
        report: Record  # as it stands again

        def apply(self, aggregate: "Report") -> None:
            """Note that it stands."""
            aggregate.stands = True
            aggregate.amendments[self.record["id"]] = self.originator_version, self.record

    def __init__(self, record: Record) -> None:
        self.first = record
        self.current = record
        self.stands = True
        self.amendments: dict[str, tuple[int, Record]] = {}

    @classmethod
    def reported(cls, record: Record, recorded_by: str, at: datetime | None) -> "Report":
        """Record a report for the first time. Raises NotYetHappenedError."""
        happened(record, at)
        kind = cls.StatementReported if record["type"] == "statement" else cls.MeetingReported
        return cls._create(
            kind,
            id=report_key(record),
            record=record,
            recorded_by=recorded_by,
            timestamp=at,
        )

    def version_with(self, record: Record) -> int:
        """Return the version at which a record of this report was recorded.

        That is the report as first sent, a correction, a retraction or a reinstatement.

        Raises ContentDiffersError when the record under that id is another one.
        """
        known = (1, self.first), *self.amendments.values()
        version, same_id = next(pair for pair in known if pair[1]["id"] == record["id"])
        if same_id != record:
            raise ContentDiffersError(record["id"], fields_that_differ(same_id, record))
        return version

    def correct(
        self, record: Record, corrected: Record, recorded_by: str, at: datetime | None
    ) -> None:
        """Replace what the report says by `corrected`, which must be valid.

        Raises AlreadyRetractedError, NotYetHappenedError.
        """
        self._must_stand("corrected")
        happened(corrected, at, "changes.occurred")
        self.trigger_event(
            self.Corrected,
            record=record,
            recorded_by=recorded_by,
            report=corrected,
            timestamp=at,
        )

    def retract(self, record: Record, recorded_by: str, at: datetime | None) -> None:
        """Say that the report does not stand. Raises AlreadyRetractedError."""
        self._must_stand("retracted again")
        self.trigger_event(
            self.Retracted,
            record=record,
            recorded_by=recorded_by,
            report=self.current,
            timestamp=at,
        )

    def reinstate(self, record: Record, recorded_by: str, at: datetime | None) -> None:
        """Undo a retraction. Raises NotRetractedError."""
        if self.stands:
            raise NotRetractedError(
                f"report {self.first['id']!r} stands: there is no retraction to undo"
            )
        self.trigger_event(
            self.Reinstated,
            record=record,
            recorded_by=recorded_by,
            report=self.current,
            timestamp=at,
        )

    def must_be_at(self, version: int | None) -> None:
        """Raises StaleVersionError unless the report is at `version` (None: whichever)."""
        if version is not None and version != self.version:
            raise StaleVersionError(
                f"report {self.first['id']!r} has changed since: it is at version "
                f"{self.version} now. Look at it again, then decide"
            )

    def _must_stand(self, done: str) -> None:
        if not self.stands:
            raise AlreadyRetractedError(
                f"report {self.first['id']!r} is retracted, so it cannot be {done}; "
                "a reinstatement undoes a retraction"
            )


def report_key(record: Record) -> UUID:
    """Return the aggregate id of a report."""
    return record_key(record["id"])


def happened(report: Record, at: datetime | None, field: str = "occurred") -> None:
    """Raises NotYetHappenedError when the report is dated over a day after it is recorded."""
    recorded = to_micros(at or datetime_now_with_tzinfo())
    if bounds_of(report["occurred"]).earliest > recorded + DAY:
        raise NotYetHappenedError(
            f"{report['occurred']} has not come yet: a report tells of what was said or done; "
            "report the announcement of a future meeting as a statement, on the day it was made",
            field,
        )
