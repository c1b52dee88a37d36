"""What changed, as tables for people at a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from service.answers import Body
from service.cli.tables import STYLES, count, escape, instant, said, show_clocks, title, word

REASONS = {"lapse": "the offer lapsed"}


def show_changes(console: Console, answer: Body) -> None:
    """Print what changed in a window."""
    if not answer["changes"]:
        console.print("[dim]Nothing changed.[/dim]")
    day = None
    for change in answer["changes"]:
        when = instant(change["at"])
        if when != day:
            console.print(Text(f"{'' if day is None else chr(10)}{when}", style="bold"))
            day = when
        console.print(_change(change), soft_wrap=False)
    begins = instant(answer["from"]) if answer["from"] else "ever"
    known = instant(answer["known_at"]) if answer["known_at"] else "the empty log"
    console.print(
        f"\n[dim]from {begins} to {instant(answer['to'])}, known at {known} "
        f"(seq {answer['seq']}), floor {answer['floor']}, for statuses "
        f"{answer['status_floor']}[/dim]"
    )


def _change(change: Body) -> Table:
    name = "status" if change["kind"] == "status" else "position"
    about = f"{change['party']} on {change['issue']}" if change["party"] else change["issue"]
    rows = Table.grid(padding=(0, 2))
    rows.add_column(style="dim", min_width=8)
    rows.add_column(overflow="fold")
    step = _terms_step(change) if change["kind"] == "terms" else _step(change, name)
    rows.add_row(change["kind"], Text.assemble(about, "\n", step))
    marks = []
    if change["contested"]:
        marks.append("contested")
    if change["unusual_transition"]:
        marks.append("unusual transition")
    told = ", ".join(f"{row['report']} ({row['attribution']})" for row in change["evidence"])
    mark = f"  [yellow]{', '.join(marks)}[/yellow]" if marks else ""
    rows.add_row("", f"[dim]{escape(told)}[/dim]{mark}")
    return rows


def _step(change: Body, name: str) -> Text:
    return Text.assemble(_side(change["before"], name), " → ", _side(change["after"], name))


def _side(side: Body, name: str) -> Text:
    if side["state"] == "lapsed":
        return Text("lapsed", style="dim")
    if side[name] is None:
        state: str = side["state"]
        return Text("none on record" if state == "unreported" else state, style="dim")
    return Text(word(side[name]), style=STYLES.get(side[name], "bold"))


def _terms_step(change: Body) -> Text:
    before, after = change["before"], change["after"]
    said_so = Text.assemble(_side(after, "position"), Text(", now", style="dim"))
    return Text.assemble(said_so, *(f"\n  {line}" for line in _terms(before, after)))


def _terms(before: Body, after: Body) -> list[str]:
    """Return what came to and went from the terms of a position, a line each."""
    lines = [f"+ if {text}" for text in after["conditions"] if text not in before["conditions"]]
    lines += [f"- if {text}" for text in before["conditions"] if text not in after["conditions"]]
    if before["red_line"] != after["red_line"]:
        lines.append("+ a red line" if after["red_line"] else "- a red line")
    if before["until"] != after["until"]:
        lines.append(
            f"until {after['until'] or 'further notice'} (was {before['until'] or 'open'})"
        )
    if not lines:
        lines.append("the same conditions in another order")
    return [escape(line) for line in lines]


def show_difference(console: Console, answer: Body) -> None:
    """Print what differs between two moments, and why."""
    console.print(_about(answer), "")
    names = (("positions", "position"), ("terms", "terms"), ("statuses", "status"))
    for part, name in names:
        if not answer[part]:
            continue
        table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
        for heading in (name, "before", "after", "because"):
            table.add_column(heading, overflow="fold")
        for row in answer[part]:
            about = f"{row['party']}\n{row['issue']}" if "party" in row else row["issue"]
            table.add_row(about, *_sides(row, name), _because(row["causes"]))
        console.print(table, "")
    if not any(answer[part] for part, _ in names):
        console.print("[dim]Nothing differs.[/dim]\n")
    console.print(
        f"[dim]floor {answer['floor']}, for statuses {answer['status_floor']}; permalink "
        f"{answer['links']['permalink']}[/dim]",
        soft_wrap=True,
        highlight=False,
    )


def _about(answer: Body) -> Text:
    first, last = answer["from"], answer["to"]
    if answer["axis"] == "world":
        told = f"From {instant(first['as_of'])} to {instant(last['as_of'])}"
        return Text(f"{told}, as known at seq {last['seq']}", style="bold")
    told = f"As of {instant(last['as_of'])}: what was known at seq {first['seq']}"
    return Text(f"{told}, and at seq {last['seq']}", style="bold")


def _sides(row: Body, name: str) -> list[Text]:
    if name != "terms":
        return [_side(row[side], name) for side in ("before", "after")]
    return [Text("\n".join(_told_terms(row[side]))) for side in ("before", "after")]


def _told_terms(terms: Body) -> list[str]:
    lines = [f"if {text}" for text in terms["conditions"]]
    lines += ["a red line"] if terms["red_line"] else []
    lines += [f"until {terms['until']}"] if terms["until"] else []
    return lines or ["no terms"]


def _because(causes: list[Body]) -> Text:
    lines = []
    for cause in causes:
        kind = REASONS.get(cause["type"], cause["type"])
        when = cause.get("at") or cause["recorded_at"]
        why = f", {cause['reason']}" if cause.get("reason") else ""
        lines.append(f"{kind} {cause['report']}{why} ({when[:10]})")
    return Text("\n".join(lines))


def show_revisions(console: Console, answer: Body) -> None:
    """Print how an answer came to be what it is."""
    name = "position" if "party" in answer else "status"
    about = f"{answer['party']} on {answer['issue']}" if "party" in answer else answer["issue"]
    console.print(title(answer, about))
    if not answer["revisions"]:
        console.print("[dim]Nothing was ever on record for this date.[/dim]")
    table = Table(box=None, header_style="dim", pad_edge=False, padding=(0, 2, 0, 0))
    for heading in ("seq", "recorded", "by", name, "because of"):
        table.add_column(heading, overflow="fold", justify="right" if heading == "seq" else "left")
    for row in answer["revisions"]:
        table.add_row(
            str(row["seq"]),
            row["recorded_at"][:16].replace("T", " "),
            escape(row["recorded_by"]),
            said(row, name),
            _cause(row["cause"]),
        )
    console.print(table)
    console.print(f"\n[dim]{count(len(answer['revisions']), 'revision')}[/dim]", end="")
    show_clocks(console, answer)


def _cause(cause: Body) -> Text:
    lines: list[Any] = [f"{cause['type']} {cause['id']}"]
    if cause["id"] != cause["report"]:
        lines = [f"{cause['type']} of {cause['report']}: {cause['reason']}"]
    if cause["note"]:
        lines += ["\n", (escape(cause["note"]), "dim")]
    return Text.assemble(*lines)
