"""The tables of the read models, created and upgraded by Alembic."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, text

from projections.database import writing

UPGRADE_LOCK = 5_762_031
"""PostgreSQL's advisory lock that one upgrade at a time holds."""


def config() -> Config:
    """Return Alembic's configuration for this folder."""
    settings = Config()
    settings.set_main_option("script_location", str(Path(__file__).parent))
    return settings


@contextmanager
def one_at_a_time(engine: Engine) -> Iterator[None]:
    """Let one process at a time create or upgrade a PostgreSQL database.

    On SQLite each of its transactions locks the whole file, which is enough.
    """
    if engine.dialect.name == "sqlite":
        yield
        return
    with engine.begin() as connection:
        connection.execute(text("SET LOCAL lock_timeout = 0"))  # an upgrade replays the log
        connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": UPGRADE_LOCK})
        yield


@cache
def newest() -> str | None:
    """Return the newest revision that this code has."""
    return ScriptDirectory.from_config(config()).get_current_head()


def revision(engine: Engine) -> str | None:
    """Return the revision that the tables are of; None where there are none."""
    with engine.connect() as connection:
        return _revision(connection)


def is_newest(engine: Engine) -> bool:
    """Tell whether the tables are there and of the newest revision."""
    return revision(engine) == newest()


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine) -> None:
    """Bring the tables of the read models to the newest revision, in one transaction."""
    settings = config()
    with writing(engine) as connection:
        if _revision(connection) == newest():  # as at almost every start
            return
        settings.attributes["connection"] = connection
        command.upgrade(settings, "head")
