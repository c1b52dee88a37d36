"""Comparing what a page shows with what there is. `…` stands for what the page leaves out."""

import json
import re
from typing import Any

ANY = "…"
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\]:,…]|[^\s{}\[\]:,…"]+')


def is_shown(shown: str, real: str) -> bool:
    """Tell whether a page shows a text: line by line, however many blanks there are.

    A line that is `…` is any number of lines; within a line it is any characters. JSON is compared
    as JSON: `…` is whatever else an object or a list has, or any value.
    """
    if shown.lstrip()[:1] in ("{", "[") and real.lstrip()[:1] in ("{", "["):
        try:
            return has(json.loads(spelled(shown)), json.loads(real))
        except ValueError:
            pass
    lines = [
        r"(?:.*\n)*?" if line == ANY else ".*?".join(map(re.escape, line.split(ANY))) + "\n"
        for line in _lines(shown)
    ]
    return re.fullmatch("".join(lines), "".join(f"{line}\n" for line in _lines(real))) is not None


def _lines(text: str) -> list[str]:
    return [re.sub(r"[ \t]+", " ", line).strip() for line in text.strip().splitlines()]


def spelled(shown: str) -> str:
    """Return shortened JSON as JSON: each `…` in it as a value or a member of that name."""
    written: list[str] = []
    inside: list[str] = []
    was_any = False
    for token in TOKEN.findall(shown):
        is_item = token == ANY and written[-1] != ":"
        if (is_item and written[-1] not in ("{", "[", ",")) or (
            was_any and token not in ("}", "]", ",")
        ):
            written.append(",")
        if token in ("{", "["):
            inside.append(token)
        elif token in ("}", "]"):
            inside.pop()
        if token == ANY:
            written.append(f'"{ANY}": 0' if is_item and inside[-1] == "{" else f'"{ANY}"')
        else:
            written.append(token)
        was_any = token == ANY
    return " ".join(written)


def has(shown: Any, real: Any) -> bool:
    """Tell whether a value is the one that is shown, but for what is left out."""
    if isinstance(shown, dict) and isinstance(real, dict):
        named = {name: one for name, one in shown.items() if name != ANY}
        return (ANY in shown or named.keys() == real.keys()) and all(
            name in real and has(one, real[name]) for name, one in named.items()
        )
    if isinstance(shown, list) and isinstance(real, list):
        return _has_in_order(shown, real)
    if isinstance(shown, str) and ANY in shown:
        text = real if isinstance(real, str) else json.dumps(real)
        pattern = ".*".join(map(re.escape, shown.split(ANY)))
        return re.fullmatch(pattern, text, re.DOTALL) is not None
    return type(shown) is type(real) and bool(shown == real)


def _has_in_order(shown: list[Any], real: list[Any]) -> bool:
    if not shown:
        return not real
    if shown[0] == ANY:
        return any(_has_in_order(shown[1:], real[n:]) for n in range(len(real) + 1))
    return bool(real) and has(shown[0], real[0]) and _has_in_order(shown[1:], real[1:])
