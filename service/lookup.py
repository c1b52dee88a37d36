"""Finding parties, issues and reports by what people call them."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from projections import catalog, reports, search
from projections.log import Head
from projections.positions import Pair
from projections.words import query_of
from service.problems import NotFoundError
from service.schemas.fields import nearest

LIKE_REPORTS = 500


def party_id(connection: Connection, text: str, seq: int, head: Head) -> str:
    """Return the id that an id, code or alias stands for. Raises NotFoundError.

    A party that was registered only after `seq` is found too: as known then, it simply has
    no position on record.
    """
    for known in (seq, head.seq):
        if found := catalog.party_named(connection, text, known):
            return found
    raise NotFoundError("party", text, like(connection, "party", text, head.seq))


def issue_id(connection: Connection, text: str, head: Head) -> str:
    """Return the id of an issue that was ever opened. Raises NotFoundError."""
    for issue in (text, text.lower()):
        if catalog.was_registered(connection, "issue", issue):
            return issue
    raise NotFoundError("issue", text, like(connection, "issue", text, head.seq))


def pair_of(connection: Connection, party: str, issue: str, seq: int, head: Head) -> Pair:
    """Return the question about a party and an issue, however they are called.

    Raises NotFoundError.
    """
    return pair_and_proposition(connection, party, issue, seq, head)[0]


def pair_and_proposition(
    connection: Connection, party: str, issue: str, seq: int, head: Head
) -> tuple[Pair, str | None]:
    """Return the same, and the issue's proposition as known at `seq`; None if it was not.

    Raises NotFoundError.
    """
    by_name, by_id, record = catalog.pair_named(connection, party, issue, seq)
    if by_name and by_id:
        return Pair(by_name, by_id), record["proposition"] if record else None
    # In another spelling, only known later, or not at all.
    pair = Pair(party_id(connection, party, seq, head), issue_id(connection, issue, head))
    known = catalog.version_of(connection, "issue", pair.issue, seq)
    return pair, known.record["proposition"] if known else None


def version_of(connection: Connection, kind: str, key: str, seq: int) -> catalog.Version:
    """Return a party or issue as known at `seq`. Raises NotFoundError."""
    if found := catalog.version_of(connection, kind, key, seq):
        return found
    raise NotFoundError(kind, key, why=f"At seq {seq} {kind} {key!r} was not registered yet.")


def report_id(connection: Connection, text: str, head: Head) -> str:
    """Return the id of a report that was ever recorded. Raises NotFoundError."""
    if reports.types_of(connection, [text]):
        return text
    raise no_report(connection, text, head)


def no_report(connection: Connection, text: str, head: Head) -> NotFoundError:
    """Return the error that there is no such report, with the nearest."""
    return NotFoundError("report", text, like(connection, "report", text, head.seq))


def reports_wanted(
    connection: Connection, asked: Mapping[str, Any], seq: int, head: Head
) -> search.Filter:
    """Return which reports a question is about. Raises NotFoundError."""
    party, issue = asked.get("party"), asked.get("issue")
    return search.Filter(
        party=party and party_id(connection, party, seq, head),
        issue=issue and issue_id(connection, issue, head),
        query=query_of(asked.get("q") or ""),
        **{name: asked.get(name) for name in ("type", "source", "year", "from_", "to")},
    )


def like(
    connection: Connection,
    kind: str,
    text: str,
    seq: int,
    more: Mapping[str, str] | None = None,
) -> list[str]:
    """Return the ids of the parties, issues or reports most like `text`, best first.

    `more`: names to consider besides those on record, with their ids.
    """
    if kind == "report":
        return nearest(text, reports.ids_like(connection, text[:2], LIKE_REPORTS))
    names = {**catalog.names(connection, kind, seq), **(more or {})}
    return list(dict.fromkeys(names[name] for name in nearest(text.casefold(), names, 5)))[:3]
