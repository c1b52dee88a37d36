"""Search over reports: words, filters, and how many there are of what."""

from urllib.parse import parse_qs, urlsplit

import pytest

from projections import search
from projections.rebuild import rebuild
from projections.verify import differences
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
)

HOSTILE = [
    '"',
    '""',
    "'",
    "*",
    "a*",
    "NEAR(",
    "NEAR(a b, 2)",
    "a OR",
    "AND",
    "NOT a",
    "words : a",
    "-",
    "--",
    '-"',
    "- - -",
    "^a",
    "{a b}: c",
    "(((",
    "a & | ! <-> :*",
    "\\",
    "\\' '",
    "%",
    "_",
    "\t",
    "\ufffd",
    "\U0001f54a",
    "\u0301",
    "\u202e",
    "peace " * 160,
    '"' * 999,
    " ".join(f"w{n}" for n in range(200)),
    " ".join(f"-w{n}" for n in range(160)),
    "和" * 900,
    "x" * 1000,
]


@pytest.fixture(autouse=True)
def _desk(told):
    told(
        party("ukraine", name="Republic of Ukraine", aliases=["Kyiv"]),
        party("russia"),
        party("germany"),
        issue("nato", title="NATO membership"),
        issue("guarantees", title="Security guarantees"),
        statement(
            "s-1",
            occurred="2022-03-29",
            summary="Neutrality, in return for security guarantees like Article 5.",
            quote="“Без гарантій немає миру”, said Président Macron",
            speaker={"name": "Mykhailo Podolyak", "role": "Adviser"},
            venue="İstanbul",
            attribution_phrase="a source close to the talks",
            positions=[position("conditional_oppose", conditions=["binding assurances"])],
            sources=[{"publisher": "Reuters", "title": "Talks in Turkey"}],
        ),
        statement(
            "s-2",
            occurred="2025-12-30/2026-01-02",
            parties=["russia"],
            summary="No guarantee of security was given.",
            statuses=[status("negotiating", "guarantees", note="Envoys shuttle")],
            sources=[{"publisher": "TASS"}, {"publisher": "REUTERS"}],
        ),
        meeting(
            "m-1",
            occurred="2025-12-14",
            place="Berlin",
            participants=[
                {"party": "germany", "representatives": [{"name": "Günter Sautter"}]},
                {"party": "ukraine"},
            ],
            agenda=["Security guarantees"],
            summary="Delegations met; peace was near.",
            tags=["peace-talks"],
            sources=[{"publisher": "Deutsche Welle"}],
        ),
    )


@pytest.fixture
def ask(client):
    def one(q=None, path="/v1/search", **query):
        query |= {} if q is None else {"q": q}
        answer = client.get(path, query_string={k.rstrip("_"): v for k, v in query.items()})
        assert answer.status_code == 200, answer.json
        return answer.json

    return one


@pytest.fixture
def ids(ask):
    def of(q=None, **query):
        return [report["id"] for report in ask(q, **query)["reports"]]

    return of


def test_every_text_of_a_report_is_searched(ids):
    for words in (
        *(
            "neutrality",
            "гарантій",
            "podolyak",
            "adviser",
            "istanbul",
            "source close",
            "assurances",
        ),
        *("reuters turkey", "macron president", "talks in turkey"),
    ):
        assert ids(words) == ["s-1"] or ids(words) == ["s-1", "s-2"], words
    assert ids("sautter") == ids("berlin") == ids("welle") == ids("gunter") == ["m-1"]
    assert ids("shuttle") == ["s-2"]
    assert ids("germany") == ["m-1"]
    assert ids("nato") == ["s-1"]


def test_words_are_whole_but_the_last_may_go_on(ids):
    assert ids("security guarantee") == ["s-1", "m-1", "s-2"]
    assert ids("guarantee security") == ["s-2"]
    assert ids("guar") == ["s-1", "m-1", "s-2"]
    assert ids("uarantees") == []
    assert ids("SÉCURITY Ğuarantees") == ["s-1", "m-1", "s-2"]


def test_words_in_quotation_marks_stand_side_by_side(ids):
    assert ids('"security guarantees"') == ["s-1", "m-1"]
    assert ids("“guarantees security”") == []
    assert ids('"return for security"') == ["s-1"]
    assert ids('"security guarantee"') == [], "the last of them is whole too"
    assert ids("peace-tal") == ids('"peace talks"') == ["m-1"]
    assert ids("berlin security") == ["m-1"]
    assert ids('"berlin security"') == [], "they are of two fields"


def test_a_word_after_a_minus_excludes(ids):
    assert ids("security -neutrality") == ["m-1", "s-2"]
    assert ids('security -"security guarantees"') == ["s-2"]
    assert ids("-reuters") == ["m-1"]
    assert ids("-security -peace") == []


def test_without_words_everything_is_found_that_the_filters_ask_for(ids, client):
    assert ids() == ids("") == ids("  ") == ["s-1", "m-1", "s-2"]
    assert ids(party="kyiv") == ["s-1", "m-1"]
    assert ids(issue="guarantees") == ["s-2"]
    assert ids(type="meeting") == ["m-1"]
    assert ids(source="reuters") == ["s-1", "s-2"]
    assert ids(year=2025) == ["m-1", "s-2"]
    assert ids(year=2026) == ids(from_="2026") == ["s-2"]
    assert ids(to="2023") == ["s-1"]
    assert ids(source="nobody") == ids(year=1) == []
    assert client.get("/v1/search?party=kyif").json["did_you_mean"] == ["ukraine"]


@pytest.mark.parametrize("query", ["year=0", "year=20x", "type=x", "sourse=x", "q=a&q=b", "from=x"])
def test_parameters_are_strict(client, query):
    assert client.get(f"/v1/search?{query}").status_code == 422


@pytest.mark.parametrize("path", ["/v1/search", "/v1/reports"])
def test_whatever_is_asked_is_plain_text(client, path):
    for q in HOSTILE:
        answer = client.get(path, query_string={"q": q})
        assert answer.status_code == 200, (q, answer.json)
    assert client.get(f"{path}?q=%ed%a0%80%ff").status_code == 200
    assert client.get(f"{path}?q=a%00b").status_code == 422
    assert client.get(path, query_string={"q": "a" * 10_000}).status_code == 422


def test_a_very_long_report_is_searched_as_far_as_there_is_room(told, ids):
    many = [f"{n:x}{'я' * 80}" for n in range(6000)]
    told(
        statement("long", summary="Very long.", quote="the " * 4000, tags=["x" * 900, *many]),
        statement("odd", summary="' \\ : & | ! ( ) <-> \u2028 “«€»” '' \\\\ x:1A"),
    )
    assert ids("very long") == ["long"]
    assert ids("x" * 900) == ["long"]
    assert ids("x 1a") == ["odd"]
    assert ids("€") == ["odd"]


def test_the_list_of_reports_finds_parts_of_words_too(ids):
    path = "/v1/reports"
    assert ids("uarantee", path=path) == ["s-1", "m-1", "s-2"]
    assert ids("uarantee curi", path=path, year=2025) == ["m-1", "s-2"]
    assert ids('"uarantee"', path=path) == []
    assert ids("security -neutrality", path=path, source="tass") == ["s-2"]
    assert ids("tanbul kraine", path=path) == ["s-1"]
    assert ids("", path=path) == ["s-1", "m-1", "s-2"]


@pytest.mark.parametrize("path", ["/v1/search", "/v1/reports"])
def test_pages_are_one_list(ask, told, path):
    seen, cursor = [], {}
    while True:
        page = ask("security", path=path, year=2025, limit=1, **cursor)
        seen += [report["id"] for report in page["reports"]]
        if path == "/v1/search":
            assert page["total"] == 2
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
        told(statement(occurred="2025-12-31", summary="More security."))
    assert seen == ["m-1", "s-2"]


def test_what_is_found_is_what_was_known(ask, ids, told):
    (recorded,) = told(correction("s-1", summary="Neutrality, for a treaty."))
    at = recorded["seq"]
    assert ids("treaty") == ["s-1"]
    assert ids("article") == ids("treaty", seq=at - 1) == []
    assert ids("article", seq=at - 1) == ["s-1"]
    told(retraction("s-1", "x-1"))
    assert ids("treaty") == []
    assert ids("treaty", seq=at) == ids("treaty", seq=at, path="/v1/reports") == ["s-1"]
    pinned = ask("treaty", seq=at)
    told(reinstatement("s-1", "y-1"))
    assert ids("treaty") == ["s-1"]
    again = ask(
        **{k: v[0] for k, v in parse_qs(urlsplit(pinned["links"]["permalink"]).query).items()}
    )
    assert (again["reports"], again["facets"]) == (pinned["reports"], pinned["facets"])
    assert ids(seq=0) == []


def test_a_passage_shows_what_was_found(ask):
    (report,) = ask('"SECURITY guarantees" -berlin')["reports"]
    assert report["matched"] == [
        {"text": "Neutrality, in return for ", "is_match": False},
        {"text": "security guarantees", "is_match": True},
        {"text": " like Article 5.", "is_match": False},
    ]
    (report,) = ask("gunt")["reports"]
    assert report["matched"] == [
        {"text": "Günter", "is_match": True},
        {"text": " Sautter", "is_match": False},
    ]
    assert ask(type="meeting")["reports"][0]["matched"] == [
        {"text": "Delegations met; peace was near.", "is_match": False}
    ]


def test_a_passage_of_a_long_text_is_short(ask, told):
    told(statement("long", summary="Much was said. " * 300 + "<b>Needle</b> " + "And more. " * 300))
    (report,) = ask("needle")["reports"]
    text = "".join(piece["text"] for piece in report["matched"])
    assert len(text) < 300
    assert text.startswith("…")
    assert text.endswith("…")
    assert {"text": "Needle", "is_match": True} in report["matched"]


def test_facets_count_all_that_was_found_and_lead_on(ask, client):
    answer = ask("security", limit=1)
    assert answer["total"] == 3
    told = {
        name: [(one["value"], one["name"], one["count"]) for one in values]
        for name, values in answer["facets"].items()
    }
    assert told == {
        "party": [
            ("ukraine", "Republic of Ukraine", 2),
            ("germany", "Germany", 1),
            ("russia", "Russia", 1),
        ],
        "issue": [("guarantees", "Security guarantees", 1), ("nato", "NATO membership", 1)],
        "type": [("statement", "statement", 2), ("meeting", "meeting", 1)],
        "source": [
            ("REUTERS", "REUTERS", 2),
            ("Deutsche Welle", "Deutsche Welle", 1),
            ("TASS", "TASS", 1),
        ],
        "year": [("2025", "2025", 2), ("2022", "2022", 1), ("2026", "2026", 1)],
    }
    for name, values in answer["facets"].items():
        for one in values:
            narrowed = client.get(one["link"]).json
            assert narrowed["total"] == one["count"], (name, one)
            (chosen,) = [two for two in narrowed["facets"][name] if two["is_chosen"]]
            assert chosen["value"] == one["value"]
            assert client.get(chosen["link"]).json["total"] == answer["total"]
            assert narrowed["facets"][name] == [
                one | {"is_chosen": one["value"] == chosen["value"], "link": other["link"]}
                for one, other in zip(values, narrowed["facets"][name], strict=True)
            ], "what is chosen of a facet does not narrow the facet itself"


def test_a_facet_is_short_and_shows_what_is_chosen(ask, told):
    told(*(party(f"p-{n:02}") for n in range(30)))
    told(*(statement(parties=[f"p-{n:02}"], occurred="1999") for n in range(30)))
    every = ask(year=1999)
    assert [one["value"] for one in every["facets"]["party"]] == [f"p-{n:02}" for n in range(20)]
    chosen = ask(year=1999, party="p-25")["facets"]["party"]
    assert [one["value"] for one in chosen[-2:]] == ["p-18", "p-25"]
    assert chosen[-1]["is_chosen"]
    nothing = ask(year=1998, party="p-25", source="Nobody")
    assert nothing["total"] == 0
    assert [one["count"] for one in nothing["facets"]["source"]] == [0]


def test_links_of_what_was_known_stay_there(ask, told, client):
    before = ask("security")["seq"]
    told(statement("s-3", summary="Security again."))
    for link in (one["link"] for one in ask("security", seq=before)["facets"]["type"]):
        assert client.get(link).json["seq"] == before


def test_a_search_survives_a_rebuild(ask, client):
    store = client.application.extensions["stancelog"]
    before = ask('"security guarantees"')
    for models in ([search], None):
        rebuild(store.engine, store.timeline, *([models] if models else []))
        assert list(differences(store.engine, store.timeline)) == []
        after = ask('"security guarantees"')
        assert {**after, "as_of": None} == {**before, "as_of": None}
