"""What a page is about, for machines that read pages: JSON-LD in the words of schema.org.

It says no more than the page: a statement is a claim of its source, not a fact of ours.
"""

from collections.abc import Iterable
from typing import Any

from service.answers import Body
from service.links import page
from service.pages.view import Named
from service.wording import is_day

Data = dict[str, Any]

KINDS = {
    "state": "Country",
    "organization": "Organization",
    "bloc": "Organization",
    "non_state": "Organization",
    "person": "Person",
}


def of_party(record: Body, root: str) -> Data:
    """Return a party."""
    return _told(
        KINDS[record["kind"]],
        url=root + page("parties", record["id"]),
        name=record["name"],
        alternateName=record.get("aliases") or None,
    )


def of_issue(record: Body, root: str) -> Data:
    """Return an issue: a proposition that parties are for or against."""
    address = root + page("issues", record["id"])
    about = {"@type": "Thing", "name": record["title"], "description": record["proposition"]}
    return _told("WebPage", url=address, name=record["title"], about=about)


def of_report(report: Body, parties: Named, titles: Named, root: str) -> Data:
    """Return a report: a meeting as an event, a statement as the claim that it was made."""
    told: Data = {
        "url": root + page("reports", report["id"]),
        "identifier": report["id"],
        "about": [
            {
                "@type": "Thing",
                "name": titles[one["issue"]],
                "url": root + page("issues", one["issue"]),
            }
            for one in report.get("positions") or []
        ]
        or None,
    }
    sources = [_source(one) for one in report["sources"]]
    if report["type"] == "meeting":
        day = report["occurred"] if is_day(report["occurred"]) else ""
        first, _, last = day.partition("/")
        return _told(
            "Event",
            **told,
            name=report["summary"],
            startDate=first or None,
            endDate=last.replace("..", "") or None,
            location={"@type": "Place", "name": report["place"]} if report.get("place") else None,
            attendee=_called((one["party"] for one in report["participants"]), parties, root),
            subjectOf=sources,
        )
    return _told(
        "Claim",
        **told,
        text=report.get("quote") or report["summary"],
        abstract=report["summary"] if report.get("quote") else None,
        author=_called(report["parties"], parties, root),
        appearance=sources,
    )


def _called(ids: Iterable[str], parties: Named, root: str) -> list[Data]:
    return [
        {"@type": "Thing", "name": parties[key], "url": root + page("parties", key)} for key in ids
    ]


def _source(source: Body) -> Data:
    publisher = {"@type": "Organization", "name": source["publisher"]}
    told = {
        "@type": "CreativeWork",
        "publisher": publisher,
        "name": source.get("title"),
        "url": source.get("url"),
        "datePublished": source.get("published_at"),
    }
    return {name: value for name, value in told.items() if value is not None}


def _told(kind: str, **told: Any) -> Data:
    head = {"@context": "https://schema.org", "@type": kind}
    return head | {name: value for name, value in told.items() if value is not None}
