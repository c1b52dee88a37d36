"""The shapes of the audit's answers: what changed, what differs, what was believed before."""

from marshmallow import fields

from events.vocabulary import ATTRIBUTIONS, POSITIONS, RECORD_TYPES, STATUSES
from projections.changes import KINDS
from projections.differences import Axis
from service.schemas.answers import Clocked, Glance, StatusGlance
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

STATES = ("declared", "undeclared", "lapsed", "unreported", "reported")
STEPS = ("statement", "meeting", "lapse")


class Terms(Answer):
    """What may change while a position stays the same."""

    conditions = texts()
    red_line = flag()
    until = maybe_text("The last day on which the offer holds.")


class Side(Answer):
    """One side of a change: of a position, a status, or the terms of a position."""

    state = choice(STATES)
    since = maybe_text("The date, as its source gave it, of the report that began it.")
    position = fields.String(allow_none=True)
    status = fields.String(allow_none=True)
    conditions = fields.List(fields.String())
    red_line = fields.Boolean()
    until = fields.String(allow_none=True)


class ChangeEvidence(Answer):
    """A report that caused a change."""

    report = text("Its id.")
    occurred = text("When it was said, as the source gave it (EDTF).")
    attribution = choice(ATTRIBUTIONS, "What it counts as.")
    publishers = texts()
    position = fields.String()
    status = fields.String()


class Change(Answer):
    """What was so from an instant on, and was not before."""

    kind = choice(KINDS)
    party = maybe_text("Null for a status.")
    issue = text()
    at = instant("The first instant at which it was so.")
    before = one(Side)
    after = one(Side)
    contested = flag("Another report, as recent as far as we can tell, says otherwise.")
    unusual_transition = fields.Boolean(
        required=True,
        allow_none=True,
        metadata={"description": "Of a status: the step is not a usual one. Null for the others."},
    )
    reports = texts()
    evidence = many(ChangeEvidence)


class TwoFloors(Answer):
    """What answers about positions and statuses repeat."""

    known_at = instant("When the last of what it rests on was recorded.", allow_none=True)
    seq = number("The position in the log that pins what was known.")
    floor = choice(ATTRIBUTIONS, "The weakest attribution that sets a position.")
    status_floor = choice(ATTRIBUTIONS, "The weakest attribution that sets a status.")


class ChangeListAnswer(TwoFloors):
    """Changes, oldest first."""

    from_ = instant(
        "The window's first instant; null: since ever.", allow_none=True, data_key="from"
    )
    to = instant("The window's last instant.")
    changes = many(Change)
    next = maybe_text("The cursor of the next page; null at the end.")
    links = links()


class Moment(Answer):
    """One of the two moments that are compared."""

    as_of = instant("The instant in the world.")
    known_at = instant("When the last of what it rests on was recorded.", allow_none=True)
    seq = number("The position in the log.")


class DifferenceCause(Answer):
    """What made a difference."""

    type = choice((*RECORD_TYPES, "lapse"))
    report = text("The report that said so, lapsed, or was amended.")
    at = fields.String(metadata={"description": "In the world: when it took effect."})
    attribution = fields.String(metadata={"description": "In the world: what it counts as."})
    id = fields.String(metadata={"description": "In the log: the record's id."})
    seq = fields.Integer(metadata={"description": "In the log: its position."})
    recorded_at = fields.String()
    recorded_by = fields.String()
    reason = fields.String(allow_none=True)
    note = fields.String(allow_none=True)


class PositionDifference(Answer):
    """A position that differs."""

    party = text()
    issue = text()
    before = one(Glance)
    after = one(Glance)
    causes = many(DifferenceCause)


class TermsDifference(Answer):
    """A position that is the same, on other terms."""

    party = text()
    issue = text()
    before = one(Terms)
    after = one(Terms)
    causes = many(DifferenceCause)


class StatusDifference(Answer):
    """A status that differs."""

    issue = text()
    before = one(StatusGlance)
    after = one(StatusGlance)
    causes = many(DifferenceCause)


class DifferenceAnswer(Answer):
    """What differs between two moments: one axis moves, the other stands still."""

    axis = choice(tuple(axis.value for axis in Axis), "Which clock moves.")
    from_ = one(Moment, data_key="from")
    to = one(Moment)
    floor = choice(ATTRIBUTIONS, "The weakest attribution that sets a position.")
    status_floor = choice(ATTRIBUTIONS, "The weakest attribution that sets a status.")
    positions = many(PositionDifference)
    terms = many(TermsDifference)
    statuses = many(StatusDifference)
    next = maybe_text("The cursor of the next page; null at the end.")
    links = links()


class RevisionCause(Answer):
    """The record that changed the answer."""

    type = choice(RECORD_TYPES)
    report = text("The report that it is, or amends.")
    id = text("Its own id.")
    reason = maybe_text()
    note = maybe_text()


class Revision(Answer):
    """The answer from one log position on."""

    seq = number("The position in the log.")
    recorded_at = instant("When that was recorded.")
    recorded_by = text()
    state = choice(STATES)
    position = choice(POSITIONS, "Null unless declared.", allow_none=True)
    since = maybe_text()
    cause = one(RevisionCause)


class StatusRevision(Answer):
    """The status from one log position on."""

    seq = number("The position in the log.")
    recorded_at = instant("When that was recorded.")
    recorded_by = text()
    state = choice(STATES)
    status = choice(STATUSES, allow_none=True)
    since = maybe_text()
    cause = one(RevisionCause)


class RevisionListAnswer(Clocked):
    """How the answer for a date came to be what it is."""

    party = text()
    issue = text()
    proposition = maybe_text()
    revisions = many(Revision)
    next = maybe_text("The cursor of the next page; null at the end.")
    links = links()


class StatusRevisionListAnswer(Clocked):
    """How the status for a date came to be what it is."""

    issue = text()
    proposition = maybe_text()
    revisions = many(StatusRevision)
    next = maybe_text("The cursor of the next page; null at the end.")
    links = links()
