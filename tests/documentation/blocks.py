"""The fenced examples of a page, and the commands in them with what they are shown to print."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

FENCE = re.compile(r"^( *)(`{3,}|~{3,})([^\n`]*)\n(.*?)^\1\2`*$", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"`([\w-]+(?:\.[\w-]+)+)`:\s*$")
PROMPT = "$ "


@dataclass(frozen=True)
class Block:
    """One fenced block of a page."""

    page: Path
    line: int  # of its fence, from 1
    kind: str  # what follows the fence: console, json; empty: nothing
    text: str
    before: str  # the text of the page before it, up to the fence

    @property
    def where(self) -> str:
        """Where it is, for people."""
        return f"{self.page.name}:{self.line}"

    @property
    def first(self) -> str:
        """Its first line, which names it in the list of what is not run."""
        return self.text.strip().splitlines()[0]

    @property
    def file(self) -> str | None:
        """The name of the file that it is, where the words before it end with `NAME.EXT`:"""
        found = FILE.search(self.before)
        return found[1] if found else None


@dataclass(frozen=True)
class Command:
    """One command of a console, with what is shown below it; None: nothing is."""

    where: str
    text: str
    shown: str | None


def blocks(page: Path) -> list[Block]:
    """Return the fenced blocks of a page, in order. Directives of MyST ({toctree}) are none."""
    text = page.read_text()
    return [
        Block(page, text.count("\n", 0, at.start()) + 1, at[3].strip(), at[4], text[: at.start()])
        for at in FENCE.finditer(text)
        if not at[3].strip().startswith("{")
    ]


def commands(block: Block) -> list[Command]:
    """Return the commands of a console: each begins with `$ `, and goes on until it is whole."""
    found: list[list[str]] = []
    output: list[list[str]] = []
    for line in block.text.splitlines():
        if line.startswith(PROMPT):
            found.append([line.removeprefix(PROMPT)])
            output.append([])
        elif found and not output[-1] and not _is_whole("\n".join(found[-1])):
            found[-1].append(line)
        else:
            assert found, f"{block.where}: a console begins with '$ ', not with {line!r}"
            output[-1].append(line)
    return [
        Command(block.where, "\n".join(one), "\n".join(shown).strip("\n") or None)
        for one, shown in zip(found, output, strict=True)
    ]


def _is_whole(command: str) -> bool:
    """Tell whether a shell would run it now, or wait for more lines."""
    if here := re.search(r"<<-?\s*'?(\w+)'?", command):
        return command.splitlines()[-1] == here[1]
    if command.endswith("\\"):
        return False
    try:
        shlex.split(command, comments=True)
    except ValueError:
        return False
    return True


def pages(root: Path) -> Iterator[Path]:
    """Give every page whose examples are run."""
    yield root / "README.md"
    yield from sorted(
        page
        for page in (root / "docs").rglob("*.md")
        if not page.relative_to(root / "docs").parts[0].startswith("_")
    )
