"""The log: what is recorded once and for good, what is refused, and in which order."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.dates import bounds_of, to_micros
from events.errors import BatchRefusedError, ContentDiffersError, RefusedError
from projections import catalog, log, reports
from projections.database import reading
from service.store import Store
from tests.records import (
    correction,
    issue,
    meeting,
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


@pytest.fixture
def told(store: Store) -> Store:
    """A store that knows a party, an issue and one report."""
    tell(store, party("ukraine"), issue("nato"), statement("r-1", positions=[position()]))
    return store


def refusals(store: Store, *records: Record) -> dict[int, RefusedError]:
    """What is wrong with each record of a batch that is refused."""
    before = head_of(store)
    with pytest.raises(BatchRefusedError) as caught:
        tell(store, *records)
    assert head_of(store) == before
    return caught.value.refused


def refusal(store: Store, record: Record) -> RefusedError:
    """What is wrong with a record."""
    return refusals(store, record)[0]


def is_new(store: Store, record: Record) -> bool:
    """Tell it, and say whether that recorded anything."""
    before = head_of(store)
    (recorded,) = tell(store, record)
    assert (head_of(store) == before + 1) == recorded.outcome.is_new
    return recorded.outcome.is_new


def head_of(store: Store) -> int:
    with store.reading() as (_, head):
        return head.seq


def report_of(store: Store, report_id: str, seq: int | None = None) -> reports.Version:
    with store.reading() as (connection, head):
        version = reports.version_of(connection, report_id, head.seq if seq is None else seq)
    assert version
    return version


def registered(store: Store, kind: str, key: str, seq: int) -> Record | None:
    with store.reading() as (connection, _):
        version = catalog.version_of(connection, kind, key, seq)
    return version and version.record


def party_named(store: Store, text: str) -> str | None:
    with store.reading() as (connection, head):
        return catalog.party_named(connection, text, head.seq)


def recorded_ats(store: Store) -> list[int]:
    with store.reading() as (connection, head):
        found = [log.recorded_at(connection, seq) for seq in range(1, head.seq + 1)]
    return [at for at in found if at is not None]


# The same again, and something else under the same id


def test_the_same_report_again_is_unchanged_and_keeps_its_seq(told: Store) -> None:
    report = statement("r-2", positions=[position("oppose")])
    (first,) = tell(told, report)
    (again,) = tell(told, report)
    assert (first.outcome.is_new, again.outcome.is_new) == (True, False)
    assert again.seq == first.seq == head_of(told)


def test_the_same_report_twice_in_one_batch_is_recorded_once(told: Store) -> None:
    one, other = tell(told, statement("r-2"), statement("r-2"))
    assert (one.outcome.is_new, other.outcome.is_new) == (True, False)
    assert one.seq == other.seq == 4


@pytest.mark.parametrize(
    "spelt_out",
    [
        {"credibility": 6},
        {"quote": None, "utterance": None, "venue": None, "speaker": None},
        {"tags": [], "statuses": []},
        {"sources": [{"publisher": "Reuters", "reliability": "F", "url": None}]},
        {"positions": [position(conditions=[], red_line=False, until=None, posture=None)]},
    ],
)
def test_defaults_spelt_out_are_the_same_report(told: Store, spelt_out: Record) -> None:
    assert not is_new(told, statement("r-1", **{"positions": [position()]} | spelt_out))


def test_defaults_of_a_meeting_spelt_out_are_the_same_meeting(told: Store) -> None:
    assert is_new(told, meeting("m-1"))
    spelt_out = [{"party": "ukraine", "role": "participant", "representatives": []}]
    assert not is_new(told, meeting("m-1", participants=spelt_out, mode=None, agenda=[]))


def test_the_same_id_with_other_content_is_a_conflict_that_names_the_fields(told: Store) -> None:
    other = statement("r-1", positions=[position()], occurred="2020-02-02", credibility=2)
    found = refusal(told, other)
    assert isinstance(found, ContentDiffersError)
    assert sorted(found.fields) == ["credibility", "occurred"]
    assert "occurred" in str(found)
    assert "credibility" in str(found)
    assert "correction" in str(found)


def test_a_meeting_under_the_id_of_a_statement_is_a_conflict(told: Store) -> None:
    found = refusal(told, meeting("r-1"))
    assert isinstance(found, ContentDiffersError)
    assert "type" in found.fields


def test_a_report_is_compared_as_first_sent_whatever_became_of_it(told: Store) -> None:
    first = statement("r-1", positions=[position()])
    tell(told, correction("r-1", summary="They said otherwise."))
    assert not is_new(told, first)
    assert refusal(told, first | {"summary": "They said otherwise."}).rule == "content_differs"
    tell(told, retraction("r-1"))
    assert not is_new(told, first)
    assert not report_of(told, "r-1").stands


@pytest.mark.parametrize(
    "amendment",
    [
        correction("r-1", "a-1", summary="They said otherwise."),
        retraction("r-1", "a-1", note="It was made up."),
    ],
)
def test_the_same_amendment_again_is_unchanged(told: Store, amendment: Record) -> None:
    assert is_new(told, amendment)
    assert not is_new(told, amendment)
    found = refusal(told, amendment | {"note": "We were told."})
    assert isinstance(found, ContentDiffersError)
    assert found.fields == ["note"]


def test_a_reinstatement_again_is_unchanged_even_after_another_retraction(told: Store) -> None:
    tell(told, retraction("r-1", "x-1"))
    assert is_new(told, reinstatement("r-1", "b-1"))
    tell(told, retraction("r-1", "x-2"))
    assert not is_new(told, reinstatement("r-1", "b-1"))
    assert not is_new(told, retraction("r-1", "x-1"))
    assert not report_of(told, "r-1").stands


def test_reports_and_amendments_share_one_space_of_ids(told: Store) -> None:
    tell(told, statement("r-2"), correction("r-1", "c-1", summary="Otherwise."))
    head = head_of(told)
    for record in (
        correction("r-1", "r-1", summary="Again."),
        correction("r-1", "r-2", summary="Again."),
        retraction("r-2", "r-1"),
        statement("c-1"),
        meeting("c-1"),
        retraction("r-1", "c-1"),
        retraction("r-2", "c-1"),
        correction("r-2", "c-1", summary="Otherwise."),
    ):
        assert refusal(told, record).rule == "content_differs", record
    assert head_of(told) == head


def test_parties_and_issues_do_not_share_that_space(told: Store) -> None:
    assert is_new(told, statement("ukraine"))
    assert is_new(told, statement("nato"))
    assert is_new(told, party("nato"))
    assert is_new(told, issue("ukraine"))


# What may become of a report


def test_a_correction_patches_the_report_as_it_stands(told: Store) -> None:
    tell(told, correction("r-1", speaker={"name": "A. Sybiha", "role": "minister"}, venue="Kyiv"))
    tell(told, correction("r-1", speaker={"role": None}, venue=None, summary="They did not."))
    version = report_of(told, "r-1")
    assert version.record["speaker"] == {"name": "A. Sybiha"}
    assert "venue" not in version.record
    assert version.record["summary"] == "They did not."
    assert version.record["positions"] == [position()]
    assert "speaker" not in report_of(told, "r-1", 3).record


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"occurred": "14.12.2020"}, "changes.occurred"),
        ({"occurred": None}, "changes.occurred"),
        ({"sources": []}, "changes.sources"),
        ({"colour": "red"}, "changes.colour"),
        ({"positions": [position(party="atlantis")]}, "changes.positions.0.party"),
        ({"positions": [position(), position()]}, "changes.positions.1"),
        ({"statuses": [status(issue_id="atlantis")]}, "changes.statuses.0.issue"),
        ({"parties": ["ukraine", "atlantis"]}, "changes.parties.1"),
        ({"occurred": "2999-01-01"}, "changes.occurred"),
    ],
)
def test_a_correction_must_give_a_valid_report(told: Store, changes: Record, field: str) -> None:
    faults = refusal(told, correction("r-1", **changes)).faults
    assert [fault.field for fault in faults] == [field]


def test_correcting_a_retracted_report_is_a_conflict(told: Store) -> None:
    tell(told, retraction("r-1"))
    assert refusal(told, correction("r-1", summary="Otherwise.")).rule == "already_retracted"


def test_retracting_a_retracted_report_is_a_conflict(told: Store) -> None:
    tell(told, retraction("r-1", "x-1"))
    assert refusal(told, retraction("r-1", "x-2")).rule == "already_retracted"


def test_reinstating_a_report_that_stands_is_a_conflict(told: Store) -> None:
    assert refusal(told, reinstatement("r-1", "b-1")).rule == "not_retracted"
    tell(told, retraction("r-1"), reinstatement("r-1", "b-2"))
    assert refusal(told, reinstatement("r-1", "b-3")).rule == "not_retracted"


def test_a_reinstated_report_stands_as_last_corrected(told: Store) -> None:
    tell(told, correction("r-1", summary="Otherwise."), retraction("r-1"), reinstatement("r-1"))
    version = report_of(told, "r-1")
    assert (version.stands, version.record["summary"]) == (True, "Otherwise.")


def test_what_amends_a_report_that_was_never_recorded_is_refused(told: Store) -> None:
    tell(told, correction("r-1", "c-1", summary="Otherwise."))
    for record in (retraction("r-9"), correction("r-9", summary="Otherwise."), retraction("c-1")):
        assert refusal(told, record).rule == "unknown_report"


def test_a_report_of_what_has_not_happened_yet_is_refused(told: Store) -> None:
    today = datetime.now(UTC).date()
    assert refusal(told, statement(occurred=str(today + timedelta(days=3)))).rule == (
        "not_yet_happened"
    )
    assert is_new(told, statement(occurred=f"{today + timedelta(days=1)}"))
    assert is_new(told, statement(occurred=f"{today}/{today + timedelta(days=300)}"))


# Parties and issues


def test_other_content_of_a_party_is_a_new_version_and_old_answers_keep_the_old(
    told: Store,
) -> None:
    assert is_new(told, party("ukraine", name="Ukraina"))
    assert registered(told, "party", "ukraine", 3)["name"] == "Ukraine"
    assert registered(told, "party", "ukraine", 4)["name"] == "Ukraina"
    assert registered(told, "party", "ukraine", 0) is None


def test_a_party_or_issue_equal_to_any_earlier_version_is_unchanged(told: Store) -> None:
    assert is_new(told, party("ukraine", name="Ukraina"))
    assert is_new(told, issue("nato", proposition="There should be nato", title="Accession"))
    (old_party, old_issue) = tell(told, party("ukraine"), issue("nato"))
    assert (old_party.outcome.is_new, old_issue.outcome.is_new) == (False, False)
    assert (old_party.seq, old_issue.seq) == (1, 2)
    assert registered(told, "party", "ukraine", head_of(told))["name"] == "Ukraina"


@pytest.mark.parametrize(
    ("taken", "field"),
    [
        ({"aliases": ["Kiev", "KYIV"]}, "aliases.1"),
        ({"codes": {"fips": "ukr"}}, "codes.fips"),
        ({"aliases": ["Ukraine"]}, "aliases.0"),
    ],
)
def test_a_code_or_alias_that_another_party_uses_is_a_conflict_whatever_the_case(
    told: Store, taken: Record, field: str
) -> None:
    tell(told, party("ukraine", aliases=["Kyiv"], codes={"iso3166": "UKR"}))
    found = refusal(told, party("borduria", **taken))
    assert (found.rule, found.field) == ("name_taken", field)
    assert "'ukraine'" in str(found)
    assert party_named(told, "kyiv") == "ukraine"


def test_an_id_that_is_another_partys_alias_is_a_conflict(told: Store) -> None:
    tell(told, party("ukraine", aliases=["Kyiv"]))
    assert refusal(told, party("kyiv")).rule == "name_taken"


def test_an_alias_that_was_given_up_may_be_used_by_another_party_and_taken_back(
    told: Store,
) -> None:
    tell(told, party("ukraine", aliases=["Rus"]))
    tell(told, party("ukraine", aliases=["Kyiv"]))
    tell(told, party("borduria", aliases=["RUS"]))
    assert party_named(told, "rus") == "borduria"
    assert refusal(told, party("ukraine", aliases=["Rus", "Kyiv"])).rule == "name_taken"
    tell(told, party("borduria"), party("ukraine", aliases=["Rus", "Kyiv"]))
    assert party_named(told, "rus") == "ukraine"


def test_an_alias_equal_to_ones_own_id_or_code_is_no_conflict(told: Store) -> None:
    tell(told, party("eu", aliases=["EU", "Europe"], codes={"own": "eu", "other": "EUROPE"}))
    assert party_named(told, "Eu") == party_named(told, "europe") == "eu"


def test_two_parties_of_one_batch_cannot_share_an_alias(store: Store) -> None:
    found = refusals(store, party("georgia", aliases=["GA"]), party("usga", aliases=["ga"]))
    assert [(place, error.rule) for place, error in found.items()] == [(1, "name_taken")]


def test_the_proposition_is_free_until_a_report_names_the_issue(store: Store) -> None:
    tell(store, party("ukraine"), issue("nato"))
    assert is_new(store, issue("nato", proposition="Ukraine should join"))
    tell(store, statement("r-1", statuses=[status()]))
    found = refusal(store, issue("nato", proposition="Ukraine should not join"))
    assert (found.rule, found.field) == ("proposition_fixed", "proposition")
    assert "supersedes" in str(found)
    assert is_new(store, issue("nato", proposition="Ukraine should join", tags=["war"]))


def test_a_report_and_a_new_proposition_in_one_batch_conflict_too(store: Store) -> None:
    tell(store, party("ukraine"), issue("nato"))
    changed = issue("nato", proposition="Ukraine should not join")
    found = refusals(store, statement(positions=[position()]), changed)
    assert [(place, error.rule) for place, error in found.items()] == [(1, "proposition_fixed")]
    both = tell(store, changed, statement(positions=[position()]))
    assert all(recorded.outcome.is_new for recorded in both)


def test_a_correction_that_names_an_issue_fixes_its_proposition(told: Store) -> None:
    tell(told, issue("sanctions"), correction("r-1", positions=[position(issue_id="sanctions")]))
    assert refusal(told, issue("sanctions", proposition="Another")).rule == "proposition_fixed"


def test_a_proposition_stays_fixed_when_the_report_is_retracted(told: Store) -> None:
    tell(told, retraction("r-1"))
    assert refusal(told, issue("nato", proposition="Another")).rule == "proposition_fixed"


def test_a_proposition_that_one_store_fixed_another_one_cannot_change(
    url: str, open_store: Opener
) -> None:
    one, other = open_store(url), open_store(url)
    tell(one, party("ukraine"), issue("nato"))
    tell(other, issue("nato", proposition="Ukraine should join"))  # so that it has seen it
    tell(one, statement("r-1", positions=[position()]))
    assert refusal(other, issue("nato", proposition="Another")).rule == "proposition_fixed"


def test_two_stores_on_one_database_never_record_a_report_twice(
    url: str, open_store: Opener
) -> None:
    one, other = open_store(url), open_store(url)
    tell(one, party("ukraine"), issue("nato"))
    for i in range(3):
        report = statement(f"r-{i}", positions=[position()])
        amendment = correction(f"r-{i}", f"c-{i}", summary="Otherwise.")
        assert is_new(one, report)
        assert not is_new(other, report)
        assert is_new(other, amendment)
        assert not is_new(one, amendment)
        assert refusal(one, report | {"summary": "Else."}).rule == "content_differs"
    assert head_of(one) == head_of(other) == 2 + 3 * 2


# All or nothing


def test_a_batch_names_every_bad_record_and_records_nothing(told: Store) -> None:
    found = refusals(
        told,
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
    assert is_new(told, statement("r-2"))
    assert is_new(told, statement("r-5"))
    assert is_new(told, party("syldavia"))


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


def test_a_refused_registration_leaves_its_names_free(told: Store) -> None:
    tell(told, party("ukraine", aliases=["Kyiv"]))
    assert refusal(told, party("borduria", aliases=["Szohod", "Kyiv"])).rule == "name_taken"
    assert is_new(told, party("syldavia", aliases=["Szohod"]))


def test_a_refused_party_takes_no_name_from_one_after_it_in_its_batch(told: Store) -> None:
    tell(told, party("ukraine", aliases=["Kyiv"]))
    refused = party("borduria", aliases=["Szohod", "Kyiv"])
    found = refusals(told, refused, party("syldavia", aliases=["Szohod"]))
    assert {place: error.rule for place, error in found.items()} == {0: "name_taken"}


def test_a_refused_report_fixes_no_proposition_for_those_after_it_in_its_batch(
    told: Store,
) -> None:
    tell(told, issue("sanctions"))
    of_two = [position(issue_id="sanctions"), position(issue_id="atlantis")]
    found = refusals(told, statement(positions=of_two), issue("sanctions", proposition="Another"))
    assert {place: error.rule for place, error in found.items()} == {0: "unknown_issue"}


# Order


def test_seqs_are_dense_from_one_whatever_is_refused_or_unchanged_between(told: Store) -> None:
    tell(told, issue("sanctions"), party("eu", aliases=["Brussels"]))
    refusal(told, party("belgium", aliases=["Brussels"]))
    tell(told, statement("r-1", positions=[position()]))
    tell(told, statement("r-2", positions=[position(issue_id="sanctions")]), retraction("r-1"))
    with told.reading() as (connection, _):
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
def half_done(told: Store) -> Store:
    """A store whose last writer died after it had saved, and before it had projected."""
    told.timeline.record([sent(statement("r-2")), sent(correction("r-2", summary="Otherwise."))])
    with reading(told.engine) as connection:
        assert reports.version_of(connection, "r-2", 99) is None
    return told


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
