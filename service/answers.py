"""Answers: what the read models say, in the shapes that the contract promises.

HTTP and the command line give the same ones. Shapes: contract, section 4.
"""

from collections.abc import Callable, Iterable
from typing import Any

import orjson
from sqlalchemy import Connection

from events import dates
from events.vocabulary import ATTRIBUTIONS, STRENGTH, USUAL_NEXT
from projections import catalog, positions, reports, statuses
from projections.positions import Pair
from projections.runs import Answer, Run
from service.clocks import Clocks
from service.links import pins, url
from service.schemas import records

Body = dict[str, Any]

MOST_EVIDENCE = 20
ATTRIBUTION_OF = {STRENGTH[name]: name for name in ATTRIBUTIONS}


# Positions


def position(connection: Connection, pair: Pair, clocks: Clocks) -> Body:
    """Answer the question: the position of a party on an issue, and which reports say so."""
    found = _position_of(connection, pair, clocks)
    return (
        pair._asdict()
        | {"proposition": _proposition(connection, pair.issue, clocks.seq)}
        | clocks.echo()
        | _position(found)
        | {"links": _links(_position_path(pair), clocks, history="history")}
    )


def positions_among(connection: Connection, pairs: Iterable[Pair], clocks: Clocks) -> list[Body]:
    """Answer the question for each pair, in their order, without proposition and clocks."""
    pairs = list(pairs)
    parties, issues = {pair.party for pair in pairs}, {pair.issue for pair in pairs}
    told = set(positions.pairs_of(connection, parties=parties, issues=issues))
    return [
        pair._asdict()
        | _position(_position_of(connection, pair, clocks) if pair in told else Answer())
        | {"links": _links(_position_path(pair), clocks, history="history")}
        for pair in pairs
    ]


def position_history(connection: Connection, pair: Pair, clocks: Clocks) -> Body:
    """Return all runs of a party's position on an issue, oldest first."""
    found = positions.history_of(connection, pair, seq=clocks.seq, floor=clocks.strength)
    return (
        pair._asdict()
        | {"proposition": _proposition(connection, pair.issue, clocks.seq)}
        | _known(clocks)
        | {
            "segments": [_segment(run, _position_at_a_glance) for run in found],
            "links": _history_links([*_position_path(pair), "history"], clocks),
        }
    )


def matrix(connection: Connection, parties: list[str], issues: list[str], clocks: Clocks) -> Body:
    """Return parties x issues: a cell for each pair that there is evidence for."""
    cells = []
    if parties and issues:
        for pair in positions.pairs_of(connection, parties=parties, issues=issues):
            found = _position_of(connection, pair, clocks)
            if found.run is not None:
                glance = _position_at_a_glance(found.run)
                cells.append(pair._asdict() | glance | {"contested": bool(found.against)})
    return {"parties": parties, "issues": issues, "cells": cells} | clocks.echo()


def _position_of(connection: Connection, pair: Pair, clocks: Clocks) -> Answer:
    return positions.position_of(
        connection, pair, as_of=clocks.as_of, seq=clocks.seq, floor=clocks.strength
    )


def _position(found: Answer) -> Body:
    run = found.run
    counts: Any = run.latest if run else None
    conditions = counts.conditions if counts else None
    return {
        **_position_at_a_glance(run),
        "effect": dates.to_text(run.effect) if run else None,
        "contested": bool(found.against),
        "against": _evidence(found.against, "position"),
        "posture": counts.posture if counts else None,
        "conditions": orjson.loads(conditions) if conditions else [],
        "red_line": bool(counts.red_line) if counts else False,
        "until": counts.until if counts else None,
        "summary": counts.summary if counts else None,
        "lapsed": _lapsed(run) if run and run.lapsed else None,
        **_weight(found, "position"),
        "previous": _position_at_a_glance(found.previous) if found.previous else None,
    }


def _position_at_a_glance(run: Run | None) -> Body:
    if run is None:
        return {"state": "unreported", "position": None, "since": None}
    opened: Any = run.opened_by
    if run.lapsed:
        return {"state": "lapsed", "position": None, "since": dates.day_after(opened.until)}
    if run.says == "undeclared":
        return {"state": "undeclared", "position": None, "since": opened.occurred}
    return {"state": "declared", "position": run.says, "since": opened.occurred}


def _lapsed(run: Run) -> Body:
    row: Any = run.opened_by
    return {"position": row.says, "until": row.until, **_evidence([row], "position")[0]}


# Statuses


def status(connection: Connection, issue: str, clocks: Clocks) -> Body:
    """Return how far an issue has come, and which reports say so."""
    found = statuses.status_of(
        connection, issue, as_of=clocks.as_of, seq=clocks.seq, floor=clocks.strength
    )
    run = found.run
    counts: Any = run.latest if run else None
    return (
        {"issue": issue, "proposition": _proposition(connection, issue, clocks.seq)}
        | clocks.echo()
        | _status_at_a_glance(run)
        | {
            "effect": dates.to_text(run.effect) if run else None,
            "note": counts.note if counts else None,
            "contested": bool(found.against),
            "against": _evidence(found.against, "status"),
            "unusual_transition": _is_unusual(found.previous, run),
            **_weight(found, "status"),
            "previous": _status_at_a_glance(found.previous) if found.previous else None,
            "alignment": alignment(_positions_declared(connection, issue, clocks)),
            "links": _links(["issues", issue, "status"], clocks, history="history"),
        }
    )


def status_history(connection: Connection, issue: str, clocks: Clocks) -> Body:
    """Return all runs of an issue's status, oldest first."""
    found = statuses.history_of(connection, issue, seq=clocks.seq, floor=clocks.strength)
    segments = [
        _segment(run, _status_at_a_glance) | {"unusual_transition": _is_unusual(before, run)}
        for before, run in zip([None, *found], found, strict=False)
    ]
    return (
        {"issue": issue, "proposition": _proposition(connection, issue, clocks.seq)}
        | _known(clocks)
        | {
            "segments": segments,
            "links": _history_links(["issues", issue, "status", "history"], clocks),
        }
    )


def alignment(declared: list[str]) -> str:
    """Return how the declared positions on an issue lie to one another."""
    held = set(declared)
    if len(declared) < 2 or held == {"neutral"}:
        return "thin"
    if {"support", "oppose"} <= held:
        return "opposed"
    if held & {"support", "conditional_support"} and held & {"oppose", "conditional_oppose"}:
        return "split"
    return "aligned" if held in ({"support"}, {"oppose"}) else "converging"


def _positions_declared(connection: Connection, issue: str, clocks: Clocks) -> list[str]:
    """Return the position of each party that has one.

    At the default floor of positions, whatever the floor of the question: that one is about
    statuses, and a permalink pins it.
    """
    answers = (
        positions.position_of(connection, pair, as_of=clocks.as_of, seq=clocks.seq)
        for pair in positions.pairs_of(connection, issues=[issue])
    )
    glances = [_position_at_a_glance(answer.run) for answer in answers]
    return [glance["position"] for glance in glances if glance["state"] == "declared"]


def _status_at_a_glance(run: Run | None) -> Body:
    if run is None:
        return {"state": "unreported", "status": None, "since": None}
    opened: Any = run.opened_by
    return {"state": "reported", "status": run.says, "since": opened.occurred}


def _is_unusual(before: Run | None, run: Run | None) -> bool:
    return before is not None and run is not None and run.says not in USUAL_NEXT[before.says]


# What both share


def _weight(found: Answer, name: str) -> Body:
    run = found.run
    return {
        "reports": run.reports if run else 0,
        "utterances": run.utterances if run else 0,
        "below_floor": found.below_floor,
        "evidence": _evidence(run.evidence[:MOST_EVIDENCE], name) if run else [],
    }


def _evidence(rows: Iterable[Any], name: str) -> list[Body]:
    """Return rows as evidence. `name`: what they say, "position" or "status"."""
    return [
        {
            "report": row.report,
            "occurred": row.occurred,
            "attribution": ATTRIBUTION_OF[row.strength],
            name: row.says,
            "publishers": orjson.loads(row.publishers),
        }
        for row in rows
    ]


def _segment(run: Run, at_a_glance: Callable[[Run], Body]) -> Body:
    return {
        **at_a_glance(run),
        "effect": dates.to_text(run.effect),
        "effect_end": None if run.effect_end is None else dates.to_text(run.effect_end),
        "reports": run.reports,
        "future": run.effect > dates.now(),
    }


def _proposition(connection: Connection, issue: str, seq: int) -> str | None:
    known = catalog.version_of(connection, "issue", issue, seq)
    return known.record["proposition"] if known else None


def _position_path(pair: Pair) -> list[str]:
    return ["parties", pair.party, "positions", pair.issue]


def _links(path: list[str], clocks: Clocks, **below: str) -> Body:
    """Return a link to the question, one that pins its answer, and those below it."""
    floor = {"floor": clocks.floor}
    pinned = pins(clocks)
    return {
        "self": url(*path, as_of=pinned["as_of"], **floor),
        "permalink": url(*path, **pinned),
        **{name: url(*path, segment, **floor) for name, segment in below.items()},
    }


def _known(clocks: Clocks) -> Body:
    """Return what a history repeats: it is over all time, so it has no `as_of`."""
    return {key: value for key, value in clocks.echo().items() if key != "as_of"}


def _history_links(path: list[str], clocks: Clocks) -> Body:
    """Return a link to a history, which is over all time, and one that pins it."""
    return {
        "self": url(*path, floor=clocks.floor),
        "permalink": url(*path, seq=clocks.seq, floor=clocks.floor),
    }


# Parties, issues, reports


def registration(version: catalog.Version) -> Body:
    """Return a party or an issue as it was known."""
    record = version.record
    kind = "parties" if record["type"] == "party" else "issues"
    return records.filled(record) | {
        "seq": version.seq,
        "recorded_at": dates.to_text(version.recorded_at),
        "recorded_by": version.recorded_by,
        "links": {
            "self": url(kind, record["id"]),
            "permalink": url(kind, record["id"], seq=version.seq),
        },
    }


def report(version: reports.Version) -> Body:
    """Return a report as it read, whether it stood, and what last changed it."""
    path = ["reports", version.record["id"]]
    return records.filled(version.record) | {
        "seq": version.place,
        "stands": version.stands,
        "version": version.version,
        "version_seq": version.seq,
        "recorded_at": dates.to_text(version.recorded_at),
        "recorded_by": version.recorded_by,
        "earliest": dates.to_text(version.earliest),
        "effect": dates.to_text(version.latest),
        "amended_by": _amendment(version),
        "links": {
            "self": url(*path),
            "permalink": url(*path, seq=version.seq),
            "history": url(*path, "history"),
        },
    }


def report_history(versions: list[reports.Version]) -> list[Body]:
    """Return every version of a report, oldest first, with what each changed."""
    rows = []
    for before, version in zip([None, *versions], versions, strict=False):
        now = records.filled(version.record)
        then = records.filled(before.record) if before else now
        rows.append(
            {
                "version": version.version,
                "seq": version.seq,
                "recorded_at": dates.to_text(version.recorded_at),
                "recorded_by": version.recorded_by,
                "stands": version.stands,
                "cause": _amendment(version)
                or {
                    "type": version.record["type"],
                    "id": version.record["id"],
                    "reason": None,
                    "note": None,
                },
                "changes": [
                    {"field": field, "before": then[field], "after": now[field]}
                    for field in now
                    if then[field] != now[field]
                ],
                "report": now,
            }
        )
    return rows


def _amendment(version: reports.Version) -> Body | None:
    record = version.amendment
    if record is None:
        return None
    full = records.filled(record)
    return {key: full[key] for key in ("type", "id", "reason", "note")}
