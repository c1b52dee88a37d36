"""`inherit=1`: what the blocs of a silent party had said, never counted as its own."""

from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from sqlalchemy import event

from tests.records import issue, party, position, retraction, statement

EXAMPLE = Path(__file__).parents[2] / "examples" / "berlin.ndjson"
NATO = "ukraine-nato-membership"
GERMANY = f"/v1/parties/germany/positions/{NATO}"


@pytest.fixture
def berlin(client):
    """The bundled example."""
    lines = [line for line in EXAMPLE.read_text().splitlines() if line]
    answer = client.post("/v1/reports/batch", data="\n".join(map(_without_recorded_at, lines)))
    assert answer.status_code == 201, answer.json


def _without_recorded_at(line):
    return line.rpartition(',"recorded_at"')[0] + "}"


def ask(client, path=GERMANY, **query):
    answer = client.get(path, query_string=query)
    assert answer.status_code == 200, answer.json
    return answer.json


def member(name, *blocs):
    """A party, and its memberships: ids, or (id, from, until)."""
    terms = [bloc if isinstance(bloc, tuple) else (bloc, None, None) for bloc in blocs]
    rows = [{"party": bloc, "from": begins, "until": ends} for bloc, begins, ends in terms]
    return party(name, member_of=rows)


def says(report, bloc, stance="support", occurred="2020-01-01", **fields):
    return statement(
        report, parties=[bloc], occurred=occurred, positions=[position(stance, **fields)]
    )


def blocs_of(client, who="france", **query):
    query = {"as_of": "2020-02-01", "inherit": 1} | query
    return [
        (one["bloc"], one["position"], one["via"])
        for one in ask(client, f"/v1/parties/{who}/positions/nato", **query)["inherited"]
    ]


@pytest.mark.usefixtures("berlin")
def test_a_silent_member_of_nato_is_shown_what_nato_said(client):
    without = ask(client, as_of="2023-12-31")
    answer = ask(client, as_of="2023-12-31", inherit=1)
    assert answer.pop("inherited") == [
        {
            "bloc": "nato",
            "state": "declared",
            "position": "conditional_support",
            "since": "2008-04",
            "contested": False,
            "conditions": ["Allies agree", "conditions are met"],
            "reports": 2,
            "member_from": "1955-05-06",
            "member_until": None,
            "via": [],
        }
    ]
    assert (answer["state"], answer["position"], answer["reports"]) == ("unreported", None, 0)
    assert (answer["utterances"], answer["evidence"]) == (0, [])
    assert answer | {"links": without["links"]} == without


@pytest.mark.usefixtures("berlin")
def test_only_a_membership_in_force_at_the_date_counts(client):
    sweden = f"/v1/parties/sweden/positions/{NATO}"
    assert ask(client, sweden, as_of="2024-03-06", inherit=1)["inherited"] == []
    (joined,) = ask(client, sweden, as_of="2024-03-07T00:00:00Z", inherit=1)["inherited"]
    assert (joined["bloc"], joined["member_from"]) == ("nato", "2024-03-07")


@pytest.mark.usefixtures("berlin")
def test_a_party_with_a_position_of_its_own_inherits_nothing(client):
    answer = ask(client, f"/v1/parties/united-states/positions/{NATO}", inherit=1)
    assert answer["state"] == "declared"
    assert answer["inherited"] == []


@pytest.mark.usefixtures("berlin")
def test_the_matrix_adds_cells_and_changes_none(client):
    without = ask(client, "/v1/matrix", as_of="2025-12-20")
    answer = ask(client, "/v1/matrix", as_of="2025-12-20", inherit=1)
    extra = [cell for cell in answer["cells"] if "inherited" in cell]
    assert [cell for cell in answer["cells"] if cell not in extra] == without["cells"]
    own = {(cell["party"], cell["issue"]) for cell in without["cells"]}
    assert extra
    assert all((cell["party"], cell["issue"]) not in own for cell in extra)
    (germany,) = [cell for cell in extra if (cell["party"], cell["issue"]) == ("germany", NATO)]
    (nato,) = germany.pop("inherited")
    assert nato["position"] == "conditional_support"
    assert germany == {
        "party": "germany",
        "issue": NATO,
        "state": "unreported",
        "position": None,
        "since": None,
        "contested": False,
    }
    chosen = ask(client, "/v1/matrix", party="germany", issue=NATO, inherit=1)
    assert [cell["party"] for cell in chosen["cells"]] == ["germany"]


@pytest.mark.usefixtures("berlin")
def test_what_is_inherited_counts_for_no_alignment(client):
    status = f"/v1/issues/{NATO}/status"
    assert ask(client, status)["alignment"]
    assert client.get(status, query_string={"inherit": 1}).status_code == 422


@pytest.mark.usefixtures("berlin")
def test_what_is_inherited_is_as_described(client):
    document = client.get("/openapi.json").json
    for path, question in {
        "/v1/parties/{party}/positions/{issue}": GERMANY,
        "/v1/parties/{party}/positions": "/v1/parties/germany/positions",
        "/v1/issues/{issue}/positions": f"/v1/issues/{NATO}/positions",
        "/v1/matrix": "/v1/matrix",
    }.items():
        content = document["paths"][path]["get"]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"] | {"components": document["components"]}
        answer = ask(client, question, inherit=1)
        Draft202012Validator(schema).validate(answer)
        assert '"bloc":"nato"' in client.get(question, query_string={"inherit": 1}).text
        assert "inherited" not in client.get(question, query_string={"inherit": 0}).text
    known = document["components"]["schemas"]["Inherited"]["properties"]
    assert ask(client, inherit=1)["inherited"][0].keys() == known.keys()


@pytest.mark.parametrize("path", [GERMANY, "/v1/matrix", "/v1/parties/germany/positions"])
@pytest.mark.parametrize("value", ["", "2", "01", "true", "yes", " 1", "1,1"])
@pytest.mark.usefixtures("berlin")
def test_inherit_is_0_or_1(client, path, value):
    answer = client.get(path, query_string={"inherit": value})
    assert answer.status_code == 422
    assert answer.json["errors"][0]["field"] == "inherit"


@pytest.mark.usefixtures("berlin")
def test_links_keep_inherit_where_it_was_asked_for(client):
    answer = ask(client, as_of="2023-12-31", inherit=1)
    assert answer["links"]["self"].endswith("&inherit=1")
    again = client.get(answer["links"]["permalink"])
    assert again.json == answer
    assert "immutable" in again.headers["Cache-Control"]
    assert "inherit" not in answer["links"]["history"]
    assert client.get(answer["links"]["history"]).status_code == 200
    for asked in ({}, {"inherit": 0}):
        assert "inherit" not in str(ask(client, **asked)["links"])
    (one,) = ask(client, f"/v1/issues/{NATO}/positions", inherit=1, limit=1)["positions"]
    assert one["links"]["permalink"].endswith("&inherit=1")


@pytest.mark.usefixtures("berlin")
def test_a_list_goes_on_with_inherit_as_it_began(client):
    path = f"/v1/issues/{NATO}/positions"
    whole = ask(client, path, inherit=1)["positions"]
    first = ask(client, path, inherit=1, limit=3)
    rest = ask(client, path, cursor=first["next"])
    got = [(one["party"], one["inherited"]) for one in first["positions"] + rest["positions"]]
    assert got == [(one["party"], one["inherited"]) for one in whole]
    assert ask(client, path, inherit=1, cursor=first["next"])["positions"] == rest["positions"]
    other = client.get(path, query_string={"inherit": 0, "cursor": first["next"]})
    assert other.status_code == 422
    plain = ask(client, path, limit=3)["next"]
    assert client.get(path, query_string={"inherit": 1, "cursor": plain}).status_code == 422
    for same in ({}, {"inherit": 0}):
        (page,) = [ask(client, path, cursor=plain, limit=1, **same)["positions"]]
        assert "inherited" not in page[0]


# Ways


@pytest.fixture
def world(told):
    """Blocs, none of which has members yet, and an issue."""
    told(*(party(name) for name in ("eu", "e3", "west", "world", "france")), issue("nato"))


@pytest.mark.usefixtures("world")
def test_a_silent_bloc_speaks_through_its_own_blocs(client, told):
    told(member("france", "e3"), member("e3", "west"), member("west", "world"))
    told(says("r-1", "world", "oppose"))
    assert blocs_of(client) == [("world", "oppose", ["e3", "west"])]
    told(says("r-2", "west"))
    assert blocs_of(client) == [("west", "support", ["e3"])]
    told(says("r-3", "e3", "neutral"))
    assert blocs_of(client) == [("e3", "neutral", [])]
    told(retraction("r-2"), retraction("r-3"))
    assert blocs_of(client) == [("world", "oppose", ["e3", "west"])]


@pytest.mark.usefixtures("world")
def test_every_branch_has_its_say_and_a_bloc_but_one(client, told):
    told(member("france", "west", "e3", "eu"), member("e3", "world"), member("west", "world"))
    told(says("r-1", "world"), says("r-2", "eu", "oppose"))
    assert blocs_of(client) == [("eu", "oppose", []), ("world", "support", ["e3"])]


@pytest.mark.usefixtures("world")
def test_blocs_that_are_members_of_one_another_are_no_endless_way(client, told):
    told(member("france", "e3"), member("e3", "west", "france"), member("west", "e3", "france"))
    assert blocs_of(client) == []
    told(says("r-1", "west"))
    assert blocs_of(client) == [("west", "support", ["e3"])]


@pytest.mark.usefixtures("world")
def test_a_bloc_whose_offer_lapsed_or_that_is_undeclared_gives_nothing(client, told):
    told(member("france", "e3"), member("e3", "world"), says("r-1", "world"))
    assert blocs_of(client) == [("world", "support", ["e3"])]
    told(says("r-2", "e3", until="2020-01-31"))
    assert blocs_of(client, as_of="2020-01-31") == [("e3", "support", [])]
    assert blocs_of(client) == []
    told(says("r-3", "e3", "undeclared", "2020-02-01"))
    assert blocs_of(client) == []


@pytest.mark.usefixtures("world")
def test_a_party_whose_offer_lapsed_has_spoken_and_inherits_nothing(client, told):
    told(member("france", "eu"), says("r-1", "eu"), says("r-2", "france", until="2020-01-31"))
    answer = ask(client, "/v1/parties/france/positions/nato", as_of="2020-02-01", inherit=1)
    assert (answer["state"], answer["inherited"]) == ("lapsed", [])


@pytest.mark.usefixtures("world")
def test_a_membership_holds_from_the_first_to_the_last_instant_of_its_days(client, told):
    told(says("r-1", "eu"), member("france", ("eu", "2020-02-01", "2020-02-03")))
    for as_of, is_member in [
        ("2020-01-31T23:59:59.999999Z", False),
        ("2020-02-01T00:00:00Z", True),
        ("2020-02-03T23:59:59.999999Z", True),
        ("2020-02-04T00:00:00Z", False),
    ]:
        assert bool(blocs_of(client, as_of=as_of)) == is_member, as_of


@pytest.mark.usefixtures("world")
def test_memberships_are_those_known_then(client, told):
    told(says("r-1", "eu"), member("france", "eu"))
    then = ask(client, "/v1/parties/france/positions/nato", inherit=1)
    told(member("france", ("eu", None, "2019-12-31")))
    assert blocs_of(client) == []
    assert blocs_of(client, seq=then["seq"]) == [("eu", "support", [])]
    assert blocs_of(client, seq=then["seq"] - 1) == []
    assert client.get(then["links"]["permalink"]).json["inherited"] == then["inherited"]


@pytest.mark.usefixtures("world")
def test_the_floor_of_the_question_is_that_of_the_blocs(client, told):
    told(member("france", "eu"))
    told(says("r-1", "eu") | {"attribution": "media_report"})
    assert blocs_of(client) == []
    assert blocs_of(client, floor="media_report") == [("eu", "support", [])]


def test_a_bloc_is_asked_once_however_many_members_it_has(client, told):
    issues = [issue(f"i-{i}") for i in range(3)]
    told(party("eu"), *issues, says("r-1", "eu", issue_id="i-1"))
    counts = []
    for i in range(20):
        told(member(f"m-{i:02}", "eu"))
        if i in (0, 19):
            counts.append(statements_of(client, "/v1/matrix?inherit=1"))
    assert counts[0] == counts[1]
    assert len(ask(client, "/v1/matrix", inherit=1)["cells"]) == 21


def statements_of(client, path):
    """How many statements an answer takes."""
    seen = []
    engine = client.application.extensions["stancelog"].engine

    def count(_connection, _cursor, statement, *_):
        seen.append(statement)

    event.listen(engine, "before_cursor_execute", count)
    assert client.get(path).status_code == 200
    event.remove(engine, "before_cursor_execute", count)
    return len(seen)
