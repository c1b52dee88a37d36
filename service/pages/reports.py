"""A report: what was said, who says so, and how it was changed since."""

from flask import request

from projections import reports
from service import answers, lookup
from service.pages import linked_data
from service.pages.view import names, pages, render, viewing


@pages.get("/reports/<report>")
def report(report: str) -> str:
    """What does this report say, does it stand, and what changed it?"""
    with viewing() as (connection, view):
        found = reports.versions_of(connection, report, view.clocks.seq)
        if not found:
            raise lookup.no_report(connection, report, view.head)
        answer: answers.Body = answers.one_report(connection, found[-1], view.clocks)
        parties, titles = names(connection, view)
        return render(
            "report.html",
            view,
            title=answer["summary"],
            report=answer,
            linked=linked_data.of_report(answer, parties, titles, request.host_url.rstrip("/")),
            versions=answers.report_history(found),
            parties=parties,
            titles=titles,
        )
