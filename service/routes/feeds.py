"""Feeds for readers: Atom, JSON Feed, and the meetings as a calendar."""

from collections.abc import Callable
from typing import Any

import orjson
from flask import Response, g, request
from marshmallow import RAISE, Schema
from werkzeug.http import http_date

from events import dates
from events.vocabulary import POSITION_FLOOR
from projections.newest import Subject
from service import feeds
from service.feeds import Feed
from service.feeds.atom import MEDIA_TYPE as ATOM
from service.feeds.calendar import MEDIA_TYPE as CALENDAR
from service.feeds.jsonfeed import MEDIA_TYPE as JSON_FEED
from service.http import Api, asking
from service.lookup import issue_id, party_id
from service.schemas import feeds as shapes
from service.schemas.widgets import CalendarQuery, FeedQuery

api = Api("feeds", __name__, url_prefix="/feeds", description="For feed readers and calendars.")

SETTLED = 2_000_000
"""Microseconds after which no more is recorded in the same second."""


def _json(feed: Feed) -> bytes:
    return orjson.dumps(feeds.json_feed(feed))


FORMS: dict[str, tuple[str, Callable[[Feed], bytes], type[Schema]]] = {
    "atom": (ATOM, feeds.atom_feed, FeedQuery),
    "json": (JSON_FEED, _json, FeedQuery),
    "ics": (CALENDAR, feeds.calendar_feed, CalendarQuery),
}

SUBJECTS = {
    "all": "/all",
    "party": "/parties/<party>",
    "issue": "/issues/<issue>",
}

TELLS = {
    "atom": "newest reports, as Atom 1.0 (RFC 4287) in pages (RFC 5005)",
    "json": "newest reports, as JSON Feed 1.1",
    "ics": "meetings, as iCalendar (RFC 5545)",
}

OF = {"all": "The", "party": "Of a party: the", "issue": "On an issue: the"}


def _add(kind: str, form: str) -> None:
    media_type, _, query = FORMS[form]

    def view(parameters: dict[str, Any], **address: str) -> Response:
        return _answered(parameters, form, **address)

    view.__name__ = f"{kind}_{form}"
    view.__doc__ = f"{OF[kind]} {TELLS[form]}."
    shape = shapes.JsonFeed if form == "json" else {"type": "string"}
    view = api.response(200, shape, content_type=media_type)(view)
    view = api.arguments(query, location="query", unknown=RAISE)(view)
    api.route(f"{SUBJECTS[kind]}.{form}")(view)


for _kind in SUBJECTS:
    for _form in FORMS:
        _add(_kind, _form)


def _answered(parameters: dict[str, Any], form: str, **address: str) -> Response:
    media_type, told, query = FORMS[form]
    asked = parameters["asked"]
    with asking(asked, POSITION_FLOOR) as (connection, head, clocks):
        subject = None
        if party := address.get("party"):
            subject = Subject("party", party_id(connection, party, clocks.seq, head))
        elif issue := address.get("issue"):
            subject = Subject("issue", issue_id(connection, issue, head))
        feed = feeds.feed_of(
            connection,
            subject,
            clocks,
            root=request.host_url.rstrip("/"),
            page=parameters.get("page", 1),
            limit=parameters["limit"],
            usual=query().fields["limit"].load_default,
            is_pinned=asked.seq is not None or asked.known_at is not None,
            type_="meeting" if form == "ics" else None,
        )
    g.pop("now", None)  # nothing in it depends on when it is asked for
    g.is_pinned = {"seq", "limit"} | ({"page"} if form != "ics" else set()) <= request.args.keys()
    response = Response(told(feed), content_type=f"{media_type}; charset=utf-8")
    response.headers.add("Link", f'<{feed.permalink(form, feed.page)}>; rel="cite-as"')
    if clocks.known_at is not None and clocks.known_at < dates.now() - SETTLED:
        response.headers["Last-Modified"] = http_date(dates.to_datetime(clocks.known_at))
    return response
