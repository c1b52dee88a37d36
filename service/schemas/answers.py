"""The shapes of answers, for the OpenAPI document: a test holds every answer against it.

Source: contract, section 4.
"""

from copy import copy
from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate

from events.vocabulary import ATTRIBUTIONS, POSITIONS, RECORD_TYPES, STATUSES
from service.schemas import records
from service.schemas.shapes import (
    Answer,
    choice,
    flag,
    instant,
    links,
    many,
    maybe_text,
    number,
    one,
    text,
    texts,
)

POSITION_STATES = ("declared", "undeclared", "lapsed", "unreported")
STATUS_STATES = ("reported", "unreported")
ALIGNMENTS = ("thin", "opposed", "split", "aligned", "converging")


def _similarity() -> fields.Float:
    return fields.Float(
        required=True,
        validate=validate.Range(0, 1),
        metadata={"description": "Of the words of their summaries: 1 is all."},
    )


class Known(Answer):
    """What an answer over all time repeats: what was known."""

    known_at = instant("When the last of what it rests on was recorded.", allow_none=True)
    seq = number("The position in the log that pins what was known.")
    floor = choice(ATTRIBUTIONS, "The weakest attribution that counts.")


class Clocked(Known):
    """What every other answer repeats: its clocks and its floor, resolved."""

    as_of = instant("The instant in the world that the answer is about.")


class Glance(Answer):
    """A position at a glance."""

    state = choice(POSITION_STATES)
    position = choice(POSITIONS, "Null unless declared.", allow_none=True)
    since = maybe_text("The date, as its source gave it, of the report that began it.")


class Evidence(Answer):
    """A report that says so."""

    report = text("Its id.")
    occurred = text("When it was said, as the source gave it (EDTF).")
    attribution = choice(ATTRIBUTIONS, "What it counts as.")
    position = choice(POSITIONS)
    publishers = texts()


class Lapsed(Evidence):
    """The offer that lapsed."""

    until = text("The last day on which it held.")


class Inherited(Answer):
    """What a bloc had said, in which a party without a position of its own was a member."""

    bloc = text("Its id.")
    state = choice(("declared",))
    position = choice(POSITIONS)
    since = text("The date, as its source gave it, of the report that began it.")
    contested = flag("Another report, as recent as far as we can tell, says otherwise.")
    conditions = texts()
    reports = number("How many reports say so of the bloc: none counts for the party.")
    member_from = maybe_text("First day of the party's membership in it, or in the first of via.")
    member_until = maybe_text("The last day of that membership.")
    via = fields.List(
        fields.String(),
        required=True,
        metadata={"description": "The silent blocs between, from the party's own one on."},
    )


def _inherited() -> fields.List[Any]:
    return fields.List(
        fields.Nested(Inherited),
        metadata={"description": "Only with inherit=1. Empty if the party has its own position."},
    )


class PositionBody(Glance):
    """A position and why."""

    party = text()
    issue = text()
    effect = instant("The instant from which it held.", allow_none=True)
    contested = flag("Another report, as recent as far as we can tell, says otherwise.")
    against = many(Evidence)
    posture = maybe_text()
    conditions = texts()
    red_line = flag()
    until = maybe_text("The last day on which the offer holds.")
    summary = maybe_text()
    lapsed = one(Lapsed, allow_none=True)
    reports = number("How many reports say so.")
    utterances = number("How many utterances those are reports of.")
    below_floor = number("How many reports the floor left out.")
    evidence = many(Evidence)
    previous = one(Glance, allow_none=True)
    inherited = _inherited()
    links = links()


class LikelyOne(Answer):
    """Reports that count as several utterances, and may tell of one."""

    reports = texts()
    similarity = _similarity()


class PositionAnswer(PositionBody, Clocked):
    """The answer to the question."""

    proposition = maybe_text("As known at seq.")
    likely_duplicates = many(LikelyOne)


class PositionListAnswer(Clocked):
    """The positions of one party, or on one issue."""

    party = fields.String()
    issue = fields.String()
    positions = many(PositionBody)
    links = links()
    next = maybe_text("The cursor of the next page; null at the end.")


class PositionSegment(Glance):
    """One run of a position."""

    effect = instant("Its first instant.")
    effect_end = instant("The first instant of the next; null if open.", allow_none=True)
    reports = number()
    future = flag("It begins after now.")


class History(Answer):
    """What a history repeats."""

    issue = text()
    proposition = maybe_text()
    known_at = instant("When the last of what it rests on was recorded.", allow_none=True)
    seq = number()
    floor = choice(ATTRIBUTIONS)
    links = links()


class PositionHistoryAnswer(History):
    """All runs of a position, oldest first."""

    party = text()
    segments = many(PositionSegment)


class Cell(Glance):
    """One cell of the matrix."""

    party = text()
    issue = text()
    contested = flag()
    inherited = _inherited()


class MatrixAnswer(Clocked):
    """Parties x issues."""

    parties = texts()
    issues = texts()
    cells = many(Cell)
    links = links()


class StatusGlance(Answer):
    """A status at a glance."""

    state = choice(STATUS_STATES)
    status = choice(STATUSES, allow_none=True)
    since = maybe_text()


class StatusEvidence(Answer):
    """A report that says so."""

    report = text("Its id.")
    occurred = text()
    attribution = choice(ATTRIBUTIONS)
    status = choice(STATUSES)
    publishers = texts()


class StatusAnswer(StatusGlance, Clocked):
    """How far an issue had come."""

    issue = text()
    proposition = maybe_text()
    effect = instant("The instant from which it held.", allow_none=True)
    note = maybe_text()
    contested = flag()
    against = many(StatusEvidence)
    unusual_transition = flag("The step from the run before is not a usual one.")
    reports = number()
    utterances = number()
    below_floor = number()
    evidence = many(StatusEvidence)
    previous = one(StatusGlance, allow_none=True)
    alignment = choice(ALIGNMENTS, "How the declared positions lie to one another.")
    links = links()


class StatusSegment(StatusGlance):
    """One run of a status."""

    effect = instant("Its first instant.")
    effect_end = instant("The first instant of the next; null if open.", allow_none=True)
    reports = number()
    future = flag("It begins after now.")
    unusual_transition = flag()


class StatusHistoryAnswer(History):
    """All runs of a status, oldest first."""

    segments = many(StatusSegment)


class _Registered:
    seq = number("Where in the log this version was recorded.")
    recorded_at = instant("When this version was recorded.")
    recorded_by = text()
    links = links()


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

    parties = many(PartyAnswer)
    next = maybe_text("The cursor of the next page; null at the end.")


class IssueListAnswer(Clocked):
    """Issues by id."""

    issues = many(IssueAnswer)
    next = maybe_text("The cursor of the next page; null at the end.")


class Cause(Answer):
    """The record that made a version."""

    type = choice(RECORD_TYPES)
    id = text()
    reason = maybe_text()
    note = maybe_text()


def _of_any_report() -> dict[str, Any]:
    """Return the fields of statements and meetings, those of one kind left optional."""
    kinds = (records.Meeting(), records.Statement())  # whose positions may lack a party
    found: dict[str, Any] = {}
    for schema in kinds:
        for name, field in schema.fields.items():
            one = copy(field)
            one.required = all(name in kind.fields for kind in kinds) and name != "id"
            found[name] = one
    found["type"] = choice(("statement", "meeting"))
    found["id"] = text()
    return found


class Shared(Answer):
    """What two reports tell the position of."""

    party = text()
    issue = text()


class LikelyDuplicate(Answer):
    """Another report that may tell of the same utterance."""

    report = text("Its id.")
    similarity = _similarity()
    shares = many(Shared)
    publishers = texts()


class _ReportExtras(Answer):
    seq = number("Where in the log the report was first recorded.")
    stands = flag("False while it is retracted.")
    version = number("1, and one more with each correction, retraction, reinstatement.")
    version_seq = number("Where in the log this version was recorded.")
    recorded_at = instant("When this version was recorded.")
    recorded_by = text()
    earliest = instant("The first instant that `occurred` may mean.")
    effect = instant("The last one: from then on we can be sure that it had been said.")
    amended_by = one(Cause, allow_none=True)
    likely_duplicates = fields.List(
        fields.Nested(LikelyDuplicate),
        metadata={"description": "Best first, at most 10; not in lists. Nothing is merged."},
    )
    links = links()


ReportAnswer = _ReportExtras.from_dict(_of_any_report(), name="ReportAnswer")


class ReportListAnswer(Clocked):
    """Reports that stand, in order of effect."""

    reports = many(ReportAnswer)
    links = links()
    next = maybe_text("The cursor of the next page; null at the end.")


class Piece(Answer):
    """A piece of a text."""

    text = text()
    is_match = flag("It is what was searched for.")


class _Matched(Answer):
    matched = fields.List(
        fields.Nested(Piece),
        required=True,
        metadata={"description": "A passage with what was found. Joined, its pieces are the text."},
    )


FoundReport = _Matched.from_dict(ReportAnswer._declared_fields, name="FoundReport")  # noqa: SLF001


class FacetValue(Answer):
    """How many of the reports found have one value of a facet."""

    value = text()
    name = text("What people call it, as known at seq.")
    count = number("How many reports, whatever is chosen of this facet itself.")
    is_chosen = flag()
    link = text("The same search with this value, or without it where it is chosen.")


class Facets(Answer):
    """At most 20 values of each, most reports first."""

    party = many(FacetValue)
    issue = many(FacetValue)
    type = many(FacetValue)
    source = many(FacetValue)
    year = many(FacetValue)


class SearchAnswer(Clocked):
    """Reports that have the words, in order of effect, and how many there are of what."""

    reports = many(FoundReport)
    total = number("How many reports were found, on all pages.")
    facets = one(Facets)
    links = links()
    next = maybe_text("The cursor of the next page; null at the end.")


class PathChange(Answer):
    """Which part of a list or an object a correction changed."""

    path = text("Dotted, from the field on; places in a list count from 0.")
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)


class FieldChange(Answer):
    """What a correction changed."""

    field = text()
    before = fields.Raw(required=True, allow_none=True)
    after = fields.Raw(required=True, allow_none=True)
    paths = fields.List(
        fields.Nested(PathChange),
        metadata={"description": "Of a list or an object: which parts of it differ."},
    )


class ReportVersion(Answer):
    """A report as it read from one point of the log on."""

    version = number()
    seq = number()
    recorded_at = instant("When it was recorded.")
    recorded_by = text()
    stands = flag()
    cause = one(Cause)
    changes = many(FieldChange)
    report = fields.Dict(required=True)


class ReportHistoryAnswer(Clocked):
    """Every version of a report, oldest first."""

    id = text()
    versions = many(ReportVersion)


class ColumnMeaning(Answer):
    """What a column of an export means."""

    export = text("Which export.")
    column = text("Its name in the header.")
    meaning = text()


class ColumnListAnswer(Answer):
    """The dictionary of all exports' columns."""

    columns = many(ColumnMeaning)


class RecordedAnswer(Answer):
    """What became of a record that was sent."""

    type = choice(RECORD_TYPES)
    id = text()
    result = choice(("recorded", "unchanged"))
    seq = number("Its position in the log.")
    effect = fields.String(metadata={"format": "date-time"})
    report = fields.String(metadata={"description": "The report that it amends."})
    links = fields.Dict(keys=fields.String(), values=fields.String())


class RecordedLine(RecordedAnswer):
    """What became of one line."""

    line = number("From 1.")


class RecordedBatchAnswer(Answer):
    """What became of a batch."""

    records = many(RecordedLine)


class ProblemError(Answer):
    """One thing wrong."""

    field = text("Where, as a dotted path; empty for the whole.")
    rule = text()
    message = text()
    line = fields.Integer()
    did_you_mean = fields.List(fields.String())


class Problem(Answer):
    """An error. RFC 9457."""

    type = text()
    title = text()
    status = number()
    detail = text()
    instance = text()
    request_id = text("As in the header X-Request-ID, and in the log of the server.")
    hint = fields.String()
    did_you_mean = fields.List(fields.String())
    errors = fields.List(fields.Nested(ProblemError))


def record_name(schema: Schema) -> str:
    """Return the name of a record's schema in the OpenAPI document."""
    return type(schema).__name__ + "Record"


ADDRESSED = {
    "Party": ("type", "id"),
    "Issue": ("type", "id"),
    "Correction": ("type", "report"),
    "Retraction": ("type", "report"),
    "Reinstatement": ("type", "report"),
}
"""What the URL says of a record that is sent to one: the body may leave it out."""


def body(*kinds: str) -> dict[str, Any]:
    """Return an OpenAPI request body: one record of these kinds."""
    names = [f"{kind}Body" if kind in ADDRESSED else f"{kind}Record" for kind in kinds]
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    schema = refs[0] if len(refs) == 1 else {"oneOf": refs}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def ndjson_body() -> dict[str, Any]:
    """Return an OpenAPI request body: records of any kind, one a line."""
    return {
        "required": True,
        "description": "One record a line, of any type. See /schemas/.",
        "content": {"application/x-ndjson": {"schema": {"type": "string"}}},
    }
