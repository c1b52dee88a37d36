"""`stancelog token`: made once, shown once, listed, revoked; and what serving needs of them."""

import json

import pytest

PEOPLE = ("--name", "desk", "--scope", "write")


def listed(run):
    return json.loads(run("token", "list", "--format", "json").stdout)["tokens"]


def test_a_token_is_printed_once_and_listed_without_its_secret(run):
    made = run("token", "create", *PEOPLE)
    assert made.exit_code == 0
    token = made.stdout.strip()
    assert token.startswith("stancelog_")
    (row,) = listed(run)
    assert (row["name"], row["scope"], row["state"]) == ("desk", "write", "valid")
    shown = run("token", "list").stdout
    assert "desk" in shown
    assert token not in shown
    assert token.split("_", 2)[2] not in str(row)


def test_a_name_belongs_to_one_valid_token(run):
    run("token", "create", *PEOPLE)
    again = run("token", "create", *PEOPLE)
    assert again.exit_code == 1
    assert "token revoke desk" in again.stderr
    assert run("token", "revoke", "desk").exit_code == 0
    assert run("token", "create", *PEOPLE).exit_code == 0
    assert [row["state"] for row in listed(run)] == ["revoked", "valid"]


@pytest.mark.parametrize("name", ["http", "cli", "", "Desk", "a b", "x" * 65])
def test_a_name_that_says_nothing_is_refused(run, name):
    assert run("token", "create", "--name", name, "--scope", "read").exit_code == 1


def test_what_is_not_there_cannot_be_revoked(run):
    run("token", "create", *PEOPLE)
    assert run("token", "revoke", "nobody").exit_code == 1
    run("token", "revoke", "desk")
    assert run("token", "revoke", "desk").exit_code == 1


def test_a_token_ends_after_days_or_at_the_end_of_a_day(run):
    run("token", "create", "--name", "a", "--scope", "feed", "--expires", "2031-01-31")
    run("token", "create", "--name", "b", "--scope", "feed", "--expires", "90d")
    first, second = listed(run)
    assert first["expires_at"].startswith("2031-02-01T00:00:00")
    assert second["expires_at"] > second["created_at"]
    assert run("token", "create", "--name", "c", "--scope", "feed", "--expires", "x").exit_code == 2
    past = run("token", "create", "--name", "c", "--scope", "feed", "--expires", "2020-01-01")
    assert past.exit_code == 1


def test_it_refuses_to_serve_open_to_the_world_and_says_what_to_do(run):
    refused = run("serve", "--host", "0.0.0.0", "--port", "1")
    assert refused.exit_code == 2
    for way_out in ("token create", "STANCELOG_WRITES=off", "127.0.0.1"):
        assert way_out in refused.stderr
