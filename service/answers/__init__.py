"""Answers: what the read models say, in the shapes that the contract promises.

HTTP and the command line give the same ones. Shapes: contract, section 4.
"""

from service.answers.changes import change_list
from service.answers.corrections import correction_list
from service.answers.differences import difference
from service.answers.events import feed
from service.answers.positions import (
    matrix,
    position,
    position_history,
    positions_among,
    positions_on_record,
)
from service.answers.records import one_report, registration, report, report_history
from service.answers.revisions import position_revisions, status_revisions
from service.answers.searching import asked_again, search_list, versions_of
from service.answers.shared import Body
from service.answers.statuses import status, status_history

__all__ = [
    "Body",
    "asked_again",
    "change_list",
    "correction_list",
    "difference",
    "feed",
    "matrix",
    "one_report",
    "position",
    "position_history",
    "position_revisions",
    "positions_among",
    "positions_on_record",
    "registration",
    "report",
    "report_history",
    "search_list",
    "status",
    "status_history",
    "status_revisions",
    "versions_of",
]
