"""The web application: a plain WSGI app over one database."""

from threading import BoundedSemaphore

from flask import Flask

from service import hooks, limits, problems, settings
from service.access.door import Rules
from service.pages import pages
from service.routes import BLUEPRINTS, system
from service.store import Store
from service.telemetry import requests, tracing
from service.telemetry.metrics import Metrics


def create_app(database: str | None = None) -> Flask:
    """Return the app over `database` (default: STANCELOG_DATABASE, sqlite:///stancelog.db).

    Creates or upgrades the database. Raises DatabaseUrlError.
    """
    app = Flask("service")
    app.config.update(
        MAX_CONTENT_LENGTH=limits.MOST_BYTES,
        MAX_FORM_MEMORY_SIZE=limits.MOST_BYTES,  # the report of a vote has hundreds of rows
    )
    app.extensions["stancelog"] = Store.of_settings(database or settings.database_url())
    app.extensions["stancelog.rules"] = Rules.of_settings()
    streams = settings.most_streams()
    app.extensions["stancelog.streams"] = BoundedSemaphore(streams) if streams else None
    app.extensions["stancelog.exports"] = BoundedSemaphore(limits.MOST_EXPORTS)
    hooks.register(app)
    problems.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.register_blueprint(pages)
    system.register(app)
    app.extensions["stancelog.metrics"] = metrics = Metrics(app.extensions["stancelog"])
    traces = tracing.of_settings()
    begin_span = traces.begin if traces else None
    # Outside of all else that is made of a request.
    requests.register(app, metrics.count, begin_span=begin_span)
    return app
