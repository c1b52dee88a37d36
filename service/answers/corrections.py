"""The public list of corrections, retractions and reinstatements."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection

from events import dates
from projections import reports
from projections.log import Head
from projections.reports import AmendmentFilter, Version
from service.answers.records import cause_of, changes_of
from service.answers.shared import Body, known
from service.clocks import Clocks
from service.links import url
from service.lookup import issue_id, party_id, report_id


def correction_list(
    connection: Connection,
    head: Head,
    clocks: Clocks,
    question: Mapping[str, Any],
    *,
    before: int | None = None,
    limit: int,
) -> tuple[Body, int | None]:
    """Return at most `limit` amendments, newest first, and the seq of the last if more follow.

    `question`: as `schemas.queries.CorrectionPage` has it. `before`: only those recorded
    before this position in the log. Raises NotFoundError.
    """
    party, issue, report = (question.get(name) for name in ("party", "issue", "report"))
    wanted = AmendmentFilter(
        type=question.get("type"),
        report=report and report_id(connection, report, head),
        party=party and party_id(connection, party, clocks.seq, head),
        issue=issue and issue_id(connection, issue, head),
    )
    below = clocks.seq + 1 if before is None else max(0, min(before, clocks.seq))
    found = reports.amendments(connection, wanted, below=below, count=limit + 1)
    shown = found[:limit]
    amended = reports.versions_before(connection, shown)
    rows = [_correction(amended[version.place, version.version - 1], version) for version in shown]
    query = wanted._asdict()
    links = {
        "self": url("corrections", **query),
        "permalink": url("corrections", **query, seq=clocks.seq),
    }
    body = {"corrections": rows, "links": links} | known(clocks)
    return body, shown[-1].seq if len(found) > limit else None


def _correction(before: Version, version: Version) -> Body:
    path = ["reports", version.record["id"]]
    return cause_of(version) | {
        "report": version.record["id"],
        "seq": version.seq,
        "recorded_at": dates.to_text(version.recorded_at),
        "recorded_by": version.recorded_by,
        "version": version.version,
        "stands": version.stands,
        "changes": changes_of(before, version),
        "links": {
            "report": url(*path),
            "permalink": url(*path, seq=version.seq),
            "history": url(*path, "history"),
        },
    }
