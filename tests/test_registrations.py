"""Parties and issues: their versions, whose names are whose, and what is fixed."""

from collections.abc import Callable
from typing import Any

import pytest

from projections import catalog
from service.store import Store
from tests.log import head_of, is_new, refusal, refusals
from tests.records import (
    correction,
    issue,
    party,
    position,
    retraction,
    statement,
    status,
    tell,
)

Record = dict[str, Any]
Opener = Callable[[str], Store]


def registered(store: Store, kind: str, key: str, seq: int) -> Record | None:
    with store.reading() as (connection, _):
        version = catalog.version_of(connection, kind, key, seq)
    return version and version.record


def party_named(store: Store, text: str) -> str | None:
    with store.reading() as (connection, head):
        return catalog.party_named(connection, text, head.seq)


def test_other_content_of_a_party_is_a_new_version_and_old_answers_keep_the_old(
    desk: Store,
) -> None:
    assert is_new(desk, party("ukraine", name="Ukraina"))
    assert registered(desk, "party", "ukraine", 3)["name"] == "Ukraine"
    assert registered(desk, "party", "ukraine", 4)["name"] == "Ukraina"
    assert registered(desk, "party", "ukraine", 0) is None


def test_a_party_or_issue_equal_to_any_earlier_version_is_unchanged(desk: Store) -> None:
    assert is_new(desk, party("ukraine", name="Ukraina"))
    assert is_new(desk, issue("nato", proposition="There should be nato", title="Accession"))
    (old_party, old_issue) = tell(desk, party("ukraine"), issue("nato"))
    assert (old_party.outcome.is_new, old_issue.outcome.is_new) == (False, False)
    assert (old_party.seq, old_issue.seq) == (1, 2)
    assert registered(desk, "party", "ukraine", head_of(desk))["name"] == "Ukraina"


@pytest.mark.parametrize(
    ("taken", "field"),
    [
        ({"aliases": ["Kiev", "KYIV"]}, "aliases.1"),
        ({"codes": {"fips": "ukr"}}, "codes.fips"),
        ({"aliases": ["Ukraine"]}, "aliases.0"),
    ],
)
def test_a_code_or_alias_that_another_party_uses_is_a_conflict_whatever_the_case(
    desk: Store, taken: Record, field: str
) -> None:
    tell(desk, party("ukraine", aliases=["Kyiv"], codes={"iso3166": "UKR"}))
    found = refusal(desk, party("borduria", **taken))
    assert (found.rule, found.field) == ("name_taken", field)
    assert "'ukraine'" in str(found)
    assert party_named(desk, "kyiv") == "ukraine"


def test_an_id_that_is_another_partys_alias_is_a_conflict(desk: Store) -> None:
    tell(desk, party("ukraine", aliases=["Kyiv"]))
    assert refusal(desk, party("kyiv")).rule == "name_taken"


def test_an_alias_that_was_given_up_may_be_used_by_another_party_and_taken_back(
    desk: Store,
) -> None:
    tell(desk, party("ukraine", aliases=["Rus"]))
    tell(desk, party("ukraine", aliases=["Kyiv"]))
    tell(desk, party("borduria", aliases=["RUS"]))
    assert party_named(desk, "rus") == "borduria"
    assert refusal(desk, party("ukraine", aliases=["Rus", "Kyiv"])).rule == "name_taken"
    tell(desk, party("borduria"), party("ukraine", aliases=["Rus", "Kyiv"]))
    assert party_named(desk, "rus") == "ukraine"


def test_an_alias_equal_to_ones_own_id_or_code_is_no_conflict(desk: Store) -> None:
    tell(desk, party("eu", aliases=["EU", "Europe"], codes={"own": "eu", "other": "EUROPE"}))
    assert party_named(desk, "Eu") == party_named(desk, "europe") == "eu"


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


def test_a_correction_that_names_an_issue_fixes_its_proposition(desk: Store) -> None:
    tell(desk, issue("sanctions"), correction("r-1", positions=[position(issue_id="sanctions")]))
    assert refusal(desk, issue("sanctions", proposition="Another")).rule == "proposition_fixed"


def test_a_proposition_stays_fixed_when_the_report_is_retracted(desk: Store) -> None:
    tell(desk, retraction("r-1"))
    assert refusal(desk, issue("nato", proposition="Another")).rule == "proposition_fixed"


def test_a_proposition_that_one_store_fixed_another_one_cannot_change(
    url: str, open_store: Opener
) -> None:
    one, other = open_store(url), open_store(url)
    tell(one, party("ukraine"), issue("nato"))
    tell(other, issue("nato", proposition="Ukraine should join"))  # so that it has seen it
    tell(one, statement("r-1", positions=[position()]))
    assert refusal(other, issue("nato", proposition="Another")).rule == "proposition_fixed"
