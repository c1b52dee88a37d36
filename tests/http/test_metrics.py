"""What /readyz and /metrics tell, and whom."""

import re
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy import text

import migrations
from projections import positions, projector
from projections.database import writing
from tests.http.access import bearing, token_for, with_rules
from tests.records import brief, issue, party, position, sent, statement

HERE = {"environ_base": {"REMOTE_ADDR": "127.0.0.1"}}


def store_of(client):
    return client.application.extensions["stancelog"]


def samples(client, **given):
    answer = client.get("/metrics", **given)
    assert (answer.status_code, answer.mimetype) == (200, "text/plain"), answer.text
    return {
        (one.name, *sorted(one.labels.values())): one.value
        for family in text_string_to_metric_families(answer.text)
        for one in family.samples
    }


# Readiness


def test_readiness_tells_how_each_read_model_stands(client, scene):
    assert brief(client) == {"status": "ready", "seq": 4}
    told = client.get("/readyz").json
    newest = migrations.newest()
    assert told["database"] == {"reachable": True, "revision": newest, "newest": newest}
    assert told["lag"] == {"events": 0, "seconds": 0}
    assert told["dead_letters"] == 0
    assert told["read_models"].keys() == {one.NAME for one in projector.PROJECTIONS}
    assert told["read_models"]["positions"] == {
        "version": positions.VERSION,
        "expected": positions.VERSION,
        "events_behind": 0,
        "seconds_behind": 0,
        "set_aside": 0,
    }


def test_what_waits_to_be_applied_is_counted(client, scene):
    store = store_of(client)
    store._waits_for_others = True  # as with STANCELOG_PROJECTION=async
    store.timeline.record([sent(statement(f"r-{n}")) for n in range(600)])
    told = client.get("/readyz").json
    assert told["lag"]["events"] == 600
    assert 0 < told["lag"]["seconds"] < 60
    shown = samples(client)
    assert shown["stancelog_read_model_lag_events", "statuses"] == 600
    assert shown["stancelog_read_model_lag_seconds", "statuses"] > 0
    assert shown["stancelog_log_position",] == 4
    store.catch_up()
    assert client.get("/readyz").json["lag"] == {"events": 0, "seconds": 0}
    assert samples(client)["stancelog_log_position",] == 604


def test_an_event_that_a_read_model_fails_on_is_counted_for_that_one(client, scene, monkeypatch):
    def fail(*_):
        raise KeyError("until")

    monkeypatch.setattr(positions, "apply", fail)
    client.post("/v1/reports", json=statement("r-1", positions=[position()]))
    told = client.get("/readyz").json
    assert (told["status"], told["dead_letters"]) == ("degraded", 1)
    assert told["read_models"]["positions"]["set_aside"] == 1
    assert told["read_models"]["reports"]["set_aside"] == 0
    assert samples(client)["stancelog_read_model_dead_letters", "positions"] == 1


def test_tables_that_are_not_of_this_code_are_told(client, scene):
    with writing(store_of(client).engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0004'"))
    told = client.get("/readyz").json
    assert (told["status"], told["database"]["revision"]) == ("degraded", "0004")


def test_rows_of_other_code_are_not_ready(client, scene):
    with writing(store_of(client).engine) as connection:
        connection.execute(text("UPDATE checkpoint SET versions = 'log=0'"))
    answer = client.get("/readyz")
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    shown = samples(client)
    assert shown["stancelog_read_model_version", "log"] == 0
    assert shown["stancelog_read_model_expected_version", "log"] > 0


# Metrics


def test_requests_are_counted_by_route_method_and_status(client, scene):
    for path in ("ukraine", "russia", "nobody"):
        client.get(f"/v1/parties/{path}")
    client.get("/nowhere")
    client.open("/v1/parties", method="BREW")
    shown = samples(client)
    count = "stancelog_request_seconds_count"
    assert shown[count, *sorted(["/v1/parties/<party>", "GET", "2xx"])] == 2
    assert shown[count, *sorted(["/v1/parties/<party>", "GET", "4xx"])] == 1
    assert shown[count, *sorted(["none", "GET", "4xx"])] == 1
    assert [key for key in shown if key[0] == count and "other" in key]
    assert not [key for key in shown if "BREW" in key]


def test_answers_given_again_and_records_are_counted(client, told):
    told(party(), issue())
    told(party(), issue())
    for _ in range(3):
        client.get("/v1/parties")
    shown = samples(client)
    assert shown["stancelog_answers_again_total",] == 2
    assert shown["stancelog_records_total",] == 2, "what was there already is not one more"
    route = sorted(["/v1/parties", "GET", "2xx"])
    assert shown["stancelog_request_seconds_count", *route] == 3
    assert shown["stancelog_database_connections", "idle"] >= 1
    assert shown["stancelog_database_up",] == 1


def test_metrics_are_open_on_a_machine_of_ones_own_until_there_is_a_token(client):
    assert client.get("/metrics", **HERE).status_code == 200
    foreign = client.get("/metrics", headers={"Origin": "https://elsewhere.example"}, **HERE)
    assert foreign.status_code == 401
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "10.1.2.3"}).status_code == 401
    passed_on = {"X-Forwarded-For": "10.1.2.3"}
    assert client.get("/metrics", headers=passed_on, **HERE).status_code == 401
    write = bearing(token_for(client, "write"))
    answer = client.get("/metrics", **HERE)
    assert (answer.status_code, "WWW-Authenticate" in answer.headers) == (401, True)
    answer = client.get("/metrics", headers=write)
    assert (answer.status_code, 'scope="admin"' in answer.headers["WWW-Authenticate"]) == (
        403,
        True,
    )


@pytest.mark.parametrize("is_open", [True, False])
def test_who_has_a_token_for_admin_sees_them_from_anywhere(client, is_open):
    with_rules(client, is_at_loopback=False, reads_are_open=is_open)
    assert client.get("/metrics", **HERE).status_code == 401
    admin = bearing(token_for(client, "admin"))
    there = {"REMOTE_ADDR": "10.1.2.3"}
    assert samples(client, headers=admin, environ_base=there)["stancelog_database_up",] == 1


def test_metrics_are_never_kept(client):
    assert client.get("/metrics").headers["Cache-Control"] == "no-store"


def test_every_metric_that_is_documented_is_there_and_every_other_way_round(client, scene):
    page = (Path(__file__).parents[2] / "docs" / "operations.md").read_text()
    documented = set(re.findall(r"^\| `(stancelog_\w+)`", page, re.MULTILINE))
    client.get("/v1/parties")
    shown = client.get("/metrics").text
    families = re.findall(r"^# TYPE (stancelog_\w+) ", shown, re.MULTILINE)
    assert documented == {one for one in families if not one.endswith("_created")}
