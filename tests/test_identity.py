"""Reports: the same again is nothing new, and only some things may become of them."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from events.errors import ContentDiffersError
from service.store import Store
from tests.log import head_of, is_new, refusal, report_of
from tests.records import (
    correction,
    issue,
    meeting,
    party,
    position,
    reinstatement,
    retraction,
    statement,
    status,
    tell,
)

Record = dict[str, Any]
Opener = Callable[[str], Store]


# The same again, and something else under the same id


def test_the_same_report_again_is_unchanged_and_keeps_its_seq(desk: Store) -> None:
    report = statement("r-2", positions=[position("oppose")])
    (first,) = tell(desk, report)
    (again,) = tell(desk, report)
    assert (first.outcome.is_new, again.outcome.is_new) == (True, False)
    assert again.seq == first.seq == head_of(desk)


def test_the_same_report_twice_in_one_batch_is_recorded_once(desk: Store) -> None:
    one, other = tell(desk, statement("r-2"), statement("r-2"))
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
def test_defaults_spelt_out_are_the_same_report(desk: Store, spelt_out: Record) -> None:
    assert not is_new(desk, statement("r-1", **{"positions": [position()]} | spelt_out))


def test_defaults_of_a_meeting_spelt_out_are_the_same_meeting(desk: Store) -> None:
    assert is_new(desk, meeting("m-1"))
    spelt_out = [{"party": "ukraine", "role": "participant", "representatives": []}]
    assert not is_new(desk, meeting("m-1", participants=spelt_out, mode=None, agenda=[]))


def test_the_same_id_with_other_content_is_a_conflict_that_names_the_fields(desk: Store) -> None:
    other = statement("r-1", positions=[position()], occurred="2020-02-02", credibility=2)
    found = refusal(desk, other)
    assert isinstance(found, ContentDiffersError)
    assert sorted(found.fields) == ["credibility", "occurred"]
    assert "occurred" in str(found)
    assert "credibility" in str(found)
    assert "correction" in str(found)


def test_a_meeting_under_the_id_of_a_statement_is_a_conflict(desk: Store) -> None:
    found = refusal(desk, meeting("r-1"))
    assert isinstance(found, ContentDiffersError)
    assert "type" in found.fields


def test_a_report_is_compared_as_first_sent_whatever_became_of_it(desk: Store) -> None:
    first = statement("r-1", positions=[position()])
    tell(desk, correction("r-1", summary="They said otherwise."))
    assert not is_new(desk, first)
    assert refusal(desk, first | {"summary": "They said otherwise."}).rule == "content_differs"
    tell(desk, retraction("r-1"))
    assert not is_new(desk, first)
    assert not report_of(desk, "r-1").stands


@pytest.mark.parametrize(
    "amendment",
    [
        correction("r-1", "a-1", summary="They said otherwise."),
        retraction("r-1", "a-1", note="It was made up."),
    ],
)
def test_the_same_amendment_again_is_unchanged(desk: Store, amendment: Record) -> None:
    assert is_new(desk, amendment)
    assert not is_new(desk, amendment)
    found = refusal(desk, amendment | {"note": "We were desk."})
    assert isinstance(found, ContentDiffersError)
    assert found.fields == ["note"]


def test_a_reinstatement_again_is_unchanged_even_after_another_retraction(desk: Store) -> None:
    tell(desk, retraction("r-1", "x-1"))
    assert is_new(desk, reinstatement("r-1", "b-1"))
    tell(desk, retraction("r-1", "x-2"))
    assert not is_new(desk, reinstatement("r-1", "b-1"))
    assert not is_new(desk, retraction("r-1", "x-1"))
    assert not report_of(desk, "r-1").stands


def test_reports_and_amendments_share_one_space_of_ids(desk: Store) -> None:
    tell(desk, statement("r-2"), correction("r-1", "c-1", summary="Otherwise."))
    head = head_of(desk)
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
        assert refusal(desk, record).rule == "content_differs", record
    assert head_of(desk) == head


def test_parties_and_issues_do_not_share_that_space(desk: Store) -> None:
    assert is_new(desk, statement("ukraine"))
    assert is_new(desk, statement("nato"))
    assert is_new(desk, party("nato"))
    assert is_new(desk, issue("ukraine"))


# What may become of a report


def test_a_correction_patches_the_report_as_it_stands(desk: Store) -> None:
    tell(desk, correction("r-1", speaker={"name": "A. Sybiha", "role": "minister"}, venue="Kyiv"))
    tell(desk, correction("r-1", speaker={"role": None}, venue=None, summary="They did not."))
    version = report_of(desk, "r-1")
    assert version.record["speaker"] == {"name": "A. Sybiha"}
    assert "venue" not in version.record
    assert version.record["summary"] == "They did not."
    assert version.record["positions"] == [position()]
    assert "speaker" not in report_of(desk, "r-1", 3).record


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
def test_a_correction_must_give_a_valid_report(desk: Store, changes: Record, field: str) -> None:
    faults = refusal(desk, correction("r-1", **changes)).faults
    assert [fault.field for fault in faults] == [field]


def test_correcting_a_retracted_report_is_a_conflict(desk: Store) -> None:
    tell(desk, retraction("r-1"))
    assert refusal(desk, correction("r-1", summary="Otherwise.")).rule == "already_retracted"


def test_retracting_a_retracted_report_is_a_conflict(desk: Store) -> None:
    tell(desk, retraction("r-1", "x-1"))
    assert refusal(desk, retraction("r-1", "x-2")).rule == "already_retracted"


def test_reinstating_a_report_that_stands_is_a_conflict(desk: Store) -> None:
    assert refusal(desk, reinstatement("r-1", "b-1")).rule == "not_retracted"
    tell(desk, retraction("r-1"), reinstatement("r-1", "b-2"))
    assert refusal(desk, reinstatement("r-1", "b-3")).rule == "not_retracted"


def test_a_reinstated_report_stands_as_last_corrected(desk: Store) -> None:
    tell(desk, correction("r-1", summary="Otherwise."), retraction("r-1"), reinstatement("r-1"))
    version = report_of(desk, "r-1")
    assert (version.stands, version.record["summary"]) == (True, "Otherwise.")


def test_what_amends_a_report_that_was_never_recorded_is_refused(desk: Store) -> None:
    tell(desk, correction("r-1", "c-1", summary="Otherwise."))
    for record in (retraction("r-9"), correction("r-9", summary="Otherwise."), retraction("c-1")):
        assert refusal(desk, record).rule == "unknown_report"


def test_a_report_of_what_has_not_happened_yet_is_refused(desk: Store) -> None:
    today = datetime.now(UTC).date()
    assert refusal(desk, statement(occurred=str(today + timedelta(days=3)))).rule == (
        "not_yet_happened"
    )
    assert is_new(desk, statement(occurred=f"{today + timedelta(days=1)}"))
    assert is_new(desk, statement(occurred=f"{today}/{today + timedelta(days=300)}"))


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
