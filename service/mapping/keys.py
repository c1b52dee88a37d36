"""The keys of a map: taken one by one, so that what is left over is a mistake, named."""

import re
from collections.abc import Iterable
from typing import Any, TypeVar

from service.schemas.fields import nearest

Wanted = TypeVar("Wanted")

KINDS: dict[type, str] = {
    str: "text",
    bool: "true or false",
    int: "a whole number",
    list: "a list",
    dict: "a table of keys",
}


class MapError(Exception):
    """The map is wrong: at which key, why, and how to mend it."""

    def __init__(self, key: str, message: str) -> None:
        super().__init__(f"{key}: {message}" if key else message)


def hint(name: str, known: Iterable[str]) -> str:
    """Return which of the known names is meant, or all of them."""
    known = list(known)
    like = nearest(name, known, 1) or [one for one in known if one.lower() == name.lower()]
    return f"did you mean {like[0]!r}?" if like else f"there are {', '.join(known) or 'none'}"


class Section:
    """A table of a map, and the path of keys to it. Paths count lists from 1."""

    def __init__(self, path: str, data: dict[str, Any]) -> None:
        self.path = path
        self.left = dict(data)
        self._known: list[str] = []

    def at(self, key: str) -> str:
        """Return the path of a key."""
        return f"{self.path}.{key}" if self.path else key

    def take(self, key: str, kind: type[Wanted], default: Wanted) -> Wanted:
        """Return the value of a key, which must be of a kind. Raises MapError."""
        self._known.append(key)
        value = self.left.pop(key, default)
        if value is not default and type(value) is not kind:
            raise MapError(self.at(key), f"must be {KINDS[kind]}")
        return value

    def need(self, key: str, kind: type[Wanted]) -> Wanted:
        """Return the value of a key that must be there. Raises MapError."""
        if key not in self.left:
            raise MapError(self.at(key), "is required")
        return self.take(key, kind, kind())

    def any(self, key: str) -> Any:
        """Return the value of a key, of whatever kind; None if it is not there."""
        self._known.append(key)
        return self.left.pop(key, None)

    def section(self, key: str) -> "Section":
        """Return the table under a key, empty if there is none."""
        return Section(self.at(key), self.take(key, dict, {}))

    def sections(self, key: str) -> "list[Section]":
        """Return the tables of a list, `[[key]]` in TOML; empty if there is none."""
        if type(self.left.get(key, [])) is not list:
            raise MapError(self.at(key), f"is a list of tables: write [[{in_toml(self.at(key))}]]")
        return sections_of(self.at(key), self.take(key, list, []))

    def done(self, what: str = "a key here") -> None:
        """Refuse the keys that nobody took. Raises MapError."""
        for key in self.left:
            raise MapError(self.at(key), f"is not {what}: {hint(key, self._known)}")


def in_toml(path: str) -> str:
    """Return a path as TOML has it, which does not count lists."""
    return re.sub(r"\[\d+\]", "", path)


def sections_of(path: str, data: list[Any]) -> list[Section]:
    """Return the tables of a list. Raises MapError where something else is in it."""
    found = []
    for place, one in enumerate(data, 1):
        if type(one) is not dict:
            raise MapError(f"{path}[{place}]", f"must be {KINDS[dict]}: write [[{in_toml(path)}]]")
        found.append(Section(f"{path}[{place}]", one))
    return found
