"""Nodes: the fields of a record, and what a map makes of each for a row."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import orjson
from marshmallow import Schema, ValidationError, fields

from events.errors import Fault
from service.mapping.conditions import Condition
from service.mapping.keys import MapError, Section, hint, in_toml, sections_of
from service.mapping.templates import CellError, Cells, Names
from service.mapping.values import Value, whole_of
from service.schemas.fields import Flag, ListOf, One, Patch, Rows, Texts, Whole

Field = fields.Field[Any] | None
Path = tuple[str, ...]

REMEMBERED = 50_000
FLAGS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


class Wrong(NamedTuple):
    """What is wrong with a field, and the columns that it is made of."""

    path: Path
    columns: tuple[str, ...]
    message: str

    @property
    def fault(self) -> Fault:
        """The same as a fault that names its columns."""
        return Fault(told(self.columns, ".".join(self.path)), "invalid", self.message)


def told(columns: tuple[str, ...], path: str) -> str:
    """Return how an error names a field: by its columns first."""
    if not columns:
        return path
    named = f"column{'s' if len(columns) > 1 else ''} {', '.join(map(repr, columns))}"
    return f"{named} ({path})" if path else named


class Node:
    """A field of a record."""

    places: tuple[int, ...] = ()
    columns: tuple[str, ...] = ()

    def of(self, cells: Cells, path: Path, wrong: list[Wrong]) -> Any:
        """Return what a row gives; None for nothing. Adds to `wrong`."""
        raise NotImplementedError

    def below(self, path: Path) -> tuple[str, ...]:
        """Return the columns that something below this field is made of."""
        return self.columns

    def _gather(self, nodes: "Iterator[Node] | list[Any]") -> None:
        gathered = list(nodes)
        self.places = tuple(dict.fromkeys(place for one in gathered for place in one.places))
        self.columns = tuple(dict.fromkeys(name for one in gathered for name in one.columns))


class Leaf(Node):
    """A field of one value, or with `split` of several."""

    def __init__(self, data: Any, field: Field, names: Names, path: str) -> None:
        """Check what it gives whatever a row says. Raises MapError."""
        self.value = Value(data, names, path)
        self.field = field
        self.places, self.columns = self.value.places, self.value.columns
        for key, constant in self.value.constants:
            try:
                if field is not None:
                    field.deserialize(self._typed(constant))
            except (ValidationError, ValueError) as error:
                texts = getattr(error, "messages", [str(error)])
                raise MapError(key, "; ".join(map(str, texts))) from None

    def of(self, cells: Cells, path: Path, wrong: list[Wrong]) -> Any:
        """Return what a row gives; None for nothing. Adds to `wrong`."""
        try:
            made = self.value.of(cells)
            if isinstance(made, list):
                return [self._typed(one) for one in made]
            return self._typed(made)
        except CellError as error:
            wrong.append(Wrong(path, error.columns, str(error)))
        except ValueError as error:
            wrong.append(Wrong(path, self.columns, str(error)))
        return None

    def _typed(self, value: Any) -> Any:
        if isinstance(value, str) and isinstance(self.field, Whole):
            return int(whole_of(value))
        if isinstance(value, str) and isinstance(self.field, Flag):
            if (flag := FLAGS.get(value.lower())) is None:
                raise ValueError(
                    f"{value[:80]!r} is not one of {', '.join(FLAGS)}: say what it means with "
                    "values = { … = true }"
                )
            return flag
        return value


class Listed(Node):
    """A list of values: each given by itself, or some by one split cell."""

    def __init__(self, data: Any, field: Field, names: Names, path: str) -> None:
        """Raises MapError."""
        inner = field.inner if isinstance(field, ListOf) else None
        several = isinstance(data, list)
        self.leaves = [
            Leaf(one, inner, names, f"{path}[{place}]" if several else path)
            for place, one in enumerate(data if several else [data], 1)
        ]
        self._gather(self.leaves)

    def of(self, cells: Cells, path: Path, wrong: list[Wrong]) -> Any:
        """Return the values that a row has; None for nothing. Adds to `wrong`."""
        found = []
        for leaf in self.leaves:
            made = leaf.of(cells, path, wrong)
            found += made if isinstance(made, list) else [] if made is None else [made]
        return found or None


class Struct(Node):
    """An object. It is absent where all that rows feed it with is."""

    def __init__(
        self,
        section: Section,
        schema: Schema | None,
        names: Names,
        noun: str,
        *,
        is_item: bool = False,
    ) -> None:
        """`schema`: None where any key will do. `is_item`: a split cell makes several of it.

        Raises MapError.
        """
        self.nodes: dict[str, Node] = {}
        fields_ = schema.fields if schema else {}
        known = {field.data_key or name: field for name, field in fields_.items()}
        for key, data in section.left.items():
            if schema and key not in known:
                raise MapError(section.at(key), f"is not a field of {noun}: {hint(key, known)}")
            node = node_of(data, known.get(key), names, section.at(key))
            if schema and not is_item and isinstance(node, Leaf) and node.value.separator:
                raise MapError(section.at(key), "is one value, and split makes several")
            self.nodes[key] = node
        for key, field in known.items():
            if field.required and key not in self.nodes:
                raise MapError(section.path, f"{noun} needs {key}")
        self._gather(list(self.nodes.values()))

    def of(self, cells: Cells, path: Path, wrong: list[Wrong]) -> Any:
        """Return the object; None where no row feeds it. Adds to `wrong`."""
        made, is_fed, before = {}, not self.places, len(wrong)
        for key, node in self.nodes.items():
            value = node.of(cells, (*path, key), wrong)
            if value is not None:
                made[key] = value
                is_fed = is_fed or bool(node.places)
        return made if is_fed or len(wrong) > before else None

    def below(self, path: Path) -> tuple[str, ...]:
        """Return the columns that something below this object is made of."""
        if path and path[0] in self.nodes:
            return self.nodes[path[0]].below(path[1:])
        return () if path else self.columns


class Made(NamedTuple):
    """One item of a list, and the node that made it."""

    content: bytes
    item: Any
    node: Node


class Items(Node):
    """A list of objects: one for each table of the map, or for each piece of a split cell.

    What a row gives is remembered: most rows of a long table repeat cells seen before.
    """

    def __init__(self, data: Any, field: Rows | None, names: Names, path: str) -> None:
        """Raises MapError."""
        if not isinstance(data, list):
            raise MapError(path, f"is a list of tables: write [[{in_toml(path)}]]")
        self.structs: list[tuple[Condition, Struct, str | None]] = []
        for section in sections_of(path, data):
            condition = Condition(section, names)
            noun = f"one of {name_of(path)}"
            schema = field.schema if field else None
            struct = Struct(section, schema, names, noun, is_item=True)
            self.structs.append((condition, struct, self._split(struct, section.path)))
            struct.places = tuple(dict.fromkeys((*struct.places, *condition.places)))
        self._gather([struct for _, struct, _ in self.structs])
        self._seen: dict[tuple[Any, ...], list[Made]] = {}

    @staticmethod
    def _split(struct: Struct, path: str) -> str | None:
        """Return the field with a split cell, which makes several objects of one."""
        found = [
            key
            for key, node in struct.nodes.items()
            if isinstance(node, Leaf) and node.value.separator
        ]
        if len(found) > 1:
            raise MapError(path, f"splits both {found[0]} and {found[1]}: one of them can be")
        return found[0] if found else None

    def made(self, cells: Cells, path: Path, wrong: list[Wrong]) -> list[Made]:
        """Return the items that a row gives. Adds to `wrong`."""
        key = tuple([cells[place] for place in self.places])
        if (seen := self._seen.get(key)) is not None:
            return seen
        found, before = [], len(wrong)
        for condition, struct, split in self.structs:
            try:
                if not condition.holds(cells):
                    continue
            except CellError as error:
                wrong.append(Wrong(path, error.columns, str(error)))
                continue
            whole = struct.of(cells, path, wrong)
            items = self._each(whole, split)
            found += [Made(orjson.dumps(item), item, struct) for item in items]
        if len(wrong) == before:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[key] = found
        return found

    @staticmethod
    def _each(whole: Any, split: str | None) -> list[Any]:
        if whole is None:
            return []
        if split is None or split not in whole:
            return [whole]
        return [whole | {split: piece} for piece in whole[split]]

    def below(self, path: Path) -> tuple[str, ...]:
        """Return the columns that a field of the items is made of."""
        found = (name for _, struct, _ in self.structs for name in struct.below(path))
        return tuple(dict.fromkeys(found))

    def of(self, cells: Cells, path: Path, wrong: list[Wrong]) -> Any:
        """Return the objects that a row gives; None for none. Adds to `wrong`."""
        return [one.item for one in self.made(cells, path, wrong)] or None


def name_of(path: str) -> str:
    """Return the last key of a path."""
    return path.rsplit(".", maxsplit=1)[-1]


def node_of(data: Any, field: Field, names: Names, path: str) -> Node:
    """Return the node for a field, as its schema has it. Raises MapError."""
    if isinstance(field, Rows):
        return Items(data, field, names, path)
    if isinstance(field, ListOf):
        return Listed(data, field, names, path)
    if isinstance(field, One | Texts | Patch):
        if not isinstance(data, dict):
            raise MapError(path, f"has fields of its own: write [{in_toml(path)}], or {{ … }}")
        schema = field.schema if isinstance(field, One) else None
        return Struct(Section(path, data), schema, names, f"a {name_of(path)}")
    if field is None:
        return _any_node(data, names, path)
    return Leaf(data, field, names, path)


def _any_node(data: Any, names: Names, path: str) -> Node:
    """Return the node for a field of no schema, such as a change of a correction."""
    if isinstance(data, list):
        is_rows = any(isinstance(one, dict) and not one.keys() & {"text", "first"} for one in data)
        return Items(data, None, names, path) if is_rows else Listed(data, None, names, path)
    if isinstance(data, dict) and not data.keys() & {"text", "first"}:
        return Struct(Section(path, data), None, names, path)
    return Leaf(data, None, names, path)
