"""What is typed into a form, and the record that it makes: by the schemas of the records.

Typed is a tree of texts, shaped as the record: rows are lists, a text of several lines is a list
of texts. Rows in which nothing is typed are left out, so that the places of the others are those
in the record, and a fault of the record names the field of the form.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from marshmallow import Schema, fields

from events.records import Record
from service.schemas.fields import Flag, ListOf, Matching, One, Rows, Whole
from service.schemas.records import SCHEMAS

DEEPEST = 5
"""Parts of the longest name of a field: participants.0.representatives.0.name."""

Typed = dict[str, Any]
Resolve = Callable[[str, str, str], str]
"""Takes party or issue, what was typed, and in which field. Returns an id, or what was typed."""


def typed_in(kind: str, form: Iterable[tuple[str, str]], *, keep_blank: bool = False) -> Typed:
    """Return what was typed into a form for a record of this kind. Other fields are ignored.

    With `keep_blank`, rows in which nothing is typed are kept.
    """
    return _typed(SCHEMAS[kind], _tree(form), keep_blank=keep_blank)


def _tree(form: Iterable[tuple[str, str]]) -> Typed:
    """Return texts by their dotted names as a tree. Of two with one name the first counts."""
    tree: Typed = {}
    for name, text in form:
        if name.count(".") >= DEEPEST:
            continue
        parts = name.split(".")
        node: Any = tree
        for part in parts[:-1]:
            node = node.setdefault(part, {})
            if not isinstance(node, dict):
                break
        if isinstance(node, dict):
            node.setdefault(parts[-1], text)
    return tree


def _typed(schema: Schema, tree: Typed, *, keep_blank: bool) -> Typed:
    typed: Typed = {}
    for name, field in schema.fields.items():
        given = tree.get(name)
        if isinstance(field, Rows):
            found = [row for row in _in_order(given) if isinstance(row, dict)]
            rows = [_typed(field.schema, row, keep_blank=keep_blank) for row in found]
            typed[name] = [row for row in rows if keep_blank or is_filled(row)]
        elif isinstance(field, One):
            inner = given if isinstance(given, dict) else {}
            typed[name] = _typed(field.schema, inner, keep_blank=keep_blank)
        elif _is_of_names(field):
            texts = [text for text in _in_order(given) if isinstance(text, str)]
            typed[name] = [text for text in texts if keep_blank or text.strip()]
        else:
            typed[name] = given.replace("\r\n", "\n") if isinstance(given, str) else ""
    return typed


def _in_order(given: Any) -> list[Any]:
    if not isinstance(given, dict):
        return []
    places = [key for key in given if key.isascii() and key.isdigit() and len(key) < 7]
    return [given[key] for key in sorted(places, key=int)]


def is_filled(typed: Any) -> bool:
    """Tell whether anything is typed."""
    if isinstance(typed, dict):
        return any(map(is_filled, typed.values()))
    return any(map(is_filled, typed)) if isinstance(typed, list) else bool(typed.strip())


def _is_of_names(field: Any) -> bool:
    return isinstance(field, ListOf) and isinstance(field.inner, Matching)


# What it makes


def record_of(kind: str, typed: Typed, resolve: Resolve) -> Record:
    """Return the record that was typed, as JSON, before any validation."""
    return _object(SCHEMAS[kind], typed, resolve, "") | {"type": kind}


def _object(schema: Schema, typed: Typed, resolve: Resolve, path: str) -> Record:
    values = {
        name: _value(name, field, typed.get(name), resolve, f"{path}{name}")
        for name, field in schema.fields.items()
    }
    return {name: value for name, value in values.items() if value not in ("", None, [], {})}


def _value(name: str, field: Any, typed: Any, resolve: Resolve, path: str) -> Any:
    if isinstance(field, Rows):
        return [
            _object(field.schema, row, resolve, f"{path}.{i}.") for i, row in enumerate(typed or ())
        ]
    if isinstance(field, One):
        return _object(field.schema, typed or {}, resolve, f"{path}.")
    if _is_of_names(field):
        return [resolve("party", text.strip(), f"{path}.{i}") for i, text in enumerate(typed or ())]
    text = (typed or "").strip()
    if isinstance(field, Matching) and name in ("party", "issue") and text:
        return resolve(name, text, path)
    return _value_of_text(field, text)


def _value_of_text(field: Any, text: str) -> Any:
    if isinstance(field, fields.List):
        return [line for line in map(str.strip, text.split("\n")) if line]
    if isinstance(field, Flag):
        return True if text else None
    if isinstance(field, Whole):
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else text
    return text


# What is on record, as if it had been typed


def typed_of(record: Record, called: Callable[[str, str], str]) -> Typed:
    """Return a record as it would be typed. `called`: gives the name of a party or issue by id."""
    return _typed_object(SCHEMAS[record["type"]], record, called)


def _typed_object(schema: Schema, record: Record, called: Callable[[str, str], str]) -> Typed:
    return {
        name: _typed_value(name, field, record.get(name), called)
        for name, field in schema.fields.items()
    }


def _typed_value(name: str, field: Any, value: Any, called: Callable[[str, str], str]) -> Any:
    if isinstance(field, Rows):
        return [_typed_object(field.schema, row, called) for row in value or ()]
    if isinstance(field, One):
        return _typed_object(field.schema, value or {}, called)
    if _is_of_names(field):
        return [called("party", one) for one in value or ()]
    if isinstance(field, Matching) and name in ("party", "issue") and value:
        return called(name, value)
    return _text_of_value(field, value)


def _text_of_value(field: Any, value: Any) -> str:
    if isinstance(field, fields.List):
        return "\n".join(value or ())
    if isinstance(field, Flag):
        return "on" if value else ""
    return "" if value is None else str(value)


# What a correction changes


def patch_between(before: Record, after: Record) -> Record:
    """Return the smallest JSON merge patch (RFC 7396) from one object to another."""
    patch: Record = {}
    for name in dict.fromkeys([*before, *after]):
        old, new = before.get(name), after.get(name)
        if old == new:
            continue
        is_within = isinstance(old, dict) and isinstance(new, dict)
        patch[name] = patch_between(old, new) if is_within else new  # type: ignore[arg-type]
    return patch


def kept(after: Any, before: Any, original: Any) -> Any:
    """Return what was typed, with what was left as it was as it is on record.

    `before`: what the form makes of `original` when nothing is changed: a text that a form cannot
    hold as it is, such as a condition of two lines, is not changed by a form.
    """
    if after == before:
        return original
    if isinstance(after, dict) and isinstance(before, dict) and isinstance(original, dict):
        return {
            name: kept(value, before.get(name), original.get(name, before.get(name)))
            for name, value in after.items()
        }
    if isinstance(after, list) and isinstance(before, list) and isinstance(original, list):
        return _kept_rows(after, before, original)
    return after


def _kept_rows(after: list[Any], before: list[Any], original: list[Any]) -> list[Any]:
    if len(before) != len(original):
        return after  # lines, of which some have line breaks: nobody knows which is which
    places = {orjson.dumps(row): place for place, row in enumerate(before)}
    rows = []
    for place, row in enumerate(after):
        alike = places.get(orjson.dumps(row))
        if alike is not None:
            rows.append(original[alike])
        elif place < len(before):
            rows.append(kept(row, before[place], original[place]))
        else:
            rows.append(row)
    return rows
