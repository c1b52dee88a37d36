"""How the documentation becomes a site: `make docs`. Nothing in it is fetched from anywhere."""

import re
import sys
from importlib.metadata import version as version_of
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS / "_ext"))
sys.path.insert(0, str(DOCS.parent))

project = "Stancelog"
author = "the Stancelog contributors"
project_copyright = author
version = release = version_of("stancelog")

extensions = ["myst_parser", "reference"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build", "_ext"]
myst_heading_anchors = 4
language = "en"
smartquotes = False  # it takes the two dashes of an option for one
suppress_warnings = [
    "misc.highlighting_failure",  # JSON with a … in it is no JSON
]

html_theme = "furo"
html_title = "Stancelog"
html_logo = html_favicon = "../service/static/mark.svg"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
pygments_style = "friendly"
pygments_dark_style = "github-dark"

# The colours are those of the program's own pages: service/static/page.css.
_SERIF = '"Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, serif'
_SANS = 'system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif'
_LIGHT = {
    "font-stack": _SANS,
    "font-stack--headings": _SERIF,
    "color-background-primary": "#fbfaf7",
    "color-background-secondary": "#f4f2ec",
    "color-background-border": "#ddd9d0",
    "color-foreground-primary": "#1d2126",
    "color-foreground-secondary": "#5c6570",
    "color-foreground-muted": "#5c6570",
    "color-brand-primary": "#17507d",
    "color-brand-content": "#17507d",
    "color-brand-visited": "#17507d",
    "color-inline-code-background": "#efece5",
}
_DARK = {
    "color-background-primary": "#14171b",
    "color-background-secondary": "#1b1f25",
    "color-background-border": "#343a43",
    "color-foreground-primary": "#e8e6e1",
    "color-foreground-secondary": "#a3abb5",
    "color-foreground-muted": "#a3abb5",
    "color-brand-primary": "#8fc1e3",
    "color-brand-content": "#8fc1e3",
    "color-brand-visited": "#8fc1e3",
    "color-inline-code-background": "#252b33",
}
html_theme_options = {"light_css_variables": _LIGHT, "dark_css_variables": _DARK}


def setup(app: Any) -> None:
    """Let names of code that are longer than a cell break after `/`, `::`, `_` and `|`."""

    def may_break(_app: Any, _page: str, _template: str, context: dict[str, Any], _: Any) -> None:
        context["body"] = re.sub(
            r'(<span class="pre">)([^<]{24,})(?=</span>)',
            lambda code: code[1] + re.sub(r"(/|::|_|\|)(?=\w)", r"\1<wbr>", code[2]),
            context.get("body", ""),
        )

    app.connect("html-page-context", may_break)
