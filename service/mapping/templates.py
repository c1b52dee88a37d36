"""Templates: text with the names of columns in braces, filled in from a row."""

import re
from collections.abc import Sequence
from typing import Any

from service.mapping.keys import MapError, hint

Cells = Sequence[Any]
"""The cells of a row, joined and derived ones too: text, or the CellError of a derived one."""

_PIECES = re.compile(r"\{\{|\}\}|\{([^{}]*)\}|[{}]")


class CellError(Exception):
    """What a cell says is no value of its field: in which columns, and why."""

    def __init__(self, columns: tuple[str, ...], message: str) -> None:
        super().__init__(message)
        self.columns = columns


class Names:
    """The columns that a map can name, and those of the table that each is made of."""

    def __init__(self) -> None:
        self.places: dict[str, int] = {}
        self.sources: list[tuple[str, ...]] = []
        self._twice: set[str] = set()

    def add(self, name: str, sources: tuple[str, ...] | None = None) -> None:
        """Add a column: its cell is the next of a row."""
        if name in self.places:
            self._twice.add(name)
        self.places.setdefault(name, len(self.sources))
        self.sources.append((name,) if sources is None else sources)

    def place(self, name: str, path: str) -> int:
        """Return the place of a column's cell. Raises MapError."""
        if name in self._twice:
            raise MapError(path, f"column {name!r} comes twice in the table: rename one of them")
        if name not in self.places:
            known = [one for one in self.places if one]
            alone = len(known) == 1 and re.search(r"[;\t|]", known[0])
            why = f"is the table's delimiter {alone[0]!r}? Say so under [table]" if alone else ""
            raise MapError(path, f"there is no column {name!r}: {why or hint(name, known)}")
        return self.places[name]


class Template:
    """One template. Where a cell that it names is empty, it gives nothing at all."""

    def __init__(self, text: str, names: Names, path: str) -> None:
        self.pieces: list[str | int] = []
        end = 0
        for found in _PIECES.finditer(text):
            self.pieces.append(text[end : found.start()])
            end = found.end()
            if found[0] in ("{{", "}}"):
                self.pieces.append(found[0][0])
            elif found[1] is None:
                raise MapError(path, "has a brace alone: write {Column}, or {{ and }} for braces")
            else:
                self.pieces.append(names.place(found[1].strip(), path))
        self.pieces.append(text[end:])
        self.pieces = [piece for piece in self.pieces if piece != ""]
        self.places = tuple(one for one in self.pieces if isinstance(one, int))
        sources = (names.sources[place] for place in self.places)
        self.columns = tuple(dict.fromkeys(name for some in sources for name in some))

    @property
    def is_constant(self) -> bool:
        """Tell whether it names no column."""
        return not self.places

    def of(self, cells: Cells) -> str:
        """Return the text for a row; empty where a cell that it names is. Raises CellError."""
        filled = []
        for piece in self.pieces:
            if isinstance(piece, str):
                filled.append(piece)
                continue
            cell = cells[piece]
            if isinstance(cell, CellError):
                raise cell
            if not cell:
                return ""
            filled.append(cell)
        return "".join(filled)
