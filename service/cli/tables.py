"""Answers as tables, for people at a terminal."""

from collections.abc import Iterable

from rich import markup
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from projections.verify import Difference
from service.answers import Body

CONTROLS = dict.fromkeys([*range(32), *range(127, 160)], "\N{REPLACEMENT CHARACTER}")

STYLES = {
    "support": "bold green",
    "conditional_support": "green",
    "neutral": "yellow",
    "conditional_oppose": "red",
    "oppose": "bold red",
    "undeclared": "dim",
}


def show_position(console: Console, answer: Body) -> None:
    """Print the answer to the question."""
    console.print(title(answer, f"{answer['party']} on {answer['issue']}"))
    facts = _facts()
    facts.add_row("position", said(answer, "position"))
    for i, one in enumerate(answer.get("inherited", ())):
        facts.add_row("" if i else "inherited", _inherited(one))
    _add_since(facts, answer, "position")
    for key in ("posture", "summary", "until"):
        if answer[key]:
            facts.add_row(key, escape(answer[key]))
    for i, condition in enumerate(answer["conditions"]):
        facts.add_row("" if i else "conditions", escape(condition))
    if answer["red_line"]:
        facts.add_row("red line", "yes")
    if lapsed := answer["lapsed"]:
        told = f"{word(lapsed['position'])}, until {lapsed['until']} ({escape(lapsed['report'])})"
        facts.add_row("lapsed", told)
    _add_weight(facts, answer)
    console.print(facts)
    _show_evidence(console, answer, "position")
    for group in answer["likely_duplicates"]:
        ids = escape(", ".join(group["reports"]))
        console.print(f"[yellow]perhaps one utterance:[/yellow] {ids}", soft_wrap=True)
    show_clocks(console, answer)


def show_status(console: Console, answer: Body) -> None:
    """Print the status of an issue."""
    console.print(title(answer, answer["issue"]))
    facts = _facts()
    facts.add_row("status", said(answer, "status"))
    _add_since(facts, answer, "status")
    if answer["note"]:
        facts.add_row("note", escape(answer["note"]))
    if answer["unusual_transition"]:
        facts.add_row("transition", f"unusual after {word(answer['previous']['status'])}")
    facts.add_row("alignment", answer["alignment"])
    _add_weight(facts, answer)
    console.print(facts)
    _show_evidence(console, answer, "status")
    show_clocks(console, answer)


def show_history(console: Console, answer: Body) -> None:
    """Print all runs of a position or a status."""
    name = "position" if "party" in answer else "status"
    about = f"{answer['party']} on {answer['issue']}" if "party" in answer else answer["issue"]
    console.print(title(answer, about))
    if not answer["segments"]:
        console.print("[dim]Nothing on record.[/dim]")
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("since", name, "in effect from", "to", "reports"):
        table.add_column(heading, justify="right" if heading == "reports" else "left")
    for segment in answer["segments"]:
        note = " (future)" if segment["future"] else ""
        note += " (unusual)" if segment.get("unusual_transition") else ""
        table.add_row(
            segment["since"],
            Text.assemble(said(segment, name), (note, "dim")),
            instant(segment["effect"]),
            instant(segment["effect_end"]) if segment["effect_end"] else "",
            str(segment["reports"]),
        )
    console.print(table)
    show_clocks(console, answer, with_date=False)


def show_differences(console: Console, found: Iterable[Difference], most: int = 20) -> int:
    """Print rows that are not as the log has them, at most `most`. Returns how many there are."""
    number = 0
    for number, one in enumerate(found, 1):
        if number > most:
            continue
        where = f"{one.table} {one.key}"
        if one.live is None:
            console.print(f"[red]missing[/red]  {escape(where)}")
        elif one.rebuilt is None:
            console.print(f"[red]extra[/red]    {escape(where)}")
        else:
            differ = [
                f"{name}: {value!r}, not {one.rebuilt[name]!r}"
                for name, value in one.live.items()
                if value != one.rebuilt[name]
            ]
            console.print(f"[red]differs[/red]  {escape(where)}: {escape('; '.join(differ))}")
    return number


def escape(text: str) -> str:
    """Return text that a terminal shows as it is, whatever a source put into it."""
    return markup.escape(text.translate(CONTROLS))


def title(answer: Body, about: str) -> Group:
    """Return what is asked about, with its proposition."""
    proposition = answer["proposition"] or "not registered yet at this point of the log"
    return Group(
        Text(about, style="bold"), Text(f"“{proposition.translate(CONTROLS)}”", style="italic"), ""
    )


def _facts() -> Table:
    facts = Table.grid(padding=(0, 2))
    facts.add_column(style="dim", min_width=10)
    facts.add_column(overflow="fold")
    return facts


def said(answer: Body, name: str) -> Text:
    """Return a position or a status at a glance, in words."""
    if answer[name] is not None:
        return Text(word(answer[name]), style=STYLES.get(answer[name], "bold"))
    words = {
        "unreported": f"no {name} on record",
        "lapsed": "none: the last one lapsed",
        "undeclared": "undeclared: it took its position back",
    }
    return Text(words[answer["state"]], style="dim")


def _inherited(one: Body) -> Text:
    who = " through ".join([one["bloc"], *reversed(one["via"])])
    said = Text(word(one["position"]), style=STYLES[one["position"]])
    contested = ", contested" if one["contested"] else ""
    return Text.assemble(f"{who}: ", said, f", since {one['since']}{contested} (not its own)")


def _add_since(facts: Table, answer: Body, name: str) -> None:
    if answer["since"]:
        effect = instant(answer["effect"])
        facts.add_row("since", f"{answer['since']}  [dim](in effect {effect})[/dim]")
    if before := answer["previous"]:
        told = Text.assemble(said(before, name), (f", since {before['since']}", "dim"))
        facts.add_row("before", told)


def _add_weight(facts: Table, answer: Body) -> None:
    told = f"{count(answer['reports'], 'report')} of {count(answer['utterances'], 'utterance')}"
    if answer["reports"]:
        facts.add_row("told by", told)
    if answer["below_floor"]:
        left_out = f"{count(answer['below_floor'], 'report')} below the floor"
        facts.add_row("left out", f"{left_out} ({answer['floor']}); --floor lowers it")
    if answer["contested"]:
        facts.add_row("contested", "[yellow]yes: others, as recent, say otherwise[/yellow]")


def _show_evidence(console: Console, answer: Body, name: str) -> None:
    rows = [("", row) for row in answer["evidence"]]
    rows += [("against", row) for row in answer["against"]]
    if not rows:
        return
    table = Table(box=None, header_style="dim", pad_edge=False)
    for heading in ("report", "occurred", "attribution", name, "publishers", ""):
        table.add_column(heading, overflow="fold")
    for note, row in rows:
        table.add_row(
            escape(row["report"]),
            row["occurred"],
            row["attribution"],
            Text(word(row[name]), style=STYLES.get(row[name], "")),
            escape(", ".join(row["publishers"])),
            f"[yellow]{note}[/yellow]",
        )
    console.print()
    console.print(table)


def show_clocks(console: Console, answer: Body, *, with_date: bool = True) -> None:
    """Print the clocks and the floor of an answer."""
    known = instant(answer["known_at"]) if answer["known_at"] else "the empty log"
    as_of = f"as of {instant(answer['as_of'])}, " if with_date else ""
    console.print(
        f"\n[dim]{as_of}known at {known} (seq {answer['seq']}), floor {answer['floor']}[/dim]"
    )


def instant(text: str) -> str:
    """Return an instant in words, where it is an edge of a day."""
    day, clock = text.split("T")
    edges = {"23:59:59.999999Z": f"end of {day}", "00:00:00Z": f"start of {day}"}
    return edges.get(clock, text)


def word(value: str) -> str:
    """Return a word of a vocabulary as people write it."""
    return value.replace("_", " ")


def count(number: int, noun: str) -> str:
    """Return a number of things, in the plural where it is not one."""
    return f"{number} {noun}{'' if number == 1 else 's'}"
