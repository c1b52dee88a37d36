"""The pages say what the API says, to everybody, and run nothing of what is recorded."""

import json
import random
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest

from service.app import create_app
from service.importing import Import
from service.pages import words
from tests.records import (
    correction,
    issue,
    meeting,
    party,
    position,
    post,
    retraction,
    statement,
    status,
)

BERLIN = Path(__file__).parents[2] / "examples" / "berlin.ndjson"

VIEWS = (
    "/",
    "/issues/nato",
    "/parties",
    "/parties/ukraine",
    "/parties/ukraine/positions/nato",
    "/parties/russia/positions/guarantees",
    "/matrix",
    "/matrix?party=ukraine,russia&issue=nato",
    "/diff",
    "/diff?clock=knowledge&from=2020-01-01&to=2020-03-01&party=&issue=nato",
    "/diff?from=2020-01-01&to=2020-03-01",
    "/reports/r-1",
    "/reports/m-1",
    "/embed/position?party=ukraine&issue=nato",
    "/embed/timeline?party=ukraine",
    "/embed/matrix?theme=dark",
)

OF_NOTHING = ("/", "/parties", "/matrix", "/diff", "/embed/matrix", "/embed/timeline")

CITED = re.compile(r'id="permalink" readonly value="http://localhost([^"]*)"')

EVIL = "<script>alert(1)</script></script><!--<img src=x onerror=alert(2)>\u202e\u2066 ' \" javascript:x"
LONG = EVIL + "x" * 10_000


class Page(HTMLParser):
    """What a browser makes of a page, roughly: its elements, and what it reads as."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.links, self.data, self.handlers, self.scripts = [], [], [], [], []
        self.feed(text)
        self.text = " ".join(" ".join(self.data).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.links += [value for name, value in attrs if name in ("href", "src", "action")]
        self.handlers += [name for name, _ in attrs if name.startswith("on")]

    def handle_data(self, data):
        inside = self.tags[-1] if self.cdata_elem else ""
        (self.scripts if inside == "script" else self.data).append(data)


@pytest.fixture
def look(client):
    """A function that gets a page as a browser does."""

    def get(address, status=200, **headers):
        answer = client.get(address, headers={"Accept": "text/html"} | headers)
        assert answer.status_code == status, address
        assert answer.mimetype == "text/html"
        return answer

    return get


@pytest.fixture
def world(scene, told):
    """A little of everything."""
    told(
        statement("r-1", positions=[position(conditions=["a ceasefire"], red_line=True)]),
        statement("r-2", positions=[position("oppose")]),
        statement("r-3", occurred="2020-03", positions=[position("neutral", until="2020-04-30")]),
        meeting("m-1", occurred="2019/..", statuses=[status("proposed", note="They met.")]),
        correction("r-2", "c-1", summary="They said otherwise."),
        retraction("r-3", "x-1"),
    )


def permalink(answer):
    (found,) = CITED.findall(answer.text)
    return found.replace("&amp;", "&")


def main_of(answer):
    return answer.text.partition("<main")[2].partition("</main>")[0]


@pytest.mark.usefixtures("world")
def test_every_view_is_a_page(look):
    for address in VIEWS:
        page = Page(look(address).text)
        assert page.tags.count("main") == 1, address
        assert "h1" in page.tags or address.startswith("/embed/"), address
        assert not page.handlers
        for link in page.links:
            assert not link.startswith(("http:", "//")), (address, link)


def test_every_view_of_an_empty_log_is_a_page(look):
    for address in OF_NOTHING:
        look(address)
    assert "Nothing is recorded yet" in look("/").text
    assert "No position on record" in look("/matrix").text


@pytest.mark.usefixtures("world")
def test_every_link_of_a_page_leads_somewhere(look, client):
    links = {link for address in VIEWS for link in Page(look(address).text).links}
    own = {link for link in links if link.startswith("/") and not link.startswith("/search")}
    assert len(own) > 40
    for link in own:
        answer = client.get(link, headers={"Accept": "text/html"})
        assert answer.status_code == 200, link
        answer.close()


@pytest.mark.usefixtures("world")
def test_a_cited_view_shows_the_same_for_ever(look, client):
    cited = {}
    for address in VIEWS:
        if not address.startswith(("/embed/", "/diff")):
            link = permalink(look(address))
            assert {"as_of", "seq", "floor"} <= {
                part.partition("=")[0] for part in urlsplit(link).query.split("&")
            }
            cited[link] = main_of(look(link))
    post(client, "r-9", "oppose", occurred="2020-05-01", summary="Something new.")
    client.post("/v1/reports/r-1/retraction", json={"reason": "other", "note": "No."})
    for link, before in cited.items():
        assert main_of(look(link)) == before, link
    assert "Something new." in look("/issues/nato").text


@pytest.mark.usefixtures("world")
def test_a_page_is_not_sent_again_while_nothing_is_recorded(look, client):
    for address in VIEWS:
        tag = look(address).headers["ETag"]
        again = client.get(address, headers={"Accept": "text/html", "If-None-Match": tag})
        assert again.status_code == 304, address
    post(client, "r-9")
    assert look("/issues/nato", **{"If-None-Match": tag})


@pytest.mark.usefixtures("world")
def test_what_is_not_there_is_a_page_with_suggestions(look):
    for address, meant in (
        ("/parties/ukrane", "/parties/ukraine"),
        ("/issues/natoo", "/issues/nato"),
        (
            "/parties/ukraine/positions/natoo?as_of=2020-03-01",
            "/parties/ukraine/positions/nato?as_of=2020-03-01",
        ),
        ("/embed/position?party=ukrane&issue=nato", "/embed/position?party=ukraine&issue=nato"),
    ):
        answer = look(address, 404)
        assert meant in Page(answer.text).links, address
        assert look(meant)
    look("/reports/nothing", 404)
    look("/nothing/at/all", 404)


@pytest.mark.usefixtures("world")
def test_what_cannot_be_asked_is_a_page_that_says_why(look):
    for query in (
        "as_of=2025",
        "as_of=yesterday",
        "known_at=2999-01-01",
        "seq=9999",
        "seq=1&known_at=2020-01-01",
        "floor=rumour",
    ):
        answer = look(f"/issues/nato?{query}", 422)
        assert query.partition("=")[0] in main_of(answer), query
    look("/embed/position?party=ukraine", 422)
    look("/embed/matrix?theme=pink", 422)
    look("/matrix?party=nobody", 404)


@pytest.mark.usefixtures("world")
def test_what_others_add_to_a_link_changes_nothing(look):
    added = "utm_source=x&utm_medium=y&fbclid=z"
    plain = look("/issues/nato?as_of=2020-02-15")
    marked = look(f"/issues/nato?as_of=2020-02-15&{added}")
    assert main_of(marked) == main_of(plain)
    assert permalink(marked) == permalink(plain)
    assert "utm_" not in marked.text.partition("<body")[2]


@pytest.mark.usefixtures("world")
def test_empty_fields_of_a_form_are_not_asked_for(look):
    empty = "as_of=&known_at=&seq=&floor=&status_floor=&party=&issue="
    for address in ("/", "/issues/nato", "/matrix", "/diff", "/embed/matrix"):
        assert main_of(look(f"{address}?{empty}")) == main_of(look(address)), address


@pytest.mark.usefixtures("world")
def test_the_api_answers_browsers_in_json_too(client):
    for path in ("/v1/issues/nato", "/v1/issues/natoo", "/v1/nothing", "/v1/matrix?as_of=x"):
        answer = client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
        assert answer.mimetype in ("application/json", "application/problem+json"), path
    program = client.get("/issues/natoo")
    assert (program.status_code, program.mimetype) == (404, "application/problem+json")


@pytest.mark.usefixtures("world")
def test_a_page_loads_nothing_foreign_and_only_embeds_are_framed(look):
    for address, status_code in [(one, 200) for one in VIEWS] + [("/issues/natoo", 404)]:
        policy = look(address, status_code).headers["Content-Security-Policy"]
        rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
        assert (rules["default-src"], rules["script-src"]) == ("'none'", "'self'"), address
        assert "unsafe" not in policy
        framed = "*" if address.startswith("/embed/") else "'self'"
        assert rules["frame-ancestors"] == framed, address


@pytest.mark.usefixtures("world")
def test_comparing_begins_with_the_newest_change(look):
    said = Page(look("/diff").text).text
    assert "Nothing differs" not in said
    assert "Between 31 January 2020" in said


# Hostile text


@pytest.fixture
def hostile(told):
    """Text that is out for trouble, in every field."""
    sources = [
        {"publisher": EVIL, "url": "https://example.org/a'b\"c<d>", "title": EVIL, "language": "ar"}
    ]
    told(
        party("ukraine", name=EVIL, aliases=[LONG[:200]]),
        party("eu", name=f"E {EVIL}", kind="bloc"),
        issue("nato", title=EVIL, proposition=LONG, tags=["<b>"]),
        issue("next", title=EVIL, proposition=EVIL, supersedes="nato"),
        statement(
            "r-1",
            summary=LONG,
            quote=EVIL,
            venue=EVIL,
            attribution_phrase=EVIL,
            speaker={"name": EVIL, "role": EVIL},
            positions=[position(conditions=[EVIL], summary=EVIL), position("neutral", "next")],
            statuses=[status("proposed", note=EVIL)],
            sources=sources,
            utterance=EVIL[:100],
            tags=["<script>"],
        ),
        statement(
            "r-2", summary=EVIL, positions=[position("oppose", summary=EVIL)], sources=sources
        ),
        meeting(
            "m-1",
            place=EVIL,
            agenda=[EVIL],
            participants=[
                {"party": "ukraine", "representatives": [{"name": EVIL, "role": EVIL}]},
                {"party": "eu"},
            ],
            summary=EVIL,
            sources=sources,
        ),
        correction("r-2", "c-1", summary=LONG),
        {"type": "retraction", "id": "x-1", "report": "m-1", "reason": "other", "note": EVIL},
    )


OF_HOSTILE = (
    *(one for one in VIEWS if "russia" not in one and "guarantees" not in one),
    "/issues/next",
    "/reports/r-2",
    "/embed/position?party=ukraine&issue=next",
    "/embed/timeline?issue=nato&party=ukraine",
)


@pytest.mark.usefixtures("hostile")
def test_hostile_text_is_text_on_every_page(look):
    for address in OF_HOSTILE:
        text = look(address).text
        page = Page(text)
        assert "img" not in page.tags, address
        assert not page.handlers, address
        for script in page.scripts:
            json.loads(script)  # the only scripts in a page are its data
        assert not [link for link in page.links if link.lower().startswith("javascript:")]
        assert "<script>alert" not in text, address
    assert "<script>alert(1)</script>" in Page(look("/reports/r-1").text).text
    assert "x" * 10_000 in look("/reports/r-1").text


@pytest.mark.usefixtures("hostile")
def test_hostile_text_is_text_in_the_data_of_a_page(look):
    for address, field in (
        ("/parties/ukraine", "name"),
        ("/issues/nato", "name"),
        ("/reports/r-1", "text"),
        ("/reports/m-1", "name"),
    ):
        (script,) = Page(look(address).text).scripts
        data = json.loads(script)
        assert data["@context"] == "https://schema.org"
        assert data[field] == EVIL, address


@pytest.mark.usefixtures("hostile")
def test_a_question_is_shown_as_text_too(look):
    for address in (
        f"/parties/{quote(EVIL, safe='')}",
        f"/issues/nato?as_of={quote(EVIL)}",
        f"/matrix?party={quote(EVIL)}",
        f"/embed/matrix?theme={quote(EVIL)}",
    ):
        answer = look(address, 404 if "theme" not in address and "as_of" not in address else 422)
        assert not {"img", "script"} & set(Page(main_of(answer)).tags), address
    answer = look(f"/issues/nato?x={quote(EVIL)}&as_of=2020-02-01")
    assert "<script>alert" not in answer.text


@pytest.mark.usefixtures("hostile")
def test_text_that_turns_direction_stays_within_its_place(look):
    """What comes after it reads from left to right again."""
    for address in OF_HOSTILE:
        body = look(address).text.partition("<body")[2]
        body = re.sub(
            r"<option.*?</option>|<ins.*?</ins>|<del.*?</del>|title=\"[^\"]*\"",
            "",
            body,
            flags=re.DOTALL,
        )
        for found in re.finditer("\u202e", body):
            before = body[: found.start()]
            opened = re.findall(r"<(?:bdi>|[a-z0-9]+[^<>]*dir=\"auto\"[^<>]*>)[^<]*$", before)
            is_value = re.search(r"=\"[^\"<>]*$", before)
            assert opened or is_value, (address, before[-150:])


# No page says more than the answer


@pytest.fixture(scope="module")
def berlin(tmp_path_factory):
    """A client of the bundled example."""
    app = create_app(f"sqlite:///{tmp_path_factory.mktemp('berlin') / 'berlin.db'}")
    store = app.extensions["stancelog"]
    with BERLIN.open("rb") as file:
        Import(store, keep_recorded_at=True).file("berlin.ndjson", file)
    yield app.test_client()
    store.close()


STANCE = re.compile(r'<h1 class="answered"><span class="stance stance-([a-z_]+)( contested)?">')
CELL = re.compile(
    r'<tr>\s*<th scope="row"><a href="/parties/([a-z0-9-]+)/positions/[^>]*>[^<]*</a></th>\s*<td data-label="Position"><span class="stance stance-([a-z_]+)( contested)?">'
)


def questions(count):
    chosen = random.Random(7)
    days = ["2008-04-03", "2021-12-31", "2022-03-25", "2023-07-11", "2025-11-30", "2026-03-01"]
    days += [f"2025-12-{day}" for day in range(10, 31)]
    for _ in range(count):
        yield f"as_of={chosen.choice(days)}&seq={chosen.randint(20, 134)}" + chosen.choice(
            ["", "", "&floor=unattributed", "&floor=on_record"]
        )


def test_a_page_never_says_more_than_the_answer(berlin):
    chosen = random.Random(3)
    parties = [one["id"] for one in berlin.get("/v1/parties?limit=100").json["parties"]]
    issues = [one["id"] for one in berlin.get("/v1/issues?limit=100").json["issues"]]
    seen = set()
    for query in questions(60):
        who, what = chosen.choice(parties), chosen.choice(issues)
        path = f"/parties/{who}/positions/{what}?{query}"
        answer = berlin.get(f"/v1{path}")
        page = berlin.get(path, headers={"Accept": "text/html"})
        assert page.status_code == answer.status_code, path
        if answer.status_code == 404:  # not known then
            continue
        told = answer.json
        ((key, contested),) = STANCE.findall(page.text)
        assert key == (told["position"] or told["state"]), path
        assert bool(contested) == told["contested"], path
        assert words.stance(told["state"], told["position"]) in page.text
        seen.add(key)
    assert {"unreported", "support"} <= seen


def test_a_table_never_says_more_than_the_answer(berlin):
    issues = [one["id"] for one in berlin.get("/v1/issues?limit=100").json["issues"]]
    for query, what in zip(questions(30), issues * 2, strict=False):
        answer = berlin.get(f"/v1/issues/{what}/positions?{query}&limit=100")
        page = berlin.get(f"/issues/{what}?{query}", headers={"Accept": "text/html"})
        assert page.status_code == 200, what
        shown = {who: (key, bool(contested)) for who, key, contested in CELL.findall(page.text)}
        told = {
            one["party"]: (one["position"] or one["state"], one["contested"])
            for one in answer.json["positions"]
            if one["state"] != "unreported"
        }
        assert {who: said for who, said in shown.items() if said[0] != "unreported"} == told, (
            what,
            query,
        )


BACK = re.compile(r'id="step-back" href="[^"]*as_of=([0-9-]+)')
ON = re.compile(r'id="step-on" href="[^"]*as_of=([0-9-]+)')


@pytest.mark.parametrize(
    ("path", "subject"),
    [
        (
            "/parties/ukraine/positions/ukraine-nato-membership",
            "party=ukraine&issue=ukraine-nato-membership",
        ),
        ("/issues/ukraine-nato-membership", "issue=ukraine-nato-membership"),
        ("/parties/ukraine", "party=ukraine"),
        ("/", ""),
    ],
)
def test_the_arrows_stop_at_every_change(berlin, path, subject):
    told = berlin.get(f"/v1/changes?{subject}&limit=500&to=2026-06-01").json["changes"]
    days = sorted({change["at"][:10] for change in told})
    assert len(days) > 3

    def walk(day, arrow):
        while True:
            page = berlin.get(f"{path}?as_of={day}", headers={"Accept": "text/html"})
            found = arrow.findall(page.text)
            if not found:
                return
            (day,) = found
            yield day

    assert [*walk("2026-06-01", BACK)] == days[::-1]
    assert [*walk("1900-01-01", ON)] == days
