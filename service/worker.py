"""The app as each process of `stancelog serve` runs it."""

from flask import Flask

from service import app, stopping


def create_app() -> Flask:
    """Return the app, in a process that notices when it is told to end."""
    stopping.watch()
    return app.create_app()
