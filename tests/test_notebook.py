"""The notebook runs from its first cell to its last, and shows what it showed when it was kept."""

import json
import re
import runpy
import subprocess
import sys
from base64 import b64decode
from io import BytesIO
from pathlib import Path
from urllib.request import Request, urlopen

import nbformat
import pytest
from PIL import Image

from tests.records import position, statement

DOCS = Path(__file__).parents[1] / "docs"


def read(file):
    notebook = nbformat.read(file, as_version=4)
    nbformat.validate(notebook)
    return notebook


@pytest.fixture(scope="module")
def kept():
    return read(DOCS / "notebook.ipynb")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory):
    """The notebook as it runs now, against a live server that has recorded more since."""
    file = tmp_path_factory.mktemp("notebook") / "fresh.ipynb"
    with runpy.run_path(str(DOCS / "run_notebook.py"))["example"]() as server:
        report = statement(
            occurred="2025-12-19",
            parties=["ukraine"],
            positions=[position("neutral", "ukraine-nato-membership")],
        )
        sent = Request(f"{server}/v1/reports", json.dumps(report).encode())
        with urlopen(sent) as answer:
            assert answer.status == 201
        words = [
            sys.executable,
            str(DOCS / "run_notebook.py"),
            "--server",
            server,
            "--to",
            str(file),
        ]
        ended = subprocess.run(words, capture_output=True, text=True, timeout=240, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
    return read(file)


def outputs(notebook):
    return [output for cell in notebook.cells for output in cell.get("outputs", ())]


def told(notebook):
    """What the cells of a notebook printed, and which of them drew something."""
    return [
        output.text if output.output_type == "stream" else sorted(output.data)
        for output in outputs(notebook)
    ]


def images(notebook):
    shown = [output.data["image/png"] for output in outputs(notebook) if "data" in output]
    return [Image.open(BytesIO(b64decode(one))).convert("RGB") for one in shown]


def test_it_shows_what_it_showed_when_it_was_kept(kept, fresh):
    assert [cell.source for cell in fresh.cells] == [cell.source for cell in kept.cells]
    assert [cell.get("execution_count") for cell in fresh.cells] == [
        cell.get("execution_count") for cell in kept.cells
    ]
    assert told(fresh) == told(kept)
    assert {output.output_type for output in outputs(fresh)} == {"stream", "display_data"}


def test_the_numbers_of_its_story_come_out(fresh):
    text = "\n".join(one for one in told(fresh) if isinstance(one, str))
    for line in (
        "2022-02-28  no position on record",
        "2025-12-13  support               since 2022-09-30",
        "2025-12-20  conditional oppose    since 2025-12-14  as part of reviving the peace talks",
        "6 reports of 2 utterances",
        "known at 2025-12-16: conditional support",
        "known at 2025-12-17: no position on record; 1 report left out, as too weak",
        "16 parties x 8 issues: 62 positions on record",
        "proven",
    ):
        assert line in text.splitlines(), line


def test_its_plots_have_every_colour_of_the_scale_and_hatching(kept, fresh):
    scale = {"#0072B2", "#56B4E9", "#DDDDDD", "#E69F00", "#D55E00"}
    assert len(images(fresh)) == len(images(kept)) == 2
    for now, before in zip(images(fresh), images(kept), strict=True):
        assert now.size == before.size
        pixels = {f"#{r:02X}{g:02X}{b:02X}": n for n, (r, g, b) in now.getcolors(2**20)}
        assert scale <= pixels.keys()
        assert min(pixels[colour] for colour in scale) > 100
        # Where it is hatched, every colour between that of the position and white is there.
        assert len(pixels) > 200


def test_nothing_in_it_is_of_the_machine_or_the_time_of_a_run(kept):
    assert kept.metadata.keys() == {"kernelspec"}
    assert all(cell.metadata == {} for cell in kept.cells)
    assert [cell.id for cell in kept.cells] == [
        f"cell-{n:02}" for n in range(1, len(kept.cells) + 1)
    ]
    raw = (DOCS / "notebook.ipynb").read_text()
    assert not re.search(r"/(home|root|tmp|Users|var)/", raw)
    assert "Traceback" not in raw
    assert len(raw) < 400_000


def test_every_cell_of_code_is_led_to_in_words(kept):
    kinds = [cell.cell_type for cell in kept.cells]
    assert kinds[0] == "markdown"
    headings = [cell.source for cell in kept.cells if cell.source.startswith("#")]
    assert len(headings) >= 8
    codes = [place for place, kind in enumerate(kinds) if kind == "code"]
    assert len(codes) >= 8
    assert {kinds[place - 1] for place in codes} == {"markdown"}
