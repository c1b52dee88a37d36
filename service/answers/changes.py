"""What changed, when, on whose word."""

from typing import Any

import orjson
from sqlalchemy import Connection

from events import dates
from projections.changes import Floors, Key, Window, changes
from projections.runs import Change, Claim, Run
from service.answers.positions import position_at_a_glance
from service.answers.shared import Body, evidence
from service.answers.statuses import is_unusual, status_at_a_glance


def changes_in(
    connection: Connection,
    window: Window,
    *,
    seq: int,
    floors: Floors,
    kind: str | None = None,
    after: Key | None = None,
    limit: int,
) -> tuple[list[Body], Key | None]:
    """Return at most `limit` changes in order, and the key of the last one if there are more."""
    rows: list[Body] = []
    last: Key | None = None
    for key, change in changes(connection, window, seq=seq, floors=floors, after=after):
        row = _change(key, change)
        if kind is not None and row["kind"] != kind:
            continue
        if len(rows) == limit:
            return rows, last
        rows.append(row)
        last = key
    return rows, None


def _change(key: Key, change: Change) -> Body:
    if not key.party:
        kind, name, glance = "status", "status", status_at_a_glance
    else:
        kind = "position" if change.terms is None else "terms"
        name, glance = "position", position_at_a_glance
    before, after = glance(change.before), glance(change.after)
    if change.terms is not None:
        before, after = (glance(change.after) | terms_of(row) for row in change.terms)
    rows = opened_by(change.after) if change.terms is None else [change.terms[1]]
    unusual = is_unusual(change.before, change.after) if kind == "status" else None
    return {
        "kind": kind,
        "party": key.party or None,
        "issue": key.issue,
        "at": dates.to_text(key.at),
        "before": before,
        "after": after,
        "contested": bool(change.against),
        "unusual_transition": unusual,
        "reports": list(dict.fromkeys(row.report for row in rows)),
        "evidence": evidence(rows, name),
    }


def opened_by(run: Run) -> list[Claim]:
    """Return the rows that began a run, the one that counts first; of a lapse, what lapsed."""
    if run.lapsed:
        return [run.opened_by]
    return [row for row in run.evidence if row.effective == run.effect]


def terms_of(row: Any) -> Body:
    """Return the terms of a position: what may change while it stays the same."""
    return {
        "conditions": orjson.loads(row.conditions) if row.conditions else [],
        "red_line": bool(row.red_line),
        "until": row.until,
    }
