"""Groups: the rows that make one record, and which of them each part of it is from."""

from array import array
from typing import Any, NamedTuple

import orjson

from events.batch import Sent
from events.errors import Fault, InvalidRecordError, RefusedError
from events.vocabulary import RECORD_TYPES, REGISTRATIONS
from service import lines
from service.identity import LineKeys
from service.mapping.conditions import Condition
from service.mapping.keys import MapError, Section, hint
from service.mapping.nodes import Items, Listed, Made, Node, Struct, Wrong, told
from service.mapping.templates import Cells, Names
from service.mapping.values import Value
from service.schemas import records


class RecordMap:
    """One `[[record]]` of a map: what it makes of a row, or of several."""

    def __init__(self, section: Section, names: Names) -> None:
        """Raises MapError."""
        kind = section.left.get("type")
        if kind not in RECORD_TYPES:
            raise MapError(
                section.at("type"),
                f"must say what a row is: {hint(str(kind), RECORD_TYPES)}"
                if kind
                else f"must say what a row is, one of {', '.join(RECORD_TYPES)}",
            )
        self.condition = Condition(section, names)
        group_by = section.any("group_by")
        self.group_by = Value(group_by, names, section.at("group_by")) if group_by else None
        self.struct = Struct(section, records.SCHEMAS[kind], names, f"a {kind}")
        self.is_registration = kind in REGISTRATIONS
        nodes = self.struct.nodes.items()
        self.lists = {key: node for key, node in nodes if isinstance(node, Items | Listed)}
        self.scalars = {key: node for key, node in nodes if key not in self.lists}
        places = (place for node in self.scalars.values() for place in node.places)
        self._scalar_places = tuple(dict.fromkeys(places))
        self._places = tuple(dict.fromkeys((*self.struct.places, *self.condition.places)))

    def key(self, cells: Cells) -> tuple[Any, ...]:
        """Return all that a row says which the record depends on."""
        return tuple([cells[place] for place in self._places])

    def scalar_key(self, cells: Cells) -> tuple[Any, ...]:
        """Return the part of it that all rows of a group must have in common."""
        return tuple([cells[place] for place in self._scalar_places])


class Origin(NamedTuple):
    """Which rows, and which columns of them, a record was made of."""

    struct: Struct
    number: int
    lists: dict[str, tuple[list[Made], "array[int]"]]

    def places(self, faults: list[Fault]) -> list[tuple[int, str]]:
        """Return the row that each fault is on, and its columns."""
        return [self._place(fault) for fault in faults]

    def _place(self, fault: Fault) -> tuple[int, str]:
        path = tuple(fault.field.split(".")) if fault.field else ()
        if not path:
            return self.number, ""
        names = tuple(one for one in path if not one.isdigit())
        made, rows = self.lists.get(path[0], ([], ()))
        if len(path) > 1 and path[1].isdigit() and int(path[1]) < len(made):
            place = int(path[1])
            return rows[place], told(made[place].node.below(names[1:]), fault.field)
        return self.number, told(self.struct.below(names), fault.field)


class Placed(NamedTuple):
    """The rows of faults found in cells, which name their columns themselves."""

    numbers: list[int]

    def places(self, faults: list[Fault]) -> list[tuple[int, str]]:
        """Return the row that each fault is on, and its columns."""
        return [(number, fault.field) for number, fault in zip(self.numbers, faults, strict=True)]


class Group:
    """A record that is being made."""

    def __init__(self, made_by: RecordMap, number: int) -> None:
        self.made_by = made_by
        self.number = number
        self.scalars: dict[str, Any] = {}
        self.lists: dict[str, tuple[list[Made], array[int]]] = {
            key: ([], array("Q")) for key in made_by.lists
        }
        self.wrong: list[tuple[int, Wrong]] = []
        self._key: tuple[Any, ...] | None = None
        self._seen: dict[str, set[bytes]] = {key: set() for key in made_by.lists}

    def add(self, number: int, cells: Cells) -> None:
        """Add a row. What an earlier one gave to a list is not repeated."""
        wrong: list[Wrong] = []
        self._add_scalars(cells, wrong)
        for key, node in self.made_by.lists.items():
            made, rows = self.lists[key]
            seen = self._seen[key]
            given = _made(node, cells, key, wrong)
            fresh = [one for one in given if one.content not in seen]
            made += fresh
            rows.extend([number] * len(fresh))
            if self.made_by.group_by:
                seen.update([one.content for one in fresh])
        self.wrong += [(number, one) for one in wrong]

    def _add_scalars(self, cells: Cells, wrong: list[Wrong]) -> None:
        key = self.made_by.scalar_key(cells)
        if key == self._key:
            return
        for name, node in self.made_by.scalars.items():
            value = node.of(cells, (name,), wrong)
            if value is None or value == self.scalars.setdefault(name, value):
                continue
            message = (
                f"{str(value)[:80]!r} differs from {str(self.scalars[name])[:80]!r} of the group "
                f"that begins on line {self.number}"
            )
            wrong.append(Wrong((name,), node.columns, message))
        if not wrong:
            self._key = key  # another such row has nothing to add

    def line(self, keys: LineKeys) -> lines.Line:
        """Return the record, or what is wrong with it."""
        if self.wrong:
            return refused(self.number, self.wrong)
        data = {
            key: [one.item for one in self.lists[key][0]]
            if key in self.lists
            else self.scalars[key]
            for key in self.made_by.struct.nodes
            if key in self.lists or key in self.scalars
        }
        origin = Origin(self.made_by.struct, self.number, self.lists)
        try:
            record = lines.identified(records.load(data), keys.id_of)
        except RefusedError as error:
            return lines.Line(self.number, None, error, origin)
        return lines.Line(self.number, Sent(record, lines.BY_DEFAULT, None), None, origin)


def _made(node: Node, cells: Cells, key: str, wrong: list[Wrong]) -> list[Made]:
    if isinstance(node, Items):
        return node.made(cells, (key,), wrong)
    values = node.of(cells, (key,), wrong) or []
    return [Made(orjson.dumps(value), value, node) for value in values]


def refused(number: int, wrong: list[tuple[int, Wrong]]) -> lines.Line:
    """Return a line that says what is wrong with the cells of rows."""
    faults = [one.fault for _, one in wrong]
    return lines.Line(number, None, InvalidRecordError(faults), Placed([row for row, _ in wrong]))
