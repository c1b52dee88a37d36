"""Mapping: tables that people have, row by row, as records. A map in TOML says how.

Its form is told in docs/spreadsheets.md.
"""

from service.mapping.keys import MapError
from service.mapping.maps import Map
from service.mapping.sheets import Source

__all__ = ["Map", "MapError", "Source"]
