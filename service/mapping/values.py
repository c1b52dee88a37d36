"""Values: what a key of a map gives for a row. A constant, a template, or one with steps."""

import re
from functools import lru_cache
from typing import Any
from unicodedata import combining, normalize

from events.dates import DateError
from service.mapping.keys import MapError, Section
from service.mapping.moments import Form, edtf_of, zone_of
from service.mapping.templates import CellError, Cells, Names, Template
from service.schemas.fields import nearest

REMEMBERED = 20_000
LONGEST_ID = 64

_WHOLE = re.compile(r"([+-]?\d+)([.,]0*)?")
_NO_ID = re.compile(r"[^a-z0-9]+")


class Value:
    """What one key gives: nothing, one value, or with `split` any number of them."""

    def __init__(self, data: Any, names: Names, path: str) -> None:
        """Raises MapError."""
        self.path = path
        self.constant = data if type(data) in (bool, int) else None
        self.separator = ""
        self.targets: dict[str, Any] = {}
        self._names = names
        self._folded: dict[str, Any] | None = None
        self._otherwise: Template | None = None
        self._forms: list[Form] = []
        self._is_whole = self._is_id = False
        self.templates: list[Template] = []
        if isinstance(data, str):
            self.templates = [Template(data, names, path)]
        elif isinstance(data, dict):
            self._compile(Section(path, data), names)
        elif self.constant is None:
            message = 'must be text such as "{Column}", or a table such as { text = "{Column}" }'
            raise MapError(path, message)
        named = [*self.templates, *([self._otherwise] if self._otherwise else [])]
        self.places = tuple(dict.fromkeys(place for one in named for place in one.places))
        self.columns = tuple(dict.fromkeys(name for one in named for name in one.columns))
        self._stepped = lru_cache(REMEMBERED)(self._step)
        self._seen: dict[Any, Any] = {}

    def _compile(self, section: Section, names: Names) -> None:
        text, first = section.any("text"), section.any("first")
        if (text is None) == (first is None):
            raise MapError(section.path, "needs text or first, and not both")
        texts = first if isinstance(first, list) else [text if first is None else first]
        key = "text" if first is None else "first"
        for one in texts:
            if not isinstance(one, str):
                raise MapError(section.at(key), 'must be text such as "{Column}"')
            self.templates.append(Template(one, names, section.at(key)))
        self.separator = section.take("split", str, "")
        self._values(section, names)
        zone = zone_of(section.any("zone"), section.at("zone"))
        forms = section.any("date")
        listed = forms if isinstance(forms, list) else [] if forms is None else [forms]
        self._forms = [Form(one, zone, section.at("date")) for one in listed]
        self._is_whole = section.take("whole", bool, False)
        self._is_id = section.take("id", bool, False)
        section.done("a step of a value")

    def _values(self, section: Section, names: Names) -> None:
        values, otherwise = section.any("values"), section.any("otherwise")
        if values is None:
            if otherwise is not None:
                raise MapError(section.at("otherwise"), "goes with values, and there are none")
            return
        if not isinstance(values, dict):
            raise MapError(section.at("values"), 'must be a table such as { yes = "support" }')
        self.targets = values
        self._folded = {key.strip().casefold(): value for key, value in values.items()}
        if otherwise is not None:
            if not isinstance(otherwise, str):
                raise MapError(section.at("otherwise"), 'must be text such as "{Column}"')
            self._otherwise = Template(otherwise, names, section.at("otherwise"))

    @property
    def constants(self) -> list[tuple[str, Any]]:
        """What it gives whatever the row says, each with the path of its key."""
        if self.constant is not None:
            return [(self.path, self.constant)]
        if self._forms or self._is_whole or self._is_id:
            return []
        if self.targets:
            return [(f"{self.path}.values.{key}", one) for key, one in self.targets.items() if one]
        plain = [] if self.separator else self.templates
        return [(self.path, one.of(())) for one in plain if one.is_constant]

    @property
    def is_fed(self) -> bool:
        """Tell whether it is made of what a row says."""
        return bool(self.places)

    def of(self, cells: Cells) -> Any:
        """Return the value for a row; None where it has none. Raises CellError."""
        if self.constant is not None:
            return self.constant
        if len(self.places) != 1:
            return self._of(cells)
        cell = cells[self.places[0]]  # most cells of a long table are ones seen before
        if cell not in self._seen:
            if len(self._seen) >= REMEMBERED:
                self._seen.clear()
            self._seen[cell] = self._of(cells)
        return self._seen[cell]

    def _of(self, cells: Cells) -> Any:
        text = self._text(cells)
        if self.separator:
            pieces = [piece.strip() for piece in text.split(self.separator)]
            made = [self._one(piece, cells) for piece in pieces if piece]
            return [one for one in made if one is not None]
        return self._one(text, cells) if text else None

    def _text(self, cells: Cells) -> str:
        for template in self.templates:
            if text := template.of(cells):
                return text
        return ""

    def _one(self, text: str, cells: Cells) -> Any:
        try:
            return self._stepped(text)
        except KeyError:
            return (self._otherwise.of(cells) or None) if self._otherwise else None
        except (DateError, ValueError) as error:
            raise CellError(self.columns, str(error)) from None

    def _step(self, text: str) -> Any:
        """Raises KeyError where it is none of the values, and something else is to be taken."""
        value: Any = text
        if self._folded is not None:
            value = self.targets.get(text, self._folded.get(text.casefold(), self))
            if value is self:
                if self._otherwise:
                    raise KeyError(text)
                raise ValueError(self._no_value(text))
            if not isinstance(value, str):
                return value
        if self._forms and value:
            value = edtf_of(value, self._forms)
        if self._is_whole and value:
            value = whole_of(value)
        if self._is_id and value:
            value = id_of(value)
        return value or None

    def _no_value(self, text: str) -> str:
        like = nearest(text, self.targets, 1)
        known = ", ".join(repr(one) for one in self.targets)
        meant = f" (did you mean {like[0]!r}?)" if like else ""
        return (
            f"{text[:80]!r} is not one of {known}{meant}. To take it too, add it to "
            f"{self.path}.values in the map"
        )


def whole_of(text: str) -> str:
    """Return a number without the fraction that it does not have. Raises ValueError."""
    found = _WHOLE.fullmatch(text)
    if not found:
        raise ValueError(f"{text[:80]!r} is not a whole number")
    return str(int(found[1]))


def id_of(text: str) -> str:
    """Return an id of a party or an issue made of its name. Raises ValueError."""
    plain = "".join(one for one in normalize("NFKD", text) if not combining(one))
    made = _NO_ID.sub("-", plain.lower()).strip("-")[:LONGEST_ID].strip("-")
    if not made:
        raise ValueError(f"{text[:80]!r} has no letter a to z or digit to make an id of")
    return made
