"""The log: all of a batch or nothing, in one order for good, whoever dies meanwhile."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.dates import bounds_of, to_micros
from events.errors import BatchRefusedError
from projections import log, reports
from projections.reading import reading
from service.store import Store
from tests.log import head_of, is_new, refusal, refusals, report_of
from tests.records import (
    correction,
    issue,
    party,
    position,
    reinstatement,
    retraction,
    sent,
    statement,
    status,
    tell,
)

Record = dict[str, Any]
Opener = Callable[[str], Store]


def recorded_ats(store: Store) -> list[int]:
    with store.reading() as (connection, head):
        found = [log.recorded_at(connection, seq) for seq in range(1, head.seq + 1)]
    return [at for at in found if at is not None]


# All or nothing


def test_a_batch_names_every_bad_record_and_records_nothing(desk: Store) -> None:
    found = refusals(
        desk,
        statement("r-2"),
        statement("r-3", parties=["atlantis"]),
        party("borduria", member_of=[{"party": "syldavia"}]),
        statement("r-4", statuses=[status(issue_id="peace")]),
        retraction("r-9"),
        statement("r-1", summary="Else."),
        statement("r-5"),
        reinstatement("r-1"),
    )
    assert {place: (error.rule, error.field) for place, error in found.items()} == {
        1: ("unknown_party", "parties.0"),
        2: ("unknown_party", "member_of.0.party"),
        3: ("unknown_issue", "statuses.0.issue"),
        4: ("unknown_report", "report"),
        5: ("content_differs", "id"),
        7: ("not_retracted", ""),
    }
    assert is_new(desk, statement("r-2"))
    assert is_new(desk, statement("r-5"))
    assert is_new(desk, party("syldavia"))


def test_records_of_a_batch_may_name_those_before_them_not_those_after(store: Store) -> None:
    records = [
        party("ukraine"),
        issue("nato"),
        statement("r-1", positions=[position()]),
        correction("r-1", summary="Otherwise."),
        retraction("r-1"),
        reinstatement("r-1"),
    ]
    assert 0 in refusals(store, *records[::-1])
    assert [recorded.seq for recorded in tell(store, *records)] == [1, 2, 3, 4, 5, 6]


def test_a_refused_registration_leaves_its_names_free(desk: Store) -> None:
    tell(desk, party("ukraine", aliases=["Kyiv"]))
    assert refusal(desk, party("borduria", aliases=["Szohod", "Kyiv"])).rule == "name_taken"
    assert is_new(desk, party("syldavia", aliases=["Szohod"]))


def test_a_refused_party_takes_no_name_from_one_after_it_in_its_batch(desk: Store) -> None:
    tell(desk, party("ukraine", aliases=["Kyiv"]))
    refused = party("borduria", aliases=["Szohod", "Kyiv"])
    found = refusals(desk, refused, party("syldavia", aliases=["Szohod"]))
    assert {place: error.rule for place, error in found.items()} == {0: "name_taken"}


def test_a_refused_report_fixes_no_proposition_for_those_after_it_in_its_batch(
    desk: Store,
) -> None:
    tell(desk, issue("sanctions"))
    of_two = [position(issue_id="sanctions"), position(issue_id="atlantis")]
    found = refusals(desk, statement(positions=of_two), issue("sanctions", proposition="Another"))
    assert {place: error.rule for place, error in found.items()} == {0: "unknown_issue"}


# Order


def test_seqs_are_dense_from_one_whatever_is_refused_or_unchanged_between(desk: Store) -> None:
    tell(desk, issue("sanctions"), party("eu", aliases=["Brussels"]))
    refusal(desk, party("belgium", aliases=["Brussels"]))
    tell(desk, statement("r-1", positions=[position()]))
    tell(desk, statement("r-2", positions=[position(issue_id="sanctions")]), retraction("r-1"))
    with desk.reading() as (connection, _):
        seqs = list(connection.scalars(log.log.select().with_only_columns(log.log.c.seq)))
    assert sorted(seqs) == [1, 2, 3, 4, 5, 6, 7]


T = datetime(2021, 6, 1, 12, tzinfo=UTC)


def test_a_kept_recorded_time_before_the_last_is_refused(store: Store) -> None:
    tell(store, party("ukraine"), recorded_at=T)
    tell(store, issue("nato"), recorded_at=T)
    with pytest.raises(BatchRefusedError) as caught:
        tell(store, issue("sanctions"), recorded_at=T - timedelta(microseconds=1))
    assert caught.value.refused[0].rule == "recorded_at"
    later, earlier = (
        sent(issue("later"), T + timedelta(hours=2)),
        sent(issue("earlier"), T + timedelta(hours=1)),
    )
    with pytest.raises(BatchRefusedError) as caught:
        store.record([later, earlier])
    assert {place: one.rule for place, one in caught.value.refused.items()} == {1: "recorded_at"}
    assert head_of(store) == 2


def test_a_kept_recorded_time_in_the_future_is_refused(store: Store) -> None:
    with pytest.raises(BatchRefusedError) as caught:
        tell(store, party("ukraine"), recorded_at=datetime.now(UTC) + timedelta(hours=1))
    assert caught.value.refused[0].rule == "recorded_at"


def test_a_report_is_too_early_by_the_recorded_time_that_is_kept(store: Store) -> None:
    tell(store, party("ukraine"), recorded_at=T)
    with pytest.raises(BatchRefusedError) as caught:
        tell(store, statement("r-1", occurred="2021-06-03"), recorded_at=T)
    assert caught.value.refused[0].rule == "not_yet_happened"
    tell(store, statement("r-1", occurred="2021-06-02"), recorded_at=T)


def test_recorded_times_never_decrease_though_the_clock_steps_back(store: Store) -> None:
    hours = [0, 5, 3, 4, 5, 6, 1]
    for hour in hours:  # as a machine's clock would have it: the log does not look back
        at = T + timedelta(hours=hour)
        store.timeline.record([sent(party(f"p-{head_of(store)}"), at)])
    hence = [to_micros(T + timedelta(hours=hour)) for hour in [0, 5, 5, 5, 5, 6, 6]]
    assert recorded_ats(store) == hence
    store.timeline.record([sent(party("last"), T)])
    tell(store, party("now"))
    assert recorded_ats(store)[:-1] == [*hence, hence[-1]]
    assert recorded_ats(store) == sorted(recorded_ats(store))


def test_known_at_means_the_greatest_seq_recorded_by_then(store: Store) -> None:
    for i, hour in enumerate([0, 1, 1, 1, 2]):
        tell(store, party(f"p-{i}"), recorded_at=T + timedelta(hours=hour))
    known = {
        -timedelta(microseconds=1): 0,
        timedelta(0): 1,
        timedelta(hours=1, microseconds=-1): 1,
        timedelta(hours=1): 4,
        timedelta(hours=2, microseconds=-1): 4,
        timedelta(hours=2): 5,
        timedelta(days=900): 5,
    }
    with store.reading() as (connection, _):
        for since, seq in known.items():
            assert log.seq_known_at(connection, to_micros(T + since)) == seq


def test_nothing_was_known_in_an_empty_log(store: Store) -> None:
    with store.reading() as (connection, head):
        assert (head.seq, log.seq_known_at(connection, bounds_of("9999").latest)) == (0, 0)


# A writer that dies between its two commits


@pytest.fixture
def half_done(desk: Store) -> Store:
    """A store whose last writer died after it had saved, and before it had projected."""
    desk.timeline.record([sent(statement("r-2")), sent(correction("r-2", summary="Otherwise."))])
    with reading(desk.engine) as connection:
        assert reports.version_of(connection, "r-2", 99) is None
    return desk


def test_the_next_read_sees_what_a_dead_writer_saved(half_done: Store) -> None:
    with half_done.reading() as (connection, head):
        version = reports.version_of(connection, "r-2", head.seq)
    assert version
    assert (head.seq, version.seq, version.record["summary"]) == (5, 5, "Otherwise.")


def test_the_next_write_comes_after_what_a_dead_writer_saved(half_done: Store) -> None:
    (recorded,) = tell(half_done, retraction("r-2"))
    assert recorded.seq == 6
    assert not report_of(half_done, "r-2").stands


def test_the_same_record_again_finds_what_a_dead_writer_saved(half_done: Store) -> None:
    (recorded,) = tell(half_done, statement("r-2"))
    assert (recorded.outcome.is_new, recorded.seq) == (False, 4)


def test_opening_a_store_heals_what_a_dead_writer_left(
    half_done: Store, url: str, open_store: Opener
) -> None:
    other = open_store(url)
    with reading(other.engine) as connection:  # without looking whether there is more
        assert reports.version_of(connection, "r-2", 5) is not None


def test_a_kept_recorded_time_is_held_against_what_a_dead_writer_saved(half_done: Store) -> None:
    with pytest.raises(BatchRefusedError) as caught:
        tell(half_done, statement("r-3"), recorded_at=T)
    assert caught.value.refused[0].rule == "recorded_at"
