"""Answers: what the read models say, in the shapes that the contract promises.

HTTP and the command line give the same ones. Shapes: contract, section 4.
"""

from service.answers.positions import matrix, position, position_history, positions_among
from service.answers.records import one_report, registration, report, report_history
from service.answers.shared import Body
from service.answers.statuses import status, status_history

__all__ = [
    "Body",
    "matrix",
    "one_report",
    "position",
    "position_history",
    "positions_among",
    "registration",
    "report",
    "report_history",
    "status",
    "status_history",
]
