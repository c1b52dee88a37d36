"""What a client can ask of a database: many addresses, about all that it knows of."""

from itertools import islice
from typing import Any

from flask.testing import FlaskClient

Answers = dict[str, Any]

LATE = "as_of=2090-01-01"
MOMENTS = ("as_of=2022-03-29", "as_of=2025-12-20", LATE)

OF_NOW = ("as_of", "links", "permalink")
"""What an answer says of when it was asked, unless it was asked as of a date."""


def addresses(client: FlaskClient) -> list[str]:
    """The addresses of a few hundred questions at most."""
    parties = _ids(client, "parties")
    issues = _ids(client, "issues")
    reports = _ids(client, "reports")
    half = client.get("/readyz").get_json()["seq"] // 2
    found = ["/v1/parties?limit=100", "/v1/issues?limit=100", "/v1/reports?limit=100"]
    for at in MOMENTS:
        found += [f"/v1/matrix?{at}", f"/v1/matrix?{at}&seq={half}"]
        found += [f"/v1/issues/{one}/status?{at}" for one in issues]
    found += [f"/v1/issues/{one}/status/history" for one in issues]
    found += [f"/v1/issues/{one}/positions?{LATE}" for one in issues]
    found += [f"/v1/parties/{one}/positions?{LATE}&seq={half}" for one in parties]
    found += [f"/v1/reports/{one}/history" for one in islice(reports, 0, None, 4)]
    for one in parties:
        rows = client.get(f"/v1/parties/{one}/positions?{LATE}").get_json()["positions"]
        for row in rows[:4]:
            pair = f"/v1/parties/{one}/positions/{row['issue']}"
            found += [f"{pair}/history", f"{pair}?{LATE}", f"{pair}?{MOMENTS[1]}&seq={half}"]
            found.append(f"{pair}?{LATE}&floor=unattributed")
    return found


def answers_of(client: FlaskClient, asked: list[str] | None = None) -> Answers:
    """The answers, by the address. Where there is none, the status."""
    answers: Answers = {}
    for address in asked or addresses(client):
        answer = client.get(address)
        told = answer.get_json() if answer.status_code == 200 else answer.status_code
        if isinstance(told, dict) and "as_of=" not in address:
            told = {name: value for name, value in told.items() if name not in OF_NOW}
        answers[address] = told
    return answers


def _ids(client: FlaskClient, name: str) -> list[str]:
    found: list[str] = []
    page = client.get(f"/v1/{name}?limit=100").get_json()
    while page:
        found += [one["id"] for one in page[name]]
        page = client.get(page["next"]).get_json() if page.get("next") else None
    return found
