"""What we took back, on the command line."""

import json
import re
from pathlib import Path

import pytest

from service.app import create_app
from service.cli.speaking import out
from tests.records import correction, issue, party, position, retraction, statement

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "berlin.ndjson")


@pytest.fixture
def berlin(run):
    """The bundled example, restored as its desk recorded it."""
    result = run("import", "--keep-recorded-at", EXAMPLE)
    assert result.exit_code == 0, result.output


def asked(run, *words):
    result = run("corrections", *words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


@pytest.mark.usefixtures("berlin")
def test_the_command_line_gives_the_answer_that_http_gives(run, url):
    app = create_app(url)
    client = app.test_client()
    for query in ({}, {"type": "retraction"}, {"party": "russia"}, {"seq": "125"}):
        words = [word for name, value in query.items() for word in (f"--{name}", value)]
        answer, served = asked(run, *words), client.get("/v1/corrections", query_string=query).json
        assert answer | {"as_of": None} == served | {"as_of": None}
    app.extensions["stancelog"].close()


@pytest.mark.usefixtures("berlin")
def test_the_table_fits_a_terminal_and_says_what_changed(run, monkeypatch):
    monkeypatch.setattr(out, "width", 80)
    shown = run("corrections").stdout
    assert max(map(len, shown.splitlines())) <= 80
    assert [line.split()[0] for line in shown.splitlines() if line[:3].isdigit()] == [
        "131",
        "120",
        "119",
    ]
    told = re.sub(r"\s+", " ", shown)
    assert "correction of seed-071" in told
    assert "occurred 2026-01-24 → 2026-01-23" in told
    assert "parties.0 russia → united-states" in told
    assert "retraction of seed-032 fabricated: The page names" in told
    assert "3 amendments" in told


@pytest.mark.usefixtures("berlin")
def test_a_list_that_is_cut_short_says_so(run):
    result = run("corrections", "--limit", "1")
    assert "1 amendment," in result.stdout
    assert "There is more than 1" in result.stderr
    assert run("corrections", "--limit", "3").stderr == ""


@pytest.mark.usefixtures("berlin")
def test_the_list_can_be_narrowed_and_asked_as_of_then(run):
    assert [row["seq"] for row in asked(run, "--type", "correction")["corrections"]] == [131, 119]
    assert [row["seq"] for row in asked(run, "--report", "seed-032")["corrections"]] == [120]
    assert asked(run, "--known-at", "2025-12-18")["corrections"][0]["seq"] == 120
    assert asked(run, "--seq", "119", "--issue", "ukraine-eu-membership")["corrections"]
    nothing = run("corrections", "--seq", "1")
    assert "Nothing was corrected" in nothing.stdout
    assert nothing.exit_code == 0


@pytest.mark.usefixtures("berlin")
def test_what_is_unknown_is_refused_and_what_makes_no_sense_is_wrong_usage(run):
    unknown = run("corrections", "--report", "seed-0711")
    assert (unknown.exit_code, "Did you mean seed-071" in unknown.stderr) == (1, True)
    for words in (
        ("--type", "statement"),
        ("--seq", "9999"),
        ("--seq", "1", "--known-at", "2025-12-20"),
        ("--known-at", "2999-01-01"),
    ):
        assert run("corrections", *words).exit_code == 2, words


def test_what_people_write_cannot_take_over_a_terminal(run, write):
    hostile = "\x1b[2J[red]bold[/red]\x07"
    file = write(
        party("ukraine"),
        issue("nato"),
        statement("r-1", positions=[position(summary=hostile)]),
        correction("r-1", summary=hostile, positions=[position("oppose")]),
        retraction("r-1", note=hostile),
    )
    assert run("import", file).exit_code == 0
    shown = run("corrections").stdout
    assert "\x1b" not in shown
    assert "\x07" not in shown
    assert "[red]bold[/red]" in re.sub(r"\s", "", shown)
