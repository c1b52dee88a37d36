"""The shape of the public list of corrections."""

from events.vocabulary import AMENDMENTS
from service.schemas.answers import FieldChange, Known
from service.schemas.shapes import (
    Answer,
    choice,
    flag,
    instant,
    links,
    many,
    maybe_text,
    number,
    text,
)


class Correction(Answer):
    """A correction, retraction or reinstatement of a report."""

    type = choice(AMENDMENTS)
    id = text("Its own id.")
    report = text("The report that it amends.")
    reason = text()
    note = maybe_text()
    seq = number("Its position in the log.")
    recorded_at = instant("When it was recorded.")
    recorded_by = text()
    version = number("The version of the report that it made.")
    stands = flag("Whether the report stood after it.")
    changes = many(FieldChange)
    links = links()


class CorrectionListAnswer(Known):
    """Corrections, retractions and reinstatements, newest first."""

    corrections = many(Correction)
    links = links()
    next = maybe_text("The cursor of the next page; null at the end.")
