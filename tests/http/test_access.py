"""The door: who may read, who may write, and under which name."""

import re

import pytest

from events import dates
from service.access import tokens
from service.app import create_app
from tests.http.access import bearing, proof, token_for, with_rules
from tests.records import statement

PEOPLE = {"Accept": "text/html"}
FORM = {
    "id": "f-1",
    "occurred": "2020-02-01",
    "parties.0": "ukraine",
    "summary": "They said so.",
    "attribution": "on_record",
    "sources.0.publisher": "Reuters",
}

pytestmark = pytest.mark.usefixtures("scene")


def engine_of(client):
    return client.application.extensions["stancelog"].engine


def test_whoever_sits_at_the_machine_may_write_while_no_token_was_made(client):
    assert client.post("/v1/reports", json=statement("r-1")).status_code == 201
    assert tokens.are_any(engine_of(client)) is False


@pytest.mark.parametrize(
    "asked",
    [
        {"environ_overrides": {"REMOTE_ADDR": "192.0.2.7"}},
        {"headers": {"Host": "rebound.example"}},
        {"headers": {"X-Forwarded-For": "192.0.2.7"}},
        {"headers": {"Forwarded": "for=192.0.2.7"}},
        {"headers": {"X-Real-IP": "192.0.2.7"}},
        {"headers": {"Via": "1.1 cache"}},
        {"headers": {"CF-Connecting-IP": "192.0.2.7"}},
        {"headers": {"True-Client-IP": "192.0.2.7"}},
    ],
)
def test_nobody_else_may_write_without_a_token(client, asked):
    answer = client.post("/v1/reports", json=statement("r-1"), **asked)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert "token create" in answer.json["detail"]
    token = token_for(client, "write")
    asked = {**asked, "headers": asked.get("headers", {}) | bearing(token)}
    assert client.post("/v1/reports", json=statement("r-1"), **asked).status_code == 201


def test_a_server_that_listens_beyond_its_machine_takes_no_write_without_a_token(client):
    with_rules(client, is_at_loopback=False)
    assert client.post("/v1/reports", json=statement("r-1")).status_code == 401


@pytest.mark.parametrize("path", ["/v1/reports", "/v1/reports/batch", "/v1/reports/r-0/retraction"])
def test_once_a_token_was_made_every_write_needs_one(client, path):
    token_for(client, "read", "reader")
    assert client.post(path, json=statement("r-1")).status_code == 401
    assert client.put("/v1/parties/x", json={"name": "X", "kind": "state"}).status_code == 401
    tokens.revoke(engine_of(client), "reader")
    assert client.post(path, json=statement("r-1")).status_code == 401


def test_what_is_recorded_has_the_name_of_the_token(client):
    token = token_for(client, "write", "desk-2")
    client.post("/v1/reports", json=statement("r-1"), headers=bearing(token))
    (entry,) = client.get("/v1/log?after=4").json["events"]
    assert "desk-2" in str(entry)


@pytest.mark.parametrize("scope", ["feed", "read"])
def test_a_token_of_a_lesser_scope_is_403_and_says_which_is_needed(client, scope):
    answer = client.post(
        "/v1/reports", json=statement("r-1"), headers=bearing(token_for(client, scope))
    )
    assert answer.status_code == 403
    assert 'error="insufficient_scope", scope="write"' in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize(
    "header",
    [
        "Bearer nothing",
        "Bearer ",
        "Bearer stancelog_abc_def",
        "Bearer stancelog_\u00e9_x",
        "Basic ZGVzazpkZXNr",
        "",
    ],
)
@pytest.mark.parametrize("path", ["/v1/parties", "/", "/feeds/all.atom"])
def test_a_bad_token_is_401_never_anonymous(client, header, path):
    assert client.get(path).status_code == 200  # and is kept
    answer = client.get(path, headers={"Authorization": header} | PEOPLE)
    assert answer.status_code == 401
    assert "WWW-Authenticate" in answer.headers
    assert answer.headers.get("Cache-Control") != "public, no-cache"


def test_a_token_with_one_other_letter_is_none(client):
    token = token_for(client, "read")
    assert client.get("/v1/parties", headers=bearing(token)).status_code == 200
    other = token[:-1] + ("A" if token[-1] != "A" else "B")
    assert client.get("/v1/parties", headers=bearing(other)).status_code == 401


def test_expired_and_revoked_tokens_are_401(client, monkeypatch):
    token = token_for(client, "read", expires_at=dates.now() + dates.MINUTE)
    other = token_for(client, "read", "other")
    assert client.get("/v1/parties", headers=bearing(token)).status_code == 200
    tokens.revoke(engine_of(client), "other")
    assert client.get("/v1/parties", headers=bearing(other)).status_code == 401
    now = dates.now
    monkeypatch.setattr(dates, "now", lambda: now() + 2 * dates.MINUTE)
    assert client.get("/v1/parties", headers=bearing(token)).status_code == 401


def test_only_hashes_are_kept(client):
    token = token_for(client, "admin")
    (row,) = tokens.all_of(engine_of(client))
    assert token not in str(row)
    assert token.split("_", 2)[2] not in str(row)


# Reads that are closed


@pytest.fixture
def closed(url, monkeypatch, client):
    monkeypatch.setenv("STANCELOG_READS", "token")
    app = create_app(url)
    yield app.test_client()
    app.extensions["stancelog"].close()


READS = ["/v1/parties", "/v1/matrix", "/", "/search", "/feeds/all.atom", "/widgets/vis.json"]


@pytest.mark.parametrize("path", [*READS, "/v1/log", "/v1/positions.csv", "/oembed?url=x"])
def test_closed_reads_need_a_token(closed, path):
    assert closed.get(path).status_code == 401
    token = token_for(closed, "read")
    with closed.get(path, headers=bearing(token)) as answer:  # an export takes room until its end
        assert answer.status_code != 401
    assert closed.get(path).status_code == 401  # whatever was given to others


def test_what_has_nothing_of_the_log_stays_open(closed):
    for path in ("/healthz", "/readyz", "/openapi.json", "/docs", "/schemas/", "/sign-in"):
        assert closed.get(path).status_code == 200
    assert closed.options("/v1/parties").status_code == 200


def test_nothing_between_us_and_a_reader_keeps_what_is_closed(closed):
    token = token_for(closed, "read")
    for _ in range(2):
        answer = closed.get("/v1/parties/ukraine?seq=1", headers=bearing(token))
        assert answer.headers["Cache-Control"] == "private, no-cache"
        assert {"authorization", "cookie"} <= {one.lower() for one in answer.vary}
    known = bearing(token) | {"If-None-Match": answer.headers["ETag"]}
    assert closed.get("/v1/parties/ukraine?seq=1", headers=known).status_code == 304
    assert (
        closed.get("/v1/parties/ukraine?seq=1", headers={"If-None-Match": "*"}).status_code == 401
    )


def test_a_feed_token_opens_feeds_by_the_address_and_nothing_else(closed):
    token = token_for(closed, "feed", "wall")
    for path in ("/feeds/all.atom", "/widgets/vis.json", "/feeds/all.ics"):
        for _ in range(2):
            answer = closed.get(f"{path}?token={token}")
            assert answer.status_code == 200
            assert token not in answer.text
        assert closed.get(path).status_code == 401
    assert closed.get(f"/v1/parties?token={token}").status_code == 401
    assert closed.get("/v1/parties", headers=bearing(token)).status_code == 403
    assert closed.get(f"/feeds/all.atom?token={token}x").status_code == 401


def test_a_token_in_an_address_is_taken_out_however_its_name_is_written(closed):
    token = token_for(closed, "feed", "wall")
    address = f"/feeds/all.atom?%74oken={token}"
    assert closed.get(address).status_code == 200
    with_another = closed.get(f"/?tok%65n={token}", headers=PEOPLE)
    assert token not in with_another.headers["Location"] + with_another.text


def test_a_page_that_may_not_write_is_named_without_its_query(closed):
    told = {"Referer": "https://elsewhere.example/feeds/all.atom?token=stancelog_a_b"}
    answer = closed.put("/v1/parties/x", json={}, headers=told)
    assert answer.status_code == 403
    assert "https://elsewhere.example may" in answer.json["detail"]


def test_a_token_that_may_more_is_refused_in_an_address(closed):
    token = token_for(closed, "write")
    answer = closed.get(f"/feeds/all.atom?token={token}")
    assert answer.status_code == 401
    assert "revoke it" in answer.json["detail"]


# Signing in


def signed_in(client, token, address="/"):
    form = {"token": token, "next": address, "csrf": proof(client)}
    return client.post("/sign-in", data=form)


def test_a_person_signs_in_and_records_under_the_name_of_the_token(client):
    token = token_for(client, "write", "night-desk")
    led = client.get("/record/statement?party=ukraine", headers=PEOPLE)
    assert (led.status_code, led.location) == (
        303,
        "/sign-in?next=%2Frecord%2Fstatement%3Fparty%3Dukraine",
    )
    answer = signed_in(client, token, "/record/statement?party=ukraine")
    assert (answer.status_code, answer.location) == (303, "/record/statement?party=ukraine")
    assert client.get("/record/statement").status_code == 200
    sent = client.post("/record/statement", data=FORM | {"csrf": proof(client)})
    assert sent.status_code == 303
    assert "night-desk" in client.get("/v1/log").text
    assert "night-desk" in client.get("/sign-in").text


def test_the_cookie_is_for_nobody_else(client):
    answer = client.get("/sign-in")
    assert {"HttpOnly", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert "Secure" not in answer.headers["Set-Cookie"]
    answer = client.get("/sign-in", base_url="https://localhost")
    assert "Secure" in answer.headers["Set-Cookie"].split("; ")
    assert answer.headers["Set-Cookie"].startswith("__Host-")
    assert answer.headers["Cache-Control"] == "no-store"


def test_signing_in_gives_another_cookie(client):
    token = token_for(client, "write")
    before = re.match(r"[^;]+", client.get("/sign-in").headers["Set-Cookie"])[0]
    after = re.match(r"[^;]+", signed_in(client, token).headers["Set-Cookie"])[0]
    assert before != after


def test_a_form_without_its_proof_records_nothing_and_keeps_what_was_typed(client):
    for form in (FORM, FORM | {"csrf": "0" * 64}):
        answer = client.post("/record/statement", data=form)
        assert answer.status_code == 403
        assert "They said so." in answer.text
    assert client.get("/readyz").json["seq"] == 4


def test_whoever_was_signed_out_meanwhile_loses_nothing_that_was_typed(client):
    signed_in(client, token_for(client, "write"))
    sent = FORM | {"csrf": proof(client)}
    tokens.revoke(engine_of(client), "desk")
    answer = client.post("/record/statement", data=sent)
    assert answer.status_code == 403
    assert "not signed in any more" in answer.text
    assert "They said so." in answer.text


def test_the_cookie_of_the_pages_records_nothing_through_the_api(client, closed):
    for one in (client, closed):
        signed_in(one, token_for(one, "write", f"desk-{id(one)}"))
        assert one.post("/v1/reports", json=statement("r-1")).status_code == 401


def test_who_has_signed_in_reads_what_is_closed_until_signing_out(closed):
    assert closed.get("/", headers=PEOPLE).status_code == 303
    signed_in(closed, token_for(closed, "read"))
    for path in READS:
        assert closed.get(path, headers=PEOPLE).status_code == 200
    assert closed.get("/record/statement").status_code == 403
    assert closed.post("/sign-out", data={"csrf": "x"}).status_code == 303
    assert closed.get("/").status_code == 200
    closed.post("/sign-out", data={"csrf": proof(closed)})
    assert closed.get("/v1/parties").status_code == 401


@pytest.mark.parametrize(
    "address", ["https://evil.example/", "//evil.example", "/\\evil.example", ""]
)
def test_signing_in_leads_to_pages_of_ours_alone(client, address):
    assert signed_in(client, token_for(client, "read"), address).location == "/"


def test_a_token_that_is_none_signs_nobody_in(client):
    answer = signed_in(client, "stancelog_x_y")
    assert answer.status_code == 403
    assert "no valid token" in answer.text


# Names, and proxies


def test_only_names_that_are_served_are_answered(url, monkeypatch):
    monkeypatch.setenv("STANCELOG_HOSTS", "stance.example.org,.example.net")
    app = create_app(url)
    client = app.test_client()
    for name, status in (
        ("stance.example.org:8000", 200),
        ("a.example.net", 200),
        ("evil.example", 421),
        ("example.org", 421),
    ):
        assert client.get("/v1/parties", headers={"Host": name}).status_code == status
    assert client.get("/healthz", headers={"Host": "10.0.0.1"}).status_code == 200
    app.extensions["stancelog"].close()


def test_a_proxy_is_believed_only_where_one_is_named(url, monkeypatch):
    told = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "stance.example.org"}
    for proxies, address in (("0", "http://localhost/"), ("1", "https://stance.example.org/")):
        monkeypatch.setenv("STANCELOG_PROXIES", proxies)
        app = create_app(url)
        feed = app.test_client().get("/feeds/all.json", headers=told).json
        assert feed["home_page_url"].startswith(address)
        app.extensions["stancelog"].close()
