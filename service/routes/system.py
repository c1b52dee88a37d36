"""What is not about the timeline: health, and the description of the API itself."""

from typing import Any

from flask import Flask, Response, render_template
from flask_smorest import Api

from service.http import json, store
from service.problems import MEDIA_TYPE, NotFoundError
from service.schemas.answers import record_name
from service.schemas.fields import nearest
from service.schemas.records import SCHEMAS

DIALECT = "https://json-schema.org/draft/2020-12/schema"

MIN_SEQ = {
    "name": "min_seq",
    "in": "query",
    "schema": {"type": "integer", "minimum": 0},
    "description": "Wait until what is read has come to this log position, such as the "
    "Stancelog-Seq of a write; 503 with Retry-After where that takes too long. The header "
    "Stancelog-Seq asks the same.",
}


def register(app: Flask, api: Api) -> None:
    """Add the routes, once all others are described in `api`."""
    document = described(api.spec.to_dict())
    schemas = {kind: json_schema(document, kind) for kind in SCHEMAS}

    @app.get("/healthz")
    def healthz() -> Response:
        """The process answers."""
        return json({"status": "ok"})

    @app.get("/readyz")
    def readyz() -> Response:
        """The database answers; degraded: the read models lack something that the log has."""
        return json(store().readiness())

    @app.get("/openapi.json")
    def openapi() -> Response:
        return json(document)

    @app.get("/schemas/")
    def schema_list() -> Response:
        return json({"schemas": [f"/schemas/{kind}.json" for kind in schemas]})

    @app.get("/schemas/<kind>.json")
    def schema(kind: str) -> Response:
        if kind not in schemas:
            raise NotFoundError("schema", kind, nearest(kind, schemas))
        response = json(schemas[kind])
        response.mimetype = "application/schema+json"
        return response

    @app.get("/docs")
    def docs() -> str:
        return render_template("docs.html")


def described(document: dict[str, Any]) -> dict[str, Any]:
    """Return the OpenAPI document with problems as the answer to every error."""
    schema = {"$ref": "#/components/schemas/Problem"}
    failed = {"description": "A problem", "content": {MEDIA_TYPE: {"schema": schema}}}
    for path in document["paths"].values():
        for method, operation in path.items():
            if method == "parameters":
                continue
            answered = operation["responses"]
            for status in [status for status in answered if not str(status).startswith("2")]:
                del answered[status]
            answered["4XX"] = failed
            answered["default"] = failed
            if method == "get":
                operation.setdefault("parameters", []).append(MIN_SEQ)
    document["components"].pop("responses", None)
    return document


def json_schema(document: dict[str, Any], kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a record by itself."""
    components = document["components"]["schemas"]
    name = record_name(SCHEMAS[kind])
    needed: dict[str, Any] = {}

    def local(value: Any) -> Any:
        if isinstance(value, list):
            return [local(one) for one in value]
        if not isinstance(value, dict):
            return value
        if ref := value.get("$ref"):
            target = ref.rsplit("/", 1)[1]
            if target not in needed:
                needed[target] = None
                needed[target] = local(components[target])
            return value | {"$ref": f"#/$defs/{target}"}
        return {key: local(one) for key, one in value.items()}

    schema: dict[str, Any] = local(components[name])
    head = {"$schema": DIALECT, "$id": f"/schemas/{kind}.json", "title": kind}
    return head | schema | ({"$defs": needed} if needed else {})
