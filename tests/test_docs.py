"""The documentation says what the program does: every example with output is run."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.app import create_app
from service.cli import main
from service.cli.speaking import out

ROOT = Path(__file__).parents[1]
CONSOLE = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


PAGES = (ROOT / "README.md", ROOT / "docs" / "audit.md")
SPREADSHEETS = ROOT / "docs" / "spreadsheets.md"


def examples(page):
    for block in CONSOLE.findall(page.read_text()):
        command, _, output = block.partition("\n")
        if output.strip() and command.startswith("$ stancelog") and not output.startswith("$"):
            yield shlex.split(command.removeprefix("$ stancelog ")), output


def squeezed(text):
    return [re.sub(r" +", " ", line).strip() for line in text.strip().splitlines()]


@pytest.fixture(scope="module")
def berlin(tmp_path_factory):
    url = f"sqlite:///{tmp_path_factory.mktemp('docs') / 'stancelog.db'}"
    file = str(ROOT / "examples" / "berlin.ndjson")
    words = ["--database", url, "import", "--keep-recorded-at", file]
    assert CliRunner().invoke(main, words).exit_code == 0
    return url


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_documentation_shows_what_the_program_prints(berlin, monkeypatch, page):
    monkeypatch.setattr(out, "width", 120)
    shown = list(examples(page))
    assert len(shown) >= 5
    for words, output in shown:
        result = CliRunner().invoke(main, ["--database", berlin, *words])
        assert squeezed(result.stdout) == squeezed(output)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_address_that_the_documentation_reads_answers(berlin, page):
    app = create_app(berlin)
    for command in re.findall(r"^\$ curl ((?:.*\\\n)*.*)$", page.read_text(), re.MULTILINE):
        (address,) = re.findall(r"'?http://127\.0\.0\.1:8000([^' ]+)", command)
        if "-X POST" not in command:
            headers = dict(re.findall(r"-H '([\w-]+): ([^']+)'", command))
            assert app.test_client().get(address, headers=headers).status_code == 200, address
    app.extensions["stancelog"].close()


def test_the_proof_of_the_story_is_what_an_outsider_gets(berlin, tmp_path):
    kept, key, proof = (str(tmp_path / name) for name in ("kept", "key.pem", "proof.json"))
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", key], check=True)

    def run(*words):
        result = CliRunner().invoke(main, ["--database", berlin, *words])
        assert result.exit_code == 0, result.output
        return result

    run("checkpoint", "--key", key, "-o", kept)
    public = run("checkpoint", "--key", key, "--public-key").stdout.strip()
    app = create_app(berlin)
    answer = app.test_client().get("/v1/ledger/proof?report=seed-049&version=2")
    app.extensions["stancelog"].close()
    Path(proof).write_text(json.dumps(answer.json))
    script = str(ROOT / "docs" / "verify.py")
    words = [sys.executable, script, "inclusion", proof, "--checkpoint", kept, "--key", public]
    shown = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    told = (ROOT / "docs" / "audit.md").read_text().split("```\n{\n")[1].partition("```")[0]
    for line in told.splitlines():
        assert line in shown or line.strip() == "…", line
    assert "extends the checkpoint" in run("verify", "--checkpoint", kept).stderr


def test_every_option_of_the_documentation_exists():
    text = "".join(page.read_text() for page in (*PAGES, SPREADSHEETS))
    help_texts = CliRunner().invoke(main, ["--help"]).stdout + "".join(
        CliRunner().invoke(main, [name, "--help"]).stdout for name in main.commands
    )
    asked = set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", text))
    assert asked <= set(re.findall(r"--[a-z-]+", help_texts)) | {"--help"}


def test_links_between_documents_lead_somewhere():
    for page in [ROOT / "README.md", *ROOT.glob("docs/**/*.md"), ROOT / "examples" / "README.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def steps(page):
    """Each command of a page, in order, with what it prints."""
    for block in CONSOLE.findall(page.read_text()):
        for step in block.removeprefix("$ ").split("\n$ "):
            command, _, output = step.partition("\n")
            yield shlex.split(command.removeprefix("stancelog ")), output


def test_the_page_on_spreadsheets_can_be_followed_word_for_word(tmp_path, monkeypatch):
    monkeypatch.setattr(out, "width", 120)
    monkeypatch.chdir(tmp_path)
    for folder in ("examples", "tests"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    its_map = (ROOT / "examples" / "maps" / "statements.toml").read_text()
    every_row = [line for line in its_map.splitlines() if '"checked"' not in line]
    (tmp_path / "all.toml").write_text("\n".join(every_row))
    shown = list(steps(SPREADSHEETS))
    assert len(shown) == 8
    for words, output in shown:
        result = CliRunner().invoke(main, ["--database", "sqlite:///docs.db", *words])
        times = r"\d{4}-\d\d-\d\dT[\d:]+\.\d+Z"  # when the page was written, and now
        told = re.sub(times, "TIME", result.output)
        assert squeezed(told) == squeezed(re.sub(times, "TIME", output)), words
    maps = its_map + (ROOT / "examples" / "maps" / "un_votes.toml").read_text()
    for block in re.findall(
        r"^```toml\n(.*?)^```", SPREADSHEETS.read_text(), re.MULTILINE | re.DOTALL
    ):
        assert block in re.sub(r"^\[\[record\]\] +#.*$", "[[record]]", maps, flags=re.MULTILINE)
