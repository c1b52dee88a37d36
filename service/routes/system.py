"""What is not about the timeline: health, and the description of the API itself."""

from flask import Flask, Response, render_template, request
from prometheus_client import CONTENT_TYPE_LATEST

from service import description, readiness
from service.access import door
from service.http import json, store
from service.problems import NotFoundError
from service.repeats import UNKEPT
from service.schemas.fields import nearest
from service.schemas.records import SCHEMAS


def register(app: Flask) -> None:
    """Add the routes."""

    @app.get("/healthz")
    def healthz() -> Response:
        """The process answers."""
        return json({"status": "ok"})

    @app.get("/readyz")
    def readyz() -> Response:
        """The database answers; degraded: the read models lack something that the log has."""
        return json(readiness.told(store()))

    @app.get("/metrics")
    def metrics() -> Response:
        """What is counted, for Prometheus."""
        door.must_see_metrics(request)
        text = app.extensions["stancelog.metrics"].text()
        return Response(text, headers={"Cache-Control": UNKEPT}, content_type=CONTENT_TYPE_LATEST)

    @app.get("/openapi.json")
    def openapi() -> Response:
        return json(description.document())

    @app.get("/schemas/")
    def schema_list() -> Response:
        return json({"schemas": [f"/schemas/{kind}.json" for kind in SCHEMAS]})

    @app.get("/schemas/<kind>.json")
    def schema(kind: str) -> Response:
        if kind not in SCHEMAS:
            raise NotFoundError("schema", kind, nearest(kind, SCHEMAS))
        response = json(description.json_schema(kind))
        response.mimetype = "application/schema+json"
        return response

    @app.get("/docs")
    def docs() -> str:
        return render_template("docs.html")
