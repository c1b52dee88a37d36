"""The API describes itself, and does what it says."""

import re

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate

from events.vocabulary import RECORD_TYPES
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


def test_the_openapi_document_is_valid(client):
    document = client.get("/openapi.json").json
    validate(document)
    assert document["openapi"].startswith("3.1")


def test_each_operation_names_its_statuses_one_by_one(client):
    for path, operations in client.get("/openapi.json").json["paths"].items():
        for method, operation in operations.items():
            if method == "parameters":
                continue
            statuses = operation["responses"].keys()
            assert all(status.isdigit() for status in statuses), (method, path)
            assert {"200", "400", "401", "421", "422", "429", "503"} <= statuses, (method, path)
            assert ("409" in statuses) == ("413" in statuses) == (method != "get"), path
            assert ("404" in statuses) or "{" not in path


@pytest.mark.usefixtures("scene")
def test_each_status_that_is_described_is_one_that_is_answered(client, told):
    told(statement("r-1", positions=[position()]), correction("r-1", venue="Kyiv"))
    document = client.get("/openapi.json").json
    names = {"{party}": "ukraine", "{issue}": "nato", "{report}": "r-1"}
    most_bytes = client.application.config["MAX_CONTENT_LENGTH"]
    needs = {"/v1/ledger/proof": "seq=1", "/v1/ledger/consistency": "from=1"}
    needs |= dict.fromkeys(("/v1/diff", "/v1/diff.csv"), "seq_from=1")
    for template, operations in document["paths"].items():
        path = template
        for name, value in names.items():
            path = path.replace(name, value)
        for method, operation in operations.items():
            if method == "parameters":
                continue
            described = operation["responses"].keys()

            def status(path=path, method=method, **asked):
                with client.open(path, method=method.upper(), **asked) as answer:
                    return str(answer.status_code)

            bad = {"Authorization": "Bearer no"}
            assert status(headers=bad) == "401", path
            assert status(query_string={"nothing": "1"}) == "422", path
            assert status(headers={"Host": ".."}) == "400", path
            if method == "get":
                query = needs.get(template, "")
                etag = client.get(path, query_string=query).headers.get("ETag")
                if etag and ".csv" not in path:
                    conditions = {"If-None-Match": etag}
                    assert status(query_string=query, headers=conditions) == "304", path
                    other = {"If-Match": '"other"'}
                    assert status(query_string=query, headers=other) == "412", path
                assert bool(etag) <= ({"304", "412"} <= described), path
                never = {"Accept-Datetime": "never"}
                takes = {"$ref": "#/components/parameters/AcceptDatetime"} in operation[
                    "parameters"
                ]
                assert (status(query_string=query, headers=never) == "400") == takes, path
                continue
            foreign = {"Origin": "https://example.org"}
            assert status(headers=foreign) == "403", path
            assert status(data=b" " * (most_bytes + 1)) == "413", path
            if "412" in described:
                body = {"reason": "other", "changes": {"venue": "Lviv"}}
                if "retraction" in path:
                    body = {"reason": "other"}
                elif "reinstatement" in path:
                    body = {}
                assert status(json=body, headers={"If-Match": '"v9"'}) in ("412", "409"), path


def test_every_route_is_described(client):
    described = {
        (method, re.sub(r"{(\w+)}", "*", path))
        for path, methods in client.get("/openapi.json").json["paths"].items()
        for method in methods
        if method != "parameters"
    }
    routes = {
        (method.lower(), re.sub(r"<\w+>", "*", rule.rule))
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith(("/v1/", "/widgets/", "/feeds/"))
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    assert described == routes


@pytest.mark.usefixtures("scene")
def test_every_answer_is_as_described(client, told):
    told(
        statement(
            "r-1",
            occurred="2019",
            positions=[position("support", until="2021-01-01")],
            statuses=[status("proposed")],
        ),
        statement("r-2", parties=["russia"], positions=[position("oppose")]),
        meeting(
            "m-1",
            participants=[{"party": "ukraine", "representatives": [{"name": "A"}]}],
            positions=[position("neutral", party="ukraine")],
            statuses=[status("in_force")],
        ),
        correction("r-1", occurred="2020", speaker={"name": "B"}),
        retraction("r-2"),
        reinstatement("r-2"),
    )
    document = client.get("/openapi.json").json
    components = {"components": document["components"]}
    questions = {
        "/v1/parties/{party}/positions/{issue}": "/v1/parties/ukraine/positions/nato",
        "/v1/parties/{party}/positions/{issue}/history": (
            "/v1/parties/ukraine/positions/nato/history"
        ),
        "/v1/parties/{party}/positions": "/v1/parties/ukraine/positions",
        "/v1/issues/{issue}/positions": "/v1/issues/nato/positions",
        "/v1/issues/{issue}/status": "/v1/issues/nato/status",
        "/v1/issues/{issue}/status/history": "/v1/issues/nato/status/history",
        "/v1/matrix": "/v1/matrix",
        "/v1/parties": "/v1/parties?limit=1",
        "/v1/issues": "/v1/issues",
        "/v1/parties/{party}": "/v1/parties/ukraine",
        "/v1/issues/{issue}": "/v1/issues/nato",
        "/v1/reports": "/v1/reports",
        "/v1/search": "/v1/search?q=they&type=meeting",
        "/v1/reports/{report}": "/v1/reports/r-1",
        "/v1/reports/{report}/history": "/v1/reports/r-2/history",
        "/v1/changes": "/v1/changes",
        "/v1/parties/{party}/changes": "/v1/parties/ukraine/changes",
        "/v1/issues/{issue}/changes": "/v1/issues/nato/changes?kind=status",
        "/v1/diff": "/v1/diff?from=2018-12-31",
        "/v1/diff#": "/v1/diff?seq_from=0",
        "/v1/positions": "/v1/positions",
        "/v1/columns": "/v1/columns",
        "/v1/ledger": "/v1/ledger",
        "/v1/ledger/proof": "/v1/ledger/proof?report=r-1&version=2",
        "/v1/ledger/consistency": "/v1/ledger/consistency?from=3",
        "/v1/parties/{party}/positions/{issue}/revisions": (
            "/v1/parties/ukraine/positions/nato/revisions"
        ),
        "/v1/issues/{issue}/status/revisions": "/v1/issues/nato/status/revisions",
        "/v1/corrections": "/v1/corrections",
        "/v1/log": "/v1/log?limit=20",
    }
    reads = {path for path, methods in document["paths"].items() if "get" in methods}
    reads = {path for path in reads if path.startswith("/v1/")}
    exports = {path for path in reads if path.endswith(".csv")}
    timemaps = {path for path in reads if path.endswith("/timemap")}
    streams = {"/v1/stream"}
    assert reads - exports - timemaps - streams == {path.rstrip("#") for path in questions}
    (pushed,) = document["paths"]["/v1/stream"]["get"]["responses"]["200"]["content"]
    assert pushed == "text/event-stream"
    for path in exports:
        (answered,) = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert answered == "text/csv"
    for path in timemaps:
        (answered,) = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert answered == "application/link-format"
    for path, question in questions.items():
        content = document["paths"][path.rstrip("#")]["get"]["responses"]["200"]["content"]
        schema = content["application/json"]["schema"]
        answer = client.get(question)
        assert answer.status_code == 200, question
        Draft202012Validator(schema | components).validate(answer.json)
        known = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
        assert answer.json.keys() <= known["properties"].keys(), question
    problem = document["components"]["schemas"]["Problem"]
    for wrong in ("/v1/parties/nobody", "/v1/matrix?seq=-1", "/v1/nothing"):
        Draft202012Validator(problem | components).validate(client.get(wrong).json)


@pytest.mark.usefixtures("scene")
def test_every_feed_is_as_described(client, told):
    told(
        statement("r-1", positions=[position("support")], statuses=[status("proposed")]),
        meeting("m-1", occurred="2020-03"),
        retraction("m-1"),
    )
    document = client.get("/openapi.json").json
    components = {"components": document["components"]}
    asked = {"{party}": "ukraine", "{issue}": "nato"}
    feeds = [path for path in document["paths"] if not path.startswith("/v1/")]
    assert len(feeds) == 13
    for path in feeds:
        address = path
        for name, value in asked.items():
            address = address.replace(name, value)
        answer = client.get(address)
        described = document["paths"][path]["get"]["responses"]["200"]["content"]
        assert answer.status_code == 200, path
        assert list(described) == [answer.mimetype], path
        schema = described[answer.mimetype]["schema"]
        if "json" in answer.mimetype:
            Draft202012Validator(schema | components).validate(answer.json)


GOOD = {
    "party": party("ukraine", member_of=[{"party": "eu", "from": "2024-01-01", "until": None}]),
    "issue": issue("nato", parent="europe", tags=["a"]),
    "statement": statement("r-1", speaker={"name": "A"}, positions=[position(conditions=["c"])]),
    "meeting": meeting("m-1", positions=[position(party="ukraine")], statuses=[status()]),
    "correction": correction("r-1", "c-1", venue="Kyiv"),
    "retraction": retraction("r-1", "x-1"),
    "reinstatement": reinstatement("r-1", "y-1"),
}


@pytest.mark.parametrize("kind", RECORD_TYPES)
def test_each_record_has_a_json_schema_of_its_own(client, kind):
    assert f"/schemas/{kind}.json" in client.get("/schemas/").json["schemas"]
    schema = client.get(f"/schemas/{kind}.json").json
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    validator.validate(GOOD[kind])
    assert not validator.is_valid(GOOD[kind] | {"colour": "red"})
    assert not validator.is_valid(GOOD[kind] | {"type": "protest"})


def test_the_docs_load_nothing_from_elsewhere(client):
    page = client.get("/docs").text
    assert not re.search(r"(src|href)=\"(https?:)?//", page)
    for path in re.findall(r"(?:src|href)=\"(/static[^\"]+)\"", page):
        with client.get(path) as asset:
            assert asset.status_code == 200, path
