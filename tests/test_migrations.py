"""Alembic owns the tables of the read models."""

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text

import migrations
from projections import projector
from projections.database import connect, metadata
from projections.reading import reading
from service.opening import initialise
from service.store import Store
from tests.records import issue, party, position, statement, tell
from tests.tables import rows_of

pytestmark = pytest.mark.uncreated


def test_the_migrations_make_exactly_the_tables_that_the_code_has(url):
    initialise(url)
    engine = connect(url)
    with reading(engine) as connection:
        context = MigrationContext.configure(
            connection,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or name in metadata.tables,
            },
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_initialising_twice_changes_nothing(url, open_store):
    store = open_store(url)
    tell(store, party(), issue(), statement("r-1", positions=[position()]))
    before = rows_of(store)
    initialise(url)
    assert rows_of(store) == before


def test_several_processes_can_initialise_one_fresh_database_at_once(url):
    code = f"from service.opening import initialise; initialise({url!r})"
    processes = [
        subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(6)
    ]
    failed = [
        error for process in processes for error in [process.communicate()[1]] if process.returncode
    ]
    assert failed == []
    engine = connect(url)
    assert migrations.is_newest(engine)
    engine.dispose()


def test_dropped_read_models_come_back_from_the_log(url):
    store = Store(url)
    tell(store, party(), issue(), statement("r-1", positions=[position()]))
    before = rows_of(store)
    store.close()
    engine = connect(url)
    with engine.begin() as connection:
        for table in (*metadata.tables, "alembic_version"):
            connection.execute(text(f"DROP TABLE {table}"))
    engine.dispose()
    store = Store(url)
    assert rows_of(store) == before
    assert projector.catch_up(store.engine, store.timeline).seq == 3
    store.close()
