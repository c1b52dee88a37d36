"""What was recorded: parties, issues, reports."""

from sqlalchemy import Connection

from events import dates
from projections import catalog, reports
from service.answers import duplicates
from service.answers.comparing import changes_between
from service.answers.shared import Body
from service.clocks import Clocks
from service.links import url
from service.schemas import records


def registration(version: catalog.Version) -> Body:
    """Return a party or an issue as it was known."""
    record = version.record
    kind = "parties" if record["type"] == "party" else "issues"
    return records.filled(record) | {
        "seq": version.seq,
        "recorded_at": dates.to_text(version.recorded_at),
        "recorded_by": version.recorded_by,
        "links": {
            "self": url(kind, record["id"]),
            "permalink": url(kind, record["id"], seq=version.seq),
        },
    }


def report(version: reports.Version) -> Body:
    """Return a report as it read, whether it stood, and what last changed it."""
    path = ["reports", version.record["id"]]
    return records.filled(version.record) | {
        "seq": version.place,
        "stands": version.stands,
        "version": version.version,
        "version_seq": version.seq,
        "recorded_at": dates.to_text(version.recorded_at),
        "recorded_by": version.recorded_by,
        "earliest": dates.to_text(version.earliest),
        "effect": dates.to_text(version.latest),
        "amended_by": _amendment(version),
        "links": {
            "self": url(*path),
            "permalink": url(*path, seq=version.seq),
            "history": url(*path, "history"),
        },
    }


def one_report(connection: Connection, version: reports.Version, clocks: Clocks) -> Body:
    """Return a report, and which others may tell of the same utterance.

    What is suggested changes with what comes in, so its permalink pins all that was known.
    """
    body = report(version)
    permalink = url("reports", version.record["id"], seq=clocks.seq)
    return body | {
        "likely_duplicates": duplicates.like_report(connection, version, clocks.seq),
        "links": body["links"] | {"permalink": permalink},
    }


def report_history(versions: list[reports.Version]) -> list[Body]:
    """Return every version of a report, oldest first, with what each changed."""
    return [
        {
            "version": version.version,
            "seq": version.seq,
            "recorded_at": dates.to_text(version.recorded_at),
            "recorded_by": version.recorded_by,
            "stands": version.stands,
            "cause": cause_of(version),
            "changes": changes_of(before, version),
            "report": records.filled(version.record),
        }
        for before, version in zip([versions[0], *versions], versions, strict=False)
    ]


def changes_of(before: reports.Version, version: reports.Version) -> list[Body]:
    """Return what a version changed in the one before it, field by field."""
    return changes_between(records.filled(before.record), records.filled(version.record))


def cause_of(version: reports.Version) -> Body:
    """Return the record that made a version."""
    reported = {"type": version.record["type"], "id": version.record["id"]}
    return _amendment(version) or reported | {"reason": None, "note": None}


def _amendment(version: reports.Version) -> Body | None:
    record = version.amendment
    if record is None:
        return None
    full = records.filled(record)
    return {key: full[key] for key in ("type", "id", "reason", "note")}
