"""Fields that take JSON as it is, or say which rule it breaks. Nothing is coerced."""

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any
from urllib.parse import urlsplit

from marshmallow import Schema, ValidationError, fields, validate

from events.dates import DateError, bounds_of, end_of_day

LONGEST_TEXT = 20_000
LONGEST_NAME = 1_000
LONGEST_URL = 4_000
MOST_ITEMS = 10_000

ID = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
RECORD_ID = re.compile(r"(?!batch$)[A-Za-z0-9][A-Za-z0-9._:-]{0,119}")

_EDTF = (
    r"^[0-9]{4}(-[0-9]{2}(-[0-9]{2}([Tt][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2}))?)?)?[?~%]?"
    r"(/(\.\.|[0-9]{4}(-[0-9]{2}(-[0-9]{2}([Tt][0-9:.]+([Zz]|[+-][0-9]{2}:[0-9]{2}))?)?)?[?~%]?))?$"
)


def nearest(text: str, known: Iterable[str], most: int = 3) -> list[str]:
    """Return the known words most like `text`, best first; empty if none is like it."""
    return get_close_matches(text, list(known), most, 0.7)


class Text(fields.String):
    """Text: not blank, of limited length, without NUL, which PostgreSQL cannot store."""

    def __init__(self, longest: int = LONGEST_TEXT, **kwargs: Any) -> None:
        self.longest = longest
        kwargs.setdefault("validate", validate.Length(1, longest))
        super().__init__(**kwargs)

    default_error_messages = {  # noqa: RUF012
        "invalid": "must be text",
        "required": "is required",
        "null": "is required",
        "empty": "must not be blank",
        "blank": "must not be blank: leave it out instead",
        "long": "must be at most {longest} characters, and has {length}",
        "nul": "must not contain the NUL character, as at {place}",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not str:
            raise self.make_error("invalid")
        if not value.strip():
            raise self.make_error("empty" if self.required else "blank")
        if len(value) > self.longest:
            raise self.make_error("long", longest=self.longest, length=len(value))
        if "\0" in value:
            raise self.make_error("nul", place=value.index("\0"))
        return value

    def _validate(self, value: Any) -> None:
        """Nothing is left to say: the validators are there for the documentation."""


class Matching(Text):
    """Text of one pattern."""

    def __init__(self, pattern: re.Pattern[str], example: str, **kwargs: Any) -> None:
        self.pattern = pattern
        self.example = example
        metadata = kwargs.pop("metadata", {}) | {"pattern": f"^{pattern.pattern}$"}
        super().__init__(LONGEST_NAME, metadata=metadata, validate=[], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        if not self.pattern.fullmatch(text):
            raise ValidationError(
                f"{text[:80]!r} must match {self.pattern.pattern}, such as {self.example}"
            )
        return text


def party_or_issue_id(**kwargs: Any) -> Matching:
    """Return a field for the id of a party or an issue."""
    return Matching(ID, "ukraine", **kwargs)


def record_id(**kwargs: Any) -> Matching:
    """Return a field for the id of a report, correction, retraction or reinstatement."""
    return Matching(RECORD_ID, "r-1", **kwargs)


class Choice(Text):
    """One of a closed vocabulary."""

    def __init__(self, choices: Iterable[str], **kwargs: Any) -> None:
        self.choices = tuple(choices)
        super().__init__(validate=validate.OneOf(self.choices), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is str and value in self.choices:
            return value
        text = super()._deserialize(value, attr, data, **kwargs)
        like = nearest(text.lower(), self.choices, 1)
        hint = f" (did you mean {like[0]!r}?)" if like else ""
        raise ValidationError(f"{text[:80]!r} is not one of {', '.join(self.choices)}{hint}")


class Flag(fields.Boolean):
    """JSON true or false."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "must be true or false",
        "null": "is required",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not bool:
            raise self.make_error("invalid")
        return value


class Whole(fields.Integer):
    """A JSON number without a fraction, from `least` to `most`."""

    def __init__(self, least: int, most: int, **kwargs: Any) -> None:
        self.least, self.most = least, most
        super().__init__(validate=validate.Range(least, most), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not int or not self.least <= value <= self.most:
            raise ValidationError(f"must be a whole number from {self.least} to {self.most}")
        return value


class Occurred(Text):
    """A date as sources give them: the EDTF subset of the contract."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"pattern": _EDTF, "description": "EDTF level 1 subset"}
        super().__init__(LONGEST_NAME, metadata=metadata, validate=[], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            bounds_of(text)
        except DateError as error:
            raise ValidationError(str(error)) from None
        return text


class Day(Text):
    """A full date, YYYY-MM-DD."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(LONGEST_NAME, metadata={"format": "date"}, validate=[], **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text = super()._deserialize(value, attr, data, **kwargs)
        try:
            end_of_day(text)
        except DateError as error:
            raise ValidationError(str(error)) from None
        return text


class WebAddress(Text):
    """An absolute http or https URL."""

    def __init__(self, **kwargs: Any) -> None:
        metadata = {"format": "uri", "pattern": "^[Hh][Tt][Tt][Pp][Ss]?://"}
        super().__init__(LONGEST_URL, metadata=metadata, **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        text: str = super()._deserialize(value, attr, data, **kwargs)
        try:
            parts = urlsplit(text)
            is_web = parts.scheme in ("http", "https") and bool(parts.hostname)
        except ValueError:
            is_web = False
        if not is_web or any(c.isspace() for c in text):
            raise ValidationError("must be an http or https URL, such as https://example.org/a")
        return text


class ListOf(fields.List[Any]):
    """A JSON list of one kind of value, of limited length."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "must be a list",
        "null": "is required",
        "required": "is required",
    }

    def __init__(self, inner: fields.Field[Any], *, least: int = 0, **kwargs: Any) -> None:
        super().__init__(inner, validate=_length(least), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not list:
            raise self.make_error("invalid")
        return super()._deserialize(value, attr, data, **kwargs)


class One(fields.Nested):
    """A JSON object."""

    default_error_messages = {  # noqa: RUF012
        "type": "must be an object",
        "null": "is required",
        "required": "is required",
    }

    def __init__(self, nested: type[Schema], **kwargs: Any) -> None:
        super().__init__(nested, **kwargs)

    def _load(self, value: Any, partial: Any = None) -> Any:
        if type(value) is not dict:
            raise self.make_error("type")
        return super()._load(value, partial)


class Rows(One):
    """A JSON list of objects of one schema.

    Most rows of a large file are ones seen before (the same party taking the same side of
    the same issue), and what a schema makes of a row depends on that row alone. So rows of
    text are remembered: a UN roll call of 180 positions validates in 0.2 ms instead of
    3.6 ms. Loaded rows may therefore be shared; nobody changes them.
    """

    REMEMBERED = 50_000

    def __init__(self, nested: type[Schema], *, least: int = 0, **kwargs: Any) -> None:
        super().__init__(nested, many=True, validate=_length(least), **kwargs)
        self._seen: dict[tuple[tuple[str, str], ...], Any] = {}

    def _test_collection(self, value: Any) -> None:
        """Leave it to `_load`."""

    def _load(self, value: Any, partial: Any = None) -> Any:
        if type(value) is not list:
            raise ValidationError("must be a list")
        loaded, errors = [], {}
        for i, row in enumerate(value):
            try:
                loaded.append(self._row(row))
            except ValidationError as error:
                errors[i] = error.messages
        if errors:
            raise ValidationError(errors)
        return loaded

    def _row(self, row: Any) -> Any:
        if type(row) is not dict:
            raise ValidationError("must be an object")
        try:
            return self._seen[tuple(row.items())]
        except (KeyError, TypeError):  # TypeError: a value that is not text, such as a list
            loaded = self.schema.load(row, many=False)
        if all(type(value) is str for value in row.values()):
            if len(self._seen) >= self.REMEMBERED:
                self._seen.clear()
            self._seen[tuple(row.items())] = loaded
        return loaded


class Texts(fields.Dict):
    """A JSON object of short texts."""

    default_error_messages = {  # noqa: RUF012
        "invalid": "must be an object",
        "null": "is required",
    }

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(keys=Text(LONGEST_NAME), values=Text(LONGEST_NAME), **kwargs)

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is dict:
            value = {key: text for key, text in value.items() if text is not None}
        return super()._deserialize(value, attr, data, **kwargs)  # type: ignore[no-untyped-call]


class Patch(fields.Dict):
    """A JSON merge patch (RFC 7396) on a report: an object that changes something."""

    DEEPEST = 16
    UNTOUCHED = ("id", "type")

    default_error_messages = {  # noqa: RUF012
        "invalid": "must be an object",
        "null": "is required",
        "required": "is required",
    }

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        if type(value) is not dict:
            raise self.make_error("invalid")
        if not value:
            raise ValidationError("must change something")
        if touched := [key for key in self.UNTOUCHED if key in value]:
            raise ValidationError(dict.fromkeys(touched, "cannot be changed"))
        if _depth(value, self.DEEPEST) > self.DEEPEST:
            raise ValidationError(f"must not be nested more than {self.DEEPEST} deep")
        return value


def _depth(value: Any, limit: int) -> int:
    """Return how deep a JSON value is nested, or something above `limit`."""
    level, depth = [value], 0
    while level and depth <= limit:
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, Mapping) else outer)
            if isinstance(inner, Mapping | list)
        ]
        depth += 1
    return depth


def _length(least: int) -> validate.Length:
    wanted = f"{least} to {MOST_ITEMS}" if least else f"at most {MOST_ITEMS}"
    return validate.Length(least or None, MOST_ITEMS, error=f"must have {wanted} items")
