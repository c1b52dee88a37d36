"""Writing Markdown."""

import re
from collections.abc import Iterable, Sequence


def plain(text: str) -> str:
    """Return text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_{}\[\]<>|#~$])", r"\\\1", re.sub(r"\s+", " ", text))


def words(text: str) -> str:
    """Return text of the program, in which `code` is code already, on one line."""
    parts = re.split(r"(`[^`]+`)", text)
    return "".join(
        part.replace("|", "\\|") if part.startswith("`") else plain(part) for part in parts
    )


def code(text: str) -> str:
    """Return text as code, also in a table."""
    return f"`{text.replace('|', chr(92) + '|')}`" if text else ""


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table; empty without rows. Cells are Markdown already."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return ""
    head = [f"| {' | '.join(heads)} |", f"|{'---|' * len(heads)}"]
    return "\n".join([*head, *lines]) + "\n"
