"""Who stood where, and why."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Any

import orjson
from sqlalchemy import Connection

from events import dates
from projections import glances, positions
from projections.glances import Glance
from projections.positions import Pair
from projections.runs import Answer, Run
from service.answers import duplicates
from service.answers.blocs import inherited
from service.answers.shared import (
    MOST_EVIDENCE,
    Body,
    evidence,
    history_links,
    known,
    links,
    proposition_of,
    segment,
    weight,
)
from service.clocks import Clocks


def position(
    connection: Connection,
    pair: Pair,
    proposition: str | None,
    clocks: Clocks,
    *,
    inherit: bool = False,
) -> Body:
    """Answer the question: the position of a party on an issue, and which reports say so.

    `proposition`: of the issue, as known then. `inherit`: for want of a position of its own,
    also those of the blocs it belonged to.
    """
    found = _position_of(connection, pair, clocks)
    evidence = found.run.evidence[:MOST_EVIDENCE] if found.run else []
    (whole,) = _bodies(connection, {pair: found}, clocks, inherit=inherit)
    return (
        pair._asdict()
        | {"proposition": proposition}
        | clocks.echo()
        | whole
        | {"likely_duplicates": duplicates.among(connection, evidence, clocks.seq)}
    )


def positions_among(
    connection: Connection, pairs: Iterable[Pair], clocks: Clocks, *, inherit: bool = False
) -> list[Body]:
    """Answer the question for each pair, in their order.

    Without proposition, clocks and likely duplicates, which cost a statement a pair.
    """
    pairs = list(pairs)
    parties, issues = {pair.party for pair in pairs}, {pair.issue for pair in pairs}
    told = set(positions.pairs_of(connection, parties=parties, issues=issues))
    found = {
        pair: _position_of(connection, pair, clocks) if pair in told else Answer() for pair in pairs
    }
    return _bodies(connection, found, clocks, inherit=inherit)


def positions_on_record(
    connection: Connection,
    clocks: Clocks,
    *,
    party: str | None = None,
    issue: str | None = None,
    after: Sequence[str] = (),
    limit: int,
) -> tuple[list[Body], list[str] | None]:
    """Answer the question for at most `limit` pairs with evidence, by issue, then party.

    After the pair (issue, party) `after`. Returns that of the last, too, if more follow.
    """
    pairs = positions.pairs_of(
        connection, parties=[party] if party else (), issues=[issue] if issue else ()
    )
    later = (pair for pair in pairs if not after or (pair.issue, pair.party) > tuple(after))
    answered = ((pair, _position_of(connection, pair, clocks)) for pair in later)
    some = list(islice((one for one in answered if one[1].run is not None), limit + 1))
    shown = dict(some[:limit])
    last = list(shown)[-1] if len(some) > limit else None
    rows = _bodies(connection, shown, clocks, inherit=False)
    return rows, [last.issue, last.party] if last else None


def position_history(connection: Connection, pair: Pair, clocks: Clocks) -> Body:
    """Return all runs of a party's position on an issue, oldest first."""
    found = positions.history_of(connection, pair, seq=clocks.seq, floor=clocks.strength)
    return (
        pair._asdict()
        | {"proposition": proposition_of(connection, pair.issue, clocks.seq)}
        | known(clocks)
        | {
            "segments": [segment(run, position_at_a_glance) for run in found],
            "links": history_links([*_position_path(pair), "history"], clocks),
        }
    )


def matrix(
    connection: Connection,
    parties: list[str],
    issues: list[str],
    clocks: Clocks,
    *,
    inherit: bool = False,
) -> Body:
    """Return parties x issues: a cell for each pair that there is evidence for.

    `inherit`: also one for each pair without any whose party's blocs had a position.
    """
    cells: dict[Pair, Body] = {}
    if parties and issues:
        asked = {"as_of": clocks.as_of, "seq": clocks.seq, "floor": clocks.strength}
        found = glances.glances(connection, parties=parties, issues=issues, **asked)
        cells = {pair: _cell(pair, glance) for pair, glance in found.items()}
    if inherit:
        silent = {Pair(party, issue) for party in parties for issue in issues} - cells.keys()
        for pair, said in inherited(connection, silent, clocks).items():
            cells[pair] = _cell(pair, None) | {"inherited": said}
        cells = dict(sorted(cells.items(), key=lambda cell: (cell[0].issue, cell[0].party)))
    told = {"parties": parties, "issues": issues, "cells": [*cells.values()]}
    return told | clocks.echo()


def _cell(pair: Pair, glance: Glance | None) -> Body:
    contested = glance is not None and glance.is_contested
    return {
        "party": pair.party,
        "issue": pair.issue,
        **standing(glance),
        "contested": contested,
    }


def standing(glance: Glance | None) -> Body:
    """Return state, position and since; None: nobody reported anything."""
    if glance is None:
        return {"state": "unreported", "position": None, "since": None}
    if glance.lapsed:
        return {"state": "lapsed", "position": None, "since": dates.day_after(glance.lapsed)}
    if glance.says == "undeclared":
        return {"state": "undeclared", "position": None, "since": glance.occurred}
    return {"state": "declared", "position": glance.says, "since": glance.occurred}


def _bodies(
    connection: Connection, found: dict[Pair, Answer], clocks: Clocks, *, inherit: bool
) -> list[Body]:
    silent = [pair for pair, answer in found.items() if answer.run is None] if inherit else []
    gained = inherited(connection, silent, clocks) if silent else {}
    return [
        pair._asdict()
        | _position(answer)
        | ({"inherited": gained.get(pair, [])} if inherit else {})
        | {"links": links(_position_path(pair), clocks, inherit=inherit, history="history")}
        for pair, answer in found.items()
    ]


def _position_of(connection: Connection, pair: Pair, clocks: Clocks) -> Answer:
    return positions.position_of(
        connection, pair, as_of=clocks.as_of, seq=clocks.seq, floor=clocks.strength
    )


def _position(found: Answer) -> Body:
    run = found.run
    counts: Any = run.latest if run else None
    conditions = counts.conditions if counts else None
    return {
        **position_at_a_glance(run),
        "effect": dates.to_text(run.effect) if run else None,
        "contested": bool(found.against),
        "against": evidence(found.against, "position"),
        "posture": counts.posture if counts else None,
        "conditions": orjson.loads(conditions) if conditions else [],
        "red_line": bool(counts.red_line) if counts else False,
        "until": counts.until if counts else None,
        "summary": counts.summary if counts else None,
        "lapsed": _lapsed(run) if run and run.lapsed else None,
        **weight(found, "position"),
        "previous": position_at_a_glance(found.previous) if found.previous else None,
    }


def position_at_a_glance(run: Run | None) -> Body:
    """Return state, position and since of a run; None: nobody reported anything."""
    return standing(glances.of_run(run) if run else None)


def _lapsed(run: Run) -> Body:
    row: Any = run.opened_by
    return {"position": row.says, "until": row.until, **evidence([row], "position")[0]}


def _position_path(pair: Pair) -> list[str]:
    return ["parties", pair.party, "positions", pair.issue]
