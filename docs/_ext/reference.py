"""The reference pages, made from the program whenever the site is built.

A page says `<!-- made from the program: NAME -->` where it wants what `MADE` has under that name.
"""

import re
from typing import Any

MADE: dict[str, Any] = {}
MARK = re.compile(r"^<!-- made from the program: ([a-z-]+) -->$", re.MULTILINE)


def fill_in(_app: Any, _page: str, text: list[str]) -> None:
    """Put what is made from the program into the text of a page."""
    text[0] = MARK.sub(lambda found: MADE[found[1]](), text[0])


def setup(app: Any) -> dict[str, Any]:
    """Let Sphinx call us whenever it has read a page."""
    app.connect("source-read", fill_in)
    return {"parallel_read_safe": True}
