"""Answers as CSV: the same, whole, cited, and safe to open in a spreadsheet."""

import csv
import io
import json
from importlib.resources import files

import pytest

from tests.records import position, statement

BERLIN = (files("examples") / "berlin.ndjson").read_text()
AS_OF = "as_of=2025-12-16"

LISTS = {  # the list in the JSON answer, and how many rows a page has at most
    "/v1/positions": ("positions", AS_OF),
    "/v1/parties/ukraine/positions": ("positions", AS_OF),
    "/v1/issues/ukraine-nato-membership/positions": ("positions", AS_OF),
    "/v1/parties/ukraine/positions/ukraine-nato-membership/history": ("segments", ""),
    "/v1/parties/russia/positions/ukraine-eu-membership/revisions": ("revisions", AS_OF),
    "/v1/issues/security-guarantees/status/history": ("segments", ""),
    "/v1/issues/security-guarantees/status/revisions": ("revisions", AS_OF),
    "/v1/matrix": ("cells", AS_OF),
    "/v1/changes": ("changes", "to=2026-01-01"),
    "/v1/parties/ukraine/changes": ("changes", "to=2026-01-01"),
    "/v1/issues/security-guarantees/changes": ("changes", "to=2026-01-01"),
    "/v1/reports": ("reports", ""),
    "/v1/corrections": ("corrections", ""),
}


@pytest.fixture
def berlin(client):
    records = [json.loads(line) for line in BERLIN.splitlines()]
    for record in records:
        record.pop("recorded_at", None)
    answer = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, records)))
    assert answer.status_code == 201, answer.json


def read(client, url):
    """The citation and the rows of an export."""
    answer = client.get(url)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    assert answer.mimetype == "text/csv"
    cited, _, table = answer.get_data(as_text=True).partition("\r\n")
    return cited, list(csv.DictReader(io.StringIO(table, newline="")))


@pytest.mark.usefixtures("berlin")
def test_an_export_has_every_row_of_the_answer_and_the_columns_of_the_dictionary(client):
    told = client.get("/v1/columns").json["columns"]
    for path, (name, query) in LISTS.items():
        answer = client.get(f"{path}?{query}&limit=1000".replace("?&", "?")).json
        if "errors" in answer:  # histories and the matrix have no pages
            answer = client.get(f"{path}?{query}").json
        cited, rows = read(client, f"{path}.csv?{query}")
        assert len(rows) == len(answer[name]) > 0, path
        assert str(answer["seq"]) in cited
        meanings = {one["column"] for one in told if one["export"] in cited}
        assert set(rows[0]) <= meanings, path
        for row, one in zip(rows, answer[name], strict=True):
            assert row["issue" if "issue" in row else "id" if "id" in row else "since"] == str(
                one.get("issue") or one.get("id") or one.get("since") or ""
            )


@pytest.mark.usefixtures("berlin")
def test_the_permalink_of_an_export_and_of_a_list_gives_the_same_bytes_for_ever(client, told):
    before = {}
    for path, (_, query) in LISTS.items():
        answer = client.get(f"{path}.csv?{query}")
        cited = answer.get_data(as_text=True).partition("\r\n")[0]
        assert cited.startswith("# Stancelog ")
        assert "," not in cited
        permalink = cited.rsplit("; ", 1)[1].removeprefix("http://localhost")
        assert f'<{permalink}>; rel="cite-as"' in answer.headers.getlist("Link")
        before[permalink] = client.get(permalink).get_data()
        if path != "/v1/reports":  # it repeats the present instant, as every answer does
            permalink = client.get(f"{path}?{query}").json["links"]["permalink"]
            before[permalink] = client.get(permalink).get_data()
    told(statement("new", parties=["ukraine"], positions=[position("oppose", "us-peace-plan")]))
    for permalink, content in before.items():
        assert client.get(permalink).get_data() == content, permalink


@pytest.mark.usefixtures("scene")
def test_an_export_goes_on_past_the_longest_page(client, told):
    told(*(statement(f"r-{n}", summary=f"No. {n}") for n in range(1205)))
    _, rows = read(client, "/v1/reports.csv")
    assert [row["summary"] for row in rows] == [f"No. {n}" for n in range(1205)]


@pytest.mark.usefixtures("scene")
def test_for_excel_no_cell_is_a_formula_and_otherwise_every_cell_is_as_it_was(client, told):
    texts = [f'{begins}HYPERLINK("http://example.org";"a, b")' for begins in "=+-@\t\r\n"]
    told(*(statement(f"r-{n}", summary=text) for n, text in enumerate(texts)))
    assert [row["summary"] for row in read(client, "/v1/reports.csv")[1]] == texts
    guarded = [row["summary"] for row in read(client, "/v1/reports.csv?excel=1")[1]]
    assert guarded == [f"'{text}" for text in texts]
    raw = client.get("/v1/reports.csv?excel=1").get_data()
    assert raw.startswith(b"\xef\xbb\xbf# ")
    assert not client.get("/v1/reports.csv?excel=0").get_data().startswith(b"\xef\xbb\xbf")


@pytest.mark.usefixtures("scene")
def test_text_of_any_kind_comes_back_as_it_went_in(client, told):
    text = "one, \"two\"\nthree; 'four' — Київ # five"
    told(statement("r-1", summary=text, quote="\u2028,", tags=["a", "b"]))
    _, (row,) = read(client, "/v1/reports.csv")
    assert (row["summary"], row["quote"], row["tags"]) == (text, "\u2028,", "a; b")


@pytest.mark.usefixtures("scene")
def test_an_export_of_nothing_has_a_citation_and_a_header(client):
    cited, rows = read(client, "/v1/changes.csv")
    assert (rows, cited[:2]) == ([], "# ")
    header = client.get("/v1/changes.csv").get_data(as_text=True).splitlines()[1]
    assert header.startswith("at,kind,party,issue,")


@pytest.mark.usefixtures("scene")
def test_a_difference_is_exported_in_one_table(client, told):
    told(statement("r-1", occurred="2020-01-01", positions=[position("support")]))
    _, (row,) = read(client, "/v1/diff.csv?from=2019-12-31&to=2020-01-01")
    assert (row["kind"], row["before"], row["after"]) == ("position", "", "support")
    assert (row["causes"], row["reports"]) == ("statement", "r-1")


@pytest.mark.usefixtures("scene")
def test_what_an_export_cannot_do_is_a_problem_and_no_file(client):
    for query in ("excel=2", "limit=5", "cursor=abc", "colour=red", "as_of=2020", "seq=99"):
        answer = client.get(f"/v1/positions.csv?{query}")
        assert (answer.status_code, answer.mimetype) == (422, "application/problem+json"), query


@pytest.mark.usefixtures("scene")
def test_an_export_of_an_unknown_party_is_not_found(client):
    answer = client.get("/v1/parties/ukrain/positions.csv")
    assert (answer.status_code, answer.json["did_you_mean"]) == (404, ["ukraine"])


@pytest.mark.usefixtures("scene")
def test_an_export_that_may_change_is_asked_for_again(client):
    answer = client.get("/v1/positions.csv")
    assert answer.headers["Cache-Control"] == client.get("/v1/positions").headers["Cache-Control"]
    assert "no-cache" in answer.headers["Cache-Control"]


@pytest.mark.usefixtures("scene")
def test_a_pinned_export_may_be_kept_and_is_not_sent_twice(client):
    link = client.get("/v1/positions.csv").headers.getlist("Link")[0]
    pinned = client.get(link.split(">")[0][1:])
    assert "immutable" in pinned.headers["Cache-Control"]
    etag = {"If-None-Match": pinned.headers["ETag"]}
    assert client.get(link.split(">")[0][1:], headers=etag).status_code == 304
