"""What every page shares: the clocks that it is asked for by, and links that keep them."""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

import orjson
from flask import Blueprint, Response, render_template, request
from marshmallow import Schema, ValidationError
from sqlalchemy import Connection

from events.vocabulary import ATTRIBUTIONS, POSITION_FLOOR, STATUS_FLOOR
from projections import catalog
from projections.log import Head
from service import safety
from service.access import sessions
from service.clocks import Asked, Clocks, TwoFloors
from service.http import asking
from service.links import page
from service.pages import words as wording
from service.problems import InvalidQueryError
from service.schemas.queries import StatusedMoment
from service.schemas.records import faults_of

pages = Blueprint("pages", __name__)

CLOCKS = ("as_of", "known_at", "seq", "floor", "status_floor")

KEPT = frozenset(
    {"party", "issue", "theme", "page", "clock", "q", "type", "source", "year", "cursor"}
    | {"from", "to", "known_from", "known_to", "seq_from", "seq_to"}
)
"""What the address of a page says besides: what others add to it (utm_source) is not passed on."""

_CLOCKS = StatusedMoment()


@dataclass(frozen=True)
class View:
    """One page as it was asked for."""

    given: Mapping[str, str]  # the clocks as they were asked for, by name; the others: defaults
    clocks: Clocks
    head: Head
    status_floor: str

    @property
    def of_statuses(self) -> Clocks:
        """The clocks, with the floor of statuses."""
        return replace(self.clocks, floor=self.status_floor)

    @property
    def floors(self) -> TwoFloors:
        """Both floors."""
        return TwoFloors(self.clocks.floor, self.status_floor)

    @property
    def day(self) -> str:
        """The day, in UTC, that is asked about."""
        return wording.day_of(self.clocks.as_of)

    @property
    def when(self) -> str:
        """The date that is asked about, in words."""
        return wording.instant(self.echo["as_of"]) if "as_of" in self.given else "today"

    @property
    def is_past_knowledge(self) -> bool:
        """Tell whether less is asked for than what is recorded."""
        return self.clocks.seq < self.head.seq

    @property
    def has_floor(self) -> bool:
        """Tell whether other floors are asked for than the usual ones."""
        return (self.clocks.floor, self.status_floor) != (POSITION_FLOOR, STATUS_FLOOR)

    @property
    def echo(self) -> dict[str, Any]:
        """The clocks, resolved."""
        return self.clocks.echo()

    def link(self, *segments: str, **query: Any) -> str:
        """Return the address of a page by the same clocks, or those in `query`."""
        return page(*segments, **(self._given_but(query) | query))

    def _given_but(self, query: Mapping[str, Any]) -> dict[str, Any]:
        """Return the clocks as they were asked for, but what was known if `query` says it."""
        again = {"known_at", "seq"}
        left_out = again if again & query.keys() else set()
        return {name: text for name, text in self.given.items() if name not in left_out}

    def here(self, **query: Any) -> str:
        """Return the address of this page, with other parameters. None: without it."""
        kept = {
            name: [text for text in texts if text.strip()]
            for name, texts in request.args.lists()
            if name in KEPT
        }
        told = {**kept, **self._given_but(query), **query}
        pairs = {name: value for name, value in told.items() if value not in (None, "", [])}
        query_string = urlencode(pairs, doseq=True, safe=":")
        return f"{request.path}?{query_string}" if query_string else request.path

    def query(self, **subject: str) -> str:
        """Return the query of what a widget shows of this view: all dates, as known then."""
        given = {name: text for name, text in self.given.items() if name != "as_of"}
        return urlencode(given | subject, safe=":")

    @property
    def permalink(self) -> str:
        """The address of this page with every clock pinned."""
        echo = self.clocks.echo()
        pins = {name: echo[name] for name in ("as_of", "seq", "floor")}
        return self.here(**pins, status_floor=self.status_floor)


@contextmanager
def viewing() -> Iterator[tuple[Connection, View]]:
    """Give a connection for one page, with its clocks resolved. Raises InvalidQueryError."""
    given = given_among(CLOCKS)
    question = loaded(_CLOCKS, given)
    asked: Asked = question["asked"]
    with asking(asked, POSITION_FLOOR) as (connection, head, clocks):
        floors = TwoFloors.of({"floor": asked.floor, **question})
        yield connection, View(given, clocks, head, floors.status_floor)


def given_among(names: Iterable[str]) -> dict[str, str]:
    """Return the parameters of these names that are given.

    A form sends its empty fields too: those are not given. What others add to links (utm_source)
    is nothing to us.
    """
    texts = {name: request.args.get(name, "").strip() for name in names}
    return {name: text for name, text in texts.items() if text}


def loaded(schema: Schema, given: Mapping[str, str]) -> dict[str, Any]:
    """Return parameters by a schema. Raises InvalidQueryError."""
    try:
        told: dict[str, Any] = schema.load(given)
    except ValidationError as error:
        messages = error.normalized_messages()  # type: ignore[no-untyped-call]
        raise InvalidQueryError(*faults_of(messages, schema)) from None
    return told


def render(
    template: str,
    view: View,
    *,
    title: str = "",
    around: Any = None,
    subject: Mapping[str, str] | None = None,
    **shown: Any,
) -> str:
    """Return a page. `subject`: the party and issue that it is about; `around`: see `stops`."""
    return render_template(
        f"pages/{template}",
        view=view,
        title=title,
        around=around,
        subject=subject or {},
        embeds=bool(subject) or template == "matrix.html",
        wording=wording,
        kept=KEPT,
        floors=ATTRIBUTIONS,
        **shown,
    )


class Named(dict[str, str]):
    """Names by id: of what has none, the id."""

    def __missing__(self, key: str) -> str:
        return key


@pages.after_request
def _guarded(response: Response) -> Response:
    """Let a page load nothing but what is ours, and be framed by others only if made for it."""
    framed_by = "*" if request.path.startswith("/embed/") else "'self'"
    response.headers["Content-Security-Policy"] = safety.policy(framed_by)
    sessions.give(request, response)
    return response


@pages.app_template_filter()
def as_text(value: object) -> str:
    """Return a value of a record as text: None is nothing."""
    if value is None:
        return ""
    return value if isinstance(value, str) else orjson.dumps(value).decode()


EVERY = 10**9


def versions(connection: Connection, kind: str, view: View) -> list[catalog.Version]:
    """Return every party or issue known then, by id."""
    return catalog.versions(connection, kind, view.clocks.seq, count=EVERY)


def names(connection: Connection, view: View) -> tuple[Named, Named]:
    """Return what parties and issues were called, by id."""
    parties = {one.record["id"]: one.record["name"] for one in versions(connection, "party", view)}
    issues = {one.record["id"]: one.record["title"] for one in versions(connection, "issue", view)}
    return Named(parties), Named(issues)
