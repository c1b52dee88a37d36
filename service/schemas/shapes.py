"""What the shapes of answers are made of."""

from typing import Any

from marshmallow import EXCLUDE, Schema, fields, validate


class Answer(Schema):
    """An object that may grow."""

    class Meta:
        """Clients ignore what they do not know."""

        unknown = EXCLUDE


def text(description: str = "", **kwargs: Any) -> fields.String:
    """Return a field of text."""
    metadata = {"description": description} if description else {}
    return fields.String(required=True, metadata=metadata, **kwargs)


def maybe_text(description: str = "", **kwargs: Any) -> fields.String:
    """Return a field of text, or null."""
    return text(description, allow_none=True, **kwargs)


def number(description: str = "", **kwargs: Any) -> fields.Integer:
    """Return a field of a whole number."""
    return fields.Integer(required=True, metadata={"description": description}, **kwargs)


def flag(description: str = "") -> fields.Boolean:
    """Return a field that is true or false."""
    return fields.Boolean(required=True, metadata={"description": description})


def many(schema: type[Schema]) -> fields.List[Any]:
    """Return a field of a list of objects."""
    return fields.List(fields.Nested(schema), required=True)


def texts() -> fields.List[Any]:
    """Return a field of a list of texts."""
    return fields.List(fields.String(), required=True)


def instant(description: str, **kwargs: Any) -> fields.String:
    """Return a field of an RFC 3339 date-time in UTC."""
    return fields.String(
        required=True, metadata={"description": description, "format": "date-time"}, **kwargs
    )


def choice(choices: tuple[str, ...], description: str = "", **kwargs: Any) -> fields.String:
    """Return a field of one of these words."""
    values = (*choices, None) if kwargs.get("allow_none") else choices
    return text(description, validate=validate.OneOf(values), **kwargs)


def one(schema: type[Schema], **kwargs: Any) -> fields.Nested:
    """Return a field of one object."""
    return fields.Nested(schema, required=True, **kwargs)


def links() -> fields.Dict:
    """Return a field of paths by what they lead to."""
    return fields.Dict(keys=fields.String(), values=fields.String(), required=True)
