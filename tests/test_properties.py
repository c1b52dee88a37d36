"""Whatever is recorded, in whatever order, the service answers as the naive model does."""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import chain, product
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection

from events import vocabulary
from events.dates import bounds_of, day_after
from events.vocabulary import ATTRIBUTIONS, STRENGTH
from projections import positions, projector, statuses
from projections.database import metadata, writing
from projections.glances import glances
from projections.positions import Pair
from projections.projector import PROJECTIONS, START, checkpoint
from projections.rebuild import rebuild
from projections.runs import Answer, Run
from projections.search import search_index
from service import answers
from service.answers.positions import standing
from service.clocks import Clocks
from service.store import Store
from tests import naive
from tests.records import position, sent, statement, tell
from tests.tables import Rows, rows_of
from tests.worlds import Told, World, happenings, tell_all

Record = dict[str, Any]

HALF = max(settings.default.max_examples // 2, 1)
QUARTER = max(settings.default.max_examples // 4, 1)

randoms = st.integers(0, 2**32 - 1).map(Random)


# The question, and its answers in the words of the naive model


class Question(NamedTuple):
    """Which party (None: the status), which issue, when, known when, on whose word."""

    party: str | None
    issue: str
    D: int
    S: int
    floor: str

    def answer(self, connection: Connection) -> Record:
        """What the service answers."""
        asked = {"as_of": self.D, "seq": self.S, "floor": STRENGTH[self.floor]}
        if self.party is None:
            return answer_in_words(statuses.status_of(connection, self.issue, **asked))
        pair = Pair(self.party, self.issue)
        return answer_in_words(positions.position_of(connection, pair, **asked))

    def history(self, connection: Connection) -> list[Record]:
        """The history that the service gives."""
        asked = {"seq": self.S, "floor": STRENGTH[self.floor]}
        if self.party is None:
            found = statuses.history_of(connection, self.issue, **asked)
        else:
            found = positions.history_of(connection, Pair(self.party, self.issue), **asked)
        return [run_in_words(run) for run in found]

    def naive_answer(self, log: list[tuple[int, Record]]) -> Record:
        """What the naive model answers."""
        if self.party is None:
            found = naive.status(log, self.issue, self.D, self.S, self.floor)
            del found["unusual_transition"]
        else:
            found = naive.position(log, self.party, self.issue, self.D, self.S, self.floor)
        return so_far(found) | {"previous": so_far(found["previous"])}

    def naive_history(self, log: list[tuple[int, Record]]) -> list[Record]:
        """The history that the naive model gives."""
        if self.party is None:
            return naive.status_history(log, self.issue, self.S, self.floor)
        return naive.position_history(log, self.party, self.issue, self.S, self.floor)


def run_in_words(run: Run) -> Record:
    opened: Any = run.opened_by
    state = "lapsed" if run.lapsed else "undeclared" if run.says == "undeclared" else "declared"
    return {
        "state": state,
        "position": run.says if state == "declared" else None,
        "since": day_after(opened.until) if run.lapsed else opened.occurred,
        "effect": run.effect,
        "effect_end": run.effect_end,
        "reports": run.reports,
        "utterances": run.utterances,
        "evidence": [row.report for row in run.evidence],
        "lapsed": (opened.says, opened.until) if run.lapsed else None,
    }


def answer_in_words(answer: Answer) -> Record:
    run = answer.run
    against = [row.report for row in answer.against]
    assert len(set(against)) == len(against)
    return so_far(run_in_words(run) if run else naive.UNREPORTED) | {
        "counts": run.latest.report if run else None,
        "contested": bool(against),
        "against": set(against),
        "below_floor": answer.below_floor,
        "previous": so_far(run_in_words(answer.previous)) if answer.previous else None,
    }


def so_far(run: Record | None) -> Record | None:
    """A run, without when it will have ended."""
    return run and {key: value for key, value in run.items() if key != "effect_end"}


def some_questions(told: Told, random: Random, number: int) -> Iterator[Question]:
    """Questions at random, of every log position from before the first to the head."""
    world, instants = told.world, told.instants()
    for _ in range(number):
        yield Question(
            random.choice([world.parties[-1], *world.parties, None]),
            random.choice([world.issues[0], *world.issues]),
            random.choice(instants),
            random.choice([told.head, told.first + random.randint(0, told.head - told.first)]),
            random.choice(["leaked_document", "media_report", "unattributed", *ATTRIBUTIONS]),
        )


# Answers


def check_answers(store: Store, told: Told, questions: Iterable[Question]) -> None:
    with store.reading() as (connection, _):
        for question in questions:
            assert question.answer(connection) == question.naive_answer(told.log), question


def check_histories(store: Store, told: Told, questions: Iterable[Question]) -> None:
    with store.reading() as (connection, _):
        for question in questions:
            assert question.history(connection) == question.naive_history(told.log), question


@given(happenings, randoms)
def test_every_answer_is_that_of_the_naive_model(
    store: Store, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store, happenings)
    check_answers(store, told, some_questions(told, random, 40))


@settings(max_examples=HALF)
@given(happenings, randoms)
def test_glances_at_all_parties_and_issues_are_those_of_the_naive_model(
    store: Store, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store, happenings)
    parties, issues = told.world.parties, told.world.issues
    with store.reading() as (connection, _):
        for question in some_questions(told, random, 4):
            asked = {"as_of": question.D, "seq": question.S, "floor": STRENGTH[question.floor]}
            found = glances(connection, parties=parties, issues=issues, **asked)
            assert list(found) == sorted(found, key=lambda pair: (pair.issue, pair.party))
            for party, issue in product(parties, issues):
                naively = naive.position(
                    told.log, party, issue, question.D, question.S, question.floor
                )
                glance = found.get(Pair(party, issue))
                assert standing(glance) == {key: naively[key] for key in standing(None)}
                assert (glance is not None and glance.is_contested) == naively["contested"]


@given(happenings, randoms)
def test_every_history_is_that_of_the_naive_model(
    store: Store, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store, happenings)
    check_histories(store, told, some_questions(told, random, 20))


@settings(max_examples=HALF)
@given(happenings, randoms)
def test_what_a_status_comes_after_and_how_positions_align_is_as_the_naive_model_has_it(
    store: Store, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store, happenings)
    for _, issue_id, D, S, floor in some_questions(told, random, 20):
        clocks = Clocks(as_of=D, known_at=None, seq=S, floor=floor)
        with store.reading() as (connection, _):
            answer = answers.status(connection, issue_id, clocks)
        simply = naive.status(told.log, issue_id, D, S, floor)
        assert answer["status"] == simply["position"]
        assert answer["unusual_transition"] == simply["unusual_transition"]
        parties = told.world.parties
        assert answer["alignment"] == naive.alignment(told.log, parties, issue_id, D, S)


@settings(max_examples=HALF)
@given(happenings, happenings, randoms)
def test_a_pinned_answer_never_changes(
    store: Store, earlier: list[Any], later: list[Any], random: Random
) -> None:
    told = tell_all(store, earlier)
    asked = list(some_questions(told, random, 20))
    with store.reading() as (connection, _):
        before = [(one.answer(connection), one.history(connection)) for one in asked]
    tell_all(store, later, told)
    with store.reading() as (connection, _):
        assert [(one.answer(connection), one.history(connection)) for one in asked] == before


@settings(max_examples=QUARTER // 2)
@given(st.lists(happenings, min_size=12, max_size=12).map(lambda some: [*chain(*some)]), randoms)
def test_a_long_history_is_answered_like_a_short_one(
    store: Store, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store, happenings)
    questions = list(some_questions(told, random, 10))
    check_answers(store, told, questions)
    check_histories(store, told, questions)


def test_the_answers_are_so_far_beyond_a_hundred_reports_of_one_position(store: Store) -> None:
    world = World()
    (ukraine, *_), (nato, *_) = world.parties, world.issues
    stances = ["support", "oppose", *["support"] * 150, "neutral"]
    records = world.registrations() + [
        statement(
            f"r{i}",
            parties=[ukraine],
            occurred=f"2020-02-01T00:00:{i % 60:02}Z",
            positions=[position(stance, nato)],
        )
        for i, stance in enumerate(stances)
    ]
    recorded = tell(store, *records)
    told = Told(world, [(one.seq, record) for one, record in zip(recorded, records, strict=True)])
    seconds = [bounds_of(f"2020-02-01T00:00:{second:02}Z").latest for second in (0, 1, 30, 59)]
    questions = [Question(ukraine, nato, D, told.head, "leaked_document") for D in seconds]
    check_answers(store, told, questions)
    check_histories(store, told, questions)


@pytest.mark.parametrize(
    ("then", "states"),
    [
        (("2020-02-01T23:59:59.999999Z", "oppose"), ["declared", "declared"]),
        (("2020-02-02T00:00:00Z", "oppose"), ["declared", "declared"]),
        (("2020-02-02T00:00:00Z", "support"), ["declared"]),
        (("2020-02-02T00:00:00.000001Z", "support"), ["declared", "lapsed", "declared"]),
    ],
)
def test_a_row_that_takes_effect_by_the_time_an_offer_would_lapse_leaves_no_lapse(
    store: Store, then: tuple[str, str], states: list[str]
) -> None:
    world = World()
    (*_, ukraine), (nato, *_) = world.parties, world.issues
    offer = position("support", nato, until="2020-02-01")
    records = [
        *world.registrations(),
        statement("r-1", parties=[ukraine], occurred="2020-01-31", positions=[offer]),
        statement("r-2", parties=[ukraine], occurred=then[0], positions=[position(then[1], nato)]),
    ]
    recorded = tell(store, *records)
    told = Told(world, [(one.seq, record) for one, record in zip(recorded, records, strict=True)])
    asked = [Question(ukraine, nato, D, told.head, "on_record") for D in told.instants()]
    with store.reading() as (connection, _):
        assert [run["state"] for run in asked[0].history(connection)] == states
    check_histories(store, told, asked[:1])
    check_answers(store, told, asked)


def test_the_closed_vocabularies_are_those_of_the_contract() -> None:
    assert list(vocabulary.ATTRIBUTIONS) == naive.ATTRIBUTIONS
    assert vocabulary.POSITION_FLOOR == "leaked_document"
    assert vocabulary.STATUS_FLOOR == "media_report"
    usual = {status: tuple(after.split()) for status, after in naive.USUAL_NEXT.items()}
    assert usual == vocabulary.USUAL_NEXT


# Read models


@settings(max_examples=QUARTER)
@given(happenings)
def test_rebuilt_read_models_equal_live_ones(store: Store, happenings: list[Any]) -> None:
    tell_all(store, happenings)
    live = rows_of(store)
    rebuild(store.engine, store.timeline)
    assert rows_of(store) == live


@pytest.mark.parametrize("projection", PROJECTIONS, ids=lambda one: one.NAME)
@settings(max_examples=max(QUARTER // 5, 1))
@given(happenings)
def test_one_rebuilt_read_model_equals_the_live_one(
    store: Store, projection: Any, happenings: list[Any]
) -> None:
    tell_all(store, happenings)
    live = rows_of(store)
    lose_rows_of(store, projection.TABLES)
    rebuild(store.engine, store.timeline, [projection])
    assert rows_of(store) == live


@settings(max_examples=QUARTER)
@given(happenings)
def test_read_models_that_were_lost_are_replayed_from_the_log(
    store: Store, happenings: list[Any]
) -> None:
    tell_all(store, happenings)
    live = rows_of(store)
    lose_rows_of(store, [table for table in metadata.sorted_tables if table is not checkpoint])
    with writing(store.engine) as connection:
        connection.execute(checkpoint.update().values(START._asdict()))
    with store.reading():
        pass
    assert rows_of(store) == live


@pytest.mark.parametrize("page", [1, 2, 7, 250])
@settings(max_examples=max(QUARTER // 4, 1))
@given(happenings, randoms)
def test_any_batches_pages_and_engine_give_the_rows_that_sqlite_has_one_by_one(
    open_store: Callable[[str], Store],
    new_url: Callable[[], str],
    tmp_path: Path,
    page: int,
    happenings: list[Any],
    random: Random,
) -> None:
    world = World()
    began = datetime(2021, 1, 1, tzinfo=UTC)
    arriving = [
        sent(record, began + timedelta(hours=hour))
        for hour, record in enumerate([*world.registrations(), *world.records(happenings)])
    ]
    one_by_one = open_store(f"sqlite:///{tmp_path / world.name}.db")
    for one in arriving:
        one_by_one.record([one])
    in_batches = open_store(new_url())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(projector, "PAGE", page)
        for batch in in_random_batches(arriving, random):
            in_batches.record(batch)
    assert rows_that_tell(in_batches) == rows_that_tell(one_by_one)


def lose_rows_of(store: Store, tables: Any) -> None:
    with writing(store.engine) as connection:
        for table in tables:
            if table is search_index and connection.dialect.name == "sqlite":
                # FTS5 deletes nothing from an index that keeps no content, but all of it
                connection.exec_driver_sql(
                    "INSERT INTO search_index (search_index) VALUES ('delete-all')"
                )
            else:
                connection.execute(table.delete())


def in_random_batches(arriving: list[Any], random: Random) -> Iterator[list[Any]]:
    rest = list(arriving)
    while rest:
        size = random.randint(1, len(rest))
        yield rest[:size]
        rest = rest[size:]


def rows_that_tell(store: Store) -> Rows:
    """All rows, without the event store's own ids: on PostgreSQL they are not dense."""
    return rows_of(store, but=("position",))
