"""What the tools answer is what the API answers, with what it rests on beside it."""

import asyncio

import pytest
from mcp import Client

from service.app import create_app
from service.assistants.reader import Reader
from service.assistants.server import server
from tests.assistants.conftest import ROOT, load_berlin
from tests.loops import run_apart
from tests.records import issue, party, position, retraction, statement, tell

NATO = {"party": "ukraine", "issue": "ukraine-nato-membership"}
NATO_PATH = "/v1/parties/ukraine/positions/ukraine-nato-membership"


@pytest.fixture
def berlin(store):
    load_berlin(store)
    return store


@pytest.fixture
def http(url, berlin):
    """A function that asks the API over the same database."""
    app = create_app(url)

    def get(path, **query):
        answer = app.test_client().get(path, query_string=query or None)
        assert answer.status_code == 200, answer.json
        return answer.json

    yield get
    app.extensions["stancelog"].close()


def same(answer, expected):
    """Whether an answer has all of another, as far as that goes."""
    return {key: answer[key] for key in expected} == expected


@pytest.mark.parametrize("as_of", ["2022-02-28", "2022-03-29", "2022-10-30", "2025-12-20"])
def test_a_position_is_that_of_the_api(ask, http, as_of):
    answer, _ = ask("position_on_date", **NATO, as_of=as_of)
    assert same(answer, http(NATO_PATH, as_of=as_of))
    kyiv, _ = ask("position_on_date", **NATO | {"party": "KYIV"}, as_of=as_of)
    assert kyiv == answer


def test_every_list_is_that_of_the_api(ask, http):
    history, _ = ask("history", **NATO, known_at="2025-12-16")
    expected = http(f"{NATO_PATH}/history", known_at="2025-12-16")
    bare = [{k: v for k, v in one.items() if k != "evidence"} for one in history["segments"]]
    assert same(history | {"segments": bare}, expected)

    window = {"party": "ukraine", "from": "2025-12", "to": "2025-12-16~"}
    assert same(ask("what_changed", **window)[0], http("/v1/changes", **window, limit=20))

    found, _ = ask("search_reports", q="guarantees", year=2022)
    expected = http("/v1/search", q="guarantees", year=2022)
    ids = [one["id"] for one in expected["reports"]]
    assert [one["report"] for one in found["reports"]] == ids
    same_facets = {key: expected[key] for key in ("total", "facets", "seq", "links", "next")}
    assert same(found, same_facets)

    listed, _ = ask("list_parties_and_issues", limit=100)
    for kind in ("parties", "issues"):
        rows = http(f"/v1/{kind}")[kind]
        assert [one["id"] for one in listed[kind]] == [one["id"] for one in rows]
        for one, row in zip(listed[kind], rows, strict=True):
            assert {k: row[k] for k in one if k != "permalink"}.items() <= one.items()


def test_an_answer_names_both_clocks_its_evidence_its_sources_and_a_permalink(ask, http):
    answer, text = ask("position_on_date", **NATO, as_of="2025-12-14", known_at="2025-12-15")
    assert answer["as_of"] == "2025-12-14T23:59:59.999999Z"
    assert answer["known_at"] == "2025-12-15T23:59:59.999999Z"
    ids = [row["report"] for row in answer["evidence"]]
    assert ids
    assert [one["report"] for one in answer["cited"]] == ids
    addresses = [source["url"] for one in answer["cited"] for source in one["sources"]]
    for told in (*ids, *addresses, answer["as_of"], answer["known_at"], answer["permalink"]):
        assert told in text
    assert answer["permalink"].startswith(f"{ROOT}/v1/parties/ukraine/")
    pinned = http(answer["permalink"].removeprefix(ROOT))
    assert {k: v for k, v in pinned.items() if k != "known_at"}.items() <= answer.items()


def test_every_address_of_an_answer_leads_to_it(ask, berlin, url):
    app = create_app(url)
    client = app.test_client()
    answers = [
        ask("position_on_date", **NATO, as_of="2025-12-20")[0],
        ask("history", **NATO)[0],
        ask("what_changed", party="ukraine")[0],
        ask("search_reports", q="guarantees")[0],
        ask("list_parties_and_issues", q="nato")[0],
    ]

    def addresses(answer):
        named = [answer.get(name) for name in ("cited", "reports", "parties", "issues")]
        rows = [row for some in named if isinstance(some, list) for row in some]
        return [one[key] for one in (answer, *rows) for key in ("permalink", "page") if key in one]

    told = {one for answer in answers for one in addresses(answer)}
    assert len(told) > 20
    for address in told:
        assert address.startswith(f"{ROOT}/")
        assert client.get(address.removeprefix(ROOT)).status_code == 200, address
    app.extensions["stancelog"].close()


def test_without_an_address_of_the_server_links_are_paths(ask, berlin):
    answer, _ = ask("position_on_date", **NATO, root="", as_of="2025-12-20")
    assert answer["permalink"] == answer["links"]["permalink"]


def test_no_position_on_record_is_said_plainly_with_what_is_nearest(ask, berlin):
    answer, text = ask("position_on_date", **NATO, as_of="2022-02-28")
    assert text.startswith("No position on record: ukraine on ukraine-nato-membership")
    assert (answer["state"], answer["position"]) == ("unreported", None)
    assert answer["nearest"]["later"]["since"] == "2022-03-22"
    assert "only later: conditional oppose, since 2022-03-22" in text

    claimed = {"party": "russia", "issue": "ukraine-eu-membership", "as_of": "2025-12-20"}
    answer, text = ask("position_on_date", **claimed)
    assert answer["position"] is None
    assert [one["report"] for one in answer["nearest"]["below_floor"]] == ["seed-049"]
    assert "below the floor, third_party_claim: conditional support (seed-049)" in text
    assert [one["report"] for one in answer["cited"]] == ["seed-049"]

    then, text = ask("position_on_date", **claimed, known_at="2025-12-16")
    assert (then["position"], then["nearest"]) == ("conditional_support", None)
    assert text.startswith("Conditional support, since 2025-12-15")


def test_the_position_of_a_bloc_is_near_and_not_the_partys_own(ask, store):
    tell(
        store,
        party("eu", kind="bloc"),
        party("ukraine", member_of=[{"party": "eu"}]),
        issue("nato"),
        statement("r-1", parties=["eu"], positions=[position("oppose")]),
    )
    answer, text = ask("position_on_date", party="ukraine", issue="nato")
    assert answer["state"] == "unreported"
    assert [one["bloc"] for one in answer["nearest"]["blocs"]] == ["eu"]
    assert "its bloc eu: oppose, since 2020-02-01" in text


def test_what_was_retracted_is_known_to_the_second_clock_alone(ask, desk):
    tell(desk, retraction("r-1"))
    now, _ = ask("position_on_date", party="ukraine", issue="nato")
    assert (now["state"], now["cited"]) == ("unreported", [])
    then, _ = ask("position_on_date", party="ukraine", issue="nato", seq=3)
    assert (then["state"], then["cited"][0]["report"]) == ("declared", "r-1")


def test_a_list_goes_on_where_it_ended_and_cursors_are_those_of_the_api(ask, http, berlin):
    def paged(tool, name, **given):
        shown, cursor, sizes = [], {}, []
        while True:
            answer, text = ask(tool, **given, **cursor)
            shown += answer[name]
            sizes.append(len(answer[name]))
            assert ("There is more" in text) == (answer["next"] is not None)
            if answer["next"] is None:
                assert len(sizes) > 1
                assert max(sizes) <= given["limit"]
                return shown
            cursor = {"cursor": answer["next"]}

    def whole(tool, name, **given):
        return ask(tool, **given, limit=100)[0][name]

    window = {"party": "ukraine", "from": "2025-12"}
    for tool, name, given, limit in (
        ("history", "segments", NATO, 2),
        ("what_changed", "changes", window, 4),
        ("search_reports", "reports", {"q": "nato"}, 7),
        ("list_parties_and_issues", "parties", {}, 3),
        ("list_parties_and_issues", "issues", {}, 3),
    ):
        assert paged(tool, name, **given, limit=limit) == whole(tool, name, **given)

    first, _ = ask("what_changed", **window, limit=4)
    cursor = {"cursor": first["next"], "limit": 4}
    assert http("/v1/changes", **cursor)["changes"] == ask("what_changed", **cursor)[0]["changes"]


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize(
    ("tool", "given"), [("what_changed", {"party": "ukraine"}), ("list_parties_and_issues", {})]
)
def test_a_part_of_a_list_does_not_say_that_it_is_all(ask, tool, given):
    first, _ = ask(tool, **given, limit=3)
    rest, _ = ask(tool, limit=100, cursor=first["next"])
    whole, _ = ask(tool, **given, limit=100)
    assert first["says"].startswith("Part of a list: 3 ")
    assert rest["says"].startswith("Part of a list: ")
    assert not whole["says"].startswith("Part of a list")


@pytest.mark.usefixtures("berlin")
def test_a_window_that_ends_before_it_begins_does_not_say_that_nothing_changed(ask):
    answer, text = ask("what_changed", **{"from": "2026", "to": "2025-12"})
    assert answer["changes"] == []
    assert "No change on record" not in text
    assert text.startswith("Nothing was looked at: the window ends before it begins")


def test_parties_and_issues_are_found_by_any_of_their_names(ask, berlin):
    def ids(name, **given):
        return [one["id"] for one in ask("list_parties_and_issues", **given)[0][name]]

    assert "nato" in ids("parties", q="otan")
    assert ids("issues", kind="party") == ids("parties", kind="issue") == []
    assert "ukraine" in ids("parties", q="KYIV", kind="party")
    answer, text = ask("list_parties_and_issues", q="atlantis")
    assert (answer["parties"], answer["issues"]) == ([], [])
    assert text.startswith("0 parties and 0 issues")


def test_many_calls_at_once_are_each_answered(berlin):
    days = [f"2025-12-{day:02}" for day in range(1, 31)]

    async def go():
        async with Client(server(Reader(berlin)), mode="legacy") as client:
            asked = [client.call_tool("position_on_date", NATO | {"as_of": day}) for day in days]
            return await asyncio.gather(*asked)

    answers = [one.structured_content for one in run_apart(go())]
    assert [one["as_of"][:10] for one in answers] == days
    turned = [one["position"] for one in answers]
    assert turned == ["support"] * 13 + ["conditional_oppose"] * 17
