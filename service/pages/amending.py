"""Correcting, retracting and reinstating a report by form.

A form carries the version of the report that it was opened on: what it was changed to meanwhile is
never changed unseen.
"""

from http import HTTPStatus
from typing import Any

from flask import Response, render_template, request

from events.errors import StaleVersionError
from events.records import Record, patched
from events.reports import Report
from projections import reports
from service.access import door
from service.answers.comparing import changes_between
from service.http import report_in_log, store
from service.identity import new_id
from service.pages import labels
from service.pages import words as wording
from service.pages.forms import Form, Row, data_of, recorded, refusals_of, reworked, shown, unkept
from service.pages.recording import to_report
from service.pages.suggestions import Suggestions, suggesting
from service.pages.typed import kept, patch_between, record_of, typed_in, typed_of
from service.pages.view import pages
from service.schemas.records import filled
from service.store import Recorded


@pages.route("/reports/<report>/correct", methods=["GET", "POST"])
def correct(report: str) -> Response:
    """Say what a report should have said."""
    door.may_use_forms(request)
    current = report_in_log(report)
    if request.method == "POST":
        return _correct(current)
    with suggesting() as suggestions:
        form = Form(current.first["type"], typed_of(current.current, suggestions.called))
        form.status = HTTPStatus.OK if current.stands else HTTPStatus.CONFLICT
        return _correction(form, suggestions, current, current.version)


def _correct(current: Report) -> Response:
    report, kind = current.first["id"], current.first["type"]
    given = list(request.form.items(multi=True))
    seen = _as_seen(current)
    with suggesting() as suggestions:
        if form := reworked(kind, given):
            return _correction(form, suggestions, current, _version())
        form = Form(kind, typed_in(kind, given), HTTPStatus.UNPROCESSABLE_ENTITY)
        changes = _changes(form, seen, suggestions)
        record = _amendment("correction", report) | {"changes": changes}
        form.faults = refusals_of(record)
        if changes:
            corrected = patched(seen, changes)
            form.faults += refusals_of(corrected, suggestions.unknown, "changes.")
        if form.faults:
            return _correction(form, suggestions, current, _version())
    result = recorded(record, _version())  # with no connection held: a write waits for others
    if isinstance(result, Recorded):
        return to_report(report, result)
    form.status, form.faults = result
    current = report_in_log(report)
    with suggesting() as suggestions:
        if not _is_stale(form.faults):
            return _correction(form, suggestions, current, _version())
        form.typed = typed_of(patched(current.current, changes), suggestions.called)
        return _correction(form, suggestions, current, current.version, seen=seen)


def _changes(form: Form, seen: Record, suggestions: Suggestions) -> Record:
    """Return what was changed in a form that showed a report as `seen`: a JSON merge patch."""
    as_shown = typed_of(seen, suggestions.called)
    before = record_of(form.kind, as_shown, suggestions.resolve)
    after = data_of(form, suggestions) | {"id": seen["id"], "type": seen["type"]}
    return patch_between(seen, kept(after, before | {"id": seen["id"]}, seen))


def _correction(
    form: Form,
    suggestions: Suggestions,
    current: Report,
    version: int,
    seen: Record | None = None,
) -> Response:
    """Return the form. `seen`: what the report read like before it was changed meanwhile."""
    return shown(
        "correct.html",
        form,
        suggestions,
        version=version,
        is_stale=seen is not None,
        **_about(current, seen, "correction"),
    )


@pages.route("/reports/<report>/retract", methods=["GET", "POST"])
def retract(report: str) -> Response:
    """Say that a report does not stand."""
    return _amend(report, "retraction")


@pages.route("/reports/<report>/reinstate", methods=["GET", "POST"])
def reinstate(report: str) -> Response:
    """Undo a retraction."""
    return _amend(report, "reinstatement")


def _amend(report: str, kind: str) -> Response:
    door.may_use_forms(request)
    current = report_in_log(report)
    if request.method != "POST":
        is_possible = current.stands == (kind == "retraction")
        status = HTTPStatus.OK if is_possible else HTTPStatus.CONFLICT
        return _amending(kind, current, status, [], version=current.version)
    seen = _as_seen(current)
    result = recorded(_amendment(kind, report), _version())
    if isinstance(result, Recorded):
        return to_report(report, result)
    status, faults = result
    current = report_in_log(report)
    if _is_stale(faults):
        return _amending(kind, current, status, faults, version=current.version, seen=seen)
    return _amending(kind, current, status, faults, version=_version())


def _amending(
    kind: str,
    current: Report,
    status: HTTPStatus,
    faults: list[Row],
    *,
    version: int,
    seen: Record | None = None,
) -> Response:
    form = Form(current.first["type"], {}, status, faults)
    page = render_template(
        "pages/amend.html",
        kind=kind,
        form=form,
        errors=form.errors,
        labels=labels,
        wording=wording,
        version=version,
        is_stale=seen is not None,
        is_possible=current.stands == (kind == "retraction"),
        **_about(current, seen, kind),
    )
    return unkept(page, status)


# What the forms share


def _about(current: Report, seen: Record | None, kind: str) -> dict[str, Any]:
    given = {name: request.form.get(name, "") for name in ("record_id", "reason", "note")}
    return {
        "report": current.current,
        "stands": current.stands,
        "given": given | {"record_id": given["record_id"] or new_id()},
        "reasons": labels.REASONS[kind],
        "meanwhile": changes_between(filled(seen), filled(current.current)) if seen else [],
    }


def _amendment(kind: str, report: str) -> Record:
    """Return an amendment as it was typed, as JSON."""
    typed = {name: request.form.get(name, "").replace("\r\n", "\n").strip() for name in _TYPED}
    given = {_TYPED[name]: text for name, text in typed.items() if text}
    return {"type": kind, "report": report} | given


_TYPED = {"record_id": "id", "reason": "reason", "note": "note"}


def _version() -> int:
    """Return the version that a form was opened on; 0, which none ever has, if it does not say."""
    text = request.form.get("version", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0


def _as_seen(current: Report) -> Record:
    """Return a report as it read when the form was opened, as far as that is known."""
    version = _version()
    if version != current.version:
        with store().reading() as (connection, head):
            found = reports.versions_of(connection, current.first["id"], head.seq)
        for one in found:
            if one.version == version:
                return one.record
    return current.current


def _is_stale(faults: list[Row]) -> bool:
    return any(row["rule"] == StaleVersionError.rule for row in faults)
