"""What other sites show of ours: in a frame, by oEmbed or by one script."""

from typing import Any
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit
from xml.etree import ElementTree as ET

from flask import Response, current_app, request
from markupsafe import Markup
from werkzeug.exceptions import NotFound
from werkzeug.exceptions import NotImplemented as NoSuchFormat

from events.errors import Fault
from service import answers, lookup
from service.http import json
from service.pages.catalog import evidence_of
from service.pages.matrix import chosen, table
from service.pages.view import CLOCKS, names, pages, render, viewing
from service.problems import InvalidQueryError

THEMES = ("auto", "light", "dark")

SIZES = {"timeline": (720, 420), "matrix": (720, 480), "position": (480, 300)}
"""Width and height, in pixels, unless less is asked for."""

MOST_SECONDS = 300
"""That an oEmbed consumer may keep what it was told."""


@pages.get("/embed/position")
def embedded_position() -> str:
    """Show the answer to one question."""
    with viewing() as (connection, view):
        pair, proposition = lookup.pair_and_proposition(
            connection, _needed("party"), _needed("issue"), view.clocks.seq, view.head
        )
        answer = answers.position(connection, pair, proposition, view.clocks)
        parties, titles = names(connection, view)
        return render(
            "embed_position.html",
            view,
            theme=_theme(),
            title=f"{parties[pair.party]} on {titles[pair.issue]}",
            pair=pair,
            answer=answer,
            evidence=evidence_of(connection, [answer], view.clocks),
            parties=parties,
            titles=titles,
        )


@pages.get("/embed/timeline")
def embedded_timeline() -> str:
    """Show a timeline of some parties and issues."""
    with viewing() as (connection, view):
        parties, titles = names(connection, view)
        some, others = chosen(connection, view)
        called = [parties[key] for key in some] + [titles[key] for key in others]
        shown = {"party": some, "issue": others}
        return render(
            "embed_timeline.html",
            view,
            theme=_theme(),
            title=", ".join(called) or "Timeline",
            subject={name: ",".join(keys) for name, keys in shown.items() if keys},
        )


@pages.get("/embed/matrix")
def embedded_matrix() -> str:
    """Show parties x issues."""
    with viewing() as (connection, view):
        return render(
            "embed_matrix.html",
            view,
            theme=_theme(),
            title="Parties and issues",
            **table(connection, view),
        )


def _needed(name: str) -> str:
    text = request.args.get(name, "").strip()
    if not text:
        raise InvalidQueryError(Fault(name, "required", "say of which"))
    return text


def _theme() -> str:
    theme = request.args.get("theme") or "auto"
    if theme not in THEMES:
        raise InvalidQueryError(Fault("theme", "invalid", f"must be one of {', '.join(THEMES)}"))
    return theme


# oEmbed 1.0


@pages.get("/oembed")
def oembed() -> Response:
    """Tell how to embed one of our pages. Source: oembed.com, 1.0."""
    form = request.args.get("format") or "json"
    if form not in ("json", "xml"):
        raise NoSuchFormat("format is json or xml")
    kind, query = _embeddable(_needed("url"))
    width, height = SIZES[kind]
    width = min(width, _pixels("maxwidth", width))
    height = min(height, _pixels("maxheight", height))
    root = request.host_url.rstrip("/")
    source = f"{root}/embed/{kind}" + (f"?{query}" if query else "")
    title = f"Stancelog: {kind}"
    frame = Markup(
        '<iframe src="{}" width="{}" height="{}" title="{}" loading="lazy" '
        'style="border:0;max-width:100%"></iframe>'
    ).format(source, width, height, title)
    told: dict[str, Any] = {
        "version": "1.0",
        "type": "rich",
        "provider_name": "Stancelog",
        "provider_url": f"{root}/",
        "title": title,
        "cache_age": MOST_SECONDS,
        "html": str(frame),
        "width": width,
        "height": height,
    }
    return json(told) if form == "json" else _xml(told)


def _embeddable(address: str) -> tuple[str, str]:
    """Return which embed shows the page at an address, and its query. Raises NotFound."""
    try:
        parts = urlsplit(address)
        port = parts.port
    except ValueError:
        raise NotFound("That is no address.") from None
    here = urlsplit(request.host_url)
    if parts.scheme not in ("http", "https") or (parts.hostname, port) != (
        here.hostname,
        here.port,
    ):
        raise NotFound(f"That is no page of {request.host}.")
    query = {name: text for name, text in parse_qsl(parts.query) if name in _KEPT}
    matched = _match(parts.path)
    if matched is None:
        raise NotFound("That page has no embed: issues, parties, positions and the matrix have.")
    kind, subject = matched
    return kind, urlencode(subject | query, safe=":")


_KEPT = (*CLOCKS, "theme", "party", "issue")


def _match(path: str) -> tuple[str, dict[str, str]] | None:
    parts = path.strip("/").split("/")
    match [unquote(part) for part in parts]:
        case ["matrix"]:
            return "matrix", {}
        case ["issues", issue] if issue:
            return "timeline", {"issue": issue}
        case ["parties", party] if party:
            return "timeline", {"party": party}
        case ["parties", party, "positions", issue] if party and issue:
            return "position", {"party": party, "issue": issue}
    return None


def _pixels(name: str, default: int) -> int:
    text = request.args.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and int(text[:9]) > 0 and len(text) < 9):
        raise InvalidQueryError(Fault(name, "invalid", "must be a number of pixels"))
    return int(text)


def _xml(told: dict[str, Any]) -> Response:
    root = ET.Element("oembed")
    for name, value in told.items():
        ET.SubElement(root, name).text = str(value)
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Response(body, mimetype="text/xml")


@pages.get("/embed.js")
def embed_script() -> Response:
    """Give the script that turns a div into a frame."""
    return current_app.send_static_file("embed.js")
