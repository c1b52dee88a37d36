"""Records to tell a store, with sensible defaults: a test spells out what it is about."""

from datetime import datetime
from typing import Any
from uuid import uuid4

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from events.batch import Sent
from service.schemas.records import load
from service.store import Recorded, Store

Record = dict[str, Any]


def party(party_id: str = "ukraine", **fields: Any) -> Record:
    """A party, by default a state that is called like its id."""
    return {"type": "party", "id": party_id, "name": party_id.title(), "kind": "state"} | fields


def issue(issue_id: str = "nato", **fields: Any) -> Record:
    """An issue."""
    named = {"title": issue_id.title(), "proposition": f"There should be {issue_id}"}
    return {"type": "issue", "id": issue_id} | named | fields


def position(position: str = "support", issue_id: str = "nato", **fields: Any) -> Record:
    """A row of a report's `positions`."""
    return {"issue": issue_id, "position": position} | fields


def status(status: str = "proposed", issue_id: str = "nato", **fields: Any) -> Record:
    """A row of a report's `statuses`."""
    return {"issue": issue_id, "status": status} | fields


def statement(report_id: str | None = None, **fields: Any) -> Record:
    """A statement by Ukraine, on the record; it says nothing of any issue by default."""
    return {
        "type": "statement",
        "id": report_id,
        "occurred": "2020-02-01",
        "parties": ["ukraine"],
        "summary": "They said so.",
        "attribution": "on_record",
        "sources": [{"publisher": "Reuters"}],
    } | fields


def meeting(report_id: str | None = None, **fields: Any) -> Record:
    """A meeting that Ukraine took part in."""
    return {
        "type": "meeting",
        "id": report_id,
        "occurred": "2020-02-01",
        "participants": [{"party": "ukraine"}],
        "summary": "They met.",
        "attribution": "on_record",
        "sources": [{"publisher": "Reuters"}],
    } | fields


def correction(report_id: str, record_id: str | None = None, **changes: Any) -> Record:
    """A correction of a report: its changes are given by name."""
    asked = {"report": report_id, "changes": changes, "reason": "other"}
    return {"type": "correction", "id": record_id} | asked


def retraction(report_id: str, record_id: str | None = None, **fields: Any) -> Record:
    """A retraction of a report."""
    asked = {"report": report_id, "reason": "other"}
    return {"type": "retraction", "id": record_id} | asked | fields


def reinstatement(report_id: str, record_id: str | None = None, **fields: Any) -> Record:
    """A reinstatement of a retracted report."""
    asked = {"report": report_id, "reason": "other"}
    return {"type": "reinstatement", "id": record_id} | asked | fields


def sent(record: Record, recorded_at: datetime | None = None) -> Sent:
    """A record as it arrives: in canonical form, with an id."""
    loaded = load(record)
    named = {"type": loaded["type"], "id": f"auto-{uuid4()}"} | loaded
    return Sent(named, "tests", recorded_at)


def tell(store: Store, *records: Record, recorded_at: datetime | None = None) -> list[Recorded]:
    """Record all of them in one commit, or none."""
    return store.record([sent(record, recorded_at) for record in records])


def post(client: FlaskClient, name: str, what: str = "oppose", **fields: Any) -> TestResponse:
    """Record a statement of one position over HTTP."""
    return client.post("/v1/reports", json=statement(name, positions=[position(what)], **fields))


def brief(client: FlaskClient) -> dict[str, Any]:
    """What /readyz says in short: whether all is ready, how far, and what is amiss."""
    told = client.get("/readyz").json
    assert told
    return {key: told[key] for key in ("status", "seq", "behind", "set_aside") if key in told}
