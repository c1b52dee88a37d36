"""The maps on the page about spreadsheets are those of the examples."""

import re

from tests.documentation.blocks import blocks
from tests.documentation.conftest import ROOT

MAPS = ROOT / "examples" / "maps"


def test_each_part_of_a_map_that_the_page_shows_is_in_one():
    text = "".join((MAPS / name).read_text() for name in ("statements.toml", "un_votes.toml"))
    maps = re.sub(r"^\[\[record\]\] +#.*$", "[[record]]", text, flags=re.MULTILINE)
    shown = [one for one in blocks(ROOT / "docs" / "spreadsheets.md") if one.kind == "toml"]
    assert len(shown) == 3
    for one in shown:
        assert one.text.strip() in maps, one.where
