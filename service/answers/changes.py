"""What changed, when, on whose word."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection

from events import dates
from projections.changes import Key, Window, changes, kind_of
from projections.log import Head
from projections.runs import Change, Claim, Run
from service.answers.positions import position_at_a_glance
from service.answers.shared import Body, evidence, known
from service.answers.statuses import is_unusual, status_at_a_glance
from service.clocks import Clocks, TwoFloors
from service.links import url
from service.lookup import issue_id, party_id

SINCE_EVER = dates.bounds_of("0001").earliest


def change_list(
    connection: Connection,
    head: Head,
    clocks: Clocks,
    question: Mapping[str, Any],
    *,
    address: Sequence[str] = (),
    after: Key | None = None,
    limit: int,
) -> tuple[Body, Key | None]:
    """Return at most `limit` changes in order, and the key of the last one if more follow.

    `question`: as `schemas.queries.ChangePage` has it. `address`: what the path, and not the
    query, names of it: party, issue. Raises NotFoundError.
    """
    window = _window(connection, head, clocks, question)
    floors = TwoFloors.of(question)
    every = changes(connection, window, seq=clocks.seq, floors=floors.strengths, after=after)
    some = list(islice(every, limit + 1))
    shown = some[:limit]
    ends = {
        "from": None if window.first == SINCE_EVER else dates.to_text(window.first),
        "to": dates.to_text(window.last),
    }
    links = _links(window, address, ends | floors.echo(), clocks.seq)
    body = ends | known(clocks) | floors.echo() | {"changes": [change(*one) for one in shown]}
    return body | {"links": links}, shown[-1][0] if len(some) > limit else None


def _window(
    connection: Connection, head: Head, clocks: Clocks, question: Mapping[str, Any]
) -> Window:
    party, issue = question.get("party"), question.get("issue")
    first, last = question.get("from_"), question.get("to")
    return Window(
        first=SINCE_EVER if first is None else first,
        last=clocks.as_of if last is None else last,
        party=party and party_id(connection, party, clocks.seq, head),
        issue=issue and issue_id(connection, issue, head),
        kind=question.get("kind"),
    )


def _links(
    window: Window, address: Sequence[str], query: dict[str, Any], seq: int
) -> dict[str, str]:
    folders = {"party": "parties", "issue": "issues"}
    subject = {name: getattr(window, name) for name in folders}
    path = [part for name in address for part in (folders[name], subject[name])]
    subject |= {"kind": window.kind}
    query = {name: key for name, key in subject.items() if name not in address} | query
    return {
        "self": url(*path, "changes", **query),
        "permalink": url(*path, "changes", **query, seq=seq),
    }


def change(key: Key, change: Change) -> Body:
    """Return a change as an entry of a list."""
    kind = kind_of(key, change)
    name = "status" if kind == "status" else "position"
    glance = status_at_a_glance if kind == "status" else position_at_a_glance
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
