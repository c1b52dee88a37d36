"""Reports, as they read and as they read before."""

from hashlib import blake2b
from typing import Any

import orjson
from flask import Response, request
from marshmallow import RAISE
from werkzeug.datastructures import ETags

from events import dates
from events.vocabulary import POSITION_FLOOR
from projections import reports
from service import answers, lookup
from service.answers.shared import known
from service.clocks import Clocks
from service.http import Api, asking, json
from service.links import url
from service.paging import page_of
from service.schemas import answers as shapes
from service.schemas.queries import Known, ReportPage

api = Api("reports", __name__, url_prefix="/v1", description="What was reported.")


@api.route("/reports")
@api.arguments(ReportPage, location="query", unknown=RAISE)
@api.response(200, shapes.ReportListAnswer)
def report_list(parameters: dict[str, Any]) -> Response:
    """Which reports stand? In order of effect."""
    return json(list_of(parameters))


@api.route("/reports/<report>")
@api.arguments(Known, location="query", unknown=RAISE)
@api.response(200, shapes.ReportAnswer)
def report(parameters: dict[str, Any], report: str) -> Response:
    """What does this report say, and does it stand? Its ETag serves If-Match."""
    with asking(parameters["asked"], POSITION_FLOOR) as (connection, head, clocks):
        found = reports.version_of(connection, report, clocks.seq)
        if found is None:
            raise lookup.no_report(connection, report, head)
        answer = answers.one_report(connection, found, clocks)
        tag = etag(found.version, answer["likely_duplicates"])
        return json(answer, headers={"ETag": tag})


@api.route("/reports/<report>/history")
@api.arguments(Known, location="query", unknown=RAISE)
@api.response(200, shapes.ReportHistoryAnswer)
def report_history(parameters: dict[str, Any], report: str) -> Response:
    """How did this report read before, and what changed it?"""
    with asking(parameters["asked"], POSITION_FLOOR) as (connection, head, clocks):
        found = reports.versions_of(connection, report, clocks.seq)
        if not found:
            raise lookup.no_report(connection, report, head)
        return json(
            {"id": found[0].record["id"], "versions": answers.report_history(found)} | clocks.echo()
        )


def etag(version: int, suggested: list[answers.Body]) -> str:
    """Return the validator of a report at a version, and of what is suggested with it."""
    told = blake2b(orjson.dumps(suggested), digest_size=6).hexdigest() if suggested else ""
    return f'"v{version}{told and "-"}{told}"'


def has_version(etags: ETags, version: int) -> bool:
    """Tell whether one of the validators is of a version, whatever was suggested with it."""
    return f"v{version}" in {tag.partition("-")[0] for tag in etags.as_set()}


def list_of(parameters: dict[str, Any]) -> answers.Body:
    """Answer with the reports that stand, in order of effect."""
    page = page_of(parameters, request.path, key=(int, int))
    asked = page.question
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        party, issue = asked.get("party"), asked.get("issue")
        wanted = reports.Filter(
            party=party and lookup.party_id(connection, party, clocks.seq, head),
            issue=issue and lookup.issue_id(connection, issue, head),
            type=asked.get("type"),
            from_=asked.get("from_"),
            to=asked.get("to"),
            q=asked.get("q"),
        )
        after = (page.after[0], min(page.after[1], head.seq)) if page.after else None
        found = reports.standing(
            connection, wanted, seq=clocks.seq, after=after, count=page.limit + 1
        )
        shown = found[: page.limit]
        more = len(found) > page.limit
        return (
            {"reports": [answers.report(version) for version in shown]}
            | known(clocks)
            | {
                "next": page.next(clocks, [shown[-1].latest, shown[-1].place]) if more else None,
                "links": _links(asked, wanted, clocks),
            }
        )


def _links(asked: dict[str, Any], wanted: reports.Filter, clocks: Clocks) -> dict[str, str]:
    ends = {
        name: None if asked.get(key) is None else dates.to_text(asked[key])
        for name, key in (("from", "from_"), ("to", "to"))
    }
    query = {"party": wanted.party, "issue": wanted.issue, "type": wanted.type, "q": wanted.q}
    return {
        "self": url("reports", **query, **ends),
        "permalink": url("reports", **query, **ends, seq=clocks.seq),
    }
