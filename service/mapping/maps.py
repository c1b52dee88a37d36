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
        for made in self._passes:
            is_last = made is self._passes[-1]
            yield from _Pass(made, keys, is_last=is_last).through(self.table.rows(told))


class _Pass:
    """One reading of the table. The last one tells which rows cannot be read."""

    def __init__(self, made: list[RecordMap], keys: LineKeys, *, is_last: bool) -> None:
        self.made = made
        self.keys = keys
        self.is_last = is_last
        self.groups: dict[tuple[int, str], Group] = {}
        self.seen: set[tuple[Any, ...]] = set()
        self.lost: Row | None = None  # the first row of which nobody knows the group

    def through(self, rows: Iterator[Row]) -> Iterator[lines.Line]:
        """Yield what the rows make."""
        for row in rows:
            if row.error:
                yield from self._spoilt(row, row.error, self.made)
                continue
            for place, one in enumerate(self.made):
                yield from self._of(row, place, one)
        for key in list(self.groups):
            group = self.groups.pop(key)
            if self.lost:
                message = f"is perhaps not whole: line {self.lost.number} may belong to it"
                group.wrong.append((group.number, Wrong((), (), message)))
            yield group.line(self.keys)

    def _spoilt(self, row: Row, error: CellError, made: list[RecordMap]) -> Iterator[lines.Line]:
        """Let no group be recorded without a row of it that is wrong."""
        is_told = False
        for place, one in enumerate(self.made):
            if one not in made or not one.group_by:
                continue
            if (key := self._key(row, one)) is None:
                self.lost = self.lost or row
                continue
            group = self._group(row, place, one, key)
            group.wrong.append((row.number, Wrong((), error.columns, str(error))))
            is_told = True
        if self.is_last and not is_told:
            yield refused(row.number, [(row.number, Wrong((), error.columns, str(error)))])

    @staticmethod
    def _key(row: Row, made: RecordMap) -> str | None:
        """Return what a row's group is called; None where that is not known."""
        assert made.group_by
        try:
            key = made.group_by.of(row.cells)
        except (CellError, IndexError):  # of a joined or derived cell, which there is not
            return None
        return None if key is None else str(key)

    def _group(self, row: Row, place: int, made: RecordMap, key: str) -> Group:
        if (group := self.groups.get((place, key))) is None:
            group = self.groups[place, key] = Group(made, row.number)
        return group

    def _of(self, row: Row, place: int, made: RecordMap) -> Iterator[lines.Line]:
        try:
            if not made.condition.holds(row.cells):
                return
            if made.group_by:
                self._grouped(row, place, made)
                return
        except CellError as error:
            yield from self._spoilt(row, error, [made])
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
        self._group(row, place, made, str(key)).add(row.number, row.cells)
