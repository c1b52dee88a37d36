"""Maps: a TOML file that says what the columns of a table are, and the records they make."""

import tomllib
from collections.abc import Callable, Iterator
from typing import Any

from service import lines
from service.identity import LineKeys
from service.mapping.groups import Group, RecordMap, refused
from service.mapping.keys import MapError, Section
from service.mapping.nodes import Wrong
from service.mapping.rows import Row, Table
from service.mapping.sheets import Source
from service.mapping.templates import CellError


class Map:
    """A map, compiled for a table: every column that it names is there."""

    def __init__(self, content: bytes, source: Source) -> None:
        """Read the map, the header of the table, and the tables that it is joined to.

        Raises MapError.
        """
        try:
            data = tomllib.loads(content.decode())
        except UnicodeDecodeError:
            raise MapError("", "is not UTF-8") from None
        except tomllib.TOMLDecodeError as error:
            raise MapError("", f"is not TOML: {error}") from None
        whole = Section("", data)
        self.table = Table(source, whole)
        found = whole.sections("record")
        if not found:
            raise MapError("record", "is required: write [[record]], and below it its fields")
        made = [RecordMap(section, self.table.names) for section in found]
        whole.done("a part of a map")
        self._passes = [
            some
            for is_registration in (True, False)
            if (some := [one for one in made if one.is_registration is is_registration])
        ]

    @property
    def passes(self) -> int:
        """How often the table is read: registrations come first, wherever they are in it."""
        return len(self._passes)

    def through(self, told: Callable[[int], None] = lambda _: None) -> Iterator[lines.Line]:
        """Yield what the rows make: registrations, single rows, then groups.

        Each by its first row. `told` how many bytes were read.
        """
        keys = LineKeys()
        for number, made in enumerate(self._passes):
            yield from _Pass(made, keys).through(self.table.rows(told), is_first=not number)


class _Pass:
    """One reading of the table."""

    def __init__(self, made: list[RecordMap], keys: LineKeys) -> None:
        self.made = made
        self.keys = keys
        self.groups: dict[tuple[int, str], Group] = {}
        self.seen: set[tuple[Any, ...]] = set()

    def through(self, rows: Iterator[Row], *, is_first: bool) -> Iterator[lines.Line]:
        for row in rows:
            if row.error:
                if is_first:
                    yield _bad(row.number, row.error)
                continue
            for place, one in enumerate(self.made):
                yield from self._of(row, place, one)
        for key in list(self.groups):
            yield self.groups.pop(key).line(self.keys)

    def _of(self, row: Row, place: int, made: RecordMap) -> Iterator[lines.Line]:
        try:
            if not made.condition.holds(row.cells):
                return
            if made.group_by:
                self._grouped(row, place, made)
                return
        except CellError as error:
            yield _bad(row.number, error)
            return
        if made.is_registration or not made.struct.places:
            key = (place, *made.key(row.cells))
            if key in self.seen:  # most rows name a party that another has named before
                return
            self.seen.add(key)
        group = Group(made, row.number)
        group.add(row.number, row.cells)
        yield group.line(self.keys)

    def _grouped(self, row: Row, place: int, made: RecordMap) -> None:
        assert made.group_by
        key = made.group_by.of(row.cells)
        if key is None:
            message = "is empty: it says which rows make one record"
            raise CellError(made.group_by.columns, message)
        if (group := self.groups.get((place, str(key)))) is None:
            group = self.groups[place, str(key)] = Group(made, row.number)
        group.add(row.number, row.cells)


def _bad(number: int, error: CellError) -> lines.Line:
    return refused(number, [(number, Wrong((), error.columns, str(error)))])
