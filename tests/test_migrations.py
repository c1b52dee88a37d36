"""Alembic owns the tables of the read models."""

import subprocess
import sys

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Table, text

import migrations
from projections import projector
from projections.database import connect, metadata
from projections.reading import reading
from projections.rebuild import rebuild
from service.access.tables import kept
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
                "include_name": lambda name, kind, _: (
                    kind != "table" or name in {*metadata.tables, *kept.tables}
                ),
                "include_object": lambda one, *_: (
                    engine.dialect.name != "sqlite" or not is_fts5(one)
                ),
            },
        )
        assert compare_metadata(context, [metadata, kept]) == []
    engine.dispose()


def is_fts5(one):
    table = one if isinstance(one, Table) else one.table
    return table.name == "search_index"


def made_as(store):
    """How the index of words was made, whatever it is called."""
    if store.engine.dialect.name == "sqlite":
        query = "SELECT sql FROM sqlite_master WHERE name = 'search_index'"
    else:
        query = "SELECT indexdef FROM pg_indexes WHERE tablename = 'search_index' ORDER BY indexdef"
    with reading(store.engine) as connection:
        return [sql[sql.index("USING") :] for sql in connection.scalars(text(query))]


def test_the_index_of_words_is_the_same_as_migrated_as_made_anew(url, open_store):
    store = open_store(url)
    before = made_as(store)
    assert "fts5" in before[0] or "gin" in " ".join(before)
    rebuild(store.engine, store.timeline)
    assert made_as(store) == before


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
        for table in (*metadata.tables, *kept.tables, "alembic_version"):
            connection.execute(text(f"DROP TABLE {table}"))
    engine.dispose()
    store = Store(url)
    assert rows_of(store) == before
    assert projector.catch_up(store.engine, store.timeline).seq == 3
    store.close()
