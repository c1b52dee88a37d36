"""stancelog search."""

import json

import pytest

from tests.records import correction, issue, party, position, statement


@pytest.fixture(autouse=True)
def _desk(run, write):
    file = write(
        party("ukraine"),
        issue("nato"),
        statement("r-1", summary="Security \x1b[31m[red]first[/red].", positions=[position()]),
        statement("r-2", occurred="2021", summary="Security later, said Zürich."),
        correction("r-2", "c-1", summary="Security last, said Zürich."),
    )
    assert run("import", file).exit_code == 0


def test_a_search_shows_passages_and_how_many_there_are_of_what(run):
    result = run("search", "zurich", "secu")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "2021  r-2  Reuters",
        "Security last, said Zürich.",
        "",
        "party   ukraine 1",
        "type    statement 1",
        "source  Reuters 1",
        "year    2021 1",
        "",
        result.stdout.splitlines()[-1],
    ]
    assert result.stdout.splitlines()[-1].startswith("1 report, known at ")
    assert result.stdout.splitlines()[-1].endswith("(seq 5)")


def test_words_and_options_ask_together(run):
    def ids(*words):
        result = run("search", "--format", "json", *words)
        assert result.exit_code == 0, result.output
        return [report["id"] for report in json.loads(result.stdout)["reports"]]

    assert ids() == ids("security") == ["r-1", "r-2"]
    assert ids("security", "--issue", "nato") == ["r-1"]
    assert ids("security", "--", "-first") == ids("--year", "2021") == ["r-2"]
    assert ids("later") == []
    assert ids("later", "--seq", "4") == ["r-2"]
    assert ids('"security last"', "--source", "reuters", "--type", "statement") == ["r-2"]
    assert ids("--from", "2021", "--to", "2021") == ["r-2"]
    assert ids("\udcff") == ids("\udcff?") == []


def test_what_a_source_wrote_does_not_take_over_the_terminal(run):
    shown = run("search", "first").stdout
    assert "\x1b" not in shown
    assert "[red]first[/red]" in shown


def test_a_search_says_when_there_is_more_and_when_there_is_nothing(run):
    assert "more than 1" in run("search", "security", "--limit", "1").stderr
    assert "No report has these words." in run("search", "nothing").stdout
    assert run("search", "--party", "ukrane").exit_code == 1
    assert run("search", "--year", "x").exit_code == 2
