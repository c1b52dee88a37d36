"""The log as a feed: its parameters, and the shapes of its answers."""

from marshmallow import Schema, fields

from events.vocabulary import RECORD_TYPES
from service.paging import DEFAULT_LIMIT, MOST
from service.preferences import LONGEST_WAIT
from service.schemas.queries import Number, Strict
from service.schemas.shapes import Answer, choice, instant, links, many, number, text

BATCH = "application/cloudevents-batch+json"


class Following(Strict):
    """From where in the log on."""

    after = Number(
        0,
        2**53,
        load_default=0,
        metadata={
            "description": "What follows this position in the log. Default: all of it. Above "
            "the head is an error: the log was replaced by another.",
        },
    )
    limit = Number(1, MOST, load_default=DEFAULT_LIMIT, metadata={"description": "Most events."})


class Streaming(Strict):
    """From where in the log on."""

    after = Number(
        0,
        2**53,
        metadata={
            "description": "What follows this position in the log. Default: what comes next. A "
            "Last-Event-ID header says the same, and counts before it.",
        },
    )


class Preferences(Schema):
    """The headers that say how a client would like to be answered."""

    prefer = fields.String(
        data_key="Prefer",
        load_default="",
        metadata={
            "description": "wait=N: while nothing follows, wait up to N seconds, at most "
            f"{LONGEST_WAIT}, for something to be recorded (RFC 7240). Where too many wait, "
            "the answer comes at once, without Preference-Applied: ask again in a while.",
            "example": "wait=20",
        },
    )


class CloudEvent(Answer):
    """One record, as it was recorded. CloudEvents 1.0, in its JSON format."""

    specversion = choice(("1.0",))
    id = text("The position in the log, as text.")
    source = text("Where it was recorded.")
    type = choice(tuple(f"stancelog.{kind}.recorded" for kind in RECORD_TYPES))
    subject = text("The report that it is or amends; or the party or the issue.")
    time = instant("When it was recorded.")
    datacontenttype = choice(("application/json",))
    dataschema = text("The JSON Schema of the record.")
    seq = number("The position in the log, dense from 1.")
    recordedby = text("By whom it was recorded.")
    data = fields.Dict(required=True, metadata={"description": "The record."})


class LogAnswer(Answer):
    """What follows a position in the log, in log order."""

    events = many(CloudEvent)
    after = number("The position that they follow.")
    seq = number("The head of the log.")
    next = fields.Integer(
        required=True,
        allow_none=True,
        metadata={"description": "The position to go on after; null when nothing follows yet."},
    )
    links = links()
