"""The documentation says what the program does: every example with output is run."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main
from service.cli.speaking import out

ROOT = Path(__file__).parents[1]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


def examples():
    for block in CONSOLE.findall((ROOT / "README.md").read_text()):
        command, _, output = block.partition("\n")
        if output.strip() and command.startswith("$ stancelog") and not output.startswith("$"):
            yield command.removeprefix("$ stancelog ").split(), output


def squeezed(text):
    return [re.sub(r" +", " ", line).strip() for line in text.strip().splitlines()]


@pytest.fixture(scope="module")
def berlin(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('docs') / 'stancelog.db'}"
    file = str(ROOT / "examples" / "berlin.ndjson")
    words = ["--database", url, "import", "--keep-recorded-at", file]
    assert CliRunner().invoke(main, words).exit_code == 0
    return url


def test_the_readme_shows_what_the_program_prints(berlin, monkeypatch):
    monkeypatch.setattr(out, "width", 120)
    shown = list(examples())
    assert len(shown) >= 6
    for words, output in shown:
        result = CliRunner().invoke(main, ["--database", berlin, *words])
        assert squeezed(result.stdout) == squeezed(output)


def test_every_option_of_the_readme_exists():
    text = (ROOT / "README.md").read_text()
    help_texts = CliRunner().invoke(main, ["--help"]).stdout + "".join(
        CliRunner().invoke(main, [name, "--help"]).stdout for name in main.commands
    )
    asked = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert asked <= set(re.findall(r"--[a-z-]+", help_texts)) | {"--help"}


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), ROOT / "examples" / "README.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
