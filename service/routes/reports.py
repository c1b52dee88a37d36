"""Reports, as they read and as they read before."""

from collections.abc import Mapping
from hashlib import blake2b
from typing import Any

import orjson
from flask import Response, request
from marshmallow import RAISE
from sqlalchemy import Connection
from werkzeug.datastructures import ETags

from events.vocabulary import POSITION_FLOOR
from projections import reports, search
from projections.words import Query
from service import answers, lookup
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
    return f"v{version}" in {(tag or "").partition("-")[0] for tag in etags.as_set()}


def list_of(parameters: dict[str, Any]) -> answers.Body:
    """Answer with the reports that stand, in order of effect."""
    page = page_of(parameters, request.path, key=(int, int))
    asked = page.question
    with asking(page.clocks, POSITION_FLOOR) as (connection, head, clocks):
        wanted = lookup.reports_wanted(connection, asked, clocks.seq, head)
        after = (page.after[0], min(page.after[1], head.seq)) if page.after else None
        found = _standing(connection, wanted, clocks.seq, after, page.limit + 1)
        shown = found[: page.limit]
        more = len(found) > page.limit
        return (
            {"reports": [answers.report(version) for version in shown]}
            | clocks.echo()
            | {
                "next": page.next(clocks, [shown[-1].latest, shown[-1].place]) if more else None,
                "links": _links(answers.asked_again(asked, wanted), clocks),
            }
        )


def _standing(
    connection: Connection,
    wanted: search.Filter,
    seq: int,
    after: tuple[int, int] | None,
    count: int,
) -> list[reports.Version]:
    is_search = wanted.source or wanted.year or wanted.query != Query()
    if not is_search:
        plain = reports.Filter(*(getattr(wanted, name) for name in reports.Filter._fields))
        return reports.standing(connection, plain, seq=seq, after=after, count=count)
    found = search.standing(connection, wanted, seq=seq, after=after, count=count, in_words=True)
    return answers.versions_of(connection, found)


def _links(query: Mapping[str, Any], clocks: Clocks) -> dict[str, str]:
    return {
        "self": url("reports", **query),
        "permalink": url("reports", **query, seq=clocks.seq),
    }
