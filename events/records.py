"""Records as the log keeps them: plain JSON objects in canonical form.

Canonical means: as the contract, section 2, defines it, keys in the contract's order, and
whatever equals its default left out. The schemas in `service` produce it.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

from events.vocabulary import STRENGTH

Record = dict[str, Any]

THIRD_PARTY = STRENGTH["third_party_claim"]


class Stance(NamedTuple):
    """One party's position on one issue, as one report has it."""

    party: str
    issue: str
    strength: int
    position: Record


def speakers_of(report: Record) -> list[str]:
    """Return the ids of the parties that spoke or took part."""
    if report["type"] == "statement":
        parties: list[str] = report["parties"]
        return parties
    return [participant["party"] for participant in report["participants"]]


def stances_of(report: Record) -> Iterator[Stance]:
    """Yield each position that a report tells of, with its party filled in.

    In a statement, a position without a party holds for every one of its parties. What is
    told of a party that neither spoke nor took part counts as a third-party claim at most.
    """
    speakers = speakers_of(report)
    own = STRENGTH[report["attribution"]]
    others = min(own, THIRD_PARTY)
    present = frozenset(speakers)
    for position in report.get("positions", ()):
        for party in holders_of(position, speakers):
            strength = own if party in present else others
            yield Stance(party, position["issue"], strength, position)


def holders_of(position: Record, speakers: list[str]) -> list[str]:
    """Return the parties that one entry of a report's positions is about."""
    return [position["party"]] if position.get("party") else speakers


def parties_named(record: Record) -> dict[str, str]:
    """Return each party id that a record names, with the field that names it first."""
    named: dict[str, str] = {}
    for i, membership in enumerate(record.get("member_of", ())):
        named.setdefault(membership["party"], f"member_of.{i}.party")
    for i, party in enumerate(record.get("parties", ())):
        named.setdefault(party, f"parties.{i}")
    for i, participant in enumerate(record.get("participants", ())):
        named.setdefault(participant["party"], f"participants.{i}.party")
    for i, position in enumerate(record.get("positions", ())):
        if "party" in position and position["party"] not in named:
            named[position["party"]] = f"positions.{i}.party"
    return named


def issues_named(record: Record) -> dict[str, str]:
    """Return each issue id that a record names, with the field that names it first."""
    named: dict[str, str] = {}
    for key in ("parent", "supersedes"):
        if key in record:
            named.setdefault(record[key], key)
    for key in ("positions", "statuses"):
        for i, row in enumerate(record.get(key, ())):
            if row["issue"] not in named:
                named[row["issue"]] = f"{key}.{i}.issue"
    return named


def patched(target: Any, patch: Any) -> Any:
    """Return `target` changed by a JSON merge patch, leaving both as they were. RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for key, value in patch.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = patched(result.get(key), value)
    return result


def fields_that_differ(one: Record, other: Record) -> list[str]:
    """Return the top-level fields in which two records differ, in order of appearance."""
    return [key for key in dict.fromkeys([*one, *other]) if one.get(key) != other.get(key)]
