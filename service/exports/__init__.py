"""Exports: the same answers as CSV, for spreadsheets and statistics.

Every export begins with a citation line, and its columns are told in a dictionary.
"""

from service.exports.citing import citation, log_position, permalink
from service.exports.columns import (
    CHANGES,
    CORRECTIONS,
    DIFFERENCES,
    MATRIX,
    POSITION_HISTORY,
    POSITION_REVISIONS,
    POSITIONS,
    REPORT_LIST,
    STATUS_HISTORY,
    STATUS_REVISIONS,
    Column,
    Export,
    dictionary,
)
from service.exports.writing import csv_lines

__all__ = [
    "CHANGES",
    "CORRECTIONS",
    "DIFFERENCES",
    "MATRIX",
    "POSITIONS",
    "POSITION_HISTORY",
    "POSITION_REVISIONS",
    "REPORT_LIST",
    "STATUS_HISTORY",
    "STATUS_REVISIONS",
    "Column",
    "Export",
    "citation",
    "csv_lines",
    "dictionary",
    "log_position",
    "permalink",
]
