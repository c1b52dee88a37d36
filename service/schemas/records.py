"""Records: what the timeline is told. Source: contract, section 2.

Loading gives the canonical form that the log keeps: keys in this order, and whatever equals
its default left out. The defaults are part of what is stored; they never change.
"""

from collections.abc import Mapping
from contextlib import suppress
from functools import cached_property
from typing import Any, ClassVar

from marshmallow import RAISE, Schema, ValidationError, fields, post_load, validates_schema

from events.dates import bounds_of, end_of_day
from events.errors import Fault, InvalidRecordError
from events.records import Record, holders_of, speakers_of
from events.vocabulary import (
    ATTRIBUTIONS,
    CORRECTION_REASONS,
    MODES,
    PARTY_KINDS,
    POSITIONS,
    POSTURES,
    RECORD_TYPES,
    REINSTATEMENT_REASONS,
    RELIABILITY,
    RETRACTION_REASONS,
    ROLES,
    STATUSES,
)
from service.schemas.fields import (
    LONGEST_NAME,
    Choice,
    Day,
    Flag,
    ListOf,
    Occurred,
    One,
    Patch,
    Rows,
    Text,
    Texts,
    WebAddress,
    Whole,
    nearest,
    party_or_issue_id,
    record_id,
)

MOST_STANCES = 20_000
"""Most positions of parties that one report tells of: one for each party, where none is named."""


class Canonical(Schema):
    """An object that leaves out what equals its default. Unknown fields are errors."""

    class Meta:
        """Unknown fields are errors."""

        unknown = RAISE

    DEFAULTS: ClassVar[Mapping[str, Any]] = {}

    def _deserialize(self, data: Any, **kwargs: Any) -> Any:
        """Take the fields that are there. Where one is bad, let marshmallow say all that is.

        It asks every field, there or not: a statement took 170 us to load, and takes 80.
        """
        if type(data) is dict and self._required <= data.keys() <= self._fields.keys():
            with suppress(ValidationError):
                return {
                    field.attribute or field.name: field.deserialize(data[key], key, data)
                    for key, field in self._fields.items()
                    if key in data
                }
        return super()._deserialize(data, **kwargs)

    @cached_property
    def _fields(self) -> dict[str, fields.Field[Any]]:
        return {field.data_key or name: field for name, field in self.load_fields.items()}

    @cached_property
    def _required(self) -> frozenset[str]:
        return frozenset(key for key, field in self._fields.items() if field.required)

    @post_load
    def leave_out_defaults(self, data: Record, **_: Any) -> Record:
        """Return the object without nulls, empty lists and defaults."""
        defaults = self.DEFAULTS
        return {
            key: value
            for key, value in data.items()
            if value is not None and value not in ([], {}) and value != defaults.get(key)
        }

    def filled(self, record: Record) -> Record:
        """Return a canonical object with its defaults filled in, nested ones too."""
        full: Record = {}
        for name, field in self.fields.items():
            value = record.get(field.data_key or name, self.DEFAULTS.get(name))
            inner = field.schema if isinstance(field, One) else None
            if isinstance(field, fields.List | Rows):
                value = value or []
            elif isinstance(field, Texts):
                value = value or {}
            if value and isinstance(inner, Canonical):
                many = isinstance(field, Rows)
                value = [inner.filled(row) for row in value] if many else inner.filled(value)
            full[field.data_key or name] = value
        return full


class Person(Canonical):
    """Who spoke, or who came."""

    name = Text(LONGEST_NAME, allow_none=True)
    role = Text(LONGEST_NAME, allow_none=True)


class Membership(Canonical):
    """A party's membership of a bloc or organization, days inclusive."""

    party = party_or_issue_id(required=True)
    from_ = Day(data_key="from", attribute="from", allow_none=True)
    until = Day(allow_none=True)

    @validates_schema
    def ends_after_it_begins(self, data: Record, **_: Any) -> None:
        """Refuse an interval that is reversed."""
        begins, ends = data.get("from"), data.get("until")
        if begins and ends and ends < begins:
            raise ValidationError(f"must not be before from ({begins})", "until")


class Party(Canonical):
    """Someone who can take a position."""

    type = Choice(("party",), required=True)
    id = party_or_issue_id(required=True)
    name = Text(LONGEST_NAME, required=True)
    kind = Choice(PARTY_KINDS, required=True)
    aliases = ListOf(Text(LONGEST_NAME), allow_none=True)
    codes = Texts(allow_none=True)
    member_of = Rows(Membership, allow_none=True)

    @validates_schema
    def is_not_a_member_of_itself(self, data: Record, **_: Any) -> None:
        """Refuse a party that is its own member."""
        for i, membership in enumerate(data.get("member_of") or ()):
            if membership["party"] == data["id"]:
                raise ValidationError({"member_of": {i: {"party": ["must be another party"]}}})


class Issue(Canonical):
    """A proposition that parties take positions on."""

    type = Choice(("issue",), required=True)
    id = party_or_issue_id(required=True)
    title = Text(LONGEST_NAME, required=True)
    proposition = Text(required=True)
    parent = party_or_issue_id(allow_none=True)
    supersedes = party_or_issue_id(allow_none=True)
    tags = ListOf(Text(LONGEST_NAME), allow_none=True)

    @validates_schema
    def is_another_one(self, data: Record, **_: Any) -> None:
        """Refuse an issue that is its own parent, or supersedes itself."""
        for key in ("parent", "supersedes"):
            if data.get(key) == data["id"]:
                raise ValidationError("must be another issue", key)


class Position(Canonical):
    """The side that a party takes of an issue's proposition."""

    DEFAULTS: ClassVar = {"red_line": False}

    issue = party_or_issue_id(required=True)
    party = party_or_issue_id(allow_none=True)
    position = Choice(POSITIONS, required=True)
    posture = Choice(POSTURES, allow_none=True)
    conditions = ListOf(Text(), allow_none=True)
    summary = Text(allow_none=True)
    red_line = Flag(allow_none=True)
    until = Day(allow_none=True)

    @validates_schema
    def has_something_to_lapse(self, data: Record, **_: Any) -> None:
        """Refuse a deadline on having no position."""
        if data.get("until") and data["position"] == "undeclared":
            raise ValidationError("must not be given with 'undeclared'", "until")


class MeetingPosition(Position):
    """The side that a party took at a meeting."""

    party = party_or_issue_id(required=True)


class Status(Canonical):
    """How far an issue has come."""

    issue = party_or_issue_id(required=True)
    status = Choice(STATUSES, required=True)
    note = Text(allow_none=True)


class Source(Canonical):
    """Where the report comes from."""

    DEFAULTS: ClassVar = {"reliability": "F"}

    publisher = Text(LONGEST_NAME, required=True)
    url = WebAddress(allow_none=True)
    title = Text(allow_none=True)
    published_at = Occurred(allow_none=True)
    language = Text(LONGEST_NAME, allow_none=True)
    reliability = Choice(RELIABILITY, allow_none=True)


class Participant(Canonical):
    """A party at a meeting."""

    DEFAULTS: ClassVar = {"role": "participant"}

    party = party_or_issue_id(required=True)
    role = Choice(ROLES, allow_none=True)
    representatives = Rows(Person, allow_none=True)


class Report(Canonical):
    """What statements and meetings share."""

    DEFAULTS: ClassVar = {"credibility": 6}

    @validates_schema
    def names_each_once(self, data: Record, **_: Any) -> None:
        """Refuse a party, a party's position, or an issue's status that comes twice."""
        errors: dict[str, Any] = {}
        for key, name in (("parties", None), ("participants", "party"), ("statuses", "issue")):
            seen = set()
            for i, row in enumerate(data.get(key) or ()):
                value = row[name] if name else row
                if value in seen:
                    again = [f"{value!r} comes twice"]
                    errors.setdefault(key, {})[i] = {name: again} if name else again
                seen.add(value)
        if errors:
            raise ValidationError(errors)
        taken = set()
        speakers = speakers_of(data)
        told = sum(len(holders_of(one, speakers)) for one in data.get("positions") or ())
        if told > MOST_STANCES:
            raise ValidationError(f"make {told} positions of parties: too many", "positions")
        for i, position in enumerate(data.get("positions") or ()):
            for party in holders_of(position, speakers):
                if (party, position["issue"]) in taken:
                    twice = f"{party!r} already has a position on {position['issue']!r} here"
                    raise ValidationError({"positions": {i: [twice]}})
                taken.add((party, position["issue"]))

    @validates_schema
    def lapses_after_it_is_made(self, data: Record, **_: Any) -> None:
        """Refuse an offer that lapsed before it can have been made."""
        for i, position in enumerate(data.get("positions") or ()):
            until = position.get("until")
            if until and end_of_day(until) < bounds_of(data["occurred"]).earliest:
                message = f"must not be before the report's date ({data['occurred']})"
                raise ValidationError({"positions": {i: {"until": [message]}}})


class Statement(Report):
    """One report of something that parties said."""

    type = Choice(("statement",), required=True)
    id = record_id(allow_none=True)
    occurred = Occurred(required=True)
    parties = ListOf(party_or_issue_id(), least=1, required=True)
    speaker = One(Person, allow_none=True)
    venue = Text(LONGEST_NAME, allow_none=True)
    summary = Text(required=True)
    quote = Text(allow_none=True)
    attribution = Choice(ATTRIBUTIONS, required=True)
    attribution_phrase = Text(allow_none=True)
    positions = Rows(Position, allow_none=True)
    statuses = Rows(Status, allow_none=True)
    sources = Rows(Source, least=1, required=True)
    credibility = Whole(1, 6, allow_none=True)
    utterance = Text(LONGEST_NAME, allow_none=True)
    tags = ListOf(Text(LONGEST_NAME), allow_none=True)


class Meeting(Report):
    """One report of a meeting, call or vote."""

    type = Choice(("meeting",), required=True)
    id = record_id(allow_none=True)
    occurred = Occurred(required=True)
    place = Text(LONGEST_NAME, allow_none=True)
    mode = Choice(MODES, allow_none=True)
    participants = Rows(Participant, least=1, required=True)
    agenda = ListOf(Text(), allow_none=True)
    summary = Text(required=True)
    attribution = Choice(ATTRIBUTIONS, required=True)
    attribution_phrase = Text(allow_none=True)
    positions = Rows(MeetingPosition, allow_none=True)
    statuses = Rows(Status, allow_none=True)
    sources = Rows(Source, least=1, required=True)
    credibility = Whole(1, 6, allow_none=True)
    utterance = Text(LONGEST_NAME, allow_none=True)
    tags = ListOf(Text(LONGEST_NAME), allow_none=True)


class Correction(Canonical):
    """The report was wrong."""

    type = Choice(("correction",), required=True)
    id = record_id(allow_none=True)
    report = record_id(required=True)
    changes = Patch(required=True)
    reason = Choice(CORRECTION_REASONS, required=True)
    note = Text(allow_none=True)


class Retraction(Canonical):
    """The report does not stand."""

    type = Choice(("retraction",), required=True)
    id = record_id(allow_none=True)
    report = record_id(required=True)
    reason = Choice(RETRACTION_REASONS, required=True)
    note = Text(allow_none=True)


class Reinstatement(Canonical):
    """The report stands after all."""

    DEFAULTS: ClassVar = {"reason": "other"}

    type = Choice(("reinstatement",), required=True)
    id = record_id(allow_none=True)
    report = record_id(required=True)
    reason = Choice(REINSTATEMENT_REASONS, allow_none=True)
    note = Text(allow_none=True)


SCHEMAS: dict[str, Canonical] = {
    "party": Party(),
    "issue": Issue(),
    "statement": Statement(),
    "meeting": Meeting(),
    "correction": Correction(),
    "retraction": Retraction(),
    "reinstatement": Reinstatement(),
}


def load(data: Any) -> Record:
    """Return a record in canonical form. Raises InvalidRecordError, naming each fault.

    `data`: a JSON value as decoded. Without an id, the record is left without one.
    """
    if not isinstance(data, dict):
        raise InvalidRecordError([Fault("", "type", "a record is one JSON object")])
    kind = data.get("type")
    schema = SCHEMAS.get(kind) if isinstance(kind, str) else None
    if schema is None:
        like = nearest(kind, RECORD_TYPES, 1) if isinstance(kind, str) else []
        hint = f" (did you mean {like[0]!r}?)" if like else ""
        given = "is required" if kind is None else f"{str(kind)[:80]!r} is not a record type"
        message = f"{given}: one of {', '.join(RECORD_TYPES)}{hint}"
        raise InvalidRecordError([Fault("type", "choice", message)])
    try:
        loaded: Record = schema.load(data)
    except ValidationError as error:
        raise InvalidRecordError(faults_of(error.messages, schema)) from None
    return loaded


def filled(record: Record) -> Record:
    """Return a canonical record with every field, defaults filled in."""
    return SCHEMAS[record["type"]].filled(record)


def faults_of(messages: Any, schema: Schema | None, path: tuple[str, ...] = ()) -> list[Fault]:
    """Return marshmallow's nested messages as a flat list, unknown fields with a hint."""
    if isinstance(messages, dict):
        faults = []
        for key, inner in messages.items():
            name = () if key == "_schema" else (str(key),)
            field = schema.fields.get(str(key)) if schema else None
            if schema and field is None and isinstance(key, str):
                field = next((f for f in schema.fields.values() if f.data_key == key), None)
            if inner == ["Unknown field."] and schema:
                faults.append(Fault(".".join(path + name), "unknown", _unknown(str(key), schema)))
                continue
            below = field.schema if isinstance(field, fields.Nested) else None
            faults += faults_of(
                inner, below or (schema if isinstance(key, int) else None), path + name
            )
        return faults
    texts = messages if isinstance(messages, list) else [messages]
    faults = []
    for text in texts:
        if isinstance(text, dict):
            faults += faults_of(text, schema, path)
            continue
        rule = "required" if text == "is required" else "invalid"
        faults.append(Fault(".".join(path), rule, str(text)))
    return faults


def _unknown(name: str, schema: Schema) -> str:
    if name in ("recorded_at", "recorded_by", "seq") and isinstance(schema, Canonical):
        return f"is not a field: the log itself sets {name}"
    known = [field.data_key or key for key, field in schema.fields.items()]
    like = nearest(name, known, 1)
    noun = "field" if isinstance(schema, Canonical) else "parameter"
    hint = f"did you mean {like[0]!r}?" if like else f"the {noun}s are {', '.join(known)}"
    return f"is not a {noun} here: {hint}"
