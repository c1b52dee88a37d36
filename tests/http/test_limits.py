"""What one client may take, so that there is something left for the others."""

import json
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from io import BytesIO
from threading import Event

import pytest
from flask import Response
from sqlalchemy import text

from service import limits
from service.app import create_app
from service.http import store
from service.limits.fairness import Bodies
from service.problems import FAILED
from tests.records import statement

AFAR = {"REMOTE_ADDR": "198.51.100.7"}
PROBLEM = "application/problem+json"


@pytest.fixture
def limited(url, monkeypatch):
    """A function that gives a client of an app with some settings."""
    made = []

    def limit(**given):
        for name, value in given.items():
            monkeypatch.setenv(f"STANCELOG_{name.upper()}", str(value))
        made.append(create_app(url))
        return made[-1].test_client()

    yield limit
    for app in made:
        app.extensions["stancelog"].close()


# Requests


@pytest.fixture
def five(limited):
    return limited(rate="5/hour", reads="token")  # closed: nothing is answered as it was before


def ask(client, path="/schemas/", address="198.51.100.7", **given):
    return client.get(path, environ_base={"REMOTE_ADDR": address}, **given)


def test_a_client_that_asks_too_often_is_told_when_to_ask_again(five):
    statuses = [ask(five).status_code for _ in range(5)]
    assert statuses == [200] * 5
    answer = ask(five)
    assert (answer.status_code, answer.mimetype) == (429, PROBLEM)
    assert 1 <= int(answer.headers["Retry-After"]) <= 3600
    assert answer.json["detail"].startswith(
        "198.51.100.7 has asked for more than one client may: 5 per 1 hour. Ask again in "
    )


def test_other_clients_are_answered_meanwhile(five):
    while ask(five).status_code != 429:
        pass
    assert ask(five, address="198.51.100.8").status_code == 200


def test_what_is_refused_or_not_there_counts_too(five):
    bad = {"Authorization": "Bearer stancelog_x_y"}
    assert [ask(five, "/v1/parties", headers=bad).status_code for _ in range(3)] == [401] * 3
    assert [ask(five, "/nowhere").status_code for _ in range(2)] == [404] * 2
    assert ask(five, "/v1/parties", headers=bad).status_code == 429


def test_one_who_has_a_whole_network_of_addresses_is_one_client(five):
    for number in range(5):
        assert ask(five, address=f"2001:db8::{number}").status_code == 200
    assert ask(five, address="2001:db8::ffff").status_code == 429
    assert ask(five, address="2001:db8:0:1::1").status_code == 200


@pytest.mark.parametrize("form", ["::ffff:198.51.100.{}", "198.51.100.{}:4242"])
def test_a_client_is_its_address_however_that_is_written(five, form):
    for number in range(7):
        assert ask(five, address=form.format(number)).status_code == 200
    answers = [ask(five, address="198.51.100.0").status_code for _ in range(5)]
    assert answers == [200] * 4 + [429]


@pytest.mark.parametrize("address", ["[2001:db8::1]:443", "fe80::1%eth0", "2001:db8::1%eth0"])
def test_an_address_with_a_port_or_a_zone_is_of_its_network(five, address):
    statuses = [ask(five, address=address).status_code for _ in range(6)]
    assert statuses == [200] * 5 + [429]


def test_a_machine_that_is_reached_by_its_ipv4_through_ipv6_is_itself(five):
    for _ in range(7):
        assert ask(five, address="::ffff:127.0.0.1").status_code == 200


def test_the_machine_itself_and_its_health_are_not_counted(five):
    for _ in range(7):
        assert ask(five, address="127.0.0.1").status_code == 200
        assert ask(five, "/healthz").status_code == 200
        assert ask(five, "/readyz").status_code == 200


def test_a_client_behind_a_trusted_proxy_is_told_from_others_by_its_own_address(limited):
    client = limited(rate="1/hour", proxies="1")
    for address in ("198.51.100.7", "198.51.100.8"):
        told = {"X-Forwarded-For": f"203.0.113.9, {address}"}  # the first one may be made up
        assert ask(client, address="127.0.0.1", headers=told).status_code == 200
        assert ask(client, address="127.0.0.1", headers=told).status_code == 429


def test_the_limit_may_be_switched_off(limited):
    client = limited(rate="off")
    assert {ask(client).status_code for _ in range(30)} == {200}


def test_an_answer_that_is_given_again_as_it_was_is_not_counted(limited):
    client = limited(rate="3/hour")
    for _ in range(9):
        assert ask(client, "/v1/parties").status_code == 200


def test_a_person_is_told_so_by_a_page(five):
    while ask(five).status_code != 429:
        pass
    page = ask(five, headers={"Accept": "text/html"})
    assert (page.status_code, page.mimetype) == (429, "text/html")
    assert "Ask again in" in page.text


# Time of the database

FOR_EVER = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) FROM n"


def test_a_question_that_takes_the_database_too_long_is_ended(limited):
    client = limited(query_timeout=1)

    @client.application.get("/v1/slow")
    def slow() -> Response:
        with store().reading() as (connection, _):
            return Response(str(connection.execute(text(FOR_EVER)).scalar()))

    answer = client.get("/v1/slow")
    assert (answer.status_code, answer.mimetype) == (503, PROBLEM)
    assert "longer than one may take" in answer.json["detail"]
    assert answer.headers["Retry-After"] == "60"
    for _ in range(3):
        assert client.get("/v1/parties?limit=1").status_code == 200


def test_what_the_command_line_asks_may_take_as_long_as_it_takes(url):
    client = create_app(url).test_client()
    stores = client.application.extensions["stancelog"]
    assert stores.engine.get_execution_options()["query_timeout"] == 30
    stores.close()


# Bodies


class Slow(BytesIO):
    """A body that does not come before it is told to."""

    def __init__(self, body=b"{}"):
        super().__init__(body)
        self.may_come = Event()

    def read(self, size=-1):
        assert self.may_come.wait(30)
        return super().read(size)


def sending(body, length=2, address="198.51.100.7"):
    return {
        "REQUEST_METHOD": "POST",
        "CONTENT_LENGTH": str(length),
        "REMOTE_ADDR": address,
        "wsgi.input": body,
    }


def given(environ, start_response):
    """An app that says what it was given."""
    failed = environ.get(FAILED)
    return [str(failed).encode() if failed else environ["wsgi.input"].read()]


def test_a_body_that_does_not_come_is_waited_for_so_long_and_no_longer():
    body = Slow()
    asked = Bodies(seconds=0.001).before(given)
    for _ in range(limits.MOST_BODIES_OF_ONE + 1):  # none of them counts for ever
        assert asked(sending(body), None) == [b"The body did not come within 0.001 seconds."]
    body.may_come.set()


def test_slow_bodies_take_so_many_threads_of_one_client_and_no_more():
    bodies = Bodies(most=4, most_of_one=2, seconds=30)
    asked = bodies.before(given)
    slow = [Slow(b"%02d" % number) for number in range(4)]
    whose = ["198.51.100.7", "198.51.100.7", "198.51.100.8", "198.51.100.8"]
    with ThreadPoolExecutor(4) as threads:
        answers = [
            threads.submit(asked, sending(*pair), None)
            for pair in zip(slow, [2] * 4, whose, strict=True)
        ]
        while bodies._waited_for.total() < 4:
            pass
        one = asked(sending(BytesIO(b"{}")), None)
        assert one == [b"This client is sending as many bodies as one may at once."]
        other = asked(sending(BytesIO(b"{}"), address="198.51.100.9"), None)
        assert other == [b"As many bodies are being sent here as there may be at once."]
        for body in slow:
            body.may_come.set()
        assert [answer.result() for answer in answers] == [[b"00"], [b"01"], [b"02"], [b"03"]]
    assert asked(sending(BytesIO(b"{}")), None) == [b"{}"]
    assert bodies._waited_for == {}


def test_a_body_that_was_cut_off_records_nothing(client):
    whole = b"\n".join(json.dumps(statement(f"r-{n}")).encode() for n in range(3))
    at = whole.index(b"\n")  # after a whole line: it would be a batch of one
    promised = {"CONTENT_LENGTH": str(len(whole))}
    answer = client.post("/v1/reports/batch", data=whole[:at], environ_overrides=promised)
    assert (answer.status_code, answer.mimetype) == (408, PROBLEM)
    assert answer.json["detail"] == "The body ended before it was whole."
    assert client.get("/readyz").json["seq"] == 0


def test_a_body_that_does_not_tell_its_length_is_refused(client):
    """Where it breaks off, at the end of a line of a batch, it would be recorded in part."""
    line = b'{"type":"party","id":"a","name":"A","kind":"state"}\n'
    chunked = {
        "CONTENT_LENGTH": "",
        "HTTP_TRANSFER_ENCODING": "chunked",
        "wsgi.input_terminated": True,
    }
    answer = client.post("/v1/reports/batch", input_stream=BytesIO(line), environ_overrides=chunked)
    assert (answer.status_code, answer.mimetype) == (411, PROBLEM)
    assert client.get("/v1/parties/a", environ_overrides=chunked).status_code == 404


@pytest.mark.usefixtures("scene")
def test_a_batch_has_at_most_so_many_records(client, monkeypatch):
    monkeypatch.setattr(limits, "MOST_LINES", 3)
    lines = [json.dumps(statement(f"r-{number}")) for number in range(4)]
    answer = client.post("/v1/reports/batch", data="\n".join(lines))
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)
    assert answer.json["detail"] == "the body has 4 records: send at most 3 at once"
    assert client.post("/v1/reports/batch", data="\n".join(lines[:3])).status_code == 201


@pytest.mark.usefixtures("scene")
@pytest.mark.parametrize("deep", [200, 100_000])
def test_a_body_that_is_nested_without_end_is_refused(client, deep):
    body = b'{"type":' + b"[" * deep + b"]" * deep + b"}"
    assert client.post("/v1/reports", data=body).status_code == 422


# Exports


@pytest.mark.usefixtures("scene")
def test_so_many_exports_are_sent_at_once_and_no_more(client):
    own = [copy_context() for _ in range(limits.MOST_EXPORTS)]  # as each request has, in a server
    unread = [context.run(client.get, "/v1/matrix.csv") for context in own]
    assert {answer.status_code for answer in unread} == {200}
    refused = client.get("/v1/matrix.csv")
    assert (refused.status_code, refused.headers["Retry-After"]) == (503, "10")
    for context, answer in zip(own, unread, strict=True):
        context.run(answer.close)
    for _ in range(limits.MOST_EXPORTS + 1):
        assert "party,issue," in client.get("/v1/matrix.csv").text  # read to its end, it is over


# What browsers are told


@pytest.mark.parametrize(
    "path",
    ["/v1/parties", "/v1/nowhere", "/healthz", "/openapi.json", "/", "/docs", "/nowhere",
     "/static/page.css", "/feeds/changes.atom", "/v1/matrix.csv", "/sign-in", "/embed.js"],
)  # fmt: skip
def test_every_answer_tells_browsers_to_be_careful(client, path):
    with client.get(path, headers={"Accept": "text/html,*/*"}) as answer:
        answer.get_data()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    if answer.mimetype == "text/html":
        assert "script-src 'self'; style-src 'self';" in policy
    assert "frame-ancestors '" in policy
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Referrer-Policy"] == "strict-origin-when-cross-origin"
    assert "Strict-Transport-Security" not in answer.headers


def test_who_came_by_tls_stays_with_it(limited):
    client = limited(proxies="1")
    answer = client.get("/v1/parties", headers={"X-Forwarded-Proto": "https"})
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"
    again = client.get("/v1/parties")
    assert "Strict-Transport-Security" not in again.headers
