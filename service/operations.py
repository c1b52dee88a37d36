"""What an operation answers besides what its route says: refusals, conditions, headers, links.

Routes describe what they answer when all is well. The rest follows from what an operation is: a
read has validators, a write can conflict, whatever names something can miss it. So it is added
here, once, and a test holds every answer against it.
"""

import re
from typing import Any, NamedTuple

from service.hooks import SEQ, SET_ASIDE
from service.idempotency import AGAIN, HEADER
from service.memento import HEADER as ACCEPT_DATETIME
from service.problems import MEDIA_TYPE
from service.schemas.fields import ID, RECORD_ID
from service.schemas.log import BATCH
from service.telemetry import ids

Described = dict[str, Any]

PAGES = ("/feeds/", "/widgets/")
"""Where a person with a browser may come by: a problem is a page for them."""

MEMENTOS = re.compile(r"/v1/(parties/{party}/positions/{issue}|issues/{issue}/status|matrix)")
"""What can be asked for by Accept-Datetime (RFC 7089)."""

NAMES = frozenset({"party", "issue", "report"})
"""Parameters that name something which may not be there."""

EVERY = (400, 401, 421, 422, 429, 503)
"""What any operation may answer."""

STREAM = "/v1/stream"


class Refusal(NamedTuple):
    """A status that says no."""

    name: str
    meaning: str
    always: tuple[str, ...] = ()  # the headers it has
    sometimes: tuple[str, ...] = ()


REFUSALS = {
    400: Refusal("Malformed", "The Host is no name, or Accept-Datetime no date of RFC 1123"),
    401: Refusal("Unauthorized", "A token is needed, or this one is bad", ("WWW-Authenticate",)),
    403: Refusal("Forbidden", "Who asks may not do this", sometimes=("WWW-Authenticate",)),
    404: Refusal("NotFound", "Something that is named was never recorded"),
    408: Refusal("BodyMissing", "The body did not come, or not in time"),
    409: Refusal("Conflict", "It contradicts what is on record", sometimes=("Retry-After",)),
    411: Refusal("LengthMissing", "The body comes without its Content-Length"),
    412: Refusal("OtherVersion", "If-Match names another version"),
    413: Refusal("TooLarge", "The body is too large"),
    421: Refusal("Misdirected", "Nothing is served under this name"),
    422: Refusal("Invalid", "A parameter or the body breaks a rule: errors says which"),
    429: Refusal("TooMany", "This client asked for more than one may", ("Retry-After",)),
    503: Refusal("Unavailable", "Not now: ask again later", ("Retry-After",)),
}

HEADERS = {
    "ETag": "The validator of the answer, for If-None-Match; of a report also for If-Match.",
    "Location": "Where it is.",
    SEQ: "The log position of the last of what was recorded, for min_seq.",
    SET_ASIDE: "How many events could not be applied: what is read lacks them.",
    AGAIN: "true: this was answered before, to the same Idempotency-Key.",
    "Retry-After": "Seconds after which to ask again.",
    "WWW-Authenticate": "What kind of token is needed (RFC 6750).",
    "Link": "What goes with the answer (RFC 8288).",
    "Content-Location": "The permalink of what was chosen by Accept-Datetime.",
    "Memento-Datetime": "When the last of what the answer rests on was recorded (RFC 7089).",
    "Preference-Applied": "How long the answer could have been waited for (RFC 7240).",
    "Content-Disposition": "What to call the file.",
    "Last-Modified": "When the last of what is known here was recorded.",
    ids.HEADER: "The id of the request, in the log of the server too.",
}

NUMBERS = {
    SEQ: {"type": "integer", "minimum": 0},
    SET_ASIDE: {"type": "integer", "minimum": 1},
    "Retry-After": {"type": "integer", "minimum": 1},
}


def _asked(place: str, name: str, description: str, **schema: Any) -> Described:
    return {"name": name, "in": place, "description": description, "schema": schema}


PARAMETERS = {
    "min_seq": _asked(
        "query",
        "min_seq",
        "Wait until what is read has come to this log position, such as the Stancelog-Seq of a "
        "write; 503 with Retry-After where that takes too long. The header Stancelog-Seq asks "
        "the same.",
        type="integer",
        minimum=0,
    ),
    "IdempotencyKey": _asked(
        "header",
        HEADER,
        "A key of the client's own for this request. Sent again with the same body within three "
        "days, it is answered as the first time and recorded once; with another body: 422; while "
        "the first is being answered: 409.",
        type="string",
        minLength=1,
        maxLength=255,
    ),
    "IfMatch": _asked(
        "header",
        "If-Match",
        "The ETag of the report as it was read: 412 where it was amended since.",
        type="string",
    ),
    "IfNoneMatch": _asked(
        "header", "If-None-Match", "The ETag of an answer: 304 while it is the same.", type="string"
    ),
    "AcceptDatetime": _asked(
        "header",
        ACCEPT_DATETIME,
        "Answer with what was known then (RFC 7089), such as Thu, 18 Dec 2025 20:35:00 GMT.",
        type="string",
    ),
}

SECURITY: Described = {
    "token": {
        "type": "http",
        "scheme": "bearer",
        "description": "Made with 'stancelog token create'. Writing needs one of scope write, but "
        "for a server of one's own; reading one of scope read, where the operator closed it.",
    },
    "feedToken": {
        "type": "apiKey",
        "in": "query",
        "name": "token",
        "description": "A token of scope feed in the URL of a feed or a widget.",
    },
}


def described(document: Described) -> Described:
    """Return an OpenAPI document with all that its operations may be asked and answer."""
    document["components"] |= {
        "responses": _refusals(),
        "headers": {
            name: {"description": text, "schema": NUMBERS.get(name, {"type": "string"})}
            for name, text in HEADERS.items()
        },
        "parameters": PARAMETERS,
        "securitySchemes": SECURITY,
    }
    for unused in ("Error", "PaginationMetadata"):  # of flask-smorest
        del document["components"]["schemas"][unused]
    document["security"] = [{}, {"token": []}]
    for path, operations in document["paths"].items():
        named = {one["name"] for one in operations.get("parameters", ())}
        for method, operation in operations.items():
            if method != "parameters":
                _describe(path, method, operation, named)
    return document


def operation_id(path: str, method: str) -> str:
    """Return what an operation is called: get_reports_report_history."""
    words = re.findall(r"\w+", path.replace("-", "_").removeprefix("/v1"))
    return "_".join([method, *words])


def statuses(path: str, method: str, named: set[str]) -> list[int]:
    """Return the statuses of refusals that an operation may answer. `named`: its parameters."""
    found = {*EVERY}
    if NAMES & named or path == STREAM:
        found.add(404)
    if path.startswith("/v1/"):
        found.add(403)
    if method == "get":
        if _has_validator(path, named):
            found.add(412)
    else:
        found |= {408, 409, 411, 413}
        if "report" in named:
            found.add(412)
    return sorted(found)


def _has_validator(path: str, named: set[str]) -> bool:
    """Tell whether an answer may have an ETag: of an export only one by its permalink has."""
    if path.startswith("/v1/") and path.endswith(".csv"):
        return bool({"as_of", "to"} & named and {"seq", "seq_to"} & named)
    return path != STREAM


def _describe(path: str, method: str, operation: Described, of_path: set[str]) -> None:
    asked = operation.setdefault("parameters", [])
    named = of_path | {one["name"] for one in asked if "name" in one}
    answers = operation["responses"]
    for status in [status for status in answers if not status.startswith("2")]:
        del answers[status]
    refused = statuses(path, method, named)
    is_for_pages = path.startswith(PAGES)
    for answer in answers.values():
        answer["headers"] = _headers(path, method, answer)
        if links := _links(path, method):
            answer["links"] = links
    if method == "get" and 412 in refused:
        answers["304"] = _ref("responses", "NotModified")
    if is_for_pages:
        answers["303"] = _ref("responses", "SignIn")
        operation["security"] = [{}, {"token": []}, {"feedToken": []}]
    for status in refused:
        name = REFUSALS[status].name + ("Page" if is_for_pages else "")
        answers[str(status)] = _ref("responses", name)
    operation["responses"] = dict(sorted(answers.items()))
    operation["operationId"] = operation_id(path, method)
    if method != "get":
        asked += [_exact_id(name) for name in of_path]
    asked += [_ref("parameters", name) for name in _more_asked(path, method, refused)]


def _exact_id(name: str) -> Described:
    """Return what the path of a write has: an id, where a read takes any name."""
    pattern = RECORD_ID if name == "report" else ID
    schema = {"type": "string", "pattern": f"^{pattern.pattern}$"}
    return {"name": name, "in": "path", "required": True, "schema": schema}


def _more_asked(path: str, method: str, refused: list[int]) -> list[str]:
    if method == "get":
        names = ["min_seq"] + ["IfNoneMatch"] * (412 in refused)
        if MEMENTOS.fullmatch(path.removesuffix(".csv")):
            names.append("AcceptDatetime")
        return names
    names = ["IdempotencyKey"] if method == "post" else []
    return names + ["IfMatch"] * (412 in refused)


def _headers(path: str, method: str, answer: Described) -> Described:
    """Return the headers of an answer when all is well."""
    kinds = answer.get("content", {})
    if method != "get":
        always = [SEQ] if path.endswith("/batch") else [SEQ, "Location"]
        sometimes = [AGAIN] if method == "post" else []
    elif "text/csv" in kinds and path.startswith("/v1/"):
        always, sometimes = ["Link", "Content-Disposition"], ["ETag", SET_ASIDE]
    elif path == STREAM:
        always, sometimes = [], []
    elif BATCH in kinds:
        always, sometimes = ["Link"], ["ETag", "Preference-Applied"]
    else:
        always, sometimes = ["ETag"], ["Link", SET_ASIDE]
        if MEMENTOS.fullmatch(path):
            sometimes += ["Content-Location", "Memento-Datetime"]
        if path.startswith("/feeds/"):
            sometimes.append("Last-Modified")
    return _named(always, sometimes)


def _named(always: list[str], sometimes: list[str]) -> Described:
    told = {name: _ref("headers", name) for name in sometimes}
    for name in (*always, ids.HEADER):
        schema = NUMBERS.get(name, {"type": "string"})
        told[name] = {"description": HEADERS[name], "schema": schema, "required": True}
    return dict(sorted(told.items()))


def _links(path: str, method: str) -> Described:
    """Return where an answer to a write leads: to what can be asked or said of it then."""
    if (path, method) == ("/v1/reports", "post"):
        found = {"report": "$response.body#/id"}
    elif method == "post" and "{report}" in path:
        found = {"report": "$request.path.report"}
    elif method == "put":
        name = path.rpartition("{")[2].rstrip("}")
        found = {name: f"$request.path.{name}"}
        return {"read": {"operationId": operation_id(path, "get"), "parameters": found}}
    else:
        return {}
    base = "/v1/reports/{report}"
    leads = {
        "read": (base, "get"),
        "history": (f"{base}/history", "get"),
        "correct": (f"{base}/corrections", "post"),
        "retract": (f"{base}/retraction", "post"),
        "reinstate": (f"{base}/reinstatement", "post"),
    }
    return {
        name: {"operationId": operation_id(*of), "parameters": found} for name, of in leads.items()
    }


def _refusals() -> Described:
    found: Described = {
        "NotModified": {
            "description": "The client has the answer",
            "headers": _named([], ["ETag", "Link", "Memento-Datetime"]),
        },
        "SignIn": {
            "description": "A browser, where reading needs a token, is led to sign in",
            "headers": _named(["Location"], []),
            "content": {"text/html": {"schema": {"type": "string"}}},
        },
    }
    schema = _ref("schemas", "Problem")
    page = {"text/html": {"schema": {"type": "string"}}}
    for name, meaning, always, sometimes in REFUSALS.values():
        content = {MEDIA_TYPE: {"schema": schema}}
        answer: Described = {"description": meaning, "content": content}
        answer["headers"] = _named(list(always), list(sometimes))
        found[name] = answer
        found[f"{name}Page"] = answer | {"content": content | page}
    return found


def _ref(kind: str, name: str) -> Described:
    return {"$ref": f"#/components/{kind}/{name}"}
