"""Whatever is recorded, the audit tells of it as the naive model does: all of it, once."""

from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import pytest
from flask.testing import FlaskClient
from hypothesis import given, settings

from events.dates import bounds_of, now, to_text
from events.vocabulary import ATTRIBUTIONS
from projections import log
from service.app import create_app
from service.store import Store
from tests import naive_audit
from tests.records import correction, issue, party, position, statement, status, tell
from tests.test_properties import QUARTER, randoms
from tests.worlds import DATES, Told, eventful, happenings, tell_all

Record = dict[str, Any]


@pytest.fixture
def client(url: str) -> Iterator[FlaskClient]:
    """A client of an app over a database that all examples of a test share."""
    app = create_app(url)
    yield app.test_client()
    store_of(app.test_client()).close()


def store_of(client: FlaskClient) -> Store:
    store: Store = client.application.extensions["stancelog"]
    return store


# Asking


def ask(client: FlaskClient, path: str, **query: Any) -> Record:
    answer = client.get(path, query_string=query or None)
    assert answer.status_code == 200, (path, query, answer.json)
    body: Record = answer.json
    return body


def pages(client: FlaskClient, path: str, random: Random, **query: Any) -> Iterator[Record]:
    """Every page of a list. Those after the first are asked for by cursor, with the rest or not."""
    page = ask(client, path, **query)
    yield page
    for _ in range(1000):
        if page["next"] is None:
            return
        same = query if random.random() < 0.5 else {"limit": query["limit"]}
        page = ask(client, path, **same, cursor=page["next"])
        yield page
    raise AssertionError("the list does not end")


def rows_of(several: list[Record], name: str) -> list[Record]:
    return [row for page in several for row in page[name]]


def micros(text: str) -> int:
    return bounds_of(text).earliest


def only(row: Record, like: Record) -> Record:
    """What the naive model tells of as well, instants in microseconds."""
    found = {key: row[key] for key in like}
    return found | {"at": micros(row["at"])} if "at" in like else found


def assert_same(found: list[Record], simply: list[Record]) -> None:
    keys: Record = simply[0] if simply else {}
    assert len(found) == len(simply), (found, simply)
    assert [only(row, keys) for row in found] == simply


class Floors(NamedTuple):
    """The two floors as asked for."""

    query: dict[str, str]
    floor: str
    status_floor: str


def some_floors(random: Random) -> Floors:
    """Floors at random: `floor` alone sets both, each may be left to its default."""
    some = [None, None, "leaked_document", "unattributed", *ATTRIBUTIONS]
    floor, status_floor = random.choice(some), random.choice(some)
    query = {"floor": floor, "status_floor": status_floor}
    return Floors(
        {name: value for name, value in query.items() if value},
        floor or "leaked_document",
        status_floor or floor or "media_report",
    )


def some_seq(told: Told, random: Random) -> int:
    return random.choice([told.head, random.randint(told.first, told.head)])


def recorded(client: FlaskClient, told: Told) -> dict[int, int]:
    """When each position in the log of this world was recorded."""
    with store_of(client).reading() as (connection, _):
        found = {seq: log.recorded_at(connection, seq) for seq, _ in told.log}
    return {seq: moment for seq, moment in found.items() if moment is not None}


def naive_changes(told: Told, S: int, floors: Floors) -> list[Record]:
    world = told.world
    return naive_audit.changes(
        told.log, world.parties, world.issues, S, floors.floor, floors.status_floor
    )


# Changes


class Scope(NamedTuple):
    """What to list the changes of, and the same for the naive model."""

    path: str
    query: dict[str, str]
    party: str | None = None
    issue: str | None = None

    def includes(self, change: Record) -> bool:
        kind, begins, ends = (self.query.get(key) for key in ("kind", "from", "to"))
        return (
            self.party in (None, change["party"])
            and self.issue in (None, change["issue"])
            and kind in (None, change["kind"])
            and (begins is None or bounds_of(begins).earliest <= change["at"])
            and change["at"] <= (bounds_of(ends).latest if ends else now())
        )


def some_scope(told: Told, random: Random) -> Scope:
    """A list of changes at random: by path, by parameter, or all there are."""
    world = told.world
    party_id = random.choice([world.parties[-1], *world.parties])
    issue_id = random.choice([world.issues[0], *world.issues])
    window = {"from": random.choice(DATES), "to": random.choice([*DATES, "2100"])}
    asked = {key: value for key, value in window.items() if random.random() < 0.4}
    if random.random() < 0.3:
        asked["kind"] = random.choice(["position", "status", "terms"])
    return random.choice(
        [
            Scope("/v1/changes", asked | {"party": party_id}, party_id),
            Scope("/v1/changes", asked | {"issue": issue_id}, None, issue_id),
            Scope(
                "/v1/changes", asked | {"party": party_id, "issue": issue_id}, party_id, issue_id
            ),
            Scope(f"/v1/parties/{party_id}/changes", asked, party_id),
            Scope(
                f"/v1/parties/{party_id}/changes", asked | {"issue": issue_id}, party_id, issue_id
            ),
            Scope(f"/v1/issues/{issue_id}/changes", asked, None, issue_id),
        ]
    )


@settings(max_examples=QUARTER)
@given(eventful, randoms)
def test_the_changes_are_those_of_the_naive_model(
    client: FlaskClient, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), happenings)
    for _ in range(8):
        scope, floors, S = some_scope(told, random), some_floors(random), some_seq(told, random)
        query = scope.query | floors.query
        found = [*pages(client, scope.path, random, **query, seq=S, limit=random.randint(1, 5))]
        simply = [one for one in naive_changes(told, S, floors) if scope.includes(one)]
        assert_same(rows_of(found, "changes"), simply)
        for page in found:
            assert page["seq"] == S
            assert (page["floor"], page["status_floor"]) == floors[1:]
            asked_from, asked_to = (scope.query.get(key) for key in ("from", "to"))
            began = asked_from and bounds_of(asked_from).earliest
            assert (page["from"] and micros(page["from"])) == began
            assert page["to"] == found[0]["to"]
            if asked_to:
                assert micros(page["to"]) == bounds_of(asked_to).latest


@settings(max_examples=QUARTER // 2)
@given(eventful, randoms)
def test_the_changes_of_everybody_include_those_of_the_naive_model_in_order(
    client: FlaskClient, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), happenings)
    floors = some_floors(random)
    found = rows_of([*pages(client, "/v1/changes", random, **floors.query, limit=300)], "changes")
    keys = [(micros(one["at"]), one["issue"], one["party"] or "") for one in found]
    assert keys == sorted(set(keys))
    simply = [one for one in naive_changes(told, told.head, floors) if one["at"] <= now()]
    assert_same([one for one in found if one["issue"] in told.world.issues], simply)


@settings(max_examples=QUARTER // 2)
@given(eventful, happenings, randoms)
def test_a_list_of_changes_stays_one_list_while_writes_go_on(
    client: FlaskClient, earlier: list[Any], later: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), earlier)
    floors = some_floors(random)
    path = f"/v1/issues/{told.world.issues[0]}/changes"
    begun = pages(client, path, random, **floors.query, limit=2)
    found = [next(begun)]
    more = tell_all(store_of(client), later, told)
    found += begun
    scope = Scope(path, {}, None, told.world.issues[0])
    simply = [one for one in naive_changes(told, told.head, floors) if scope.includes(one)]
    assert_same(rows_of(found, "changes"), simply)
    assert {page["seq"] for page in found} == {told.head}
    assert len({page["to"] for page in found}) == 1
    fresh = [*pages(client, path, random, **floors.query, limit=2)]
    simply = [one for one in naive_changes(more, more.head, floors) if scope.includes(one)]
    assert_same(rows_of(fresh, "changes"), simply)


@settings(max_examples=QUARTER // 2)
@given(eventful, randoms)
def test_the_changes_tell_the_whole_story(
    client: FlaskClient, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), happenings)
    floors, S = some_floors(random), some_seq(told, random)
    pinned = {"seq": S, "floor": floors.floor}
    for issue_id in told.world.issues:
        path = f"/v1/issues/{issue_id}/changes"
        query = pinned | {"status_floor": floors.status_floor, "to": "9999", "limit": 50}
        story = rows_of([*pages(client, path, random, **query)], "changes")
        for party_id in told.world.parties:
            own = [one for one in story if one["party"] == party_id]
            for D in random.sample(told.instants(), 3):
                path = f"/v1/parties/{party_id}/positions/{issue_id}"
                answer = ask(client, path, as_of=to_text(D), **pinned)
                glance: Record = {"state": "unreported", "position": None, "since": None}
                for change in own:
                    if micros(change["at"]) <= D:
                        glance = change["after"]
                assert glance == {key: answer[key] for key in glance}
        for D in random.sample(told.instants(), 3):
            path, asked = f"/v1/issues/{issue_id}/status", {"floor": floors.status_floor}
            answer = ask(client, path, as_of=to_text(D), **pinned | asked)
            glance = {"state": "unreported", "status": None, "since": None}
            for change in story:
                if change["kind"] == "status" and micros(change["at"]) <= D:
                    glance = change["after"]
            assert glance == {key: answer[key] for key in glance}


# Diffs

LISTS = ("positions", "terms", "statuses")


def some_moments(told: Told, random: Random, number: int) -> list[int]:
    """Instants in order: at random, or around a change."""
    edges = told.instants()
    if random.random() < 0.5:
        changes = naive_changes(told, told.head, some_floors(random))
        terms = [one["at"] for one in changes if one["kind"] == "terms"]
        at = random.choice(terms or [one["at"] for one in changes] or edges)
        edges = [at - 1, at, at - 1, at, random.choice(edges)]
    return sorted(random.choice(edges) for _ in range(number))


def some_subject(told: Told, random: Random) -> tuple[dict[str, str], list[str], list[str], bool]:
    """Parameters of a diff, and the parties and issues, and whether statuses, that it is of."""
    world = told.world
    issue_id = random.choice([world.issues[0], *world.issues])
    party_id = random.choice([world.parties[-1], *world.parties])
    return random.choice(
        [
            ({"issue": issue_id}, world.parties, [issue_id], True),
            ({"issue": issue_id}, world.parties, [issue_id], True),
            ({"party": party_id}, [party_id], world.issues, False),
            ({"party": party_id, "issue": issue_id}, [party_id], [issue_id], False),
        ]
    )


def diff_of(client: FlaskClient, random: Random, **query: Any) -> Record:
    """The whole of a diff, whatever its pages; its clocks are those of every page."""
    found = [*pages(client, "/v1/diff", random, **query)]
    for page in found:
        for name in ("axis", "from", "to", "floor", "status_floor"):
            assert page[name] == found[0][name]
    return found[0] | {name: rows_of(found, name) for name in LISTS}


def assert_same_diff(found: Record, simply: Record, *, has_statuses: bool) -> None:
    if not has_statuses:
        simply = simply | {"statuses": []}
    for name in LISTS:
        asked = ("party", "issue") if name != "statuses" else ("issue",)
        for one, other in zip(found[name], simply[name], strict=True):
            for key in (*asked, "before", "after"):
                assert one[key] == other[key], (name, one, other)
            assert_same(one["causes"], other["causes"])


def pairs_in(diff: Record, *names: str) -> set[tuple[str | None, str]]:
    return {(one.get("party"), one["issue"]) for name in names for one in diff[name]}


def assert_composes(whole: Record, first: Record, second: Record) -> None:
    """What is otherwise at the end was made so in one half or the other."""
    for names in (("positions",), ("statuses",), ("positions", "terms")):
        assert pairs_in(whole, *names) <= pairs_in(first, *names) | pairs_in(second, *names)


def assert_empty(diff: Record) -> None:
    assert [diff[name] for name in LISTS] == [[], [], []]


@settings(max_examples=QUARTER)
@given(eventful, randoms)
def test_the_diff_of_two_dates_is_that_of_the_naive_model(
    client: FlaskClient, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), happenings)
    for _ in range(6):
        floors, S = some_floors(random), some_seq(told, random)
        D1, D2 = some_moments(told, random, 2)
        query, parties, issues, has_statuses = some_subject(told, random)
        query |= floors.query | {"from": to_text(D1), "to": to_text(D2)}
        if random.random() < 0.2 and now() > D1:
            del query["to"]
        found = diff_of(client, random, **query, seq=S, limit=random.randint(1, 4))
        if "to" not in query:
            D2 = micros(found["to"]["as_of"])
            assert 0 <= now() - D2 < 60_000_000
        assert found["axis"] == "world"
        assert [micros(found[end]["as_of"]) for end in ("from", "to")] == [D1, D2]
        assert [found[end]["seq"] for end in ("from", "to")] == [S, S]
        assert (found["floor"], found["status_floor"]) == floors[1:]
        simply = naive_audit.diff_world(
            told.log, parties, issues, D1, D2, S, floors.floor, floors.status_floor
        )
        assert_same_diff(found, simply, has_statuses=has_statuses)


@settings(max_examples=QUARTER)
@given(eventful, randoms)
def test_the_diff_of_two_states_of_knowledge_is_that_of_the_naive_model(
    client: FlaskClient, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), happenings[:6])
    told = tell_all(store_of(client), happenings[6:], told)
    moments = recorded(client, told)
    for _ in range(6):
        floors = some_floors(random)
        D = some_moments(told, random, 1)[0]
        S1, S2 = sorted([some_seq(told, random), some_seq(told, random)])
        query, parties, issues, has_statuses = some_subject(told, random)
        query |= floors.query | {"as_of": to_text(D)}
        if random.random() < 0.3 and S1 in moments:
            query |= {"known_from": to_text(moments[S1]), "known_to": to_text(moments[S2])}
            S1, S2 = (
                max(seq for seq, moment in moments.items() if moment <= moments[S])
                for S in (S1, S2)
            )
        else:
            query |= {"seq_from": S1, "seq_to": S2}
        if random.random() < 0.2:
            query.pop("known_to", None)
            query.pop("seq_to", None)
            S2 = told.head
        found = diff_of(client, random, **query, limit=random.randint(1, 4))
        assert found["axis"] == "knowledge"
        assert [micros(found[end]["as_of"]) for end in ("from", "to")] == [D, D]
        assert [found[end]["seq"] for end in ("from", "to")] == [S1, S2]
        assert (found["floor"], found["status_floor"]) == floors[1:]
        simply = naive_audit.diff_knowledge(
            told.log, parties, issues, D, S1, S2, floors.floor, floors.status_floor
        )
        assert_same_diff(found, simply, has_statuses=has_statuses)
        for cause in (cause for name in LISTS for one in found[name] for cause in one["causes"]):
            assert micros(cause["recorded_at"]) == moments[cause["seq"]]
            assert cause["recorded_by"] == "tests"


@settings(max_examples=QUARTER // 2)
@given(eventful, randoms)
def test_a_diff_composes_and_that_of_a_moment_with_itself_is_empty(
    client: FlaskClient, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), happenings)
    for issue_id in told.world.issues:
        query = {"issue": issue_id, "limit": 100} | some_floors(random).query

        def world(one: int, other: int, query: Record = query) -> Record:
            asked = {"from": to_text(one), "to": to_text(other), "seq": told.head}
            return diff_of(client, random, **query, **asked)

        D1, D2, D3 = some_moments(told, random, 3)
        assert_composes(world(D1, D3), world(D1, D2), world(D2, D3))
        assert_empty(world(D2, D2))

        def knowledge(one: int, other: int, query: Record = query, D: int = D2) -> Record:
            asked = {"seq_from": one, "seq_to": other, "as_of": to_text(D)}
            return diff_of(client, random, **query, **asked)

        S1, S2, S3 = sorted(some_seq(told, random) for _ in range(3))
        assert_composes(knowledge(S1, S3), knowledge(S1, S2), knowledge(S2, S3))
        assert_empty(knowledge(S2, S2))


# Revisions


@settings(max_examples=QUARTER)
@given(eventful, randoms)
def test_the_revisions_are_those_of_the_naive_model(
    client: FlaskClient, happenings: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), happenings)
    moments = recorded(client, told)
    world = told.world
    for _ in range(6):
        party_id = random.choice([world.parties[-1], *world.parties, None])
        issue_id = random.choice([world.issues[0], *world.issues])
        D, S = some_moments(told, random, 1)[0], some_seq(told, random)
        floor = random.choice([None, *ATTRIBUTIONS])
        query: Record = {"as_of": to_text(D), "seq": S} | ({"floor": floor} if floor else {})
        if party_id is None:
            path = f"/v1/issues/{issue_id}/status"
            simply = naive_audit.status_revisions(told.log, issue_id, D, S, floor or "media_report")
        else:
            path = f"/v1/parties/{party_id}/positions/{issue_id}"
            simply = naive_audit.revisions(
                told.log, party_id, issue_id, D, S, floor or "leaked_document"
            )
        limit = random.randint(1, 4)
        several = [*pages(client, f"{path}/revisions", random, **query, limit=limit)]
        found = rows_of(several, "revisions")
        assert len(found) == len(simply), (found, simply)
        for one, other in zip(found, simply, strict=True):
            cause, expected = one["cause"], dict(other["cause"])
            del expected["seq"]
            assert {key: cause[key] for key in expected} == expected
            assert only(one, other) | {"cause": other["cause"]} == other
            assert micros(one["recorded_at"]) == moments[one["seq"]]
            assert one["recorded_by"] == "tests"
        for page in several:
            assert (page["seq"], micros(page["as_of"])) == (S, D)
            assert page.get("party") == party_id
            assert page["issue"] == issue_id
        answer = ask(client, path, **query)
        glance = ("state", "position" if party_id else "status", "since")
        if found:
            assert {key: found[-1][key] for key in glance} == {key: answer[key] for key in glance}
        else:
            assert answer["state"] == "unreported"


@settings(max_examples=max(QUARTER // 3, 1))
@given(eventful, happenings, randoms)
def test_a_list_of_revisions_stays_one_list_while_writes_go_on(
    client: FlaskClient, earlier: list[Any], later: list[Any], random: Random
) -> None:
    told = tell_all(store_of(client), earlier)
    (*_, party_id), (issue_id, *_) = told.world.parties, told.world.issues
    path = f"/v1/parties/{party_id}/positions/{issue_id}/revisions"
    begun = pages(client, path, random, limit=1)
    found = [next(begun)]
    tell_all(store_of(client), later, told)
    found += begun
    D = micros(found[0]["as_of"])
    asked = (party_id, issue_id, D, told.head, "leaked_document")
    simply = naive_audit.revisions(told.log, *asked)
    assert [one["seq"] for one in rows_of(found, "revisions")] == [one["seq"] for one in simply]
    assert {(page["seq"], page["as_of"]) for page in found} == {(told.head, found[0]["as_of"])}


# What is refused


@pytest.fixture
def scene(client: FlaskClient) -> None:
    """A party that changed its mind: the log is five records long."""
    tell(
        store_of(client),
        party("ukraine"),
        issue("nato"),
        *(
            statement(
                f"r-{i}",
                occurred=f"2020-02-0{i}",
                positions=[position(said)],
                statuses=[status(come)],
            )
            for i, (said, come) in enumerate(
                [("support", "proposed"), ("oppose", "rejected"), ("support", "proposed")], 1
            )
        ),
    )


REVISIONS = "/v1/parties/ukraine/positions/nato/revisions"
WORLD = "from=2020-02-01"
KNOWLEDGE = "seq_from=1"


REFUSED = (
    # No axis, both, or one with the clock of the other
    "/v1/diff",
    "/v1/diff?issue=nato",
    "/v1/diff?as_of=2020-02-01",
    "/v1/diff?seq=3",
    "/v1/diff?to=2020-02-01",
    "/v1/diff?seq_to=3",
    "/v1/diff?known_to=2020-02-01",
    f"/v1/diff?{WORLD}&{KNOWLEDGE}",
    f"/v1/diff?{WORLD}&seq_to=3",
    f"/v1/diff?{WORLD}&known_from=2020-02-01",
    f"/v1/diff?{WORLD}&as_of=2020-02-01",
    f"/v1/diff?{KNOWLEDGE}&seq=3",
    f"/v1/diff?{KNOWLEDGE}&known_at=2020-02-01",
    f"/v1/diff?{KNOWLEDGE}&known_from=2020-02-01",
    f"/v1/diff?{WORLD}&seq=3&known_at=2020-02-01",
    # The first after the second
    "/v1/diff?from=2020-02-02&to=2020-02-01",
    "/v1/diff?from=2020-02-02&to=2020-02-02T23:59:59Z",
    "/v1/diff?from=2990-01-01",
    "/v1/diff?seq_from=3&seq_to=2",
    # Dates that are too coarse, or none; positions that the log has not
    "/v1/diff?from=2020",
    "/v1/diff?from=2020-02",
    "/v1/diff?from=2020-02-01/2020-02-02",
    f"/v1/diff?{WORLD}&to=2020-03",
    f"/v1/diff?{WORLD}&seq=6",
    "/v1/diff?seq_from=6",
    "/v1/diff?seq_from=1&seq_to=6",
    "/v1/diff?known_from=2990-01-01",
    f"/v1/diff?{KNOWLEDGE}&as_of=2020",
    # Parameters that are unknown, repeated, or not among those possible
    f"/v1/diff?{WORLD}&asof=2020-02-01",
    f"/v1/diff?{WORLD}&{WORLD}",
    f"/v1/diff?{WORLD}&floor=hearsay",
    f"/v1/diff?{WORLD}&status_floor=hearsay",
    f"/v1/diff?{WORLD}&limit=0",
    f"/v1/diff?{WORLD}&limit=1001",
    f"/v1/diff?{WORLD}&cursor=AAAA",
    "/v1/changes?kind=mood",
    "/v1/changes?from=soon",
    "/v1/changes?to=2020-02-30",
    "/v1/changes?since=2020",
    "/v1/changes?as_of=2020-02-01",
    "/v1/changes?kind=terms&kind=terms",
    "/v1/changes?seq=6",
    "/v1/changes?seq=3&known_at=2020-02-01",
    "/v1/changes?known_at=2020",
    "/v1/changes?floor=hearsay",
    "/v1/changes?status_floor=hearsay",
    "/v1/changes?limit=0",
    "/v1/changes?limit=1001",
    "/v1/changes?cursor=AAAA",
    "/v1/parties/ukraine/changes?party=ukraine",
    "/v1/issues/nato/changes?issue=nato",
    f"{REVISIONS}?as_of=2020",
    f"{REVISIONS}?seq=6",
    f"{REVISIONS}?seq=3&known_at=2020-02-01",
    f"{REVISIONS}?status_floor=on_record",
    f"{REVISIONS}?limit=0",
    f"{REVISIONS}?cursor=AAAA",
    "/v1/issues/nato/status/revisions?as_of=2020-02",
    "/v1/issues/nato/status/revisions?party=ukraine",
)
UNKNOWN = (
    ("/v1/changes?party=ukrain", "ukraine"),
    ("/v1/changes?issue=nat", "nato"),
    ("/v1/parties/ukrain/changes", "ukraine"),
    ("/v1/issues/nat/changes", "nato"),
    (f"/v1/diff?{WORLD}&party=ukrain", "ukraine"),
    (f"/v1/diff?{KNOWLEDGE}&issue=nat", "nato"),
    ("/v1/parties/ukrain/positions/nato/revisions", "ukraine"),
    ("/v1/parties/ukraine/positions/nat/revisions", "nato"),
    ("/v1/issues/nat/status/revisions", "nato"),
)


@pytest.mark.usefixtures("scene")
def test_what_cannot_be_answered_is_refused(client: FlaskClient) -> None:
    answers = {asked: client.get(asked) for asked in REFUSED}
    assert {asked: one.status for asked, one in answers.items() if one.status_code != 422} == {}
    assert {one.mimetype for one in answers.values()} == {"application/problem+json"}


@pytest.mark.usefixtures("scene")
def test_what_nobody_registered_is_not_found(client: FlaskClient) -> None:
    for asked, meant in UNKNOWN:
        answer = client.get(asked)
        assert answer.status_code == 404, asked
        assert answer.json["did_you_mean"] == [meant]


@pytest.mark.usefixtures("scene")
def test_a_cursor_goes_on_in_its_own_list_only(client: FlaskClient) -> None:
    for path in ("/v1/changes", "/v1/parties/ukraine/changes", REVISIONS):
        cursor = ask(client, path, limit=1)["next"]
        assert cursor, path
        assert ask(client, path, cursor=cursor)["next"] is None
        for other, query in (
            ("/v1/issues/nato/changes", {}),
            ("/v1/reports", {}),
            (path, {"seq": 4}),
            (path, {"floor": "on_record"}),
        ):
            answer = client.get(other, query_string={"cursor": cursor, **query})
            assert answer.status_code == 422, (path, other, query)


@pytest.mark.usefixtures("scene")
def test_terms_that_differ_have_every_step_of_the_answer_between_as_a_cause(
    client: FlaskClient,
) -> None:
    said = (("support", "a"), ("oppose", "b"), ("support", "b"))
    first, *others = ([position(side, conditions=[term])] for side, term in said)
    amended = [correction("turned", f"turn-{n}", positions=one) for n, one in enumerate(others, 1)]
    report = statement("turned", occurred="2020-03-01", positions=first)
    seq = tell(store_of(client), report)[0].seq
    tell(store_of(client), *amended)
    (row,) = ask(client, "/v1/diff", seq_from=seq)["terms"]
    assert [cause["id"] for cause in row["causes"]] == ["turn-1", "turn-2"]


@pytest.mark.parametrize(
    ("window", "states"),
    [
        ({"to": "2020-02-01T23:59:59.999998Z"}, []),
        ({"to": "2020-02-01"}, ["declared"]),
        (
            {"from": "2020-02-01T23:59:59.999999Z", "to": "2020-02-02T00:00:00Z"},
            ["declared", "lapsed"],
        ),
        ({"from": "2020-02-02"}, ["lapsed"]),
        ({"from": "2020-02-02T00:00:00.000001Z"}, []),
    ],
)
def test_both_ends_of_a_window_are_within_it(
    client: FlaskClient, window: dict[str, str], states: list[str]
) -> None:
    offer = position("support", until="2020-02-01")
    tell(store_of(client), party("ukraine"), issue("nato"), statement("r-1", positions=[offer]))
    changes = ask(client, "/v1/changes", **window)["changes"]
    assert [change["after"]["state"] for change in changes] == states


@pytest.mark.parametrize(
    ("dates", "causes"),
    [
        (("2020-01-31", "2020-02-01"), ["statement"]),
        (("2020-02-01", "2020-02-02T00:00:00Z"), ["lapse"]),
        (("2020-02-02T00:00:00Z", "2020-02-03"), []),
        (("2020-01-31", "2020-02-02"), ["statement", "lapse"]),
    ],
)
def test_a_step_begins_after_its_first_date_and_ends_with_its_last(
    client: FlaskClient, dates: tuple[str, str], causes: list[str]
) -> None:
    offer = position("support", until="2020-02-01")
    tell(store_of(client), party("ukraine"), issue("nato"), statement("r-1", positions=[offer]))
    rows = ask(client, "/v1/diff", **dict(zip(("from", "to"), dates, strict=True)))["positions"]
    assert [cause["type"] for row in rows for cause in row["causes"]] == causes


@pytest.mark.usefixtures("scene")
def test_terms_are_only_those_of_declared_answers(client: FlaskClient) -> None:
    said = (("support", "a"), ("undeclared", "x"), ("undeclared", "y"), ("support", "b"))
    first, *others = ([position(side, conditions=[term])] for side, term in said)
    report = statement("turned", occurred="2020-03-01", positions=first)
    seq = tell(store_of(client), report)[0].seq
    tell(
        store_of(client),
        *(correction("turned", f"turn-{n}", positions=one) for n, one in enumerate(others, 1)),
    )
    (row,) = ask(client, "/v1/diff", seq_from=seq)["terms"]
    assert [cause["id"] for cause in row["causes"]] == ["turn-1", "turn-3"]
