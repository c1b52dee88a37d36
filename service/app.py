"""The web application: a plain WSGI app over one database."""

from importlib.metadata import version
from threading import BoundedSemaphore

from flask import Flask
from flask_smorest import Api

from service import config, hooks, problems
from service.pages import pages
from service.routes import BLUEPRINTS, system
from service.schemas.answers import Problem, record_name
from service.schemas.records import SCHEMAS
from service.store import Store

DESCRIPTION = """\
The position of a party on an issue at a date, as known on a date, and which reports say so.

Two clocks, never merged: `as_of` is the date in the world that you ask about, `known_at` (or,
exactly, `seq`) what had been recorded by then. Every answer repeats both, resolved, and has a
permalink that pins them. Errors are `application/problem+json` (RFC 9457)."""


def create_app(database: str | None = None) -> Flask:
    """Return the app over `database` (default: STANCELOG_DATABASE, sqlite:///stancelog.db).

    Creates or upgrades the database. Raises DatabaseUrlError.
    """
    app = Flask("service")
    app.config.update(
        MAX_CONTENT_LENGTH=config.MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=config.MOST_BYTES,  # the report of a vote has hundreds of rows
        WRITES=config.allows_writing(),
        API_TITLE="Stancelog",
        API_VERSION=version("stancelog"),
        OPENAPI_VERSION="3.1.0",
        API_SPEC_OPTIONS={
            "info": {"description": DESCRIPTION, "license": {"name": "Apache-2.0"}},
            "servers": [{"url": "/"}],
        },
    )
    app.extensions["stancelog"] = Store(
        database or config.database_url(),
        is_followed=config.is_followed(),
        replica=config.read_database_url(),
    )
    streams = config.most_streams()
    app.extensions["stancelog.streams"] = BoundedSemaphore(streams) if streams else None
    hooks.register(app)
    api = Api(app)
    problems.register(app)
    for schema in SCHEMAS.values():
        api.spec.components.schema(record_name(schema), schema=type(schema))
    api.spec.components.schema("Problem", schema=Problem)
    for blueprint in BLUEPRINTS:
        api.register_blueprint(blueprint)
    app.register_blueprint(pages)
    system.register(app, api)
    return app
