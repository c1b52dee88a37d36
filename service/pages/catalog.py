"""An issue, and everybody's position on it; a party, and its position on everything."""

from typing import Any

from flask import request
from sqlalchemy import Connection

from projections import catalog, reports
from projections.positions import Pair, pairs_of
from service import answers, lookup
from service.answers.shared import MOST_EVIDENCE
from service.answers.statuses import status_alone
from service.clocks import Clocks
from service.pages import linked_data
from service.pages.overview import tally, tally_of
from service.pages.stops import around
from service.pages.view import View, names, pages, render, versions, viewing

IN_FULL = 40
"""Positions on one page with their evidence; more go on the next."""

NEWEST = 5
"""Pieces of evidence of each of them; the page of the position itself has more."""

RECENT = 25


@pages.get("/issues/<issue>")
def issue(issue: str) -> str:
    """How far has this issue come, and where did every party stand?"""
    with viewing() as (connection, view):
        key = lookup.issue_id(connection, issue, view.head)
        version = catalog.version_of(connection, "issue", key, view.clocks.seq)
        parties, titles = names(connection, view)
        pairs = sorted(pairs_of(connection, issues=[key]), key=lambda pair: parties[pair.party])
        return render(
            "issue.html",
            view,
            around=around(connection, view, issue=key),
            title=titles[key],
            linked=version and linked_data.of_issue(version.record, request.host_url.rstrip("/")),
            subject={"issue": key},
            key=key,
            version=version,
            status=status_alone(connection, key, view.of_statuses),
            history=answers.status_history(connection, key, view.of_statuses),
            tally=tally(connection, view, issues=[key]).get(key, tally_of([])),
            parties=parties,
            titles=titles,
            recent=_recent(connection, view, issue=key),
            **_positions(connection, pairs, view),
        )


@pages.get("/parties/<party>")
def party(party: str) -> str:
    """Where did this party stand on every issue?"""
    with viewing() as (connection, view):
        key = lookup.party_id(connection, party, view.clocks.seq, view.head)
        version = catalog.version_of(connection, "party", key, view.clocks.seq)
        parties, titles = names(connection, view)
        pairs = sorted(pairs_of(connection, parties=[key]), key=lambda pair: titles[pair.issue])
        return render(
            "party.html",
            view,
            around=around(connection, view, party=key),
            title=parties[key],
            linked=version and linked_data.of_party(version.record, request.host_url.rstrip("/")),
            subject={"party": key},
            key=key,
            version=version,
            parties=parties,
            titles=titles,
            recent=_recent(connection, view, party=key),
            **_positions(connection, pairs, view, inherit=True),
        )


@pages.get("/parties")
def party_list() -> str:
    """Which parties are tracked?"""
    with viewing() as (connection, view):
        found = versions(connection, "party", view)
        found.sort(key=lambda version: version.record["name"].casefold())
        return render(
            "parties.html", view, title="Parties", around=around(connection, view), found=found
        )


def _positions(
    connection: Connection, pairs: list[Pair], view: View, *, inherit: bool = False
) -> dict[str, Any]:
    """Return one page of positions with their evidence, and which page it is of how many."""
    last = max(1, -(-len(pairs) // IN_FULL))
    asked = request.args.get("page", "")
    number = min(int(asked), last) if asked.isascii() and asked.isdigit() and asked < "9" * 6 else 1
    number = max(1, number)
    shown = pairs[(number - 1) * IN_FULL : number * IN_FULL]
    rows = answers.positions_among(connection, shown, view.clocks, inherit=inherit)
    for row in rows:
        row["evidence"] = row["evidence"][:NEWEST]
    return {
        "positions": rows,
        "evidence": evidence_of(connection, rows, view.clocks),
        "page": number,
        "last_page": last,
        "count": len(pairs),
    }


def evidence_of(
    connection: Connection, rows: list[answers.Body], clocks: Clocks
) -> dict[str, answers.Body]:
    """Return the reports that rows have as evidence, for or against them, by id."""
    told = [one for row in rows for one in (*row["evidence"], *row["against"][:MOST_EVIDENCE])]
    told += [row["lapsed"] for row in rows if row.get("lapsed")]
    ids = list(dict.fromkeys(one["report"] for one in told))
    found = reports.standing_among(connection, ids, seq=clocks.seq)
    return {version.record["id"]: _brief(version) for version in found}


def _recent(connection: Connection, view: View, **subject: str) -> list[answers.Body]:
    """Return the reports that last took effect, the newest first."""
    found = reports.newest(
        connection, seq=view.clocks.seq, until=view.clocks.as_of, **subject, count=RECENT
    )
    return [_brief(version) for version in found]


def _brief(version: reports.Version) -> answers.Body:
    """Return what lists of reports show. Not filled in: a vote has hundreds of positions."""
    return version.record | {"version": version.version, "stands": version.stands}
