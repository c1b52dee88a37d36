"""Dates as tables have them, in the forms of strptime, turned into EDTF."""

import re
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from events.dates import DateError, bounds_of
from service.mapping.keys import MapError

_DIRECTIVE = re.compile(r"%(.)")
_YEAR, _MONTH, _DAY, _CLOCK = set("Yycx"), set("mbBcx"), set("djcx"), set("HIcX")
_WEEK = set("GUVW")


class Form:
    """One form of a date: as coarse as what it names."""

    def __init__(self, text: Any, zone: tzinfo | None, path: str) -> None:
        """Raises MapError for what is no form, or leaves a part of the date open."""
        if not isinstance(text, str):
            raise MapError(path, 'must be text such as "%d.%m.%Y", or a list of such')
        self.text = text
        self.zone = zone
        named = set(_DIRECTIVE.findall(text))
        self.has_clock = bool(named & _CLOCK)
        self.has_day = bool(named & _DAY)
        self.has_month = bool(named & _MONTH) or "j" in named
        if named & _WEEK:
            raise MapError(path, f"{text!r} counts weeks, and EDTF has none: give months and days")
        if not named & _YEAR:
            raise MapError(path, f"{text!r} has no year: %Y is one of four digits, %y of two")
        if self.has_day and not self.has_month:
            raise MapError(path, f"{text!r} has a day and no month: %m, %b and %B are months")
        if self.has_clock and not self.has_day:
            raise MapError(path, f"{text!r} has a time of day and no day: %d is one")
        if self.has_clock and zone is None and "z" not in named:
            message = f'{text!r} has a time of day: say in which zone, such as zone = "Europe/Kyiv"'
            raise MapError(path, message)
        try:
            datetime.strptime(datetime(2001, 2, 3).astimezone().strftime(text), text)  # noqa: DTZ007
        except ValueError as error:
            raise MapError(path, f"{text!r} is not a form of dates: {error}") from None

    def edtf(self, text: str) -> str:
        """Return a date in EDTF. Raises ValueError where it has another form."""
        moment = datetime.strptime(text, self.text)  # noqa: DTZ007  what is coarser has no zone
        if self.has_clock:
            if moment.tzinfo is None:
                moment = moment.replace(tzinfo=self.zone)
            return moment.isoformat()
        parts = f"{moment.year:04}", f"{moment.month:02}", f"{moment.day:02}"
        return "-".join(parts[: 1 + self.has_month + self.has_day])


def zone_of(name: str | None, path: str) -> tzinfo | None:
    """Return a time zone by its name. Raises MapError."""
    if name is None:
        return None
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        message = f"{name!r} is not a time zone, such as UTC or Europe/Kyiv"
        raise MapError(path, message) from None


def edtf_of(text: str, forms: Sequence[Form]) -> str:
    """Return a date in EDTF: in the first form that it has, or as it is. Raises DateError."""
    for form in forms:
        with suppress(ValueError):
            return form.edtf(text)
    try:
        bounds_of(text)
    except DateError:
        named = " or ".join(repr(form.text) for form in forms)
        message = f"{text[:80]!r} is not a date of the form {named}, nor EDTF such as 2025-12"
        raise DateError(message) from None
    return text
