"""Which reports have some words."""

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Connection

from projections import reports
from service import answers
from service.answers import Body
from service.assistants import citing
from service.assistants.plain import among, count, quoted
from service.assistants.plain import clocks as clocks_in_words
from service.assistants.positions import going_on
from service.assistants.reader import Reader
from service.clocks import Clocks
from service.lookup import reports_wanted
from service.paging import page_of

MOST_POSITIONS = 20
"""Of one report: that of a vote has hundreds."""


def search_reports(reader: Reader, asked: dict[str, Any]) -> Body:
    """Answer with a page of reports in short, by effect, and how many there are of what."""
    page = page_of(asked, "/v1/search", key=(int, int))  # as HTTP does: cursors fit both
    with reader.asking(page.clocks) as (connection, head, clocks):
        wanted = reports_wanted(connection, page.question, clocks.seq, head)
        after = (page.after[0], min(page.after[1], head.seq)) if page.after else None
        body, last = answers.search_list(
            connection, page.question, wanted, clocks, after=after, limit=page.limit
        )
        return body | {
            "reports": _in_short(connection, body["reports"], clocks, reader),
            "next": page.next(clocks, [*last]) if last else None,
            "says": f"{count(body['total'], 'report')} found, {clocks_in_words(body)}.",
            **reader.links(body["links"]["permalink"]),
        }


def _in_short(
    connection: Connection, found: list[Body], clocks: Clocks, reader: Reader
) -> list[Body]:
    """Return the reports as they are cited, each with its passage and what it says of whom."""
    ids = [one["id"] for one in found]
    versions = reports.standing_among(connection, ids, seq=clocks.seq)
    short = {one.record["id"]: citing.citation(one, reader) for one in versions}
    return [
        short[one["id"]]
        | {
            "passage": "".join(piece["text"] for piece in one["matched"]),
            "positions": [_stance(row) for row in one["positions"][:MOST_POSITIONS]],
            "positions_total": len(one["positions"]),
        }
        for one in found
    ]


def _stance(row: Body) -> Body:
    return {name: row[name] for name in ("party", "issue", "position")}


def tell_reports(body: Body) -> Iterator[str]:
    """Yield what was found, in lines."""
    yield body["says"]
    if body["reports"]:
        yield citing.WARNING
    for one in body["reports"]:
        about = f"{one['report']} ({one['occurred']}, {one['attribution']})"
        yield f"- {about}: {quoted(one['passage'])}"
        for row in one["positions"][:5]:
            who = row["party"] or among(one["parties"], 3)
            yield f"    {who} on {row['issue']}: {row['position'].replace('_', ' ')}"
        for source in one["sources"]:
            yield citing.published(source)
    yield from going_on(body)
    yield f"Permalink: {body['permalink']}"
