"""Conditions: which rows count. Written `when = { Column = "this", Other = ["or", "that"] }`."""

from typing import Any

from service.mapping.keys import MapError, Section
from service.mapping.templates import CellError, Cells, Names


class Condition:
    """What all of the columns named must say. Without any, every row counts."""

    def __init__(self, section: Section, names: Names) -> None:
        """Take `when` from a section. Raises MapError."""
        asked = section.take("when", dict, {})
        path = section.at("when")
        self.tests: list[tuple[int, frozenset[str], bool]] = []
        for name, wanted in asked.items():
            is_not = isinstance(wanted, dict)
            if is_not and wanted.keys() != {"not"}:
                raise MapError(
                    f"{path}.{name}", 'must be like "this", ["or", "that"] or { not = "" }'
                )
            texts = self._texts(wanted["not"] if is_not else wanted, f"{path}.{name}")
            self.tests.append((names.place(name, f"{path}.{name}"), texts, not is_not))
        self.places = tuple(place for place, _, _ in self.tests)

    @staticmethod
    def _texts(wanted: Any, path: str) -> frozenset[str]:
        listed = wanted if isinstance(wanted, list) else [wanted]
        if not all(isinstance(one, str) for one in listed):
            raise MapError(path, "is compared with text: put it in quotation marks")
        return frozenset(listed)

    def holds(self, cells: Cells) -> bool:
        """Tell whether a row counts. Raises CellError."""
        for place, texts, wanted in self.tests:
            cell = cells[place]
            if isinstance(cell, CellError):
                raise cell
            if (cell in texts) is not wanted:
                return False
        return True
