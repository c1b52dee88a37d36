"""Exports: the same answers as CSV, for spreadsheets and statistics.

Every export begins with a citation line, and its columns are told in a dictionary.
"""

from service.exports.columns import EXPORTS, Column, Export, dictionary
from service.exports.writing import csv_lines

__all__ = ["EXPORTS", "Column", "Export", "csv_lines", "dictionary"]
