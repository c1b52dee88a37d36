"""Recording reports, and what becomes of them."""

from http import HTTPStatus
from typing import Any

from flask import Response, request

from events import dates
from events.batch import Sent
from events.errors import (
    BatchRefusedError,
    Fault,
    InvalidRecordError,
    RefusedError,
    UnknownError,
)
from events.records import Record
from events.vocabulary import REGISTRATIONS, REPORTS
from projections import catalog
from service import limits, lines
from service.access import door
from service.http import Api, body, json, record_all, record_one, report_in_log, store
from service.idempotency import new_id, once
from service.links import url
from service.problems import refused
from service.routes.catalog import addressed
from service.routes.reports import has_version
from service.schemas import answers as shapes
from service.schemas import records
from service.store import Recorded

NEVER = 0
"""A version that no report is ever at."""

api = Api("writes", __name__, url_prefix="/v1", description="Recording what was reported.")


@api.route("/reports", methods=["POST"])
@api.doc(requestBody=shapes.body("Statement", "Meeting"))
@api.response(201, shapes.RecordedAnswer)
@api.alt_response(200, schema=shapes.RecordedAnswer, description="Unchanged")
@once
def report() -> Response:
    """Record a report of a statement or a meeting."""
    record = records.load(body())
    if record["type"] not in REPORTS:
        message = f"{record['type']!r} is not a report: send a statement or a meeting"
        raise InvalidRecordError([Fault("type", "choice", message)])
    return _answer(record_one(lines.identified(record, _new_id)))


@api.route("/reports/<report>/corrections", methods=["POST"])
@api.doc(requestBody=shapes.body("Correction"))
@api.response(201, shapes.RecordedAnswer)
@api.alt_response(200, schema=shapes.RecordedAnswer, description="Unchanged")
@once
def correct(report: str) -> Response:
    """Say what a report should have said. If-Match is honoured."""
    return _amend(report, "correction")


@api.route("/reports/<report>/retraction", methods=["POST"])
@api.doc(requestBody=shapes.body("Retraction"))
@api.response(201, shapes.RecordedAnswer)
@api.alt_response(200, schema=shapes.RecordedAnswer, description="Unchanged")
@once
def retract(report: str) -> Response:
    """Say that a report does not stand. If-Match is honoured."""
    return _amend(report, "retraction")


@api.route("/reports/<report>/reinstatement", methods=["POST"])
@api.doc(requestBody=shapes.body("Reinstatement"))
@api.response(201, shapes.RecordedAnswer)
@api.alt_response(200, schema=shapes.RecordedAnswer, description="Unchanged")
@once
def reinstate(report: str) -> Response:
    """Undo a retraction. If-Match is honoured."""
    return _amend(report, "reinstatement")


@api.route("/reports/batch", methods=["POST"])
@api.doc(requestBody=shapes.ndjson_body())
@api.response(201, shapes.RecordedBatchAnswer)
@api.alt_response(200, schema=shapes.RecordedBatchAnswer, description="All unchanged")
@once
def batch() -> Response:
    """Record many records of any kind: all of them, or none."""
    by = door.recorded_by()
    read = [
        lines.read(number, text, lambda data: (data, by, None), _new_id)
        for number, text in lines.numbered(request.get_data().split(b"\n"))
    ]
    if not read:
        raise InvalidRecordError([Fault("", "json", "the body has no line with a record")])
    if len(read) > limits.MOST_LINES:
        message = f"the body has {len(read):,} records: send at most {limits.MOST_LINES:,} at once"
        raise InvalidRecordError([Fault("", "length", message)])
    numbers = [line.number for line in read if line.sent]
    sent = [line.sent for line in read if line.sent]
    failed: dict[int, RefusedError] = {line.number: line.error for line in read if line.error}
    recorded: list[Recorded] = []
    bad: dict[int, RefusedError] = {}
    if failed:
        order = lines.registrations_first(sent, _registered_here(sent))
        _, refused_ones = store().try_out([sent[place] for place in order])  # to name them all
        bad = {order[at]: why for at, why in refused_ones.items()}
    else:
        try:
            recorded = _record_batch(sent)
        except BatchRefusedError as error:
            bad = error.refused
    failed |= {numbers[place]: why for place, why in bad.items()}
    if failed:
        return refused(dict(sorted(failed.items())))
    rows = [{"line": number, **_result(one)} for number, one in zip(numbers, recorded, strict=True)]
    return json({"records": rows}, 201 if any(one.outcome.is_new for one in recorded) else 200)


def _record_batch(sent: list[Sent]) -> list[Recorded]:
    """Record a batch, in which a record may name what a later one registers."""
    try:
        return record_all(sent)
    except BatchRefusedError as error:
        if not any(isinstance(why, UnknownError) for why in error.refused.values()):
            raise
        order = lines.registrations_first(sent, _registered_here(sent))
        if order == list(range(len(sent))):
            raise
    try:
        recorded = record_all([sent[place] for place in order])
    except BatchRefusedError as error:
        raise BatchRefusedError({order[at]: why for at, why in error.refused.items()}) from None
    by_place = dict(zip(order, recorded, strict=True))
    return [by_place[place] for place in range(len(sent))]


def _registered_here(sent: list[Sent]) -> set[tuple[str, str]]:
    """Return the (type, id) of the parties and issues that a batch is the first to register."""
    registrations = {
        (one.record["type"], one.record["id"])
        for one in sent
        if one.record["type"] in REGISTRATIONS
    }
    with store().reading() as (connection, _):
        return {key for key in registrations if not catalog.was_registered(connection, *key)}


def _amend(report: str, kind: str) -> Response:
    record = records.load(addressed(body(), type=kind, report=report))
    version = _expected_version(report_in_log(report).version)
    return _answer(record_one(lines.identified(record, _new_id), version))


def _expected_version(current: int) -> int | None:
    """Return the version that If-Match insists on, None where it does not.

    Whether the report is still at it is decided with the record: it may change until then.
    """
    if "If-Match" not in request.headers or request.if_match.star_tag:
        return None
    return current if has_version(request.if_match, current) else NEVER


def _new_id(_: Record) -> str:
    return new_id()


def _result(recorded: Recorded) -> dict[str, Any]:
    record = recorded.outcome.record
    result = {
        "type": record["type"],
        "id": record["id"],
        "result": "recorded" if recorded.outcome.is_new else "unchanged",
        "seq": recorded.seq,
    }
    if record["type"] in REPORTS:
        result["effect"] = dates.to_text(dates.bounds_of(record["occurred"]).latest)
    elif "report" in record:
        result["report"] = record["report"]
    return result


def _answer(recorded: Recorded) -> Response:
    result = _result(recorded)
    path = url("reports", result.get("report", result["id"]))
    result["links"] = {"self": path, "history": f"{path}/history"}
    status = HTTPStatus.CREATED if recorded.outcome.is_new else HTTPStatus.OK
    return json(result, status, {"Location": path})
