"""Importing, and writing the log back out."""

import json
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random

import pytest

from tests.records import correction, issue, meeting, party, position, retraction, statement, status

BASICS = (party("ukraine"), issue("nato"))
EXAMPLE = str(Path(__file__).parents[2] / "examples" / "berlin.ndjson")


def without_id(record):
    return {key: value for key, value in record.items() if key != "id"}


def exported(run, **kwargs):
    result = run("export", **kwargs)
    assert result.exit_code == 0, result.output
    return result.stdout_bytes


def test_an_import_records_each_line_once(run, write):
    file = write(*BASICS, statement("r-1", positions=[position()]))
    first = run("import", file)
    assert (first.exit_code, first.stderr) == (0, "3 recorded, 0 unchanged\n")
    assert run("import", file).stderr == "0 recorded, 3 unchanged\n"


def test_lines_without_ids_are_keyed_by_their_content_and_how_often_it_came(run, write):
    line = without_id(statement())
    file = write(*BASICS, line, line, line | {"summary": "Otherwise."})
    assert "5 recorded" in run("import", file).stderr
    assert "0 recorded, 5 unchanged" in run("import", file).stderr
    more = write(*BASICS, line, line, line, line | {"summary": "Otherwise."}, name="more")
    assert "1 recorded, 5 unchanged" in run("import", more).stderr


def test_a_correction_without_an_id_is_not_repeated_either(run, write):
    file = write(*BASICS, statement("r-1"), without_id(correction("r-1", venue="Kyiv")))
    assert "4 recorded" in run("import", file).stderr
    assert "0 recorded, 4 unchanged" in run("import", file).stderr


def test_dash_is_standard_input_and_blank_lines_and_a_byte_order_mark_are_fine(run):
    lines = b"\xef\xbb\xbf" + json.dumps(BASICS[0]).encode() + b"\r\n\r\n  \r\n"
    assert "1 recorded" in run("import", "-", stdin=lines).stderr


def test_a_bad_line_stops_the_import_and_the_batches_before_it_stay(run, write, monkeypatch):
    monkeypatch.setattr("service.importing.BATCH_LINES", 2)
    lines = [*BASICS, statement("r-1"), "{", statement("r-2"), statement("r-3")]
    file = write(*lines)
    stopped = run("import", file)
    assert stopped.exit_code == 1
    assert f"{file}:4: is not JSON" in stopped.stderr
    assert "2 recorded" in stopped.stderr
    assert "run the same import again" in stopped.stderr
    lines[3] = statement("r-4")
    mended = run("import", write(*lines))
    assert (mended.exit_code, mended.stderr) == (0, "4 recorded, 2 unchanged\n")


def test_every_bad_line_of_a_batch_is_named_at_once(run, write):
    file = write(*BASICS, "{", statement("r-1", parties=["urkaine"]), statement("r-2", summary=""))
    stopped = run("import", file)
    for expected in (":3: is not JSON", ":4: parties.0: there is no party", ":5: summary: must"):
        assert expected in stopped.stderr
    assert "did you mean 'ukraine'" in stopped.stderr
    assert exported(run) == b""


def test_bad_lines_can_be_left_out(run, write):
    file = write(*BASICS, "{", statement("r-1"), statement("r-1", summary="Other."))
    result = run("import", "--on-error", "skip", file)
    assert result.exit_code == 1
    assert "3 recorded, 0 unchanged, 2 skipped" in result.stderr
    assert ":3:" in result.stderr
    assert ":5: id:" in result.stderr


def test_a_dry_run_checks_everything_and_records_nothing(run, write):
    file = write(*BASICS, statement("r-1"), retraction("r-1"), correction("r-1", venue="Kyiv"))
    result = run("import", "--dry-run", file)
    assert result.exit_code == 1
    assert ":5:" in result.stderr
    assert "retracted" in result.stderr
    good = run("import", "--dry-run", write(*BASICS, statement("r-1"), retraction("r-1")))
    assert good.exit_code == 0
    assert "4 recorded" in good.stderr
    assert "dry run" in good.stderr
    assert exported(run) == b""


def test_a_dry_run_counts_as_the_real_run_does(run, write):
    file = write(
        *BASICS,
        party("borduria", aliases=["Szohod", "Ukraine"]),
        party("syldavia", aliases=["Szohod"]),
        statement("r-1", positions=[position(issue_id="atlantis"), position()]),
        issue("nato", proposition="Another"),
        statement("r-2", positions=[position()]),
    )
    tried = run("import", "--dry-run", "--on-error", "skip", file)
    real = run("import", "--on-error", "skip", file)
    assert "5 recorded, 0 unchanged, 2 skipped" in real.stderr
    assert tried.stderr.replace(" (dry run: nothing was recorded)", "") == real.stderr


def test_recorded_at_is_dropped_with_a_warning_unless_it_is_to_be_kept(run, write):
    old = "2020-01-01T00:00:00Z"
    file = write(*(record | {"recorded_at": old} for record in BASICS))
    result = run("import", file)
    assert result.exit_code == 0
    assert "recorded_at was dropped on 2 lines" in result.stderr
    assert old.encode() not in exported(run)


@pytest.mark.parametrize(
    ("times", "line"),
    [
        (("2020-01-01T00:00:00Z", None), 2),
        (("2020-01-02T00:00:00Z", "2020-01-01T00:00:00Z"), 2),
        (("2020-01-01", "2020-01-02T00:00:00Z"), 1),
        (((datetime.now(UTC) + timedelta(days=1)).isoformat(), "2020-01-02T00:00:00Z"), 1),
    ],
)
def test_a_recorded_time_that_cannot_be_kept_is_refused(run, write, times, line):
    records = [r | {"recorded_at": at} for r, at in zip(BASICS, times, strict=True)]
    result = run("import", "--keep-recorded-at", write(*records))
    assert result.exit_code == 1
    assert f":{line}: recorded_at:" in result.stderr


def test_a_recorded_time_before_the_last_in_the_log_is_refused(run, write):
    run("import", write(*BASICS))
    late = statement("r-1") | {"recorded_at": "2020-01-01T00:00:00Z"}
    result = run("import", "--keep-recorded-at", write(late))
    assert result.exit_code == 1
    assert "before the last in the log" in result.stderr


@pytest.mark.uncreated
def test_an_export_restores_the_same_log_on_any_database(run, new_url, write, tmp_path):
    run("import", "--keep-recorded-at", EXAMPLE)
    records = (
        statement("r-1", parties=["ukraine"], positions=[position("oppose", "ceasefire-first")]),
        without_id(statement(parties=["russia"])),
        correction("r-1", positions=[position("support", "ceasefire-first", until="2030-01-01")]),
        retraction("r-1", "x-1"),
    )
    assert run("import", write(*records)).exit_code == 0
    first = exported(run)
    file = tmp_path / "export.ndjson"
    file.write_bytes(first)
    for other in (new_url(), f"sqlite:///{tmp_path / 'restored.db'}"):
        restored = run("import", "--keep-recorded-at", str(file), database=other)
        assert restored.exit_code == 0, restored.stderr
        assert exported(run, database=other) == first
        assert run("verify", database=other).exit_code == 0
        seqs = [
            json.loads(
                run(
                    "position", "ukraine", "ceasefire-first", "--format", "json", database=url
                ).stdout
            )["seq"]
            for url in (other,)
        ]
        assert seqs == [first.count(b"\n")]
        again = run("import", "--keep-recorded-at", str(file), database=other)
        assert "0 recorded" in again.stderr


def test_who_recorded_it_survives_a_restore(run, write):
    told = statement("r-1") | {"recorded_by": "desk"}
    lines = [r | {"recorded_at": "2020-03-01T00:00:00Z"} for r in (*BASICS, told)]
    assert run("import", "--keep-recorded-at", write(*lines)).exit_code == 0
    assert b'"recorded_by":"desk"' in exported(run)
    assert exported(run).count(b"recorded_by") == 1


def test_files_that_cannot_be_read_are_trouble(run, tmp_path):
    assert run("import", str(tmp_path / "nothing.ndjson")).exit_code == 4
    assert run("import", str(tmp_path)).exit_code == 4


def many(count):
    yield from BASICS
    for i in range(count):
        yield statement(f"r-{i}", occurred=f"20{i % 20:02}-01", positions=[position()])
        if i % 3 == 0:
            yield correction(f"r-{i}", f"c-{i}", positions=[position("oppose")])
        if i % 7 == 0:
            yield meeting(
                f"m-{i}",
                statuses=[status("negotiating")],
                positions=[position("neutral", party="ukraine")],
            )


@pytest.mark.uncreated
def test_an_import_that_was_killed_goes_on_as_if_undisturbed(run, new_url, url, write):
    records = list(many(1400))
    lines = [json.dumps(record).encode() + b"\n" for record in records]
    file = write(*records)
    command = [sys.executable, "-m", "service.cli", "--database", url, "import", "-"]
    random = Random(7)
    for told in (700, 1300, 1800):
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        process.stdin.writelines(lines[:told])
        process.stdin.flush()
        time.sleep(1 + random.random())
        assert process.poll() is None, "it waits for more, and dies waiting or recording"
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        process.stdin.close()
    partly = exported(run).count(b"\n")
    assert 0 < partly < len(records)
    assert run("import", file).exit_code == 0
    undisturbed = new_url()
    assert run("import", file, database=undisturbed).exit_code == 0

    def told(database):
        lines = exported(run, database=database).splitlines()
        return [
            {key: value for key, value in json.loads(line).items() if key != "recorded_at"}
            for line in lines
        ]

    assert told(url) == told(undisturbed)
    assert len(told(url)) == len(records)
    assert run("verify").exit_code == 0


def test_the_log_is_exported_in_order_and_never_goes_back_in_time(run, write):
    run("import", write(*many(50)))
    times = [json.loads(line)["recorded_at"] for line in exported(run).splitlines()]
    assert times == sorted(times)
    assert len(list(groupby(times))) > 1
