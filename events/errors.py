"""The rules that a command can break. Whoever breaks one records nothing."""

from typing import NamedTuple


class Fault(NamedTuple):
    """One thing wrong with a record: where (dotted path, or ""), which rule, and in words."""

    field: str
    rule: str
    message: str


class RefusedError(Exception):
    """A record was refused."""

    rule = "refused"

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field

    @property
    def faults(self) -> list[Fault]:
        """What is wrong, one entry a fault."""
        return [Fault(self.field, self.rule, str(self))]


class InvalidRecordError(RefusedError):
    """A record breaks its schema."""

    rule = "invalid"

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__(
            "; ".join(f"{f.field}: {f.message}" if f.field else f.message for f in faults)
        )
        self._faults = faults

    @property
    def faults(self) -> list[Fault]:
        """What is wrong, one entry a fault."""
        return self._faults


class NotYetHappenedError(RefusedError):
    """A report tells of what was said; this one is dated in the future."""

    rule = "not_yet_happened"


class UnknownError(RefusedError):
    """A record names something that was never recorded."""

    rule = "unknown"
    kind = "record"

    def __init__(self, name: str, field: str = "") -> None:
        super().__init__(f"there is no {self.kind} {name!r}", field)
        self.name = name
        self.did_you_mean: list[str] = []
        """The nearest ids, for those who know them to fill in."""

    def __str__(self) -> str:
        hint = f" (did you mean {', '.join(map(repr, self.did_you_mean))}?)"
        return super().__str__() + (hint if self.did_you_mean else "")


class UnknownPartyError(UnknownError):
    """The party was never registered."""

    rule = "unknown_party"
    kind = "party"


class UnknownIssueError(UnknownError):
    """The issue was never registered."""

    rule = "unknown_issue"
    kind = "issue"


class UnknownReportError(UnknownError):
    """The report was never recorded."""

    rule = "unknown_report"
    kind = "report"


class ConflictError(RefusedError):
    """The record is sound, and contradicts what is already recorded."""

    rule = "conflict"


class ContentDiffersError(ConflictError):
    """The id is taken by a record with other content."""

    rule = "content_differs"

    def __init__(self, record_id: str, fields: list[str]) -> None:
        super().__init__(
            f"{record_id!r} is already recorded with other content: {', '.join(fields)} "
            "differ. Nothing recorded is ever edited: to change a report, send a correction; "
            "to tell of something else, use another id",
            "id",
        )
        self.fields = fields


class NameTakenError(ConflictError):
    """Another party already uses the id, code or alias."""

    rule = "name_taken"


class PropositionFixedError(ConflictError):
    """A report names the issue, so its proposition can no longer change."""

    rule = "proposition_fixed"


class AlreadyRetractedError(ConflictError):
    """The report does not stand."""

    rule = "already_retracted"


class NotRetractedError(ConflictError):
    """The report stands."""

    rule = "not_retracted"


class StaleVersionError(RefusedError):
    """The report has changed since the caller looked at it."""

    rule = "stale_version"


class RecordedAtError(RefusedError):
    """The recorded time to keep is missing, in the future, or before the last in the log."""

    rule = "recorded_at"

    def __init__(self, message: str) -> None:
        super().__init__(message, "recorded_at")


class BatchRefusedError(Exception):
    """Records of a batch were refused, so none was recorded."""

    def __init__(self, refused: dict[int, RefusedError]) -> None:
        super().__init__(f"{len(refused)} refused")
        self.refused = refused
        """Each refused record's place in the batch, from 0, with what is wrong with it."""
