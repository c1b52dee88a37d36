"""What blocs had said is shown beside a silent party's answer, as the naive model has it."""

from collections.abc import Iterator
from itertools import chain
from random import Random
from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from events.dates import bounds_of
from events.vocabulary import ATTRIBUTIONS
from projections.positions import Pair
from service import answers
from service.clocks import Clocks
from service.store import Store
from tests import naive, worlds
from tests.records import issue, party, position, statement, tell

Record = dict[str, Any]
Log = list[tuple[int, Record]]

PARTIES = (*worlds.PARTIES, "alliance", "union")  # of these two, reports say nothing
DAYS = (None, "2020-01-31", "2020-02-01", "2020-02-02", "2020-02-29")
SOME = max(settings.default.max_examples // 3, 1)


class Join(NamedTuple):
    """Learn of which blocs a party was a member, and from when until when."""

    party: str
    member_of: list[dict[str, Any]]


def is_term(term: dict[str, Any]) -> bool:
    return None in (term["from"], term["until"]) or term["from"] <= term["until"]


days = st.sampled_from((None, None, None, *DAYS))
terms = st.fixed_dictionaries({"party": st.sampled_from(PARTIES), "from": days, "until": days})
# Silent parties, and silent blocs between, are what this is about.
joiners = st.sampled_from(("alliance", "union", "eu", "russia", "alliance", "ukraine"))
joins = st.builds(Join, joiners, st.lists(terms.filter(is_term), min_size=1, max_size=4))
# Reports that give a bloc a position, where those of other worlds often give nobody any.
stances = st.sampled_from(("support", "oppose", "conditional_support", "support", "undeclared"))
untils = st.sampled_from((None, None, None, *worlds.DAYS[:4]))
speeches = st.builds(
    lambda who, when, says, until: worlds.Report(
        "statement",
        {
            "occurred": when,
            "parties": [who],
            "positions": [position(says, **({"until": until} if until else {}))],
        },
    ),
    st.sampled_from(("eu", "russia", "eu", "ukraine")),
    worlds.dates,
    stances,
    untils,
)
amendments = st.one_of(worlds.corrections, worlds.doubts)
later = st.one_of(joins, joins, speeches, worlds.reports, amendments)
happenings = st.tuples(
    st.lists(joins, min_size=4, max_size=9),
    st.lists(speeches, min_size=3, max_size=8),
    st.lists(later, max_size=8),
).map(lambda parts: [*chain(*parts)])
randoms = st.integers(0, 2**32 - 1).map(Random)


class World(worlds.World):
    """A world in which parties join and leave one another."""

    def __init__(self) -> None:
        super().__init__()
        self.parties = [self.name + name for name in PARTIES]
        self.known: list[Record] = []

    def _join(self, name: str, member_of: list[dict[str, Any]]) -> Record | None:
        key = self.name + name
        entered = [term | {"party": self.name + term["party"]} for term in member_of]
        record = party(key, member_of=[term for term in entered if term["party"] != key])
        if record in self.known or not record["member_of"]:
            return None  # equal to an earlier version: it would record nothing
        self.known.append(record)
        return record


def told_of(store: Store, world: World, happenings: list[Any]) -> Log:
    records = [*world.registrations(), *world.records(happenings)]
    recorded = tell(store, *records)
    return [
        (one.seq, record)
        for one, record in zip(recorded, records, strict=True)
        if one.outcome.is_new
    ]


def some_clocks(log: Log, random: Random, number: int) -> Iterator[Clocks]:
    edges = {edge for day in DAYS if day for edge in bounds_of(day)}
    edges |= {edge for date in worlds.DATES[::3] for edge in bounds_of(date)}
    instants = sorted({edge + step for edge in edges for step in (-1, 0, 1)})
    head = log[-1][0]
    floors = ["unattributed"] * 4 + ["leaked_document"] * 2 + [random.choice(ATTRIBUTIONS)]
    for _ in range(number):
        as_of = random.choice(instants[len(instants) // 2 :])
        seq = random.choice([head, head, random.randint(log[0][0] - 1, head)])
        yield Clocks(as_of, None, seq, random.choice(floors))


def in_words(inherited: list[Record]) -> list[Record]:
    """What is inherited, in the words of the naive model."""
    told = []
    for one in inherited:
        said = {key: value for key, value in one.items() if key != "conditions"}
        dates = (said.pop("member_from"), said.pop("member_until"))
        told.append(said | {"term": dates})
    return told


def naively(log: Log, pair: Pair, clocks: Clocks) -> list[Record]:
    found = naive.inherited(log, *pair, clocks.as_of, clocks.seq, clocks.floor)
    return [one | {"term": (one["term"].get("from"), one["term"].get("until"))} for one in found]


@given(happenings, randoms)
def test_what_is_inherited_is_what_the_naive_model_finds(
    store: Store, happenings: list[Any], random: Random
) -> None:
    world = World()
    log = told_of(store, world, happenings)
    with store.reading() as (connection, _):
        for clocks in some_clocks(log, random, 40):
            pair = Pair(
                random.choice(world.parties), random.choice([*world.issues[:1] * 3, *world.issues])
            )
            answer = answers.position(connection, pair, None, clocks, inherit=True)
            assert in_words(answer.pop("inherited")) == naively(log, pair, clocks), (pair, clocks)
            without = answers.position(connection, pair, None, clocks)
            assert answer | {"links": without["links"]} == without


@settings(max_examples=SOME)
@given(happenings, randoms)
def test_lists_and_the_matrix_show_what_each_answer_shows(
    store: Store, happenings: list[Any], random: Random
) -> None:
    world = World()
    log = told_of(store, world, happenings)
    pairs = [Pair(who, what) for what in world.issues for who in sorted(world.parties)]
    with store.reading() as (connection, _):
        for clocks in some_clocks(log, random, 5):
            simply = {pair: naively(log, pair, clocks) for pair in pairs}
            listed = answers.positions_among(connection, pairs, clocks, inherit=True)
            assert [in_words(one["inherited"]) for one in listed] == [*simply.values()]
            asked = (connection, world.parties, world.issues, clocks)
            cells = answers.matrix(*asked, inherit=True)["cells"]
            gained = {
                Pair(cell["party"], cell["issue"]): in_words(cell["inherited"])
                for cell in cells
                if "inherited" in cell
            }
            assert gained == {pair: found for pair, found in simply.items() if found}
            own = [cell for cell in cells if "inherited" not in cell]
            assert own == answers.matrix(*asked)["cells"]
            assert cells == sorted(cells, key=lambda cell: (cell["issue"], cell["party"]))


def test_alignment_counts_no_position_that_is_inherited(store: Store) -> None:
    tell(
        store,
        party("eu"),
        *(party(name, member_of=[{"party": "eu"}]) for name in ("france", "italy")),
        issue("nato"),
        statement("r-1", parties=["eu"], positions=[position("support")]),
    )
    with store.reading() as (connection, head):
        clocks = Clocks(bounds_of("2020-02-01").latest, None, head.seq, "leaked_document")
        assert len(answers.matrix(connection, ["france"], ["nato"], clocks, inherit=True)["cells"])
        assert answers.status(connection, "nato", clocks)["alignment"] == "thin"
