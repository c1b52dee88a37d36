"""Text from records, made safe for what reads it: nothing in it is ever markup.

It may be anything that a JSON string may be: script elements, control characters, marks that turn
the direction of what follows.
"""

import re
from html import escape

_ILLEGAL = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]|[\x7f-\x84\x86-\x9f]"
)
"""What XML 1.0 has no way to write, or should not be written in it."""

_OPENS = re.compile(r"<(?=[A-Za-z/!?])|&(?=[A-Za-z#])")
_EMBEDDING = re.compile("[\u202a-\u202e]")
_TURNS = re.compile("[\u202a-\u202e\u2066-\u2069]")
_POP, _POP_ISOLATE = "\u202c", "\u2069"

MARK = "\u200b"
"""Zero width space: nobody sees it."""


def html(text: str) -> str:
    """Return text as HTML that shows it as it is, for elements and quoted attributes."""
    return escape(clean(text))


def html_twice(text: str) -> str:
    """Return text for who takes markup out, and uses what is left as HTML, as TimelineJS does."""
    return escape(escape(clean(text)))


def inert(text: str) -> str:
    """Return text that reads the same as text and as HTML, for who uses it as both.

    After what would begin a tag or a character reference comes a mark that nobody sees.
    """
    return _OPENS.sub(lambda found: found[0] + MARK, clean(text))


def clean(text: str) -> str:
    """Return text that XML can be made of, and that turns no text but its own around."""
    return closed(_ILLEGAL.sub("\ufffd", text))


def closed(text: str) -> str:
    """Return text with an end for each mark in it that turns the direction of what follows."""
    if not _TURNS.search(text):
        return text
    embedded = isolated = 0
    for mark in _TURNS.findall(text):
        if mark == _POP:
            embedded = max(0, embedded - 1)
        elif mark == _POP_ISOLATE:
            isolated = max(0, isolated - 1)
        elif _EMBEDDING.match(mark):
            embedded += 1
        else:
            isolated += 1
    return text + _POP * embedded + _POP_ISOLATE * isolated


def no_formula(text: str) -> str:
    """Return HTML that no spreadsheet takes for a formula, and that reads the same as HTML."""
    return f"&#{ord(text[0])};{text[1:]}" if text[:1] in set("=+-@\t\r") and text else text


def paragraph(text: str) -> str:
    """Return text as a paragraph of HTML."""
    return f"<p>{html(text)}</p>"


def bullets(texts: list[str]) -> str:
    """Return texts as a list of HTML; nothing if there are none."""
    return f"<ul>{''.join(f'<li>{html(text)}</li>' for text in texts)}</ul>" if texts else ""


def link(address: str, text: str) -> str:
    """Return a link. Anything but http, https and paths of ours is told as text alone."""
    if not re.match(r"https?://|/[^/]", address, re.IGNORECASE):
        return html(text)
    return f'<a href="{html(address)}">{html(text)}</a>'
