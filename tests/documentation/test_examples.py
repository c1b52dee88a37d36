"""Every example of the documentation is run, page by page, and prints what the page shows.

| block | what is done with it |
|---|---|
| `console` | each `$ command` is run; what stands below it is what it prints |
| `sh`, `python` | the script is run |
| any, after `NAME.EXT`: | it is written to that file |
| `json`, `text`, `http` or none | it is what the command before it printed |

`…` stands for what a page leaves out. What is not run is named below, each with the reason, and a
block of any other kind fails.
"""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.importing import Import
from service.store import Store
from tests.documentation.blocks import Block, Command, blocks, commands, pages
from tests.documentation.conftest import ROOT
from tests.documentation.shown import is_shown
from tests.documentation.terminal import Printed, Terminal
from tests.records import position, statement

PROGRAMS = {"sh": "bash -euo pipefail", "python": "python"}
OUTPUTS = {"json", "text", "http", ""}

IN_A_BROWSER = "for another site: tests/browser looks at it in a browser"
ELSEWHERE = {
    ("README.md", "make demo"): "docs/first-five-minutes.md runs it",
    ("README.md", "make test"): "it is what runs this",
    ("pages.md", '<div data-stancelog="position"'): IN_A_BROWSER,
    ("widgets.md", '<link rel="stylesheet" href="https://cdn.knightlab.com'): IN_A_BROWSER,
    ("widgets.md", '<link rel="stylesheet"'): IN_A_BROWSER,
    ("widgets.md", 'it.on("rangechanged"'): IN_A_BROWSER,
    ("widgets.md", '<script src="https://unpkg.com/timelines-chart'): IN_A_BROWSER,
    ("assistants.md", "pip install"): "it changes the environment of the tests",
    ("assistants.md", '{\n  "mcpServers"'): "tests/assistants/test_stdio.py starts what it says",
    ("assistants.md", "No position on record"): "tests/assistants/test_stdio.py asks for it",
    ("security.md", " outside"): "it is a drawing",
    ("running.md", "Making anew"): "it takes a database of before: tests/test_rebuild.py",
    ("running.md", "aside    seq 135"): "it takes a broken read model: tests/test_dead_letters.py",
    ("README.md", "stancelog --database postgresql:"): "tests/cli/test_copies.py copies to it",
    ("deploying.md", ""): "tests/test_compose.py follows it word for word, without an engine",
    ("backups.md", "pg_dump"): "tests/cli/test_backups.py runs it on a real PostgreSQL",
    ("spreadsheets.md", "[["): "tests/documentation/test_spreadsheets.py has it from the maps",
    ("operations.md", '{"event":"request"'): "a server logs it: tests/http/test_operations.py",
    (
        "operations.md",
        "scrape_configs:",
    ): "for Prometheus: tests/http/test_metrics.py reads as it does",
    ("operations.md", "ok       tables"): "it takes a broken read model: tests/cli/test_doctor.py",
}
"""What is not run here, by its page and how it begins, and why not."""

CHANGES_THE_MACHINE = re.compile(r"^(?:\S*pip3?|sudo|apt\S*|docker|systemctl)\s")
"""What no test may run: it is to be named above."""

REPORT = statement(
    parties=["ukraine"], positions=[position(issue_id="ukraine-nato-membership", party=None)]
)
STATEMENTS = ROOT / "examples" / "statements.csv"
ITS_MAP = ROOT / "examples" / "maps" / "statements.toml"
GIVEN = {
    "talks.csv": STATEMENTS.read_text(),
    "map.toml": ITS_MAP.read_text(),
    "all.toml": re.sub(r".*\"checked\".*\n", "", ITS_MAP.read_text()),
    "report.json": json.dumps(REPORT),
    "talks.ndjson": json.dumps(REPORT | {"id": "talks-1"}) + "\n",
}
"""Files of a reader's own, which pages speak of."""


def reason(page: Path, text: str) -> str | None:
    """Return why something is not run here."""
    return next(
        (
            why
            for (name, beginning), why in ELSEWHERE.items()
            if page.name == name and text.startswith(beginning)
        ),
        None,
    )


@pytest.fixture(scope="module")
def berlin(tmp_path_factory):
    """A database file with the Berlin example."""
    file = tmp_path_factory.mktemp("berlin") / "stancelog.db"
    store = Store(f"sqlite:///{file}", create=True)
    with (ROOT / "examples" / "berlin.ndjson").open("rb") as records:
        Import(store, keep_recorded_at=True).file("berlin.ndjson", records)
    store.close()
    return file


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    """A repository with what is here."""
    folder = tmp_path_factory.mktemp("repository") / "stancelog"
    left_out = shutil.ignore_patterns(".*", "*.db*", "_build", "__pycache__", "tests", "bench")
    shutil.copytree(ROOT, folder, ignore=left_out)
    who = ["-c", "user.name=Test", "-c", "user.email=test@example.org"]
    for words in (["init"], ["add", "."], [*who, "commit", "-m", "All of it"]):
        subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def terminal(berlin, repository, tmp_path):
    opened = Terminal(tmp_path, berlin)
    opened.clone_from(repository)
    for name, content in GIVEN.items():
        (opened.here / name).write_text(content)
    yield opened
    opened.close()


WITH_EXAMPLES = [page for page in pages(ROOT) if blocks(page)]


@pytest.mark.parametrize("page", WITH_EXAMPLES, ids=lambda page: page.name)
def test_every_example_does_what_the_page_shows(terminal, page):
    play(terminal, page)


def play(terminal: Terminal, page: Path) -> None:
    """Do what a page says. Fails where the program does another thing than the page shows."""
    found = blocks(page)
    printed: Printed | None = None
    for block, after in zip(found, [*found[1:], None], strict=True):
        if reason(page, block.text):
            continue
        if block.file:
            (terminal.here / block.file).write_text(block.text)
        elif block.kind == "console":
            is_shown_after = after is not None and after.kind in OUTPUTS and not after.file
            printed = run(terminal, block, is_shown_after)
        elif block.kind in PROGRAMS:
            printed = terminal.script(block.text, PROGRAMS[block.kind])
            assert printed.status == 0, f"{block.where}: {printed}"
        elif block.kind in OUTPUTS:
            assert printed, f"{block.where}: no command printed this"
            compare(block.where, block.text, printed)
            printed = None
        else:
            pytest.fail(f"{block.where}: nothing runs {block.kind!r}: name it in ELSEWHERE")


def run(terminal: Terminal, block: Block, is_shown_after: bool) -> Printed | None:
    """Run the commands of a console. Returns what the last one printed, if it is not shown."""
    printed = None
    told = [one for one in commands(block) if not reason(block.page, one.text)]
    for command in told:
        assert not CHANGES_THE_MACHINE.match(command.text), f"{command.where}: name it in ELSEWHERE"
        shows = command.shown is not None or (is_shown_after and command is told[-1])
        printed = terminal.run(command.text, is_shown=shows)
        check(command, printed, shows)
    return printed if told and told[-1].shown is None else None


def check(command: Command, printed: Printed, shows: bool) -> None:
    """Fail unless a command printed what is shown, or ended well where nothing is."""
    if command.shown is not None:
        compare(f"{command.where}: {command.text}", command.shown, printed)
    elif not shows:
        assert printed.status == 0, f"{command.where}: {command.text}\n{printed}"


def compare(what: str, shown: str, printed: Printed) -> None:
    """Fail unless a page shows what was printed."""
    told = (printed.out, printed.out + printed.err)
    if not any(is_shown(shown, one) for one in told):
        pytest.fail(f"{what}\n--- the page\n{shown}\n--- the program\n{told[1]}")


@pytest.mark.parametrize(
    "text",
    [
        "```console\n$ stancelog status us-peace-plan\nagreed\n```",
        "```console\n$ stancelog position ukraine nothing\n```",
        "```console\n$ curl http://127.0.0.1:8000/v1/parties/nobody\n```",
        "```console\n$ curl http://127.0.0.1:8000/v1/parties/ukraine\n```\n\n```json\n{}\n```",
        "```console\n$ false | cat\n```",
        "```console\nstancelog settings\n```",
        "```sh\nfalse\ntrue\n```",
        "```python\nassert not True\n```",
        "```json\n{}\n```",
        "```yaml\na: 1\n```",
        "```console\n$ pip install something\n```",
        "~~~\nno command printed this\n~~~",
    ],
)
def test_an_example_that_is_not_so_fails(terminal, tmp_path, text):
    page = tmp_path / "page.md"
    page.write_text(f"# A page\n\n{text}\n")
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        play(terminal, page)


def test_a_page_is_followed_from_one_example_to_the_next(terminal, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "Save this as `talk.json`:\n\n```json\n" + json.dumps(REPORT | {"id": "t-1"}) + "\n```\n\n"
        "```console\n$ TOKEN=$(stancelog token create --name a --scope write)\n"
        '$ curl -H "Authorization: Bearer $TOKEN" http://127.0.0.1:8000/v1/reports \\\n'
        "    -d @talk.json\n```\n\n```json\n"
        '{"id": "t-1", "seq": 135, …}\n```\n\n'
        "```python\nfrom urllib.request import urlopen\n"
        'assert urlopen("http://127.0.0.1:8000/v1/reports/t-1").status == 200\n```\n'
    )
    play(terminal, page)


def test_what_is_not_run_is_there():
    told = [
        (page.name, text)
        for page in WITH_EXAMPLES
        for block in blocks(page)
        for text in [block.text, *_texts(block)]
    ]
    for name, beginning in ELSEWHERE:
        assert any(page == name and text.startswith(beginning) for page, text in told), beginning


def _texts(block: Block) -> list[str]:
    return [one.text for one in commands(block)] if block.kind == "console" else []


OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+(?![A-Z])")


def test_every_option_of_the_documentation_exists():
    asked = {
        option
        for page in WITH_EXAMPLES
        for block in blocks(page)
        for command in _texts(block)
        if "stancelog " in command
        for option in OPTION.findall(command[command.rindex("stancelog ") :])
    }
    helps = "".join(
        CliRunner().invoke(main, [*words, "--help"]).stdout
        for words in [[], *([name] for name in main.commands), ["token", "create"]]
    )
    assert asked <= set(re.findall(r"--[a-z-]+", helps)) | {"--help"}
