"""The log as a feed, for those who keep a copy: nothing missed, nothing twice, in order."""

from typing import Any

import orjson
from flask import Response, request
from marshmallow import RAISE

from service import answers
from service.following import stretch_awaited
from service.http import Api, json, store
from service.preferences import wait_of
from service.schemas import log as shapes
from service.schemas.log import BATCH

api = Api("log", __name__, url_prefix="/v1", description="The log, as it grows.")


@api.route("/log")
@api.arguments(shapes.Following, location="query", unknown=RAISE)
@api.arguments(shapes.Preferences, location="headers")
@api.response(200, shapes.LogAnswer)
@api.alt_response(200, schema=shapes.CloudEvent(many=True), content_type=BATCH)
def log(parameters: dict[str, Any], preferences: dict[str, Any]) -> Response:
    """What was recorded after a position in the log? Follow `links.next`, again and again."""
    after, limit = parameters["after"], parameters["limit"]
    wait = wait_of(preferences["prefer"])
    stretch, waited = stretch_awaited(store(), after, limit, wait)
    answer = answers.feed(stretch, after, limit, request.host_url)
    headers = {"Link": f'<{answer["links"]["next"]}>; rel="next"', "Vary": "Prefer, Accept"}
    if wait:
        headers["Cache-Control"] = "no-store"
    if wait and waited is not None:
        headers["Preference-Applied"] = f"wait={waited}"
    if request.accept_mimetypes.best_match(["application/json", BATCH]) != BATCH:
        return json(answer, headers=headers)
    return Response(orjson.dumps(answer["events"]), headers=headers, content_type=BATCH)
