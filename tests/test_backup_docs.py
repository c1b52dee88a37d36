"""What docs/backups.md says to do is done."""

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from service.cli import main

ROOT = Path(__file__).parents[1]
BLOCKS = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("block", BLOCKS.findall((ROOT / "docs" / "backups.md").read_text()))
def test_each_command_of_the_page_works(block, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    example = str(ROOT / "examples" / "berlin.ndjson")
    assert CliRunner().invoke(main, ["import", "--keep-recorded-at", example]).exit_code == 0
    commands = block.splitlines()
    assert commands
    for command in commands:
        words = shlex.split(command.removeprefix("$ stancelog "))
        result = CliRunner().invoke(main, words)
        assert result.exit_code == 0, (command, result.output)
