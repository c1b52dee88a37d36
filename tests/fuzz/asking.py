"""What schemathesis asks: what the OpenAPI document allows and what it does not.

Half of the time with names, dates and records of the example in it, so that more is asked than
what is not there.
"""

import json
from typing import Any

import schemathesis
from flask import Flask
from hypothesis import strategies as st
from schemathesis.checks import (
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core import NOT_SET
from schemathesis.schemas import BaseSchema

from tests.fuzz.conftest import RECORDS, Served, of_kind


@schemathesis.serializer("application/x-ndjson")
def ndjson(_: Any, value: Any) -> bytes:
    """A body of lines, as it is sent."""
    return value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")


def nothing_fails(_: Any, response: Any, case: Any) -> None:
    """No answer is 5xx, but for the 503 of a read that insists on what was not recorded yet."""
    is_early = response.status_code == 503 and "min_seq" in (case.query or {})
    assert response.status_code < 500 or is_early, response.text


CHECKS = [
    nothing_fails,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]

REPORTS = of_kind("statement", "meeting")
PARTIES = [one["id"] for one in of_kind("party")] + ["Kyiv", "USA", "otan"]
ISSUES = [one["id"] for one in of_kind("issue")]
DATES = ["2022-03-29", "2025-12-14", "2025-12-15T10:00:00Z", "2025-12-20T00:00:00+01:00"]
LOOSE = [*DATES, "2025", "2025-12", "2025-12~", "2022-02/2022-03"]
NUMBERS = ["0", "1", "2", "40", "134"]

NAMED = {
    "party": PARTIES,
    "issue": ISSUES,
    "report": [one["id"] for one in REPORTS],
    "as_of": DATES,
    "known_at": ["2025-12-16", *DATES],
    "known_from": DATES,
    "known_to": DATES,
    "from": LOOSE,
    "to": LOOSE,
    "q": ["ceasefire", '"security guarantees"', "-nato", "secur", "a b -c"],
    "source": [one["sources"][0]["publisher"] for one in REPORTS],
    "min_seq": ["0", "1", "134"],
    **dict.fromkeys(("seq", "seq_from", "seq_to", "size", "after", "version"), NUMBERS),
}
"""What may stand in a parameter, by its name."""


def schema_of(served: Served) -> BaseSchema:
    """The OpenAPI document of an app, to be asked about what it knows."""
    schema = schemathesis.openapi.from_dict(
        closed(served.app.test_client().get("/openapi.json").json)
    )
    schema.app = served.app
    schema.config.generation.with_security_parameters = False

    @schema.hook
    def before_generate_case(context: Any, strategy: Any) -> Any:
        return st.tuples(strategy, st.integers(0, 2**16)).map(lambda pair: known(schema.app, *pair))

    return schema


def closed(document: dict[str, Any]) -> dict[str, Any]:
    """Let no answer have more than it is described with. Clients are told that it may grow."""
    for shape in document["components"]["schemas"].values():
        if "properties" in shape:
            shape.setdefault("additionalProperties", False)
    return document


def known(app: Flask, case: Any, choice: int) -> Any:
    """Put what is there into a case. `choice`: which of it, and none of it a third of the time."""
    kind, choice = choice % 3, choice // 3
    if kind == 0:
        return case
    if kind == 1:
        _simplify(case, choice)
    for parameters in (case.path_parameters, case.query):
        for place, name in enumerate(sorted(parameters or {})):
            if values := NAMED.get(name):
                parameters[name] = values[(choice >> (place + 1)) % len(values)]
    if "cursor" in (case.query or {}):
        _go_on(app, case)
    if case.body is not NOT_SET:
        case.body = _recordable(case, choice)
    return case


def _simplify(case: Any, choice: int) -> None:
    """Leave in a case what may well have an answer."""
    for name in ("If-None-Match", "If-Match", "Accept-Datetime"):
        case.headers.pop(name, None)
    kept = [name for place, name in enumerate(sorted(case.query or {})) if choice >> place & 1]
    if "seq" in kept:
        kept = [name for name in kept if name != "known_at"]
    if "cursor" in kept:
        kept = ["cursor"]
    case.query = {name: case.query[name] for name in kept if name in {*NAMED, "cursor", "floor"}}


def _go_on(app: Flask, case: Any) -> None:
    """Let a case ask for the next page of the list that it asks for."""
    path = case.formatted_path
    asked = {name: value for name, value in case.query.items() if name != "cursor"}
    answer = app.test_client().get(path, query_string={**asked, "limit": 1})
    if answer.status_code == 200 and answer.json.get("next"):
        case.query["cursor"] = answer.json["next"]


def _recordable(case: Any, choice: int) -> Any:
    """Return a body that may be recorded."""
    place = choice >> 3
    if case.path.endswith("/batch"):
        return "\n".join(json.dumps(one) for one in RECORDS[place % 134 : place % 134 + 5])
    if case.path == "/v1/reports":
        return REPORTS[place % len(REPORTS)] | {"id": f"f-{choice}", "credibility": place % 6 + 1}
    if case.path.endswith("/corrections"):
        changes = {"summary": f"It said {choice}.", "tags": [f"t{choice}"]}
        return {"changes": changes, "reason": "typo"}
    if case.method.upper() == "PUT":
        kind = "party" if "/parties/" in case.path else "issue"
        named = {"name": f"N {choice}", "kind": "state"}
        opened = {"title": f"T {choice}", "proposition": f"There should be {choice}"}
        return named if kind == "party" else opened
    return {"reason": "other", "note": f"n {choice}"}
