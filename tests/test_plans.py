"""The question stays a seek on an index, whatever the length of the history (SQLite's plans)."""

import pytest
from sqlalchemy import event

from projections import positions, reports, search
from projections.reading import reading
from projections.words import query_of
from service.store import Store


@pytest.fixture
def plan_of(tmp_path):
    """A function that returns how SQLite would run a statement."""
    store = Store(f"sqlite:///{tmp_path / 'plans.db'}")

    def plan(statement):
        compiled = statement.compile(dialect=store.engine.dialect)
        with reading(store.engine) as connection:
            rows = connection.exec_driver_sql(
                f"EXPLAIN QUERY PLAN {compiled}", (1,) * len(compiled.positiontup)
            )
            return " / ".join(row.detail for row in rows)

    yield plan
    store.close()


def test_the_rows_of_a_question_are_read_in_order_from_the_primary_key(plan_of):
    plan = plan_of(positions._ASKED_BY_DEFAULT.query)
    assert "USING PRIMARY KEY (party=? AND issue=? AND effective<?)" in plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan


def test_what_the_default_floor_leaves_out_is_counted_by_an_index_of_its_own(plan_of):
    assert "COVERING INDEX positions_below_floor" in plan_of(positions._ASKED_BY_DEFAULT.query)
    assert "positions_below_floor" not in plan_of(positions._ASKED.query)


def test_reports_of_one_instant_are_found_by_the_primary_key(tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'plans.db'}")
    plans = []

    def explain(_connection, cursor, statement, parameters, *_):
        cursor.execute(f"EXPLAIN QUERY PLAN {statement}", parameters)
        plans.append(" / ".join(row[3] for row in cursor.fetchall()))

    event.listen(store.engine, "before_cursor_execute", explain)
    wanted = {"effective": 1, "seq": 1, "other_than": "r-1", "utterance": None, "most": 9}
    with reading(store.engine) as connection:
        assert positions.told_at(connection, "nato", ["ukraine", "russia"], **wanted) == []
    store.close()
    assert "USING PRIMARY KEY (party=? AND issue=? AND effective=?)" in plans[-1]


def test_the_list_of_corrections_is_read_newest_first_from_an_index_of_amendments_alone(plan_of):
    every = reports._amendments(reports.AmendmentFilter()).where(reports.reports.c.seq_from < 9)
    plan = plan_of(every.limit(9))
    assert "INDEX reports_by_amendment (seq_from<?)" in plan
    assert "TEMP B-TREE FOR ORDER BY" not in plan
    of_party = reports._amendments(reports.AmendmentFilter(type="correction", party="ukraine"))
    plan = plan_of(of_party.where(reports.reports.c.seq_from < 9).limit(9))
    assert "SEARCH report_subjects USING PRIMARY KEY (kind=? AND subject=?)" in plan
    assert "CORRELATED" not in plan


def test_words_are_found_by_their_index_and_the_reports_by_their_key(plan_of, tmp_path):
    store = Store(f"sqlite:///{tmp_path / 'another.db'}")
    with reading(store.engine) as connection:
        wanted = search.Filter(query=query_of("security guarantees"))
        plan = plan_of(search._matching(connection, wanted, (search.search.c.report,)))
    store.close()
    assert "SCAN search_index VIRTUAL TABLE INDEX" in plan
    assert "SEARCH search USING INTEGER PRIMARY KEY (rowid=?)" in plan
