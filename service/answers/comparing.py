"""What differs between two readings of one record, field by field."""

from collections.abc import Iterator
from typing import Any

from events.records import Record
from service.answers.shared import Body


def changes_between(before: Record, after: Record) -> list[Body]:
    """Return the fields in which two readings differ, each with what it was and is.

    Where these are lists or objects, `paths` says which parts of them differ. Records with
    their defaults filled in, of one type.
    """
    return [
        _change(field, before[field], after[field])
        for field in after
        if before[field] != after[field]
    ]


def _change(field: str, before: Any, after: Any) -> Body:
    change = {"field": field, "before": before, "after": after}
    if not (_is_nested(before) or _is_nested(after)):
        return change
    paths = [
        {"path": path, "before": then, "after": now}
        for path, then, now in _differing(field, before, after)
    ]
    return change | {"paths": paths}


def _is_nested(value: Any) -> bool:
    return isinstance(value, list | dict)


def _differing(path: str, before: Any, after: Any) -> Iterator[tuple[str, Any, Any]]:
    """Yield the paths of the smallest parts that differ, with both values, null for none.

    An object that was not there is taken to be empty; an item of a list that came or went
    counts as a whole.
    """
    if isinstance(before, list) and isinstance(after, list):
        yield from _differing_items(path, before, after)
    elif {type(before), type(after)} <= {dict, type(None)}:
        then, now = before or {}, after or {}
        for key in dict.fromkeys([*then, *now]):
            if then.get(key) != now.get(key):
                yield from _differing(f"{path}.{key}", then.get(key), now.get(key))
    else:
        yield path, before, after


def _differing_items(
    path: str, before: list[Any], after: list[Any]
) -> Iterator[tuple[str, Any, Any]]:
    """Compare what is between the items that two lists begin with and end with alike.

    So an item that was put in or taken out does not make all that follow it differ. Places
    count from 0; that of an item which is gone is the place it had.
    """
    shorter = min(len(before), len(after))
    alike = next((i for i in range(shorter) if before[i] != after[i]), shorter)
    left = shorter - alike
    at_end = next((i for i in range(left) if before[-1 - i] != after[-1 - i]), left)
    for place in range(alike, max(len(before), len(after)) - at_end):
        where = f"{path}.{place}"
        if place >= len(before) - at_end:
            yield where, None, after[place]
        elif place >= len(after) - at_end:
            yield where, before[place], None
        else:
            yield from _differing(where, before[place], after[place])
