"""What operators see of a request: its id, and its line in the log."""

import json
import logging
import logging.config
import os
import re
import subprocess
import sys

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy import text

from service.app import create_app
from service.telemetry import logs, requests, tracing
from service.telemetry.tracing import Tracing
from tests.http.access import bearing, token_for
from tests.records import party

PINNED = "/v1/parties?limit=7"
MADE = re.compile(r"[0-9a-f]{16}")


@pytest.fixture
def served(url, monkeypatch, capsys):
    """A function that returns a client of an app with settings, and one that returns its lines."""
    apps = []

    def serve(**settings):
        for name, value in settings.items():
            monkeypatch.setenv(f"STANCELOG_{name}", value)
        apps.append(create_app(url))
        return apps[-1].test_client()

    def lines():
        return [json.loads(line) for line in capsys.readouterr().err.splitlines()]

    yield serve, lines
    for app in apps:
        app.extensions["stancelog"].close()


@pytest.fixture
def logging_as_the_server():
    """`logging`, set up as in the server, and put back afterwards."""
    root = logging.getLogger()
    before = root.handlers[:], root.level

    def set_up():
        logging.config.dictConfig(logs.configuration())

    yield set_up
    root.handlers[:], root.level = before
    logging.getLogger("_granian").setLevel(logging.NOTSET)


# The id of a request


def test_every_answer_has_an_id_of_its_own(client):
    answers = [
        client.open(path, method=method)
        for method, path in [
            ("GET", "/v1/parties"),
            ("GET", "/v1/parties"),
            ("HEAD", "/v1/parties"),
            ("OPTIONS", "/v1/parties"),
            ("GET", "/nowhere"),
            ("GET", "/"),
            ("PUT", "/v1/parties/x"),
            ("GET", "/static/page.css"),
        ]
    ]
    ids = [answer.headers["X-Request-ID"] for answer in answers]
    for answer in answers:
        answer.close()
    assert all(map(MADE.fullmatch, ids))
    assert len(set(ids)) == len(ids)


def test_the_id_that_a_proxy_gave_is_kept_and_anything_else_is_not(client):
    for told in ("abc", "f" * 128, "A.b_c-1"):
        for _ in range(2):  # the second is an answer given again
            answer = client.get("/v1/parties", headers={"X-Request-ID": told})
            assert answer.headers["X-Request-ID"] == told
    for told in ("", "f" * 129, "a b", "a;b", "ä", '{"a":1}'):
        answer = client.get("/v1/parties", headers={"X-Request-ID": told})
        assert MADE.fullmatch(answer.headers["X-Request-ID"])


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/parties/nobody", 404),
        ("GET", "/nowhere", 404),
        ("GET", "/v1/parties?asof=2020", 422),
        ("PUT", "/v1/parties/x", 422),
        ("DELETE", "/v1/reports/r-1", 405),
        ("GET", "/v1/stream", 404),
    ],
)
def test_a_problem_says_by_which_id_it_is_in_the_log(client, method, path, status):
    answer = client.open(path, method=method, headers={"X-Request-ID": "mine"})
    assert (answer.status_code, answer.json["request_id"]) == (status, "mine")


def test_the_page_of_an_error_shows_it(client):
    headers = {"X-Request-ID": "mine", "Accept": "text/html"}
    answer = client.get("/parties/nobody", headers=headers)
    assert answer.status_code == 404
    assert "<code>mine</code>" in answer.text


def test_pages_of_other_sites_may_read_it(client):
    exposed = client.get("/v1/parties").headers["Access-Control-Expose-Headers"]
    assert "X-Request-ID" in exposed.split(", ")


def test_an_answer_is_the_same_whatever_the_id(client):
    first, second = (client.get(PINNED, headers={"X-Request-ID": one}) for one in "ab")
    assert first.headers["ETag"] == second.headers["ETag"]
    again = client.get(PINNED, headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code == 304
    assert again.headers["X-Request-ID"]


# Lines of requests


def test_a_request_has_one_line_with_what_became_of_it(served):
    serve, lines = served
    client = serve(LOG_REQUESTS="all")
    client.get("/v1/parties?limit=3", headers={"X-Request-ID": "mine"})
    (line,) = lines()
    assert line.pop("ms") > 0
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "request",
        "logger": "stancelog.requests",
        "level": "info",
        "method": "GET",
        "path": "/v1/parties",
        "status": 200,
        "request_id": "mine",
    }


def test_an_answer_that_is_given_again_has_a_line_too(served):
    serve, lines = served
    client = serve(LOG_REQUESTS="all")
    for _ in range(3):
        client.get("/v1/parties?limit=7")
    assert [line.get("again", False) for line in lines()] == [False, True, True]


def test_a_line_names_the_token_and_what_was_recorded_and_never_holds_a_token(served):
    serve, lines = served
    client = serve(LOG_REQUESTS="all")
    desk, secret = token_for(client, "write"), token_for(client, "feed", "reader")
    body = party("ukraine")
    del body["type"], body["id"]
    answer = client.put("/v1/parties/ukraine", json=body, headers=bearing(desk))
    assert answer.status_code == 201
    assert client.get(f"/feeds/all.atom?token={secret}").status_code == 200
    assert client.get(f"/v1/parties?%74oken={secret}").status_code == 401
    assert client.get("/v1/parties", headers={"Authorization": "Bearer x"}).status_code == 401
    told = lines()
    assert [line.get("token") for line in told] == ["desk", "reader", None, None]
    assert [line.get("seq") for line in told] == [1, None, None, None]
    assert "stancelog_" not in json.dumps(told)


@pytest.mark.parametrize("form", ["json", "text"])
def test_no_line_holds_a_token_wherever_it_was_put(
    served, logging_as_the_server, monkeypatch, capsys, form
):
    serve, _ = served
    monkeypatch.setenv("STANCELOG_LOG_FORMAT", form)
    logging_as_the_server()
    client = serve()
    token = token_for(client, "write")

    def fail(*_):
        raise ZeroDivisionError(token)

    client.application.view_functions["healthz"] = fail
    assert client.get(f"/feeds/all.atom%3Ftoken={token}").status_code == 404
    assert client.get("/healthz", headers={"X-Request-ID": token}).status_code == 500
    told = capsys.readouterr().err
    key = token.split("_")[1]
    assert "ZeroDivisionError" in told
    assert f"stancelog_{key}_" in told, "it says which token to revoke"
    assert token.removeprefix(f"stancelog_{key}_") not in told


def test_no_line_says_what_a_question_was_about_where_the_database_fails(
    served, logging_as_the_server, capsys
):
    serve, _ = served
    logging_as_the_server()
    client = serve()
    with client.application.extensions["stancelog"].engine.begin() as connection:
        connection.execute(text("DROP TABLE party_names"))
    assert client.get("/v1/parties/of-no-concern").status_code == 503
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    (error,) = [line for line in told if line["level"] == "error"]
    assert "party_names" in error["event"].partition(":")[2]
    assert "of-no-concern" not in error["event"].partition(":")[2]


def test_as_a_rule_only_what_failed_has_a_line(served):
    serve, lines = served
    client = serve()
    client.get("/v1/parties")
    client.get("/v1/parties/nobody")
    assert [line["status"] for line in lines()] == [404]
    client = serve(LOG_REQUESTS="off")
    client.get("/v1/parties/nobody")
    assert lines() == []
    client = serve(LOG_REQUESTS="all", LOG_LEVEL="warning")
    client.get("/v1/parties/nobody")
    assert lines() == []


def test_on_a_terminal_a_line_is_text_that_nothing_sent_can_break_out_of(served, capsys):
    serve, _ = served
    client = serve(LOG_REQUESTS="all", LOG_FORMAT="text")
    client.get("/v1/parties/%1B[2J%0Afake")
    (line,) = capsys.readouterr().err.splitlines()
    assert "method=GET" in line
    assert "\x1b[2J" not in line


# What else is logged


def test_what_goes_wrong_is_logged_with_the_id_that_the_problem_tells(
    served, logging_as_the_server, monkeypatch
):
    serve, lines = served
    logging_as_the_server()
    client = serve()

    def fail(*_):
        raise ZeroDivisionError("\x1b[2J of no use")

    client.application.view_functions["healthz"] = fail
    answer = client.get("/healthz")
    assert answer.status_code == 500
    told = lines()
    assert {line["request_id"] for line in told} == {answer.json["request_id"]}
    error, request = told
    assert (error["logger"], error["level"]) == ("stancelog", "error")
    assert "ZeroDivisionError" in error["exception"]
    assert (request["status"], request["level"]) == (500, "warning")


def test_what_libraries_log_looks_the_same_from_the_level_on_that_is_set(
    logging_as_the_server, monkeypatch, capsys
):
    monkeypatch.setenv("STANCELOG_LOG_LEVEL", "warning")
    logging_as_the_server()
    for name in ("alembic.runtime.migration", "_granian", "stancelog"):
        logging.getLogger(name).info("less")
        logging.getLogger(name).warning("more of %s", name)
    told = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [(line["logger"], line["event"]) for line in told] == [
        (name, f"more of {name}") for name in ("alembic.runtime.migration", "_granian", "stancelog")
    ]
    assert all("request_id" not in line for line in told)


# Traces


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def spans(client):
    """A function that returns the spans of the client's requests."""
    exporter = InMemorySpanExporter()
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    app = client.application
    app.wsgi_app = requests.watched(app.wsgi_app, begin_span=Tracing(provider).begin)
    yield exporter.get_finished_spans
    provider.shutdown()


def test_a_request_is_a_span_of_the_trace_that_its_sender_tells_of(client, spans):
    for _ in range(2):  # the second is an answer given again
        client.get("/v1/parties?limit=3&token=x", headers={"traceparent": PARENT})
    first, again = spans()
    for span in (first, again):
        assert span.name == "GET /v1/parties"
        assert (span.kind, span.status.status_code) == (SpanKind.SERVER, StatusCode.UNSET)
        assert format(span.context.trace_id, "032x") == PARENT.split("-")[1]
        assert format(span.parent.span_id, "016x") == PARENT.split("-")[2]
        assert span.attributes["url.path"] == "/v1/parties"
        assert span.attributes["http.route"] == "/v1/parties"
        assert not [value for value in span.attributes.values() if "token" in str(value)]


def test_a_span_holds_no_token_wherever_it_was_put(client, spans):
    token = token_for(client, "write")
    client.get(f"/feeds/token={token}", headers={"X-Request-ID": token})
    (span,) = spans()
    assert not [value for value in span.attributes.values() if token in str(value)]
    assert span.attributes["url.path"].startswith("/feeds/token=stancelog_")


def test_a_request_that_tells_of_no_trace_begins_one_and_failures_are_errors(client, spans):
    client.application.view_functions["healthz"] = lambda: 1 / 0
    client.get("/healthz")
    client.get("/nowhere", headers={"traceparent": "nonsense"})
    failed, missed = spans()
    assert failed.status.status_code == StatusCode.ERROR
    assert failed.attributes["http.response.status_code"] == 500
    assert (missed.name, missed.parent, missed.status.status_code) == (
        "GET",
        None,
        StatusCode.UNSET,
    )
    assert failed.context.trace_id != missed.context.trace_id
    assert not trace.get_current_span().get_span_context().is_valid, "nothing is left of them"


def test_traces_are_made_where_they_are_wanted_alone(monkeypatch):
    for name in tracing.ENDPOINTS:
        monkeypatch.delenv(name, raising=False)
    assert tracing.of_settings() is None
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:9")
    assert isinstance(tracing.of_settings(), Tracing)
    monkeypatch.setenv("STANCELOG_OTEL", "off")
    assert tracing.of_settings() is None


def test_where_the_packages_are_missing_it_says_what_to_install(monkeypatch):
    code = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "from service.telemetry import tracing; tracing.of_settings()"
    )
    environment = os.environ | {"STANCELOG_OTEL": "on"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "pip install 'stancelog[otel]'" in done.stderr
