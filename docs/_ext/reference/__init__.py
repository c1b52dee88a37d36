"""The reference pages, made from the program whenever the site is built: so they are never stale.

A page says `<!-- made from the program: NAME -->` where it wants what `MADE` has under that name.
"""

import re
from collections.abc import Callable
from typing import Any

from reference import command_line, endpoints, notebook, problems, settings

MADE: dict[str, Callable[[], str]] = {
    "command-line": command_line.made,
    "settings": settings.made,
    "endpoints": endpoints.made,
    "records": endpoints.records,
    "statuses": problems.statuses,
    "rules": problems.rules,
    "notebook": notebook.made,
}

MARK = re.compile(r"^<!-- made from the program: ([a-z-]+) -->$", re.MULTILINE)


def fill_in(_app: Any, _page: str, text: list[str]) -> None:
    """Put what is made from the program into the text of a page."""
    text[0] = MARK.sub(lambda found: MADE[found[1]](), text[0])


def setup(app: Any) -> dict[str, Any]:
    """Let Sphinx call us whenever it has read a page. What is made is no file: it makes it anew."""
    app.connect("source-read", fill_in)
    app.connect("env-get-outdated", lambda _app, env, *_: {*env.found_docs} & PAGES)
    return {"parallel_read_safe": True}


PAGES = {
    "notebook",
    *(f"reference/{name}" for name in ("command-line", "settings", "http", "records", "problems")),
}
