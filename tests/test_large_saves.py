"""Saves far larger than a socket's buffers, which psycopg's pipeline mode hangs on."""

import faulthandler

import pytest

from tests.records import issue, party, position, sent, statement, tell

LONG = "x" * 10_000


@pytest.fixture(autouse=True)
def not_for_ever():
    """End the process, rather than hang, when a save never ends."""
    faulthandler.dump_traceback_later(60, exit=True)
    yield
    faulthandler.cancel_dump_traceback_later()


def test_a_batch_of_many_megabytes_is_recorded(store):
    tell(store, party(), issue())
    reports = [statement(f"r-{i}", quote=LONG, positions=[position()]) for i in range(600)]
    recorded = store.record([sent(report) for report in reports])
    assert [one.seq for one in recorded] == list(range(3, 603))


def test_one_report_of_a_megabyte_is_recorded_and_the_second_time_unchanged(store):
    tell(store, party(), issue())
    sources = [{"publisher": "P", "title": LONG} for _ in range(120)]
    for is_new in (True, False):
        [recorded] = tell(store, statement("r-1", sources=sources, positions=[position()]))
        assert (recorded.outcome.is_new, recorded.seq) == (is_new, 3)


def test_a_large_batch_that_loses_a_race_is_decided_anew(store):
    tell(store, party(), issue())
    reports = [statement(f"r-{i}", quote=LONG) for i in range(50)]
    tell(store, reports[30])
    recorded = tell(store, *reports)
    assert sum(one.outcome.is_new for one in recorded) == 49
