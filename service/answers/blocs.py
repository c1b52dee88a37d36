"""What the blocs that a party belonged to had said, for want of a word of its own.

It is shown beside the party's answer and never becomes it: an inherited position is in no
count, no alignment and no evidence.
"""

from collections.abc import Collection, Iterable
from typing import Any

import orjson
from sqlalchemy import Connection

from events.dates import bounds_of, end_of_day
from events.records import Record
from projections import catalog, positions
from projections.positions import Pair
from projections.runs import Answer, Run
from service.answers.shared import Body
from service.clocks import Clocks

Memberships = dict[str, dict[str, Record]]  # by member, by bloc


def inherited(
    connection: Connection, silent: Collection[Pair], clocks: Clocks
) -> dict[Pair, list[Body]]:
    """Return what each pair inherits, by bloc. Pairs that inherit nothing are left out.

    `silent`: pairs without a position of their own, which is to say unreported ones: a party
    whose offer lapsed, or that took its position back, has spoken. A bloc is taken at its word
    in the same way: one that is declared gives its position; one that lapsed or is undeclared
    gives nothing, and no bloc above it speaks in its place; only where a bloc is unreported,
    the blocs that it belonged to at that date are asked. Each bloc is shown once, by the
    shortest way, and its position is asked for once, however many members it has.
    """
    members = _memberships(connection, {pair.party for pair in silent}, clocks)
    blocs = {bloc for entered in members.values() for bloc in entered}
    said = _said_by(connection, blocs, {pair.issue for pair in silent}, clocks)
    issues = {pair.issue for pair in said}
    found = ((pair, _inherited_by(pair, members, said)) for pair in silent if pair.issue in issues)
    return {pair: bodies for pair, bodies in found if bodies}


def _memberships(connection: Connection, parties: set[str], clocks: Clocks) -> Memberships:
    """Return the blocs of these parties, of those blocs, and so on: one statement a level."""
    found: Memberships = {}
    ahead = parties
    while ahead:
        versions = catalog.versions_among(connection, "party", sorted(ahead), clocks.seq)
        known = {one.record["id"]: one.record.get("member_of", ()) for one in versions}
        found |= {key: _in_force(known.get(key, ()), clocks.as_of) for key in ahead}
        ahead = {bloc for key in ahead for bloc in found[key]} - found.keys()
    return found


def _in_force(memberships: Iterable[Record], as_of: int) -> dict[str, Record]:
    """Return the memberships in force at an instant, by bloc: the first listed of each."""
    found: dict[str, Record] = {}
    for one in memberships:
        begins, ends = one.get("from"), one.get("until")
        has_begun = begins is None or bounds_of(begins).earliest <= as_of
        if has_begun and (ends is None or as_of <= end_of_day(ends)):
            found.setdefault(one["party"], one)
    return found


def _said_by(
    connection: Connection, blocs: set[str], issues: set[str], clocks: Clocks
) -> dict[Pair, Answer]:
    """Return the answer of each bloc on each issue, but for those that are unreported."""
    if not blocs or not issues:
        return {}
    asked = {"as_of": clocks.as_of, "seq": clocks.seq, "floor": clocks.strength}
    pairs = positions.pairs_of(connection, parties=sorted(blocs), issues=sorted(issues))
    answers = ((pair, positions.position_of(connection, pair, **asked)) for pair in pairs)
    return {pair: answer for pair, answer in answers if answer.run is not None}


def _inherited_by(pair: Pair, members: Memberships, said: dict[Pair, Answer]) -> list[Body]:
    found: dict[str, Body] = {}
    seen = {pair.party}
    ahead: list[tuple[str, list[str], Record]] = [(pair.party, [], {})]
    while ahead:
        further = []
        for member, via, joined in ahead:
            for bloc, membership in sorted(members[member].items()):
                if bloc in seen:
                    continue
                seen.add(bloc)
                answer = said.get(Pair(bloc, pair.issue))
                own = joined or membership
                if answer is None or answer.run is None:
                    further.append((bloc, [*via, bloc], own))
                elif positions.is_declared(answer.run):
                    found[bloc] = {"bloc": bloc, **_position(answer, answer.run), **_way(own, via)}
        ahead = further
    return [found[bloc] for bloc in sorted(found)]


def _position(answer: Answer, run: Run) -> Body:
    opened: Any = run.opened_by
    counts: Any = run.latest
    return {
        "state": "declared",
        "position": run.says,
        "since": opened.occurred,
        "contested": bool(answer.against),
        "conditions": orjson.loads(counts.conditions) if counts.conditions else [],
        "reports": run.reports,
    }


def _way(membership: Record, via: list[str]) -> Body:
    return {
        "member_from": membership.get("from"),
        "member_until": membership.get("until"),
        "via": via,
    }
