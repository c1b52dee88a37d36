"""Settings, from the environment."""

import os

DATABASE = "STANCELOG_DATABASE"
DEFAULT_DATABASE = "sqlite:///stancelog.db"

MOST_BYTES = 10 * 1024 * 1024
"""Largest body that is read; larger ones are 413."""


def database_url() -> str:
    """Return the database to use unless another is named."""
    return os.environ.get(DATABASE) or DEFAULT_DATABASE
