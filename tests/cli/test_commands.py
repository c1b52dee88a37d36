"""Asking, keeping sound, and being told what is wrong."""

import json
import re
from pathlib import Path

import pytest
from sqlalchemy import text

from projections.database import connect, writing
from tests.records import issue, party, position, statement, status

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "berlin.ndjson")


@pytest.fixture
def berlin(run):
    """The bundled example, restored as its desk recorded it."""
    result = run("import", "--keep-recorded-at", EXAMPLE)
    assert result.exit_code == 0, result.output


def asked(run, *words):
    result = run(*words, "--format", "json")
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


NATO = ("position", "ukraine", "ukraine-nato-membership")


@pytest.mark.usefixtures("berlin")
def test_the_bundled_example_tells_the_story_of_the_nato_bid(run):
    for as_of, state, position_, since in [
        ("2022-02-28", "unreported", None, None),
        ("2022-03-29", "declared", "conditional_oppose", "2022-03-22"),
        ("2022-10-30", "declared", "support", "2022-09-30"),
        ("2025-12-13", "declared", "support", "2022-09-30"),
        ("2025-12-20", "declared", "conditional_oppose", "2025-12-14"),
    ]:
        answer = asked(run, *NATO, "--as-of", as_of)
        assert (answer["state"], answer["position"], answer["since"]) == (state, position_, since)
        assert bool(answer["evidence"]) == (state == "declared")
    five = asked(run, *NATO, "--as-of", "2025-12-14")
    assert (five["reports"], five["utterances"]) == (5, 1)


@pytest.mark.usefixtures("berlin")
def test_an_answer_of_the_example_depends_on_when_it_was_known(run):
    question = ("position", "russia", "ukraine-eu-membership", "--as-of", "2025-12-20")
    then = asked(run, *question, "--known-at", "2025-12-16")
    assert (then["state"], then["position"]) == ("declared", "conditional_support")
    now = asked(run, *question)
    assert (now["state"], now["below_floor"]) == ("unreported", 1)


@pytest.mark.usefixtures("berlin")
def test_all_nineteen_facts_of_the_article_are_on_record(run):
    lines = [json.loads(line) for line in run("export").stdout.splitlines()]
    reports = {line["id"]: line for line in lines if line["type"] in ("statement", "meeting")}
    assert {f"article-{i:02}" for i in range(1, 20)} <= reports.keys()
    for i in range(1, 20):
        publishers = [source["publisher"] for source in reports[f"article-{i:02}"]["sources"]]
        assert publishers == ["News report on the Berlin talks"]
    analysts = reports["article-17"]
    assert analysts["attribution"] == "analyst_coded"
    assert "positions" not in analysts
    assert {line["type"] for line in lines} >= {"correction", "retraction"}


@pytest.mark.usefixtures("berlin")
def test_tables_say_in_words_what_json_says_in_fields(run):
    shown = run(*NATO, "--as-of", "2025-12-20").stdout
    assert "conditional oppose" in shown
    assert "6 reports of 2 utterances" in re.sub(r"\s+", " ", shown)
    assert "seed-033" in shown
    silent = run(*NATO, "--as-of", "2022-02-28").stdout
    assert "no position on record" in silent
    assert "neutral" not in silent
    told = run("history", "kyiv", "ukraine-nato-membership").stdout
    assert [line.split()[0] for line in told.splitlines() if line[:2] == "20"] == [
        "2022-03-22",
        "2022-09-30",
        "2025-12-14",
    ]
    assert "contested" in run("status", "security-guarantees", "--as-of", "2025-12-29").stdout
    steps = run("status", "security-guarantees", "--history").stdout
    assert "negotiating" in steps


@pytest.mark.usefixtures("berlin")
def test_a_history_can_be_cut_at_a_date(run):
    cut = asked(run, "history", "ukraine", "ukraine-nato-membership", "--as-of", "2023-01-01")
    assert [segment["since"] for segment in cut["segments"]] == ["2022-03-22", "2022-09-30"]


@pytest.mark.usefixtures("berlin")
def test_unknown_ids_are_refused_with_the_nearest_and_bad_dates_are_wrong_usage(run):
    unknown = run("position", "ukrain", "ukraine-nato-membership")
    assert (unknown.exit_code, "Did you mean ukraine" in unknown.stderr) == (1, True)
    for words in (
        (*NATO, "--as-of", "2025"),
        (*NATO, "--known-at", "2999-01-01"),
        (*NATO, "--seq", "99999"),
        (*NATO, "--seq", "1", "--known-at", "2025-12-20"),
        (*NATO, "--floor", "hearsay"),
        ("position", "ukraine"),
        ("rebuild", "everything"),
        ("frobnicate",),
    ):
        assert run(*words).exit_code == 2, words


@pytest.mark.usefixtures("berlin")
def test_verify_finds_a_row_that_is_not_as_the_log_has_it_and_rebuild_mends_it(run, url):
    assert run("verify").exit_code == 0
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE positions SET says = 'oppose' WHERE report = 'seed-033'"))
        connection.execute(text("DELETE FROM statuses WHERE report = 'seed-064'"))
        connection.execute(text("UPDATE log SET recorded_by = 'nobody' WHERE seq = 7"))
    engine.dispose()
    found = run("verify")
    assert found.exit_code == 3
    shown = re.sub(r"\s+", " ", found.stdout)
    assert "differs positions" in shown
    assert "missing statuses" in shown
    assert "differs log" in shown
    assert "3 rows differ" in found.stderr
    assert run("rebuild", "positions", "statuses").exit_code == 0
    assert run("verify").exit_code == 3
    assert run("rebuild").exit_code == 0
    assert run("verify").exit_code == 0


@pytest.mark.uncreated
def test_a_database_that_was_never_created_is_trouble_with_a_way_out(run, url):
    for words in (NATO, ("export",), ("verify",), ("rebuild",)):
        result = run(*words)
        assert (result.exit_code, "stancelog init" in result.stderr) == (4, True), words
    assert run("init").exit_code == 0
    assert run("init").exit_code == 0
    assert run("verify").exit_code == 0
    if url.startswith("sqlite"):
        assert run("verify", database="sqlite:////nowhere/at/all.db").exit_code == 4
        assert run("init", database="sqlite:////nowhere/at/all.db").exit_code == 4
    else:
        assert run("init", database=url.replace("/t", "/nowhere_t", 1)).exit_code == 4


@pytest.mark.parametrize("bad", ["mysql://localhost/x", "stancelog.db", "sqlite://", "sqlite:///"])
def test_a_url_that_names_no_database_is_wrong_usage(run, bad):
    assert run("init", database=bad).exit_code == 2


def test_what_sources_write_cannot_take_over_a_terminal(run, write):
    hostile = "\x1b[2J[red]bold[/red]\x07"
    file = write(
        party("ukraine"),
        issue("nato", proposition=f"Join {hostile}"),
        statement(
            "r-1",
            positions=[position(summary=hostile, conditions=[hostile])],
            statuses=[status(note=hostile)],
            sources=[{"publisher": hostile}],
        ),
    )
    assert run("import", file).exit_code == 0
    for words in (("position", "ukraine", "nato"), ("status", "nato")):
        shown = run(*words).stdout
        assert "\x1b" not in shown
        assert "\x07" not in shown
        assert "[red]bold[/red]" in re.sub(r"\s", "", shown)


def test_help_teaches_every_command(run):
    shown = run("--help").stdout
    commands = [
        "init",
        "import",
        "export",
        "serve",
        "demo",
        "position",
        "history",
        "status",
        "search",
        "changes",
        "diff",
        "revisions",
        "corrections",
        "rebuild",
        "retry",
        "project",
        "verify",
        "checkpoint",
        "backup",
        "restore",
        "copy",
        "mcp",
        "token",
        "settings",
        "doctor",
    ]
    assert re.findall(r"^  (\w+) {2,}[A-Z]", shown, re.MULTILINE)[-len(commands) :] == commands
    for command in commands:
        assert run(command, "--help").exit_code == 0


@pytest.mark.usefixtures("berlin")
def test_rebuild_mends_the_checkpoint_too(run, url):
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE checkpoint SET seq = seq + 5"))
    engine.dispose()
    assert run("verify").exit_code == 3
    assert run("rebuild").exit_code == 0
    assert run("verify").exit_code == 0


@pytest.mark.uncreated
def test_a_file_that_is_no_database_and_a_database_of_the_future_are_trouble(run, tmp_path, url):
    bad = tmp_path / "bad.db"
    bad.write_bytes(b"not a database" * 100)
    for words in (("init",), ("verify",), ("import", EXAMPLE)):
        assert run(*words, database=f"sqlite:///{bad}").exit_code == 4
    assert run("init").exit_code == 0
    engine = connect(url)
    with writing(engine) as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    engine.dispose()
    for words in (("init",), ("verify",), ("import", EXAMPLE)):
        result = run(*words)
        assert (result.exit_code, result.stderr.count("\n")) == (4, 1)


@pytest.mark.usefixtures("berlin")
def test_what_a_bloc_said_is_shown_as_not_the_partys_own(run):
    question = ("position", "germany", "ukraine-nato-membership", "--as-of", "2025-12-20")
    shown = re.sub(r"\s+", " ", run(*question, "--inherit").stdout)
    assert "position no position on record" in shown
    assert "inherited nato: conditional support, since 2008-04 (not its own)" in shown
    assert "inherited" not in run(*question).stdout
    assert "inherited" not in asked(run, *question)
    (nato,) = asked(run, *question, "--inherit")["inherited"]
    assert (nato["bloc"], nato["position"], nato["via"]) == ("nato", "conditional_support", [])
    assert "inherited" not in run(*NATO, "--inherit", "--as-of", "2025-12-20").stdout


def test_a_table_tells_the_way_to_a_bloc(run, write):
    def member(name, bloc):
        return party(name, member_of=[{"party": bloc}])

    told = [
        statement(f"r-{stance}", parties=["eu"], positions=[position(stance)])
        for stance in ("support", "oppose")
    ]
    names = [party("eu"), member("e3", "eu"), member("west", "e3"), member("france", "west")]
    run("import", write(*names, issue("nato"), *told))
    shown = re.sub(r"\s+", " ", run("position", "france", "nato", "--inherit").stdout)
    expected = "eu through e3 through west: oppose, since 2020-02-01, contested (not its own)"
    assert expected in shown


def test_a_table_says_which_reports_are_perhaps_of_one_utterance(run, write):
    told = [statement(f"r-{i}", positions=[position()]) for i in (1, 2)]
    run("import", write(party(), issue(), *told))
    shown = run("position", "ukraine", "nato").stdout
    assert "perhaps one utterance: r-2, r-1" in shown.splitlines()
    assert "2 reports of 2 utterances" in re.sub(r"\s+", " ", shown)
    one = [statement(f"s-{i}", utterance="u", positions=[position()]) for i in (1, 2)]
    run("import", write(issue("other"), *one, name="more.ndjson"))
    assert "perhaps" not in run("position", "ukraine", "other").stdout
