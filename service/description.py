"""What the API says of itself: its OpenAPI document, and the JSON Schemas of records.

They are put together when somebody first asks for them, not whenever an app is made: it is half of
the time that this took, and most processes are never asked.
"""

from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from typing import Any

from flask import Flask
from flask_smorest import Api

from service.operations import described
from service.routes import BLUEPRINTS
from service.schemas.answers import ADDRESSED, Problem, record_name
from service.schemas.records import SCHEMAS

DESCRIPTION = """\
The position of a party on an issue at a date, as known on a date, and which reports say so.

Two clocks, never merged: `as_of` is the date in the world that you ask about, `known_at` (or,
exactly, `seq`) what had been recorded by then. Every answer repeats both, resolved, and has a
permalink that pins them. Errors are `application/problem+json` (RFC 9457)."""

DIALECT = "https://json-schema.org/draft/2020-12/schema"


@cache
def document() -> dict[str, Any]:
    """Return the OpenAPI document."""
    app = Flask("service")
    app.config.update(
        API_TITLE="Stancelog",
        API_VERSION=version("stancelog"),
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION, "license": {"name": "Apache-2.0"}},
            "servers": [{"url": "/"}],
        },
    )
    api = Api(app)
    for schema in SCHEMAS.values():
        api.spec.components.schema(record_name(schema), schema=type(schema))
    for kind, address in ADDRESSED.items():
        body = type(SCHEMAS[kind.lower()])(partial=address)
        api.spec.components.schema(f"{kind}Body", schema=body)
    api.spec.components.schema("Problem", schema=Problem)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    return described(api.spec.to_dict())


@cache
def json_schema(kind: str) -> dict[str, Any]:
    """Return the JSON Schema of a record by itself."""
    schema = by_itself(document()["components"]["schemas"], record_name(SCHEMAS[kind]))
    return {"$schema": DIALECT, "$id": f"/schemas/{kind}.json", "title": kind} | schema


def by_itself(components: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return one of an OpenAPI document's schemas, with those that it refers to inside it."""
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
    return schema | ({"$defs": needed} if needed else {})
