"""Tables out: the same rows as CSV, NDJSON and Parquet, on both clocks, cited."""

import csv
import io
import json
import subprocess
import sys
from datetime import datetime
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from service.app import create_app
from service.exports.columns import Kind
from service.exports.tables import TABLES
from tests.records import issue, party, position, statement

EXAMPLE = str(Path(__file__).parents[2] / "examples" / "berlin.ndjson")
CLOCKS = ("--as-of", "2025-12-20", "--seq", "130")
DATED = ("positions", "matrix", "statuses")


@pytest.fixture
def berlin(run):
    """The bundled example, restored as its desk recorded it."""
    result = run("import", "--keep-recorded-at", EXAMPLE)
    assert result.exit_code == 0, result.output


def table(run, name, *words):
    """The citation and the rows of a table as CSV."""
    result = run("export", "--format", "csv", "--table", name, *words)
    assert result.exit_code == 0, result.output
    cited, _, rows = result.stdout_bytes.decode().partition("\r\n")
    return cited, list(csv.DictReader(io.StringIO(rows, newline="")))


def clocks_of(name):
    return CLOCKS if name in DATED else CLOCKS[2:]


@pytest.mark.usefixtures("berlin")
def test_tables_are_as_http_has_them(run, url):
    app = create_app(url)
    client = app.test_client()
    for name, path in (
        ("positions", "/v1/positions.csv?as_of=2025-12-20&seq=130"),
        ("matrix", "/v1/matrix.csv?as_of=2025-12-20&seq=130"),
        ("reports", "/v1/reports.csv?seq=130"),
        ("corrections", "/v1/corrections.csv?seq=130"),
    ):
        cited, rows = table(run, name, *clocks_of(name))
        expected, _, body = client.get(path).get_data(as_text=True).partition("\r\n")
        assert rows == list(csv.DictReader(io.StringIO(body, newline=""))) != [], name
        assert "log position 130" in cited
        if name in DATED:
            assert cited == expected.replace("http://localhost", "")
    app.extensions["stancelog"].close()


@pytest.mark.usefixtures("berlin")
def test_statuses_are_those_of_each_issue_that_has_one(run):
    cited, rows = table(run, "statuses", *CLOCKS)
    assert "floor media_report" in cited
    assert len(rows) >= 2
    for row in rows:
        words = ("status", row["issue"], "--as-of", "2025-12-20", "--seq", "130")
        told = json.loads(run(*words, "--format", "json").stdout)
        assert (row["status"], row["since"]) == (told["status"], told["since"])
        assert row["evidence"] == "; ".join(one["report"] for one in told["evidence"])


@pytest.mark.usefixtures("berlin")
def test_a_table_depends_on_both_clocks(run):
    def stands(*words):
        found = table(run, "positions", "--as-of", *words)[1]
        return {(row["party"], row["issue"]): row["position"] for row in found}

    asked = ("russia", "ukraine-eu-membership")
    assert stands("2025-12-20", "--known-at", "2025-12-16")[asked] == "conditional_support"
    assert asked not in stands("2025-12-20")
    bid = ("ukraine", "ukraine-nato-membership")
    assert stands("2025-12-13")[bid] == "support"
    assert stands("2025-12-20")[bid] == "conditional_oppose"
    assert stands("2025-12-20", "--floor", "recorded_act") == {}


@pytest.mark.usefixtures("berlin")
def test_the_log_is_a_table_too_and_can_be_cut(run):
    lines = run("export").stdout.splitlines()
    _, rows = table(run, "records")
    assert [row["seq"] for row in rows] == [str(seq) for seq in range(1, len(lines) + 1)]
    for row, line in zip(rows, lines, strict=True):
        record = json.loads(line)
        assert row["recorded_at"] == record.pop("recorded_at")
        assert json.loads(row["record"]) == record
    assert table(run, "records", "--seq", "7")[1] == rows[:7]
    assert run("export", "--seq", "7").stdout.splitlines() == lines[:7]
    assert run("export", "--table", "records").stdout.splitlines() == lines


@pytest.mark.usefixtures("berlin")
@pytest.mark.parametrize("name", TABLES)
def test_every_format_has_the_same_cells(run, name, tmp_path):
    words = ("export", "--table", name, *clocks_of(name))
    columns = {column.name: column for column in TABLES[name].export.columns}
    cited, as_csv = table(run, name, *clocks_of(name))
    file = str(tmp_path / "table.parquet")
    assert run(*words, "--format", "parquet", "-o", file).exit_code == 0
    found = pq.read_table(file)
    assert found.column_names == list(columns)
    assert f"# {found.schema.metadata[b'citation'].decode()}" == cited
    assert (
        found.schema.field(0).metadata[b"meaning"].decode() == next(iter(columns.values())).meaning
    )
    typed = found.to_pylist()
    assert len(typed) == len(as_csv) > 0
    for row, cells in zip(typed, as_csv, strict=True):
        for key, value in row.items():
            assert as_text(value, columns[key].kind) == cells[key], (name, key)
    if name != "records":
        lines = [json.loads(line) for line in run(*words, "--format", "ndjson").stdout.splitlines()]
        assert [one.keys() for one in lines] == [columns.keys()] * len(typed)
        for one, row in zip(lines, typed, strict=True):
            instants = {key for key in one if columns[key].kind is Kind.INSTANT}
            assert {key: one[key] for key in one.keys() - instants} == {
                key: row[key] for key in row.keys() - instants
            }


def as_text(value, kind):
    """A typed cell as CSV has it."""
    if value is None:
        return ""
    if kind is Kind.INSTANT:
        assert isinstance(value, datetime)
        return value.replace(tzinfo=None).isoformat() + "Z"
    if kind is Kind.FLAG:
        assert isinstance(value, bool)
        return str(value).lower()
    if kind is Kind.LIST:
        return "; ".join(value)
    assert isinstance(value, int if kind is Kind.WHOLE else str)
    return str(value)


def test_tables_of_nothing_have_their_columns(run, tmp_path):
    for name in TABLES:
        assert run("export", "--format", "csv", "--table", name).stdout.count("\n") == 2
        file = str(tmp_path / "empty.parquet")
        assert run("export", "--format", "parquet", "--table", name, "-o", file).exit_code == 0
        assert pq.read_table(file).num_rows == 0
    assert run("export").stdout == ""


def test_a_table_goes_on_past_the_longest_page(run, write):
    many = [statement(f"r-{n}", parties=[f"p-{n}"], positions=[position()]) for n in range(1203)]
    names = [party(f"p-{n}") for n in range(1203)]
    assert run("import", write(issue(), *names, *many)).exit_code == 0
    for name in ("parties", "reports", "positions", "matrix", "records"):
        rows = table(run, name)[1]
        assert len(rows) == (2407 if name == "records" else 1203)
        assert len({tuple(row.items()) for row in rows}) == len(rows)


def test_for_spreadsheets_no_cell_is_a_formula(run, write):
    hostile = '=HYPERLINK("http://example.org")'
    told = statement("r-1", summary=hostile, positions=[position(summary=hostile)])
    run("import", write(party(), issue(title=hostile, proposition=hostile), told))
    for name, column in (("reports", "summary"), ("positions", "summary"), ("issues", "title")):
        assert table(run, name)[1][0][column] == hostile
        words = ("export", "--format", "csv", "--table", name, "--excel")
        raw = run(*words).stdout_bytes
        assert raw.startswith(b"\xef\xbb\xbf# ")
        rows = csv.DictReader(io.StringIO(raw.decode().partition("\r\n")[2], newline=""))
        assert next(rows)[column] == f"'{hostile}"


@pytest.mark.usefixtures("berlin")
def test_a_file_is_replaced_only_by_a_whole_one(run, tmp_path):
    file = tmp_path / "table.csv"
    file.write_text("what was there")
    words = ("export", "--format", "csv", "-o", str(file))
    assert run(*words, "--seq", "99999").exit_code == 2
    assert run(*words, "--seq", "-1").exit_code == 2
    assert file.read_text() == "what was there"
    result = run(*words)
    assert (result.exit_code, result.stdout) == (0, "")
    assert file.read_bytes() == run("export", "--format", "csv").stdout_bytes
    assert [one.name for one in tmp_path.iterdir()] == ["table.csv"]
    assert run("export", "-o", "/nowhere/at/all").exit_code == 4


def test_what_does_not_go_together_is_wrong_usage(run):
    for words in (
        ("--excel",),
        ("--table", "records", "--as-of", "2025-12-20"),
        ("--table", "reports", "--floor", "on_record"),
        ("--table", "positions", "--as-of", "2025"),
        ("--table", "everything"),
        ("--format", "xlsx"),
        ("--output", ""),
    ):
        assert run("export", *words).exit_code == 2, words


def test_without_the_extra_it_says_what_to_install(url):
    program = "import sys; sys.modules['pyarrow'] = None; from service.cli import main; main()"
    words = [sys.executable, "-c", program, "--database", url, "export", "--format", "parquet"]
    result = subprocess.run(words, capture_output=True, text=True, check=False)
    assert (result.returncode, result.stdout) == (2, "")
    assert "pip install 'stancelog[parquet]'" in result.stderr
