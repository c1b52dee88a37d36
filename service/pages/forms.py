"""A form for a report: its rows, what is wrong with it and where, and what its buttons do."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from flask import Response, make_response, render_template, request
from marshmallow import Schema

from events.errors import Fault, InvalidRecordError, RefusedError, UnknownError
from events.records import Record
from service import lines
from service.access import door
from service.http import record_one
from service.identity import new_id
from service.pages import labels
from service.pages import words as wording
from service.pages.suggestions import Suggestions
from service.pages.typed import Typed, is_filled, record_of, typed_in
from service.problems import described, status_of
from service.repeats import UNKEPT
from service.schemas import records
from service.schemas.fields import One
from service.schemas.records import SCHEMAS
from service.store import Recorded

FEWEST = {"parties": 1, "participants": 2, "positions": 1, "statuses": 1, "sources": 1}
"""Rows that a form has, filled in or not."""

FIRST = {
    "parties": "",
    "participants": ".party",
    "representatives": ".name",
    "positions": ".issue",
    "statuses": ".issue",
    "sources": ".publisher",
}
"""The first field of a row of each kind."""

REWORKS = ("add", "remove", "use")
"""Buttons that change the form, and record nothing."""

Row = dict[str, Any]
"""A fault as the API describes it."""


@dataclass
class Form:
    """A form as it is shown."""

    kind: str
    typed: Typed
    status: HTTPStatus = HTTPStatus.OK
    faults: list[Row] = field(default_factory=list)
    focus: str = ""  # the name of the field to go on in

    @property
    def errors(self) -> dict[str, list[Row]]:
        """The faults by the names of the fields that they are shown at, in the form's order."""
        told: dict[str, list[Row]] = {}
        for fault in self.faults:
            told.setdefault(place_of(fault["field"], self.typed), []).append(fault)
        return {place: told[place] for place in sorted(told, key=labels.order_of)}

    def is_needed(self, name: str) -> bool:
        """Tell whether every record is refused without a field."""
        schema: Schema = SCHEMAS[self.kind]
        is_needed = True
        for part in name.split("."):
            if inner := schema.fields.get(part):
                is_needed = is_needed and inner.required
                schema = inner.schema if isinstance(inner, One) else schema
        return is_needed


def place_of(name: str, typed: Typed) -> str:
    """Return the field or group of a form that a fault of a record is shown at; "" for the form."""
    node: Any = typed
    path: list[str] = []
    for part in name.removeprefix("changes.").split("."):
        if isinstance(node, dict) and part in node:
            node = node[part]
        elif isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        else:
            break
        path.append(part)
    return ".".join(path) or (name if name in ("reason", "note") else "")


def with_rows(kind: str, typed: Typed) -> Typed:
    """Return what was typed with empty rows to type more into."""
    padded = dict(typed)
    blank = typed_in(kind, [(f"{group}.0.x", "") for group in FEWEST], keep_blank=True)
    for group, least in FEWEST.items():
        if group in padded:
            empty = blank[group][0] if blank[group] else ""
            rows = list(padded[group])
            padded[group] = rows + [empty] * (least - len(rows))
    if "participants" in padded:
        padded["participants"] = [
            row | {"representatives": row["representatives"] or [{"name": "", "role": ""}]}
            for row in padded["participants"]
        ]
    return padded


# Buttons that change the form


def reworked(kind: str, form: Sequence[tuple[str, str]]) -> Form | None:
    """Return the form as a button changes it; None where it is to be recorded."""
    pressed = next(((name, text) for name, text in form if name in REWORKS), None)
    if pressed is None:
        return None
    typed = with_rows(kind, typed_in(kind, form, keep_blank=True))
    what, place = pressed
    focus = {"add": _added, "remove": _removed, "use": _used}[what](typed, place)
    return Form(kind, typed, focus=focus)


def _added(typed: Typed, place: str) -> str:
    rows, group = _rows_at(typed, place), place.rpartition(".")[2]
    if rows is None or group not in FIRST:
        return ""
    rows.append(_emptied(rows[0]) if rows else "")
    return f"{place}.{len(rows) - 1}{FIRST[group]}"


def _emptied(typed: Any) -> Any:
    """Return a row as it is before anything is typed into it."""
    if isinstance(typed, dict):
        return {name: _emptied(value) for name, value in typed.items()}
    return [_emptied(row) for row in typed[:1]] if isinstance(typed, list) else ""


def _removed(typed: Typed, place: str) -> str:
    group, _, number = place.rpartition(".")
    rows = _rows_at(typed, group)
    if rows is None or not number.isdigit() or int(number) >= len(rows):
        return ""
    emptied = _emptied(rows[0])
    del rows[int(number)]
    if not rows:
        rows.append(emptied)
    return group


def _used(typed: Typed, pair: str) -> str:
    place, _, text = pair.partition("=")
    above, _, name = place.rpartition(".")
    node = _node_at(typed, above)
    if isinstance(node, dict) and isinstance(node.get(name), str):
        node[name] = text
    elif isinstance(node, list) and name.isdigit() and int(name) < len(node):
        node[int(name)] = text
    return place


def _rows_at(typed: Typed, place: str) -> list[Any] | None:
    found = _node_at(typed, place)
    return found if isinstance(found, list) else None


def _node_at(typed: Typed, place: str) -> Any:
    node: Any = typed
    for part in place.split(".") if place else ():
        if isinstance(node, list) and part.isdigit() and int(part) < len(node):
            node = node[int(part)]
        elif isinstance(node, dict) and part in node:
            node = node[part]
        else:
            return None
    return node


# Recording


def refusals_of(data: Record, unknown: Iterable[UnknownError] = (), prefix: str = "") -> list[Row]:
    """Return what is wrong with a record by its schema and by whom it names, as the API says it.

    `prefix`: of the fields, where the record is what a correction would leave.
    """
    try:
        records.load(data)
        faults: list[Fault] = []
    except InvalidRecordError as error:
        faults = error.faults
    named = {error.field: described(error)[0] for error in unknown}
    rows = [fault._asdict() for fault in faults if fault.field not in named]
    rows += named.values()
    return [{**row, "field": f"{prefix}{row['field']}"} for row in rows]


def recorded(
    data: Record, expected_version: int | None = None
) -> Recorded | tuple[HTTPStatus, list[Row]]:
    """Record what was typed, or return why not. `expected_version`: of the report it amends."""
    if why := door.why_not_by_form(request):
        return HTTPStatus.FORBIDDEN, [Fault("", "session", why)._asdict()]
    try:
        record = lines.identified(records.load(data), lambda _: new_id())
        return record_one(record, expected_version)
    except RefusedError as error:
        return status_of(error), described(error)


def data_of(form: Form, suggestions: Suggestions) -> Record:
    """Return the record that was typed into a form, as JSON."""
    return record_of(form.kind, form.typed, suggestions.resolve)


# Showing


def shown(
    template: str, form: Form, suggestions: Suggestions | None = None, **more: Any
) -> Response:
    """Return the page of a form. Nobody keeps it: what is typed is nobody else's."""
    errors = form.errors
    page = render_template(
        f"pages/{template}",
        form=form,
        typed=with_rows(form.kind, form.typed),
        errors=errors,
        suggestions=suggestions,
        labels=labels,
        wording=wording,
        is_filled=is_filled,
        **more,
    )
    return unkept(page, form.status)


def unkept(page: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return a page that is not to be kept anywhere."""
    response: Response = make_response(page, status)
    response.headers["Cache-Control"] = UNKEPT
    return response
