"""Recording by form: a statement or a meeting, with the checks and messages of the API."""

from http import HTTPStatus
from typing import Any

from flask import Response, redirect, request

from events.errors import ContentDiffersError
from service.access import door, sessions
from service.http import store
from service.identity import new_id
from service.links import page
from service.pages.forms import Form, data_of, recorded, refusals_of, reworked, shown
from service.pages.suggestions import Suggestions, suggesting
from service.pages.typed import typed_in
from service.pages.view import pages
from service.store import Recorded

PREFILLED = ("party", "issue", "position")
"""Parameters that a link to a form may fill in."""


@pages.app_context_processor
def _writing() -> dict[str, Any]:
    return {
        "is_for_writing": door.rules().allows_writing,
        "form_proof": lambda: sessions.proof(request),
        "is_signed_in": lambda: door.visitor(request),
    }


@pages.route("/record/statement", methods=["GET", "POST"])
def record_statement() -> Response:
    """Tell of what parties said."""
    return _record("statement")


@pages.route("/record/meeting", methods=["GET", "POST"])
def record_meeting() -> Response:
    """Tell of a meeting, a call or a vote."""
    return _record("meeting")


def _record(kind: str) -> Response:
    door.may_use_forms(request)
    with suggesting() as suggestions:
        if request.method != "POST":
            return _shown(_new(kind, suggestions), suggestions)
        typed = list(request.form.items(multi=True))
        form = reworked(kind, typed)
        if form is None:
            form = Form(kind, typed_in(kind, typed))
            data = data_of(form, suggestions)
            form.faults = refusals_of(data, suggestions.unknown)
            form.status = HTTPStatus.UNPROCESSABLE_ENTITY
        if form.faults or form.status == HTTPStatus.OK:
            return _shown(form, suggestions)
    result = recorded(data)  # with no connection held: a write waits for others
    if isinstance(result, Recorded):
        return to_report(result.outcome.record["id"], result)
    form.status, form.faults = result
    with suggesting() as suggestions:
        return _shown(form, suggestions)


def _new(kind: str, suggestions: Suggestions) -> Form:
    """Return an empty form, with an id of its own: sent twice, it is recorded once."""
    given = {name: request.args.get(name, "").strip() for name in PREFILLED}
    party = suggestions.called("party", given["party"])
    holder = "parties.0" if kind == "statement" else "participants.0.party"
    names = {
        "id": new_id(),
        holder: party,
        "positions.0.issue": suggestions.called("issue", given["issue"]),
        "positions.0.position": given["position"],
    }
    if kind == "meeting" and given["issue"]:
        names["positions.0.party"] = party
    return Form(kind, typed_in(kind, names.items()))


def _shown(form: Form, suggestions: Suggestions) -> Response:
    is_taken = any(row["rule"] == ContentDiffersError.rule for row in form.faults)
    return shown("record.html", form, suggestions, other_id=new_id() if is_taken else None)


def to_report(report: str, result: Recorded) -> Response:
    """Lead to a report that was recorded or amended, as soon as it can be read there."""
    seq = None if store().is_read_at_once else result.seq
    response = redirect(page("reports", report, min_seq=seq), HTTPStatus.SEE_OTHER)
    assert isinstance(response, Response)
    return response
