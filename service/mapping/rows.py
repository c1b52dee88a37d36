"""Rows: those of a table, with the columns of the tables that it is joined to, and derived ones."""

from collections.abc import Callable, Iterator
from enum import StrEnum
from typing import Any, NamedTuple

from service.mapping.conditions import Condition
from service.mapping.keys import MapError, Section
from service.mapping.sheets import Dialect, Sheet, Source
from service.mapping.templates import CellError, Cells, Names
from service.mapping.values import Value


class Row(NamedTuple):
    """A row: all of its cells, or why it has not; then those of the table, if they are known."""

    number: int  # the line of the file on which it begins, from 1
    cells: Cells
    error: CellError | None = None


class Missing(StrEnum):
    """What becomes of a row to which nothing in the other table belongs."""

    REFUSE = "refuse"
    EMPTY = "empty"  # its cells are empty
    SKIP = "skip"  # the row does not count


class Join:
    """Another table. Its columns are called `name.Column`."""

    def __init__(self, section: Section, names: Names, source: Source, dialect: Dialect) -> None:
        """Read the other table, and add its columns to `names`. Raises MapError."""
        self.name = section.need("name", str)
        file = section.need("file", str)
        on = section.any("on")
        keys = on if isinstance(on, dict) else {"here": on, "there": on}
        if on is None or keys.keys() != {"here", "there"}:
            message = 'is the key of both tables: "{id}", or { here = "{id}", there = "{nr}" }'
            raise MapError(section.at("on"), message)
        self.here = Value(keys["here"], names, section.at("on"))
        self.many = section.take("many", bool, False)
        self.missing = self._missing(section)
        try:
            sheet = Sheet(source.beside(file), Dialect.of(section, dialect))
        except OSError as error:
            raise MapError(section.at("file"), f"{error.filename}: {error.strerror}") from None
        section.done()
        own = Names()
        for column in sheet.columns:
            own.add(column)
        there = Value(keys["there"], own, section.at("on"))
        self.width = len(sheet.columns)
        self.rows = self._indexed(sheet, there, section.path)
        for column in sheet.columns:
            names.add(f"{self.name}.{column}")

    @staticmethod
    def _missing(section: Section) -> Missing:
        text = section.take("missing", str, Missing.REFUSE.value)
        if text not in list(Missing):
            raise MapError(section.at("missing"), f"must be one of {', '.join(Missing)}")
        return Missing(text)

    def _indexed(self, sheet: Sheet, there: Value, path: str) -> dict[str, list[list[str]]]:
        found: dict[str, list[list[str]]] = {}
        for number, cells, error in sheet.rows():
            where = f"{sheet.source.name}:{number}"
            if error:
                raise MapError(path, f"{where}: {error}")
            try:
                key = there.of(cells)
            except CellError as wrong:
                raise MapError(path, f"{where}: {wrong}") from None
            if key and found.setdefault(key, []) and not self.many:
                message = f"{where}: {key!r} comes twice: say many = true to take all of them"
                raise MapError(path, message)
            if key:
                found[key].append(cells)
        return found

    def of(self, cells: Cells) -> list[list[str]]:
        """Return the rows that belong to one of ours. Raises CellError."""
        key = self.here.of(cells)
        found = self.rows.get(key or "", [])
        if found or self.missing is Missing.SKIP:
            return found
        if self.missing is Missing.EMPTY:
            return [[""] * self.width]
        message = (
            f"{self.name} has nothing for {key!r}" if key else f"is empty: {self.name} needs it"
        )
        raise CellError(self.here.columns, message)


class Derived:
    """A column that the map adds: a value by a name of its own."""

    def __init__(self, key: str, data: Any, names: Names) -> None:
        """Raises MapError."""
        path = f"derived.{key}"
        if key in names.places:
            raise MapError(path, "is a column already: choose another name")
        self.value = Value(data, names, path)
        if self.value.separator:
            raise MapError(path, "is one cell: split where the list is")
        names.add(key, self.value.columns)

    def of(self, cells: Cells) -> Any:
        """Return its cell: text, empty, or the error that is raised where it is used."""
        try:
            value = self.value.of(cells)
        except CellError as error:
            return error
        return "" if value is None else value if isinstance(value, str) else str(value).lower()


class Table:
    """All that a map can name, a row at a time."""

    def __init__(self, source: Source, section: Section) -> None:
        """`section`: the whole map, of which it takes its part. Raises MapError."""
        own = section.section("table")
        self.sheet = Sheet(source, Dialect.of(own))
        self.names = Names()
        for column in self.sheet.columns:
            self.names.add(column)
        plain = Dialect("table", encoding=self.sheet.dialect.encoding)
        self.joins = []
        for one in section.sections("join"):
            self.joins.append(Join(one, self.names, source, self._like(plain, one)))
        derived = section.take("derived", dict, {})
        self.derived = [Derived(key, data, self.names) for key, data in derived.items()]
        self.condition = Condition(own, self.names)
        own.done()

    def _like(self, plain: Dialect, section: Section) -> Dialect:
        """Return the dialect of a joined table: that of the first, unless it says otherwise."""
        first = self.sheet.dialect
        return Dialect(section.path, plain.encoding, first.delimiter, first.quote, trim=first.trim)

    def rows(self, told: Callable[[int], None] = lambda _: None) -> Iterator[Row]:
        """Yield the rows that count. One with several partners in a join comes once for each."""
        for number, cells, error in self.sheet.rows(told):
            if error:
                yield Row(number, (), CellError((), str(error)))
                continue
            try:
                for whole in self._joined(cells, 0):
                    for one in self.derived:
                        whole.append(one.of(whole))
                    if self.condition.holds(whole):
                        yield Row(number, whole)
            except CellError as wrong:
                yield Row(number, cells, wrong)

    def _joined(self, cells: list[str], place: int) -> Iterator[list[Any]]:
        if place == len(self.joins):
            yield [*cells]
            return
        for found in self.joins[place].of(cells):
            yield from self._joined(cells + found, place + 1)
