"""Deciding records one after another, to be saved together."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import NamedTuple
from uuid import UUID

from eventsourcing.domain import Aggregate, CanMutateAggregate

from events.dates import now, to_micros
from events.errors import (
    ContentDiffersError,
    InvalidRecordError,
    NameTakenError,
    RecordedAtError,
    RefusedError,
    UnknownIssueError,
    UnknownPartyError,
    UnknownReportError,
)
from events.issues import Issue, issue_key
from events.names import Name, party_name_key, record_key
from events.parties import Party, names_of, party_key
from events.records import Record, issues_named, parties_named, patched
from events.reports import Report

Finder = Callable[[UUID], Aggregate | None]
Checker = Callable[[Record], Record]


class Sent(NamedTuple):
    """One record as it arrives."""

    record: Record  # canonical
    recorded_by: str
    recorded_at: datetime | None = None  # None: the clock's, when it is decided
    expected_version: int | None = None  # of the report that it amends; None: whichever


class Outcome(NamedTuple):
    """What became of one record, and which event keeps it."""

    record: Record
    is_new: bool
    originator_id: UUID
    originator_version: int


class Known:
    """Ids that need no look-up: registrations are never undone, propositions never unfixed."""

    def __init__(self) -> None:
        self.parties: set[str] = set()
        self.fixed_issues: set[str] = set()


class Batch:
    """Aggregates touched by the records of one save, and their events in the records' order.

    A refused record leaves no trace: whatever can refuse it is checked before anything changes.

    `find` loads an aggregate from the log. With `is_hopeful`, a report is taken to be new
    without looking: the recorder refuses the save if it is not, and then one has to look.
    """

    def __init__(
        self,
        find: Finder,
        check: Checker,
        known: Known,
        *,
        is_hopeful: bool,
        last_recorded_at: datetime | None,
    ) -> None:
        self._find = find
        self._check = check
        self._known = known
        self._is_hopeful = is_hopeful
        self._last_recorded_at = last_recorded_at
        self._aggregates: dict[UUID, Aggregate] = {}
        self._parties: set[str] = set()
        self._fixed_issues: set[str] = set()
        self.events: list[CanMutateAggregate[UUID]] = []

    def decide(self, sent: Sent) -> Outcome:
        """Decide one record. Raises RefusedError; then the batch is not to be saved."""
        decide = {
            "party": self._register_party,
            "issue": self._register_issue,
            "statement": self._report,
            "meeting": self._report,
            "correction": self._amend,
            "retraction": self._amend,
            "reinstatement": self._amend,
        }[sent.record["type"]]
        return decide(sent)

    def decide_all(self, sent: Iterable[Sent]) -> tuple[list[Outcome], dict[int, RefusedError]]:
        """Decide records in order. Returns what becomes of them, and the refused by place."""
        outcomes: list[Outcome] = []
        refused: dict[int, RefusedError] = {}
        for place, one in enumerate(sent):
            try:
                outcomes.append(self.decide(one))
            except RefusedError as error:
                refused[place] = error
        return outcomes, refused

    def remember(self) -> None:
        """Let later batches know what this one, now saved, made certain."""
        self._known.parties |= self._parties
        self._known.fixed_issues |= self._fixed_issues

    # Registrations

    def _register_party(self, sent: Sent) -> Outcome:
        record = sent.record
        self._parties_exist(record)
        key = party_key(record["id"])
        party = self._get(key)
        assert party is None or isinstance(party, Party)
        if party is not None:
            for version, known in party.versions.items():
                if known == record:
                    return Outcome(record, False, key, version)
        old = names_of(party.current) if party else {}
        new = names_of(record)
        free = {text: self._free(text, new[text]) for text in sorted(new.keys() - old.keys())}
        at = self._time(sent)
        for text, name in free.items():
            self._take(text, name, record["id"], at)
        for text in sorted(old.keys() - new.keys()):
            self._release(text, at)
        if party is None:
            party = Party.registered(record, sent.recorded_by, at)
        else:
            party.revise(record, sent.recorded_by, at)
        self._parties.add(record["id"])
        return self._keep(party, sent)

    def _register_issue(self, sent: Sent) -> Outcome:
        record = sent.record
        for other, field in issues_named(record).items():
            self._issue(other, field)
        key = issue_key(record["id"])
        issue = self._get(key)
        if issue is None:
            return self._keep(Issue.opened(record, sent.recorded_by, self._time(sent)), sent)
        assert isinstance(issue, Issue)
        for version, known in issue.versions.items():
            if known == record:
                return Outcome(record, False, key, version)
        issue.revise(record, sent.recorded_by, self._time(sent))
        return self._keep(issue, sent)

    # Reports, and what becomes of them

    def _report(self, sent: Sent) -> Outcome:
        record = sent.record
        key = record_key(record["id"])
        known = self._aggregates.get(key) if self._is_hopeful else self._get(key)
        if isinstance(known, Name):
            raise ContentDiffersError(record["id"], ["type"])
        if isinstance(known, Report):
            return Outcome(record, False, key, known.version_with(record))
        issues = self._named(record)
        at = self._time(sent)
        report = Report.reported(record, sent.recorded_by, at)
        self._fix_propositions(issues, at)
        return self._keep(report, sent)

    def _amend(self, sent: Sent) -> Outcome:
        record = sent.record
        taken = self._get(record_key(record["id"]))
        if taken is not None and not (isinstance(taken, Name) and taken.holder == record["report"]):
            differ = ["report"] if isinstance(taken, Name) else ["type"]
            raise ContentDiffersError(record["id"], differ)
        report = self._get(record_key(record["report"]))
        if not isinstance(report, Report):
            raise UnknownReportError(record["report"], "report")
        if taken is not None:
            if record["id"] not in report.amendments:  # hopeful: taken to be new, and is not
                stored = self._find(report.id)
                assert isinstance(stored, Report)
                report = stored
            return Outcome(record, False, report.id, report.version_with(record))
        report.must_be_at(sent.expected_version)
        issues: list[Issue] = []
        at = self._time(sent)
        if record["type"] == "correction":
            corrected = self._corrected(report.current, record["changes"])
            issues = self._named(corrected, "changes.")
            report.correct(record, corrected, sent.recorded_by, at)
        elif record["type"] == "retraction":
            report.retract(record, sent.recorded_by, at)
        else:
            report.reinstate(record, sent.recorded_by, at)
        self._fix_propositions(issues, at)
        self._keep_aside(Name.taken(record_key(record["id"]), record["report"], at))
        return self._keep(report, sent)

    def _corrected(self, report: Record, changes: Record) -> Record:
        try:
            return self._check(patched(report, changes))
        except InvalidRecordError as error:
            raise InvalidRecordError(
                [fault._replace(field=f"changes.{fault.field}") for fault in error.faults]
            ) from None

    def _named(self, report: Record, prefix: str = "") -> list[Issue]:
        """Check that all it names is registered. Returns the issues not known to be fixed."""
        self._parties_exist(report, prefix)
        fixed = self._known.fixed_issues | self._fixed_issues
        return [
            self._issue(issue_id, prefix + field)
            for issue_id, field in issues_named(report).items()
            if issue_id not in fixed
        ]

    def _fix_propositions(self, issues: Iterable[Issue], at: datetime) -> None:
        for issue in issues:
            issue.fix_proposition(at)
            self._keep_aside(issue)
            self._fixed_issues.add(issue.current["id"])

    def _parties_exist(self, record: Record, prefix: str = "") -> None:
        named = parties_named(record)
        for party in named.keys() - self._known.parties - self._parties:
            if self._get(party_key(party)) is None:
                raise UnknownPartyError(party, prefix + named[party])
            self._parties.add(party)

    def _issue(self, issue_id: str, field: str) -> Issue:
        issue = self._get(issue_key(issue_id))
        if not isinstance(issue, Issue):
            raise UnknownIssueError(issue_id, field)
        return issue

    # Names

    def _free(self, text: str, field: str) -> Name | None:
        """Return a name that nobody holds, None if nobody ever did. Raises NameTakenError."""
        name = self._get(party_name_key(text))
        assert name is None or isinstance(name, Name)
        if name is not None and name.holder is not None:
            raise NameTakenError(
                f"{text!r} already stands for party {name.holder!r}: an id, code or alias "
                "belongs to one party",
                field,
            )
        return name

    def _take(self, text: str, name: Name | None, holder: str, at: datetime) -> None:
        if name is None:
            name = Name.taken(party_name_key(text), holder, at)
        else:
            name.take(holder, at)
        self._keep_aside(name)

    def _release(self, text: str, at: datetime) -> None:
        name = self._get(party_name_key(text))
        assert isinstance(name, Name)
        name.release(at)
        self._keep_aside(name)

    # Bookkeeping

    def _get(self, key: UUID) -> Aggregate | None:
        if key not in self._aggregates:
            found = self._find(key)
            if found is None:
                return None
            self._aggregates[key] = found
        return self._aggregates[key]

    def _keep_aside(self, aggregate: Aggregate) -> None:
        self._aggregates[aggregate.id] = aggregate
        self.events.extend(aggregate.collect_events())

    def _keep(self, aggregate: Aggregate, sent: Sent) -> Outcome:
        self._keep_aside(aggregate)
        if sent.recorded_at is not None:
            self._last_recorded_at = sent.recorded_at
        return Outcome(sent.record, True, aggregate.id, aggregate.version)

    def _time(self, sent: Sent) -> datetime:
        """Return when the record is recorded. Raises RecordedAtError for one out of order."""
        if sent.recorded_at is None:
            return datetime.now(UTC)
        if to_micros(sent.recorded_at) > now():
            raise RecordedAtError(f"{sent.recorded_at.isoformat()} is in the future")
        if self._last_recorded_at is not None and sent.recorded_at < self._last_recorded_at:
            raise RecordedAtError(
                f"{sent.recorded_at.isoformat()} is before the last in the log "
                f"({self._last_recorded_at.isoformat()}): the log only grows at its end"
            )
        return sent.recorded_at
