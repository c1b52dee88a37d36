"""What is sent is data: no query, no template, no header and no path is made of it."""

from html import unescape
from urllib.parse import quote

import pytest
from hypothesis import settings

from service.description import document
from service.schemas.fields import LONGEST_NAME
from tests.fuzz.conftest import Served
from tests.http.access import proof, token_for
from tests.records import position, statement

SQL = (
    "'",
    "''",
    '"',
    "\\'",
    "' OR '1'='1",
    "ukraine' OR 1=1 --",
    "ukraine'/**/OR/**/1=1#",
    "x'; DROP TABLE report; --",
    "x'); DELETE FROM positions WHERE ('1'='1",
    "1 UNION SELECT name, sql FROM sqlite_master",
    "' UNION SELECT NULL, usename, passwd FROM pg_shadow --",
    "'||(SELECT version())||'",
    "1; SELECT pg_sleep(9)",
    "$$; COPY (SELECT 1) TO PROGRAM 'id'; $$",
    "E'\\x27; SELECT 1'",
    "ukraine\\",
    "%",
    "_",
    "u%e",
    "ukrain_",
    "%s %(name)s :name ? $1 @p {0}",
)
SEARCHES = (
    "* OR nato",
    "nato*",
    "^nato",
    "summary:nato",
    "{summary quote}: nato",
    "NEAR(nato eu, 5)",
    "nato AND NOT eu",
    '"unclosed',
    '""',
    "nato & !eu | (ukraine <-> russia)",
    "nato:*",
    "!!(((",
    "-",
    '-"',
    "\\'nato\\'",
)
TEMPLATES = (
    "{{7919*104729}}",
    "{% for x in ().__class__.__base__.__subclasses__() %}{{x}}{% endfor %}",
    "{{config.items()}}",
    "{#",
    "${7919*104729}",
    "#{7919*104729}",
    "<%= 7919*104729 %>",
    "{0.__class__.__init__.__globals__}",
    "%(7919*104729)s %n%n%x",
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "]]><!--<x>-->&amp;&#x27;",
    '=HYPERLINK("http://x")',
)
PATHS = (
    "../../../../etc/passwd",
    "..%2f..%2fetc%2fpasswd",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "//evil.example",
    "//[evil",
    "http://[::1",
    "file:///etc/passwd",
    "ukraine/../russia",
    ".",
    "..",
)
CONTROLS = (
    "x\r\nSet-Cookie: stolen=1",
    "x\r\n\r\n<html>",
    "x\nX-Injected: 1",
    "%0d%0aX-Injected: 1",
    "nul\0ukraine",
    "\u202eeniarku",
    "ukra\u200bine",
    "uk\u0440aine",
    "\uff07 OR \uff11=\uff11",
    "\u2028x\u0085y",
    "\ufeffukraine",
    "I\u0307\u0130\u0131\ufb01",
    "\U000e0075\U0010ffff",
    "a\u0301" * 40,
    "\ud800",
)
PAYLOADS = SQL + SEARCHES + TEMPLATES + PATHS + CONTROLS
SENDABLE = [one for one in PAYLOADS if one.isascii() or "\ud800" not in one]
TEXTS = [one for one in SENDABLE if "\0" not in one and one.strip()]

OPERATIONS = {
    (method, path): {
        one["name"]: one["in"]
        for one in (*operations.get("parameters", ()), *operation.get("parameters", ()))
        if "name" in one
    }
    for path, operations in document()["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
}
KNOWN = {"party": "ukraine", "issue": "ukraine-nato-membership", "report": "seed-049"}
REFUSED = (404, 405, 422)


def some(rows, most):
    """At most so many of them, evenly chosen; in `make fuzz` five times as many."""
    most *= 5 if settings.default.max_examples > 100 else 1
    return rows[:: 1 + (len(rows) - 1) // most]


def address(path, name=None, value=""):
    """A path with names in it that are there, and one that may not be."""
    for key, good in KNOWN.items():
        path = path.replace(f"{{{key}}}", quote(value, safe="") if key == name else good)
    return path


def is_harmless(answer, payload):
    """Nothing of a payload was made out, and none of it went into a header."""
    is_format = answer.status_code == 501 and answer.request.path == "/oembed"  # as it has it
    assert answer.status_code < 500 or is_format, (answer.request.path, answer.text)
    assert "X-Injected" not in answer.headers
    assert "stolen" not in answer.headers.get("Set-Cookie", "")
    assert "829348951" not in answer.text.replace(payload, "")
    assert "root:" not in answer.text


@pytest.fixture
def unchanged(served):
    """The log is after the test what it was before."""
    before = served.root()
    yield
    assert served.root() == before


@pytest.mark.usefixtures("unchanged")
def test_no_payload_names_anything_in_a_path(served):
    client = served.app.test_client()
    rows = [
        (method, path, name, payload)
        for payload in SENDABLE
        for (method, path), parameters in OPERATIONS.items()
        for name, place in parameters.items()
        if place == "path"
    ]
    for method, path, name, payload in some(rows, 300):
        body = None if method == "get" else {"reason": "other", "note": "n"}
        with client.open(address(path, name, payload), method=method.upper(), json=body) as answer:
            is_harmless(answer, payload)
            # '.', '..' and what has a slash in it are other paths
            assert answer.status_code in (*REFUSED, 308) or "/" in payload, (path, payload)
            assert "ukraine" not in answer.headers.get("ETag", "")


@pytest.mark.usefixtures("unchanged")
def test_no_payload_means_anything_in_a_query(served):
    client = served.app.test_client()
    rows = [
        (path, name, payload)
        for payload in SENDABLE
        for (method, path), parameters in OPERATIONS.items()
        for name, place in parameters.items()
        if place == "query" and method == "get"
    ]
    free = {"q", "source", "_"}  # text of any kind is sought as it is
    for path, name, payload in some(rows, 400):
        with client.get(address(path), query_string={name: payload}) as answer:
            is_harmless(answer, payload)
            expected = (200, 422) if name in free else REFUSED
            assert answer.status_code in expected or not payload.strip(",. "), (path, name, payload)
            if name == "source" and answer.status_code == 200 and answer.is_json:
                assert answer.json["reports"] == [], payload


def test_a_search_finds_what_has_its_words_and_nothing_else(served):
    client = served.app.test_client()
    for payload in (*SEARCHES, *SQL):
        answer = client.get("/v1/search", query_string={"q": payload, "limit": 1000})
        if not payload.strip(' -"') or answer.status_code != 200:
            assert answer.status_code in (200, 422)
            continue
        words = [word for word in payload.split() if word.isalpha() and not word.startswith("-")]
        for report in answer.json["reports"]:
            text = str(client.get(f"/v1/reports/{report['id']}").json).lower()
            for word in words[:-1]:
                assert word.lower() in text, (payload, report["id"])


def test_text_comes_back_as_it_was_sent_and_is_shown_as_text(served):
    client = served.app.test_client()
    size, _ = served.root()
    sent = some(TEXTS, 15)
    for number, payload in enumerate(sent):
        name = f"text-{number}"
        record = statement(
            name,
            summary=payload,
            quote=payload,
            venue=payload,
            speaker={"name": payload, "role": payload},
            attribution_phrase=payload,
            positions=[position("support", KNOWN["issue"], conditions=[payload], summary=payload)],
            statuses=[{"issue": KNOWN["issue"], "status": "proposed", "note": payload}],
            sources=[{"publisher": payload, "title": payload, "language": payload}],
            utterance=payload,
            tags=[payload],
        )
        assert client.post("/v1/reports", json=record).status_code == 201, payload
        kept = client.get(f"/v1/reports/{name}").json
        for key in ("summary", "quote", "venue", "speaker", "attribution_phrase", "utterance"):
            assert kept[key] == record[key], (key, payload)
        assert kept["tags"] == [payload]
        assert kept["sources"][0]["title"] == kept["sources"][0]["publisher"] == payload
        assert kept["positions"][0]["conditions"] == [payload]
        page = client.get(f"/reports/{name}", headers={"Accept": "text/html"})
        assert page.status_code == 200
        is_harmless(page, payload)
        assert " ".join(payload.split()) in " ".join(unescape(page.text).split()), payload
        assert "<script>alert" not in page.text
        assert "<img src=x" not in page.text
    assert served.root()[0] == size + len(sent)
    for path in ("/feeds/all.atom", "/feeds/all.json", "/widgets/vis.json", "/v1/reports.csv"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert "<script>alert" not in answer.text or "json" in answer.mimetype or ".csv" in path
    assert client.get("/v1/reports/text-0").json["summary"] == sent[0]


def test_nul_and_lone_surrogates_are_refused_wherever_text_is_taken(served, unchanged):
    client = served.app.test_client()
    for raw in (b'"nul\\u0000"', b'"\\ud800"', b'"\xff"'):
        for key in (b"summary", b"quote", b"venue", b"id", b"occurred", b"utterance"):
            body = b'{"type":"statement","parties":["ukraine"],"attribution":"on_record",'
            body += b'"sources":[{"publisher":"A"}],' + key + b":".join((b"", raw)) + b"}"
            body = body.replace(key + b":", b'"' + key + b'":')
            assert client.post("/v1/reports", data=body).status_code == 422, (key, raw)


def test_a_form_records_text_as_it_was_typed(served):
    client = served.app.test_client()
    size, _ = served.root()
    typed = some(TEXTS, 10)
    for payload in typed:
        form = {
            "occurred": "2025-12-14",
            "parties.0": "ukraine",
            "summary": payload,
            "attribution": "on_record",
            "sources.0.publisher": payload,
            "csrf": proof(client),
        }
        answer = client.post("/record/statement", data=form)
        assert answer.status_code == 303, (payload, answer.text)
        assert "\n" not in answer.location
        kept = client.get("/v1" + answer.location.partition("?")[0]).json
        # a browser sends its line breaks as CR LF, and what is blank at the ends means nothing
        assert " ".join(kept["summary"].split()) == " ".join(payload.split())
    assert served.root()[0] == size + len(typed)


ASKED = (
    "q",
    "party",
    "issue",
    "as_of",
    "known_at",
    "seq",
    "floor",
    "from",
    "to",
    "cursor",
    "inherit",
)
ASKED += (
    "type",
    "kind",
    "source",
    "year",
    "url",
    "format",
    "maxwidth",
    "maxheight",
    "next",
    "show",
)


@pytest.mark.usefixtures("unchanged")
def test_no_payload_means_anything_to_a_page(served):
    client = served.app.test_client()
    pages = [
        (rule.rule.replace("<", "{").replace(">", "}"), sorted(rule.arguments))
        for rule in served.app.url_map.iter_rules()
        if rule.endpoint.startswith("pages.") and "GET" in rule.methods
    ]
    assert len(pages) > 15
    rows = [
        (path, name, payload)
        for payload in SENDABLE
        for path, named in pages
        for name in (*named, *ASKED)
    ]
    for path, name, payload in some(rows, 120):
        asked = {} if f"{{{name}}}" in path else {name: payload}
        people = {"Accept": "text/html"}
        with client.get(address(path, name, payload), query_string=asked, headers=people) as answer:
            is_harmless(answer, payload)
            if answer.mimetype == "text/html":
                assert "<script>alert" not in answer.text
                assert "<img src=x" not in answer.text


@pytest.mark.usefixtures("unchanged")
def test_a_payload_in_a_form_or_a_sign_in_leads_nowhere(served):
    client = served.app.test_client()
    for payload in some(SENDABLE, 10):
        for name in ("occurred", "parties.0", "attribution", "sources.0.url", "csrf", "id"):
            form = {"summary": "S.", "attribution": "on_record", "csrf": proof(client)}
            answer = client.post("/record/statement", data=form | {name: payload})
            is_harmless(answer, payload)
            assert answer.status_code in (403, 422, 409), (name, payload)
        sent = {"next": payload, "csrf": proof(client), "token": payload}
        assert client.post("/sign-in", data=sent).status_code == 403
        is_harmless(client.get("/sign-in", query_string={"next": payload}), payload)


def test_who_signs_in_is_led_to_no_other_site(copies):
    served = Served.at(copies())
    client = served.app.test_client()
    token = token_for(client, "write")
    for payload in (
        *PATHS,
        *CONTROLS[:5],
        *TEMPLATES,
        "/\\evil.example",
        "/\t/evil.example",
        "///evil",
    ):
        sent = {"next": payload, "csrf": proof(client), "token": token}
        answer = client.post("/sign-in", data=sent)
        assert answer.status_code == 303, payload
        assert answer.location.startswith("/"), payload
        assert not answer.location.startswith(("//", "/\\")), payload
        assert "X-Injected" not in answer.headers
    served.store.close()


@pytest.mark.usefixtures("unchanged")
def test_a_payload_is_no_token_no_validator_and_no_host(served):
    client = served.app.test_client()
    plain = [one for one in SENDABLE if not {"\r", "\n", "\0"} & set(one)]
    for payload in some(plain, 5):
        text = payload.encode().decode("latin-1")
        bearer = {"Authorization": f"Bearer {text}"}
        assert client.get("/v1/matrix", headers=bearer).status_code == 401
        assert client.get("/feeds/all.atom", query_string={"token": payload}).status_code == 401
        for name in ("If-Match", "If-None-Match", "Accept-Datetime", "Host", "Accept", "Cookie"):
            for path in ("/v1/parties/ukraine", "/", "/v1/matrix", "/feeds/all.atom"):
                with client.get(path, headers={name: text}) as answer:
                    is_harmless(answer, payload)
        for name in ("Host", "Origin", "Referer", "If-Match", "Idempotency-Key"):
            answer = client.post("/v1/reports", data="{}", headers={name: text})
            is_harmless(answer, payload)
            assert answer.status_code in (400, 401, 403, 422), (name, payload)


def test_a_party_may_be_called_like_a_payload_and_is_found_by_it(served):
    client = served.app.test_client()
    for number, payload in enumerate(some(TEXTS, 15)):
        body = {"name": payload, "kind": "state", "aliases": [payload], "codes": {payload: payload}}
        path = f"/v1/parties/payload-{number}"
        assert client.put(path, json=body).status_code == 201, payload
        assert client.get(path).json["aliases"] == [payload]
        if len(payload) < LONGEST_NAME and "/" not in payload and payload not in (".", ".."):
            found = client.get(f"/v1/parties/{quote(payload, safe='')}")
            assert (found.status_code, found.json.get("id")) == (200, f"payload-{number}"), payload
        page = client.get(f"/parties/payload-{number}", headers={"Accept": "text/html"})
        is_harmless(page, payload)
        assert "<script>alert" not in page.text
