"""The site: it is whole, its links lead somewhere, and it asks no other host for anything."""

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree as ET

import pytest

from tests.documentation.conftest import ROOT

LOADED = {
    "script": "src",
    "img": "src",
    "link": "href",
    "iframe": "src",
    "source": "src",
    "audio": "src",
    "video": "src",
    "embed": "src",
    "object": "data",
    "form": "action",
}
"""What a browser asks for by itself, or with what was typed."""


class Read(HTMLParser):
    """What a page loads, where its links lead, and the names in it."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.links: list[str] = []
        self.names: set[str] = set()
        self.feed(page.read_text())

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag in LOADED and LOADED[tag] in given:
            self.loaded.append(given[LOADED[tag]])
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        self.names |= {given[name] for name in ("id", "name") if name in given}


def pages_of(site):
    found = sorted(site.rglob("*.html"))
    assert len(found) > 15
    return found


def test_nothing_is_loaded_from_another_host(site):
    for page in pages_of(site):
        for address in Read(page).loaded:
            assert not urlsplit(address).netloc, f"{page.name} loads {address}"
    for sheet in site.rglob("*.css"):
        for address in re.findall(r"url\(\s*['\"]?([^'\")]+)|@import\s+['\"]", sheet.read_text()):
            assert not urlsplit(address).netloc, f"{sheet.name} loads {address}"


def test_every_link_leads_to_a_page_and_a_heading(site):
    read = {page.resolve(): Read(page) for page in pages_of(site)}
    followed = 0
    for page, content in read.items():
        for link in content.links:
            parts = urlsplit(link)
            if parts.scheme or link in ("#", ""):
                continue
            target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
            assert target.exists(), f"{page.name}: {link}"
            if parts.fragment and target in read:
                assert unquote(parts.fragment) in read[target].names, f"{page.name}: {link}"
                followed += 1
    assert followed > 100


def test_a_search_finds_pages_without_a_server(site, browser):
    page = browser.new_page()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{(site / 'search.html').as_uri()}?q=checkpoint")
    page.locator("#search-results ul.search li a", has_text="The audit").first.wait_for()
    assert {urlsplit(address).scheme for address in asked} == {"file"}
    page.close()


# The same text is read in the repository


def slug(heading):
    """The anchor that a forge gives a heading: its letters, digits, `-` and `_`, in lower case."""
    text = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


def anchors(page):
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)
    return {slug(heading.strip()) for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE)}


DOCUMENTS = [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "examples" / "README.md"]
DOCUMENTS += [page for page in ROOT.glob("docs/**/*.md") if "_build" not in page.parts]


@pytest.mark.parametrize("page", DOCUMENTS, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_in_the_repository_leads_to_a_file_and_a_heading(page):
    for link in re.findall(r"\]\((?!https?:)([^)\s]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if anchor and target.suffix == ".md":
            assert anchor in anchors(target), link


def test_every_picture_says_in_words_what_it_shows():
    pictures = [
        (page, words)
        for page in DOCUMENTS
        for words in re.findall(r"!\[([^]]*)\]\([^)]+\)", page.read_text())
    ]
    assert len(pictures) >= 2
    for page, words in pictures:
        assert len(words) > 20, page


DRAWINGS = sorted((ROOT / "docs" / "images").glob("*.svg"))


@pytest.mark.parametrize("drawing", DRAWINGS, ids=lambda drawing: drawing.name)
def test_a_drawing_tells_in_words_what_it_shows_and_is_legible_on_dark(drawing):
    root = ET.parse(drawing).getroot()
    named = {one.get("id"): one.text for one in root if one.get("id")}
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == "title desc"
    assert len(named["title"]) > 10
    assert len(named["desc"]) > 100
    text = drawing.read_text()
    assert "prefers-color-scheme: dark" in text
    assert not re.search(r"href|url\(|@import|<script", text)


def test_the_clocks_and_the_vague_dates_are_drawn():
    assert {drawing.name for drawing in DRAWINGS} >= {"two-clocks.svg", "vague-dates.svg"}
