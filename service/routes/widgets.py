"""What ready-made widgets fetch. Each is in the form of its program, so clocks are in a header."""

import csv
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import Any

import orjson
from flask import Response, g, request
from marshmallow import RAISE

from events import dates
from events.errors import Fault
from events.vocabulary import POSITION_FLOOR
from projections.spans import TooManyError
from service import links
from service.clocks import Clocks, TwoFloors
from service.http import Api, asking, is_pinned
from service.links import pins
from service.problems import InvalidQueryError
from service.routes.matrix import named
from service.schemas import widgets as shapes
from service.schemas.widgets import SpanQuery, StoryQuery, WidgetQuery
from service.widgets import Scene, Shown, chart, story, story_rows, timeline

api = Api("widgets", __name__, url_prefix="/widgets", description="For ready-made widgets.")


@api.route("/timelinejs.json")
@api.arguments(StoryQuery, location="query", unknown=RAISE)
@api.response(200, shapes.Story)
def timelinejs(parameters: dict[str, Any]) -> Response:
    """Tell the reports as TimelineJS takes them."""
    return _answered(parameters, lambda scene: orjson.dumps(story(scene)))


@api.route("/timelinejs.csv")
@api.arguments(StoryQuery, location="query", unknown=RAISE)
@api.response(200, {"type": "string"}, content_type="text/csv")
def timelinejs_csv(parameters: dict[str, Any]) -> Response:
    """Tell the same as a spreadsheet, as TimelineJS takes that."""

    def lines(scene: Scene) -> bytes:
        buffer = StringIO()
        csv.writer(buffer).writerows(story_rows(story(scene)))
        return buffer.getvalue().encode()

    return _answered(parameters, lines, "text/csv")


@api.route("/vis.json")
@api.arguments(WidgetQuery, location="query", unknown=RAISE)
@api.response(200, shapes.Timeline)
def vis(parameters: dict[str, Any]) -> Response:
    """Tell positions, reports and statuses as items and groups of vis-timeline."""
    return _answered(parameters, lambda scene: orjson.dumps(timeline(scene)))


@api.route("/timelines-chart.json")
@api.arguments(SpanQuery, location="query", unknown=RAISE)
@api.response(200, shapes.ChartGroup(many=True))
def timelines_chart(parameters: dict[str, Any]) -> Response:
    """Tell positions as the npm package timelines-chart takes them."""
    return _answered(parameters, lambda scene: orjson.dumps(chart(scene)))


def _answered(
    parameters: dict[str, Any],
    told: Callable[[Scene], bytes],
    media_type: str = "application/json",
) -> Response:
    with scene_of(parameters) as scene:
        try:
            body = told(scene)
        except TooManyError:
            message = "name parties or issues, or a window: this is more than can be shown"
            raise InvalidQueryError(Fault("party", "invalid", message)) from None
        response = Response(body, mimetype=media_type)
        path = request.path.removeprefix("/widgets/")
        link = permalink(scene, path, status_floor=parameters.get("status_floor"))
        g.is_pinned = is_pinned({"links": {"permalink": link}}, request.path)
        response.headers.add("Link", f'<{link}>; rel="cite-as"')
        return response


@contextmanager
def scene_of(parameters: dict[str, Any]) -> Iterator[Scene]:
    """Give what the parameters of a widget ask to show."""
    asked = parameters["asked"]
    floors = TwoFloors.of(parameters | {"floor": asked.floor})
    with asking(asked, POSITION_FLOOR) as (connection, head, clocks):
        parties, issues = named(connection, head, clocks, parameters)
        shown = Shown(
            tuple(parties),
            tuple(issues),
            parameters.get("from_"),
            parameters.get("to"),
            parameters.get("limit", 0),
            floors.status_floor,
        )
        yield Scene(connection, clocks, shown, request.host_url.rstrip("/"))


def permalink(scene: Scene, name: str, status_floor: str | None) -> str:
    """Return the path under which a widget is shown the same for ever."""
    parties, issues, first, last, limit, _ = scene.shown
    return links.page(
        "widgets",
        name,
        party=",".join(parties) or None,
        issue=",".join(issues) or None,
        from_=_text(first),
        to=_text(last),
        limit=limit or None,
        status_floor=status_floor,
        **_pins(scene.clocks),
    )


def _pins(clocks: Clocks) -> dict[str, Any]:
    return dict(pins(clocks))


def _text(micros: int | None) -> str | None:
    return None if micros is None else dates.to_text(micros)
