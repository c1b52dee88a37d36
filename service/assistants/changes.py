"""What changed in a window: positions, their terms, statuses."""

from collections.abc import Iterator
from typing import Any

from projections.changes import Key
from service import answers
from service.answers import Body
from service.assistants import citing
from service.assistants.plain import PART, count, glance
from service.assistants.plain import clocks as clocks_in_words
from service.assistants.positions import going_on
from service.assistants.reader import Reader
from service.paging import page_of


def what_changed(reader: Reader, asked: dict[str, Any]) -> Body:
    """Answer with a page of changes, oldest first, each with the reports that caused it."""
    page = page_of(asked, "/v1/changes", key=(int, str, str))  # as HTTP does: cursors fit both
    after = Key(*page.after) if page.after else None
    with reader.asking(page.clocks) as (connection, head, clocks):
        body, last = answers.change_list(
            connection, head, clocks, page.question, after=after, limit=page.limit
        )
        ids = [report for one in body["changes"] for report in one["reports"]]
        return body | {
            "next": page.next(clocks, list(last)) if last else None,
            "says": _says(body, is_part=bool(page.after or last)),
            "cited": citing.cited(connection, ids, clocks.seq, reader),
            "permalink": reader.link(body["links"]["permalink"]),
        }


def _says(body: Body, *, is_part: bool) -> str:
    number = len(body["changes"])
    if body["from"] and body["from"] > body["to"]:
        found = "Nothing was looked at: the window ends before it begins,"
    else:
        found = count(number, "change") if number else "No change on record"
    window = f"from {body['from'] or 'the beginning'} to {body['to']}"
    clocks = f"{clocks_in_words(body)}, for statuses {body['status_floor']}"
    return f"{PART if is_part else ''}{found} {window}, {clocks}."


def tell_changes(body: Body) -> Iterator[str]:
    """Yield changes, in lines."""
    yield body["says"]
    for one in body["changes"]:
        who = f"{one['party']} on {one['issue']}" if one["party"] else one["issue"]
        what = "status" if one["kind"] == "status" else "position"
        if one["kind"] == "terms":
            step = f"{glance(one['after'])}, on other terms"
        else:
            step = f"{glance(one['before'], what)} -> {glance(one['after'], what)}"
        notes = " (contested)" if one["contested"] else ""
        yield f"- {one['at']} {who}, {one['kind']}: {step}{notes}; {', '.join(one['reports'][:20])}"
    yield from going_on(body)
    yield from citing.told(body["cited"])
    yield f"Permalink: {body['permalink']}"
