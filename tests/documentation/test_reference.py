"""The reference pages are what the program is, and what pages say of its code is there."""

import ast
import json
import re
from html import unescape

import pytest

from service.cli.group import Commands, main
from service.description import document
from service.schemas.records import SCHEMAS
from service.settings import SETTINGS
from tests.documentation.blocks import blocks, commands, pages
from tests.documentation.conftest import ROOT


@pytest.fixture
def text_of(site):
    """A function that returns the text of a page of the site, without its tags."""

    def text(page):
        bare = re.sub(r"<[^>]+>", "", (site / "reference" / f"{page}.html").read_text())
        return " ".join(unescape(bare).split())

    return text


def test_every_command_and_option_is_told(text_of):
    told = text_of("command-line")
    assert {"import", "token"} <= set(main.commands)
    for name in Commands.ORDER:
        assert f"stancelog {name}" in told
        for option in main.commands[name].params:
            assert option.param_type_name != "option" or option.opts[0] in told
    assert "stancelog token create" in told
    assert "[default: 8000" in told


def test_every_setting_is_told_with_its_meaning_and_default(text_of):
    told = text_of("settings")
    for one in SETTINGS:
        assert f"{one.name}¶" in told, one.name
        assert one.meaning in told
        assert f"default: {one.default or 'none'}" in told


def test_every_path_is_told_with_its_parameters(text_of):
    told = text_of("http")
    shared = document()["components"]["parameters"]
    for path, item in document()["paths"].items():
        for method, operation in item.items():
            if method != "parameters":
                assert f"{method.upper()} {path}" in told
                for one in operation.get("parameters", ()):
                    name = one.get("name") or shared[one["$ref"].rpartition("/")[2]]["name"]
                    assert name in told


def test_every_record_is_told_with_its_fields(text_of):
    told = text_of("records")
    for schema in SCHEMAS.values():
        for field in schema.fields:
            assert f" {field} " in told


def test_every_problem_is_told(text_of):
    told = text_of("problems")
    for part in ("404 Not Found", "did you mean 'as_of'", "content_differs", "429", "503"):
        assert part in told


def test_the_notebook_is_shown_with_what_it_printed_and_drew(site):
    page = (site / "notebook.html").read_text()
    notebook = json.loads((ROOT / "docs" / "notebook.ipynb").read_text())
    outputs = [one for cell in notebook["cells"] for one in cell.get("outputs", ())]
    drawn = [one for one in outputs if "image/png" in one.get("data", {})]
    assert len(drawn) > 1
    assert page.count('src="data:image/png;base64,') + page.count('src="_images/') == len(drawn)
    printed = next(one for one in outputs if one["output_type"] == "stream")
    assert "".join(printed["text"]).splitlines()[-1] in unescape(page)


def asked_by_examples():
    for page in pages(ROOT):
        for block in blocks(page):
            if block.kind == "console":
                for command in commands(block):
                    yield from re.findall(r"http://127\.0\.0\.1:8000(/[^?' ]*)", command.text)


NOT_SHOWN = {"stream": "it is off unless the operator allows some", "timemaps": "a list of links"}


def test_every_group_of_paths_has_an_example_somewhere():
    asked = set(asked_by_examples())
    groups = {}
    for path, item in document()["paths"].items():
        pattern = re.sub(r"\\\{\w+\\\}", "[^/]+", re.escape(path))
        for operation in item.values():
            if isinstance(operation, dict):
                shown = groups.setdefault(operation["tags"][0], [])
                shown += [one for one in asked if re.fullmatch(pattern, one)]
    assert {name for name, shown in groups.items() if not shown} == set(NOT_SHOWN)


# Names of code in pages

FILE = re.compile(r"`((?:[\w.-]+/)+[\w.-]*\.(?:py|txt|json|ndjson|toml|md))(?:::([\w.]+))?`")


def names_in(file):
    """The names that a module has: its own, and those in its classes."""

    def names(body, prefix=""):
        for one in body:
            if isinstance(one, ast.ClassDef | ast.FunctionDef):
                yield prefix + one.name
            if isinstance(one, ast.ClassDef):
                yield from names(one.body, f"{prefix}{one.name}.")
            if isinstance(one, ast.Assign):
                yield from (prefix + t.id for t in one.targets if isinstance(t, ast.Name))
            if isinstance(one, ast.AnnAssign) and isinstance(one.target, ast.Name):
                yield prefix + one.target.id

    return set(names(ast.parse(file.read_text()).body))


def test_the_code_and_the_tests_that_pages_name_are_there():
    told = [page for page in pages(ROOT) if page.name != "README.md"]  # whose table is by folder
    found = [(page, *named) for page in told for named in FILE.findall(page.read_text())]
    assert len([name for _, _, name in found if name]) > 60
    for page, path, name in found:
        if path.startswith("bench/data/"):  # which a run writes
            continue
        file = ROOT / path
        assert file.exists() or (page.parent / path).exists(), f"{page.name}: {path}"
        assert not name or name in names_in(file), f"{page.name}: {path}::{name}"
