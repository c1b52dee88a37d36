"""What we took back, as a table for people at a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.answers import Body
from service.cli.tables import CONTROLS, count, instant
from service.ndjson import encode

STYLES = {"correction": "yellow", "retraction": "red", "reinstatement": "green"}
LONGEST = 200


def show_corrections(console: Console, answer: Body) -> None:
    """Print what was corrected, retracted or reinstated, and what that changed."""
    rows = answer["corrections"]
    if not rows:
        console.print("[dim]Nothing was corrected, retracted or reinstated.[/dim]")
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("seq", justify="right")
    table.add_column("recorded", no_wrap=True)
    table.add_column("by", overflow="fold", max_width=12)
    table.add_column("what", overflow="fold")
    for row in rows:
        table.add_row(
            str(row["seq"]),
            row["recorded_at"][:16].replace("T", " "),
            _plain(row["recorded_by"]),
            _told(row),
        )
    if rows:
        console.print(table)
    known = instant(answer["known_at"]) if answer["known_at"] else "the empty log"
    told = f"{count(len(rows), 'amendment')}, known at {known} (seq {answer['seq']})"
    console.print(f"\n[dim]{told}[/dim]")


def _told(row: Body) -> Text:
    head = Text.assemble((row["type"], STYLES[row["type"]]), f" of {row['report']}")
    lines = [head, Text(row["reason"].replace("_", " "))]
    if row["note"]:
        lines[-1] += Text(f": {_plain(row['note']).plain}")
    for change in row["changes"]:
        parts = change.get("paths") or [change | {"path": change["field"]}]
        lines += [_changed(part) for part in parts]
    return Text("\n").join(lines)


def _changed(part: Body) -> Text:
    before, after = _value(part["before"]), _value(part["after"])
    return Text.assemble((part["path"], "dim"), " ", before, " → ", after)


def _value(value: Any) -> Text:
    if value is None or value == []:
        return Text("nothing", style="dim")
    text = value if isinstance(value, str) else encode(value).decode()
    return _plain(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def _plain(text: str) -> Text:
    """Return text as it is, without what could take over a terminal."""
    return Text(text.translate(CONTROLS))
