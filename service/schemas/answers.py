"""The shapes of answers, for the OpenAPI document: a test holds every answer against it.

Source: contract, section 4.
"""

from copy import copy
from typing import Any

from marshmallow import EXCLUDE, Schema, fields

from events.vocabulary import ATTRIBUTIONS, POSITIONS, RECORD_TYPES, STATUSES
from service.schemas import records
from service.schemas.shapes import (
    Answer,
)
from service.schemas.shapes import (
    choice as _choice,
)
from service.schemas.shapes import (
    flag as _flag,
)
from service.schemas.shapes import (
    instant as _instant,
)
from service.schemas.shapes import (
    links as _links,
)
from service.schemas.shapes import (
    many as _many,
)
from service.schemas.shapes import (
    maybe_text as _maybe_text,
)
from service.schemas.shapes import (
    number as _number,
)
from service.schemas.shapes import (
    one as _one,
)
from service.schemas.shapes import (
    text as _text,
)
from service.schemas.shapes import (
    texts as _texts,
)

POSITION_STATES = ("declared", "undeclared", "lapsed", "unreported")
STATUS_STATES = ("reported", "unreported")
ALIGNMENTS = ("thin", "opposed", "split", "aligned", "converging")


class Clocked(Answer):
    """What every answer repeats: its clocks and its floor, resolved."""

    as_of = _instant("The instant in the world that the answer is about.")
    known_at = _instant("When the last of what it rests on was recorded.", allow_none=True)
    seq = _number("The position in the log that pins what was known.")
    floor = _choice(ATTRIBUTIONS, "The weakest attribution that counts.")


class Glance(Answer):
    """A position at a glance."""

    state = _choice(POSITION_STATES)
    position = _choice(POSITIONS, "Null unless declared.", allow_none=True)
    since = _maybe_text("The date, as its source gave it, of the report that began it.")


class Evidence(Answer):
    """A report that says so."""

    report = _text("Its id.")
    occurred = _text("When it was said, as the source gave it (EDTF).")
    attribution = _choice(ATTRIBUTIONS, "What it counts as.")
    position = _choice(POSITIONS)
    publishers = _texts()


class Lapsed(Evidence):
    """The offer that lapsed."""

    until = _text("The last day on which it held.")


class PositionBody(Glance):
    """A position and why."""

    party = _text()
    issue = _text()
    effect = _instant("The instant from which it held.", allow_none=True)
    contested = _flag("Another report, as recent as far as we can tell, says otherwise.")
    against = _many(Evidence)
    posture = _maybe_text()
    conditions = _texts()
    red_line = _flag()
    until = _maybe_text("The last day on which the offer holds.")
    summary = _maybe_text()
    lapsed = _one(Lapsed, allow_none=True)
    reports = _number("How many reports say so.")
    utterances = _number("How many utterances those are reports of.")
    below_floor = _number("How many reports the floor left out.")
    evidence = _many(Evidence)
    previous = _one(Glance, allow_none=True)
    links = _links()


class PositionAnswer(PositionBody, Clocked):
    """The answer to the question."""

    proposition = _maybe_text("As known at seq.")


class PositionListAnswer(Clocked):
    """The positions of one party, or on one issue."""

    party = fields.String()
    issue = fields.String()
    positions = _many(PositionBody)
    next = _maybe_text("The cursor of the next page; null at the end.")


class PositionSegment(Glance):
    """One run of a position."""

    effect = _instant("Its first instant.")
    effect_end = _instant("The first instant of the next; null if open.", allow_none=True)
    reports = _number()
    future = _flag("It begins after now.")


class History(Answer):
    """What a history repeats."""

    issue = _text()
    proposition = _maybe_text()
    known_at = _instant("When the last of what it rests on was recorded.", allow_none=True)
    seq = _number()
    floor = _choice(ATTRIBUTIONS)
    links = _links()


class PositionHistoryAnswer(History):
    """All runs of a position, oldest first."""

    party = _text()
    segments = _many(PositionSegment)


class Cell(Glance):
    """One cell of the matrix."""

    party = _text()
    issue = _text()
    contested = _flag()


class MatrixAnswer(Clocked):
    """Parties x issues."""

    parties = _texts()
    issues = _texts()
    cells = _many(Cell)


class StatusGlance(Answer):
    """A status at a glance."""

    state = _choice(STATUS_STATES)
    status = _choice(STATUSES, allow_none=True)
    since = _maybe_text()


class StatusEvidence(Answer):
    """A report that says so."""

    report = _text("Its id.")
    occurred = _text()
    attribution = _choice(ATTRIBUTIONS)
    status = _choice(STATUSES)
    publishers = _texts()


class StatusAnswer(StatusGlance, Clocked):
    """How far an issue had come."""

    issue = _text()
    proposition = _maybe_text()
    effect = _instant("The instant from which it held.", allow_none=True)
    note = _maybe_text()
    contested = _flag()
    against = _many(StatusEvidence)
    unusual_transition = _flag("The step from the run before is not a usual one.")
    reports = _number()
    utterances = _number()
    below_floor = _number()
    evidence = _many(StatusEvidence)
    previous = _one(StatusGlance, allow_none=True)
    alignment = _choice(ALIGNMENTS, "How the declared positions lie to one another.")
    links = _links()


class StatusSegment(StatusGlance):
    """One run of a status."""

    effect = _instant("Its first instant.")
    effect_end = _instant("The first instant of the next; null if open.", allow_none=True)
    reports = _number()
    future = _flag("It begins after now.")
    unusual_transition = _flag()


class StatusHistoryAnswer(History):
    """All runs of a status, oldest first."""

    segments = _many(StatusSegment)


class _Registered:
    seq = _number("Where in the log this version was recorded.")
    recorded_at = _instant("When this version was recorded.")
    recorded_by = _text()
    links = _links()


class PartyAnswer(records.Party):
    """A party as it was known."""

    class Meta:
        """Clients ignore what they do not know."""

        unknown = EXCLUDE

    seq = _Registered.seq
    recorded_at = _Registered.recorded_at
    recorded_by = _Registered.recorded_by
    links = _Registered.links


class IssueAnswer(records.Issue):
    """An issue as it was known."""

    class Meta:
        """Clients ignore what they do not know."""

        unknown = EXCLUDE

    seq = _Registered.seq
    recorded_at = _Registered.recorded_at
    recorded_by = _Registered.recorded_by
    links = _Registered.links


class PartyListAnswer(Clocked):
    """Parties by id."""

    parties = _many(PartyAnswer)
    next = _maybe_text("The cursor of the next page; null at the end.")


class IssueListAnswer(Clocked):
    """Issues by id."""

    issues = _many(IssueAnswer)
    next = _maybe_text("The cursor of the next page; null at the end.")


class Cause(Answer):
    """The record that made a version."""

    type = _choice(RECORD_TYPES)
    id = _text()
    reason = _maybe_text()
    note = _maybe_text()


def _of_any_report() -> dict[str, Any]:
    """Return the fields of statements and meetings, those of one kind left optional."""
    kinds = (records.Meeting(), records.Statement())  # whose positions may lack a party
    found: dict[str, Any] = {}
    for schema in kinds:
        for name, field in schema.fields.items():
            one = copy(field)
            one.required = all(name in kind.fields for kind in kinds) and name != "id"
            found[name] = one
    found["type"] = _choice(("statement", "meeting"))
    found["id"] = _text()
    return found


class _ReportExtras(Answer):
    seq = _number("Where in the log the report was first recorded.")
    stands = _flag("False while it is retracted.")
    version = _number("1, and one more with each correction, retraction, reinstatement.")
    version_seq = _number("Where in the log this version was recorded.")
    recorded_at = _instant("When this version was recorded.")
    recorded_by = _text()
    earliest = _instant("The first instant that `occurred` may mean.")
    effect = _instant("The last one: from then on we can be sure that it had been said.")
    amended_by = _one(Cause, allow_none=True)
    links = _links()


ReportAnswer = _ReportExtras.from_dict(_of_any_report(), name="ReportAnswer")


class ReportListAnswer(Clocked):
    """Reports that stand, in order of effect."""

    reports = _many(ReportAnswer)
    next = _maybe_text("The cursor of the next page; null at the end.")


class PathChange(Answer):
    """Which part of a list or an object a correction changed."""

    path = _text("Dotted, from the field on; places in a list count from 0.")
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class FieldChange(Answer):
    """What a correction changed."""

    field = _text()
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)
    paths = fields.List(
        fields.Nested(PathChange),
        metadata={"description": "Of a list or an object: which parts of it differ."},
    )


class ReportVersion(Answer):
    """A report as it read from one point of the log on."""

    version = _number()
    seq = _number()
    recorded_at = _instant("When it was recorded.")
    recorded_by = _text()
    stands = _flag()
    cause = _one(Cause)
    changes = _many(FieldChange)
    report = fields.Dict(required=True)


class ReportHistoryAnswer(Clocked):
    """Every version of a report, oldest first."""

    id = _text()
    versions = _many(ReportVersion)


class RecordedAnswer(Answer):
    """What became of a record that was sent."""

    type = _choice(RECORD_TYPES)
    id = _text()
    result = _choice(("recorded", "unchanged"))
    seq = _number("Its position in the log.")
    effect = fields.String(metadata={"format": "date-time"})
    report = fields.String(metadata={"description": "The report that it amends."})
    links = fields.Dict(keys=fields.String(), values=fields.String())


class RecordedLine(RecordedAnswer):
    """What became of one line."""

    line = _number("From 1.")


class RecordedBatchAnswer(Answer):
    """What became of a batch."""

    records = _many(RecordedLine)


class ProblemError(Answer):
    """One thing wrong."""

    field = _text("Where, as a dotted path; empty for the whole.")
    rule = _text()
    message = _text()
    line = fields.Integer()
    did_you_mean = fields.List(fields.String())


class Problem(Answer):
    """An error. RFC 9457."""

    type = _text()
    title = _text()
    status = _number()
    detail = _text()
    instance = _text()
    hint = fields.String()
    did_you_mean = fields.List(fields.String())
    errors = fields.List(fields.Nested(ProblemError))


def record_name(schema: Schema) -> str:
    """Return the name of a record's schema in the OpenAPI document."""
    return type(schema).__name__ + "Record"


def body(*kinds: str) -> dict[str, Any]:
    """Return an OpenAPI request body: one record of these kinds."""
    refs = [{"$ref": f"#/components/schemas/{kind}Record"} for kind in kinds]
    schema = refs[0] if len(refs) == 1 else {"oneOf": refs}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def ndjson_body() -> dict[str, Any]:
    """Return an OpenAPI request body: records of any kind, one a line."""
    return {
        "required": True,
        "description": "One record a line, of any type. See /schemas/.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
