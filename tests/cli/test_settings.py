"""`stancelog settings` tells what is set, from where, and what it means."""

import json

import pytest
from click.testing import CliRunner

from service import settings
from service.cli import main


def told(*words):
    result = CliRunner().invoke(main, [*words, "settings", "--format", "json"])
    rows = json.loads(result.stdout)["settings"]
    return {row.pop("name"): row for row in rows}, result


def test_every_setting_is_listed_with_its_value_its_source_and_its_meaning(monkeypatch):
    monkeypatch.setenv("STANCELOG_STREAMS", "4")
    rows, result = told()
    assert result.exit_code == 0
    assert rows.keys() == {one.name for one in settings.SETTINGS}
    assert rows["STANCELOG_STREAMS"]["value"] == "4"
    assert rows["STANCELOG_STREAMS"]["source"] == "environment"
    assert rows["STANCELOG_LOCK_TIMEOUT"]["value"] == rows["STANCELOG_LOCK_TIMEOUT"]["default"]
    assert rows["STANCELOG_LOCK_TIMEOUT"]["source"] == "default"
    assert all(row["meaning"] and row["takes"] for row in rows.values())


def test_people_read_the_same_as_text():
    text = CliRunner().invoke(main, ["settings"]).stdout
    assert "STANCELOG_DATABASE  sqlite:///stancelog.db  default" in text
    assert "The file of the key that signs checkpoints." in text


def test_the_option_of_the_command_line_counts_before_the_environment(monkeypatch):
    monkeypatch.setenv("STANCELOG_DATABASE", "sqlite:///a.db")
    rows, _ = told("--database", "sqlite:///b.db")
    assert rows["STANCELOG_DATABASE"]["value"] == "sqlite:///b.db"
    assert rows["STANCELOG_DATABASE"]["source"] == "--database"


def test_a_password_is_never_shown(monkeypatch):
    monkeypatch.setenv("STANCELOG_DATABASE", "postgresql://me:secret@db/stancelog")
    rows, result = told()
    assert rows["STANCELOG_DATABASE"]["value"] == "postgresql://me:***@db/stancelog"
    assert "secret" not in result.output


def test_what_may_hold_a_password_can_be_in_a_file(monkeypatch, tmp_path):
    (tmp_path / "url").write_text("postgresql://me:secret@db/stancelog\n")
    monkeypatch.delenv("STANCELOG_DATABASE", raising=False)
    monkeypatch.setenv("STANCELOG_DATABASE_FILE", str(tmp_path / "url"))
    assert settings.database_url() == "postgresql://me:secret@db/stancelog"
    rows, _ = told()
    assert rows["STANCELOG_DATABASE"]["source"] == f"file {tmp_path / 'url'}"
    monkeypatch.setenv("STANCELOG_DATABASE", "sqlite:///a.db")
    with pytest.raises(settings.SettingError, match="both set"):
        settings.database_url()


def test_a_file_that_cannot_be_read_is_named(monkeypatch, tmp_path):
    monkeypatch.setenv("STANCELOG_DATABASE_FILE", str(tmp_path / "nothing"))
    result = CliRunner().invoke(main, ["verify"])
    assert result.exit_code == 2
    assert "STANCELOG_DATABASE_FILE" in result.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("STANCELOG_STREAMS", "many"),
        ("STANCELOG_STREAMS", "257"),
        ("STANCELOG_LOCK_TIMEOUT", "0"),
        ("STANCELOG_WRITES", "yes"),
        ("STANCELOG_PROJECTION", "later"),
    ],
)
def test_a_value_that_makes_no_sense_is_named_with_what_it_may_be(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    rows, result = told()
    assert result.exit_code == 1
    assert f"{name} is {value!r}: give" in rows[name]["error"]
    assert rows[name]["error"] in result.stderr


def test_a_variable_that_means_nothing_is_named_with_what_was_meant(monkeypatch):
    monkeypatch.setenv("STANCELOG_STREAM", "3")
    _, result = told()
    assert "STANCELOG_STREAM is set, and means nothing: STANCELOG_STREAMS?" in result.stderr
