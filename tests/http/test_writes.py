"""Recording over HTTP, and every way to be refused."""

import json

import pytest

from tests.http.access import no_writing
from tests.records import issue, meeting, party, position, statement

pytestmark = pytest.mark.usefixtures("scene")

PROBLEM = "application/problem+json"


def head(client):
    return client.get("/readyz").json["seq"]


def post(client, path, body, **kwargs):
    data = body if isinstance(body, (bytes, str)) else json.dumps(body)
    return client.post(path, data=data, content_type="application/json", **kwargs)


def test_a_report_is_recorded_once(client):
    first = post(client, "/v1/reports", statement("r-1", occurred="2025-12"))
    assert first.status_code == 201
    assert first.headers["Location"] == "/v1/reports/r-1"
    assert (first.json["seq"], first.json["effect"]) == (5, "2025-12-31T23:59:59.999999Z")
    again = post(client, "/v1/reports", statement("r-1", occurred="2025-12") | {"tags": []})
    assert (again.status_code, again.json["seq"], again.json["result"]) == (200, 5, "unchanged")
    assert head(client) == 5


def test_defaults_and_nulls_do_not_make_another_record(client):
    post(client, "/v1/reports", statement("r-1", positions=[position()]))
    spelled_out = statement(
        "r-1",
        credibility=6,
        quote=None,
        statuses=[],
        positions=[position(red_line=False, conditions=[], party=None)],
        sources=[{"publisher": "Reuters", "reliability": "F", "url": None}],
    )
    assert post(client, "/v1/reports", spelled_out).status_code == 200


def test_the_same_id_with_other_content_is_a_conflict_that_names_the_fields(client):
    post(client, "/v1/reports", statement("r-1"))
    answer = post(client, "/v1/reports", statement("r-1", summary="Otherwise.", venue="Berlin"))
    assert (answer.status_code, answer.mimetype) == (409, PROBLEM)
    assert "summary, venue" in answer.json["detail"]
    assert "correction" in answer.json["detail"]


def test_a_report_without_an_id_gets_a_new_one_that_sorts_by_time(client):
    body = {key: value for key, value in statement().items() if key != "id"}
    ids = [post(client, "/v1/reports", body).json["id"] for _ in range(2)]
    assert len(set(ids)) == 2
    assert all(made[14] == "7" for made in ids)


def test_a_correction_a_retraction_and_a_reinstatement_change_what_stands(client):
    post(client, "/v1/reports", statement("r-1", positions=[position("support")]))
    changes = {"changes": {"positions": [position("oppose")]}, "reason": "mistranslation"}
    answer = post(client, "/v1/reports/r-1/corrections", changes)
    assert (answer.status_code, answer.json["seq"], answer.json["report"]) == (201, 6, "r-1")
    assert client.get("/v1/parties/ukraine/positions/nato").json["position"] == "oppose"
    retraction = {"reason": "source_retracted", "note": "They took it down."}
    assert post(client, "/v1/reports/r-1/retraction", retraction).status_code == 201
    assert client.get("/v1/parties/ukraine/positions/nato").json["state"] == "unreported"
    assert post(client, "/v1/reports/r-1/retraction", retraction).status_code == 409
    assert post(client, "/v1/reports/r-1/corrections", changes).status_code == 409
    assert post(client, "/v1/reports/r-1/reinstatement", {"reason": "other"}).status_code == 201
    assert post(client, "/v1/reports/r-1/reinstatement", {"reason": "other"}).status_code == 409
    assert client.get("/v1/parties/ukraine/positions/nato").json["position"] == "oppose"


def test_the_same_correction_again_is_unchanged(client):
    post(client, "/v1/reports", statement("r-1"))
    correction = {"id": "c-1", "changes": {"venue": "Kyiv"}, "reason": "other"}
    assert post(client, "/v1/reports/r-1/corrections", correction).status_code == 201
    assert post(client, "/v1/reports/r-1/corrections", correction).status_code == 200
    other = correction | {"changes": {"venue": "Lviv"}}
    assert post(client, "/v1/reports/r-1/corrections", other).status_code == 409
    assert post(client, "/v1/reports", statement("c-1")).status_code == 409


def test_a_correction_is_a_merge_patch_that_must_leave_a_valid_report(client):
    post(client, "/v1/reports", statement("r-1", speaker={"name": "A", "role": "B"}, venue="X"))
    changes = {"changes": {"speaker": {"role": None}, "venue": None}, "reason": "typo"}
    assert post(client, "/v1/reports/r-1/corrections", changes).status_code == 201
    report = client.get("/v1/reports/r-1").json
    assert (report["speaker"], report["venue"]) == ({"name": "A", "role": None}, None)
    before = head(client)
    for bad, field in [
        ({"summary": None}, "changes.summary"),
        ({"sources": []}, "changes.sources"),
        ({"occurred": "2025-13"}, "changes.occurred"),
        ({"occurred": "2999"}, "changes.occurred"),
        ({"colour": "red"}, "changes.colour"),
        ({"id": "r-2"}, "changes.id"),
        ({"type": "meeting"}, "changes.type"),
        ({}, "changes"),
        ({"parties": ["nobody"]}, "changes.parties.0"),
    ]:
        answer = post(client, "/v1/reports/r-1/corrections", {"changes": bad, "reason": "typo"})
        assert answer.status_code == 422, bad
        assert answer.json["errors"][0]["field"] == field
    assert head(client) == before


def test_if_match_is_honoured(client):
    post(client, "/v1/reports", statement("r-1"))
    etag = client.get("/v1/reports/r-1").headers["ETag"]
    change = {"changes": {"venue": "Kyiv"}, "reason": "other"}
    path = "/v1/reports/r-1/corrections"
    assert post(client, path, change, headers={"If-Match": etag}).status_code == 201
    change["changes"]["venue"] = "Lviv"
    stale = post(client, path, change, headers={"If-Match": etag})
    assert (stale.status_code, stale.mimetype) == (412, PROBLEM)
    assert post(client, path, change, headers={"If-Match": "*"}).status_code == 201


def test_a_correction_sent_again_is_unchanged_though_its_if_match_is_stale_by_now(client):
    post(client, "/v1/reports", statement("r-1"))
    if_match = {"If-Match": client.get("/v1/reports/r-1").headers["ETag"]}
    change = {"id": "c-1", "changes": {"venue": "Kyiv"}, "reason": "other"}
    for expected in (201, 200):
        answer = post(client, "/v1/reports/r-1/corrections", change, headers=if_match)
        assert answer.status_code == expected


def test_a_report_cannot_be_put_patched_or_deleted(client):
    post(client, "/v1/reports", statement("r-1"))
    for method in (client.put, client.patch, client.delete):
        answer = method("/v1/reports/r-1", json={})
        assert (answer.status_code, answer.mimetype) == (405, PROBLEM)
        assert "append-only" in answer.json["hint"]
        assert "GET" in answer.headers["Allow"]


def test_unknown_reports_are_404_with_the_nearest(client):
    post(client, "/v1/reports", statement("berlin-1"))
    for path in ("corrections", "retraction", "reinstatement"):
        body = {"reason": "other"} | ({"changes": {"venue": "x"}} if path == "corrections" else {})
        answer = post(client, f"/v1/reports/berlin-2/{path}", body)
        assert (answer.status_code, answer.json["did_you_mean"]) == (404, ["berlin-1"])


def test_unknown_parties_and_issues_are_refused_with_the_nearest(client):
    unknown = statement("r-1", parties=["ukraine", "rusia"], positions=[position("oppose")])
    answer = post(client, "/v1/reports", unknown)
    assert answer.status_code == 422
    error = answer.json["errors"][0]
    assert (error["field"], error["did_you_mean"]) == ("parties.1", ["russia"])
    answer = post(client, "/v1/reports", statement("r-1", positions=[position("oppose", "natto")]))
    error = answer.json["errors"][0]
    assert (error["field"], error["did_you_mean"]) == ("positions.0.issue", ["nato"])
    assert client.get("/v1/reports/r-1").status_code == 404


def test_parties_and_issues_are_registered_and_revised(client):
    body = {"name": "European Union", "kind": "bloc", "aliases": ["EU"]}
    first = client.put("/v1/parties/european-union", json=body)
    assert (first.status_code, first.json["seq"]) == (201, 5)
    assert client.put("/v1/parties/european-union", json=body).status_code == 200
    assert client.put("/v1/parties/european-union", json=body | {"name": "EU"}).status_code == 201
    assert client.put("/v1/parties/european-union", json=body).json["result"] == "unchanged"
    assert client.get("/v1/parties/eu").json["name"] == "EU"
    wrong = client.put("/v1/parties/european-union", json=body | {"id": "other"})
    assert (wrong.status_code, wrong.json["errors"][0]["field"]) == (422, "id")
    taken = client.put("/v1/parties/estonia", json=body | {"name": "Estonia"})
    assert (taken.status_code, taken.json["errors"][0]["field"]) == (409, "aliases.0")


def test_a_proposition_is_fixed_once_a_report_names_the_issue(client):
    body = {"title": "NATO", "proposition": "Another wording"}
    assert client.put("/v1/issues/nato", json=body).status_code == 201
    post(client, "/v1/reports", statement("r-1", positions=[position()]))
    answer = client.put("/v1/issues/nato", json=body | {"proposition": "A third wording"})
    assert answer.status_code == 409
    assert "supersedes" in answer.json["detail"]
    assert client.put("/v1/issues/nato", json=body | {"title": "Membership"}).status_code == 201


def test_a_batch_is_recorded_whole_or_not_at_all(client):
    before = head(client)
    lines = [
        json.dumps(party("france")),
        "{",
        "",
        json.dumps(statement("r-1", parties=["nobody"])),
        json.dumps(statement("r-2", parties=["france"])),
        json.dumps(statement("r-3", summary=None)),
    ]
    answer = client.post("/v1/reports/batch", data="\r\n".join(lines))
    assert (answer.status_code, answer.mimetype) == (422, PROBLEM)
    assert [error["line"] for error in answer.json["errors"]] == [2, 4, 6]
    assert head(client) == before


def test_a_batch_tells_what_became_of_each_line(client):
    lines = [party("ukraine", aliases=["Kyiv"], codes={"iso3166": "UKR"}), statement("r-1")]
    answer = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, lines)))
    assert answer.status_code == 201
    told = [(row["line"], row["result"], row["seq"]) for row in answer.json["records"]]
    assert told == [(1, "unchanged", 1), (2, "recorded", 5)]
    again = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, lines)))
    assert again.status_code == 200


def test_a_record_may_name_what_a_later_line_of_its_batch_registers(client):
    lines = [
        statement("r-1", parties=["france"], positions=[position("support", "force")]),
        party("france", member_of=[{"party": "eu"}]),
        issue("force"),
        party("eu", kind="bloc"),
    ]
    answer = client.post("/v1/reports/batch", data="\n".join(map(json.dumps, lines)))
    assert answer.status_code == 201, answer.json
    assert [row["line"] for row in answer.json["records"]] == [1, 2, 3, 4]
    assert [row["seq"] for row in answer.json["records"]] == [8, 6, 7, 5]
    assert client.get("/v1/parties/france/positions/force").json["position"] == "support"


BAD_BODIES = [
    (b"", "json"),
    (b"{", "json"),
    (b"[]", "type"),
    (b'"text"', "type"),
    (b"\xff\xfe", "json"),
    (b'{"type": "statement", "summary": NaN}', "json"),
    (b'{"type": "statement", "summary": "\\ud800"}', "json"),
    (b'{"type": "statement", "type": "statement"}', "json"),
    (b'{"a":' * 5000 + b"1" + b"}" * 5000, "json"),
    (b'{"a":' * 900 + b"1" + b"}" * 900, "json"),
    (b'{"type": "protest"}', "choice"),
    (b'{"type": "party", "id": "x", "name": "X", "kind": "state"}', "choice"),
]


def test_a_body_that_is_no_record_gets_a_clear_error(client):
    for body, rule in BAD_BODIES:
        answer = post(client, "/v1/reports", body)
        assert (answer.status_code, answer.mimetype) == (422, PROBLEM), body[:80]
        assert answer.json["errors"][0]["rule"] == rule, body[:80]
    assert head(client) == 4


SOURCE = {"publisher": "Reuters"}
BAD_FIELDS = [
    ({"summary": "x" * 1_000_000}, "summary"),
    ({"summary": "a\0b"}, "summary"),
    ({"summary": 7}, "summary"),
    ({"summary": "  "}, "summary"),
    ({"summary": None}, "summary"),
    ({"occurred": "2025-02-30"}, "occurred"),
    ({"occurred": "2025-12-14T10:00:00"}, "occurred"),
    ({"occurred": "2025-12-15/2025-12-14"}, "occurred"),
    ({"occurred": "../2025"}, "occurred"),
    ({"occurred": "0000"}, "occurred"),
    ({"occurred": "2999-01-01"}, "occurred"),
    ({"occurred": 2025}, "occurred"),
    ({"parties": []}, "parties"),
    ({"parties": "ukraine"}, "parties"),
    ({"parties": ["ukraine", "ukraine"]}, "parties.1"),
    ({"parties": [None]}, "parties.0"),
    ({"attribution": "rumour"}, "attribution"),
    ({"sources": []}, "sources"),
    ({"sources": [{}]}, "sources.0.publisher"),
    ({"sources": [SOURCE | {"url": "javascript:alert(1)"}]}, "sources.0.url"),
    ({"sources": [SOURCE | {"url": "https://"}]}, "sources.0.url"),
    ({"sources": [SOURCE | {"url": "//example.org"}]}, "sources.0.url"),
    ({"sources": [SOURCE | {"reliability": "G"}]}, "sources.0.reliability"),
    ({"credibility": 0}, "credibility"),
    ({"credibility": 2.0}, "credibility"),
    ({"credibility": True}, "credibility"),
    ({"credibility": "2"}, "credibility"),
    ({"positions": [position("maybe")]}, "positions.0.position"),
    ({"positions": [position(red_line=1)]}, "positions.0.red_line"),
    ({"positions": [position(), position("oppose")]}, "positions.1"),
    ({"positions": [position(), position("oppose", party="ukraine")]}, "positions.1"),
    ({"positions": [position("undeclared", until="2030-01-01")]}, "positions.0.until"),
    ({"positions": [position(until="2020-01-31")]}, "positions.0.until"),
    ({"positions": [position(until="2030")]}, "positions.0.until"),
    ({"positions": [position(posture="shrugs")]}, "positions.0.posture"),
    ({"positions": {}}, "positions"),
    ({"statuses": [{"issue": "nato", "status": "stuck"}]}, "statuses.0.status"),
    (
        {"statuses": [{"issue": "nato", "status": "stalled"}] * 2},
        "statuses.1.issue",
    ),
    ({"speaker": "Zelenskyy"}, "speaker"),
    ({"id": "batch"}, "id"),
    ({"id": "-x"}, "id"),
    ({"id": "x" * 121}, "id"),
    ({"recorded_at": "2025-12-14T10:00:00Z"}, "recorded_at"),
    ({"atribution_phrase": "x"}, "atribution_phrase"),
]


def test_a_bad_field_is_named_and_nothing_is_recorded(client):
    for fields, field in BAD_FIELDS:
        answer = post(client, "/v1/reports", statement("r-1") | fields)
        assert (answer.status_code, answer.mimetype) == (422, PROBLEM), field
        error = answer.json["errors"][0]
        assert error["field"] == field
        assert len(error["message"]) < 500
    assert head(client) == 4


def test_a_meeting_names_the_party_of_each_position(client):
    answer = post(client, "/v1/reports", meeting("m-1", positions=[position()]))
    assert answer.json["errors"][0]["field"] == "positions.0.party"


def test_misspelled_fields_and_parameters_get_a_hint(client):
    answer = post(client, "/v1/reports", statement("r-1", atribution_phrase="x"))
    assert "'attribution_phrase'" in answer.json["detail"]
    answer = client.get("/v1/parties/ukraine/positions/nato?asof=2025-12-14")
    assert answer.status_code == 422
    assert "'as_of'" in answer.json["detail"]


def test_an_announced_meeting_is_a_statement(client):
    answer = post(client, "/v1/reports", meeting("m-1", occurred="2999-01-01"))
    assert answer.json["errors"][0]["rule"] == "not_yet_happened"


def test_a_body_over_the_limit_is_413(client):
    answer = post(client, "/v1/reports", b" " * (11 * 1024 * 1024))
    assert (answer.status_code, answer.mimetype) == (413, PROBLEM)
    assert client.post("/v1/reports/batch", data=b" " * (11 << 20)).status_code == 413


def test_a_page_of_another_site_may_not_write(client):
    foreign = {"Origin": "https://example.org"}
    answer = post(client, "/v1/reports", statement("r-1"), headers=foreign)
    assert (answer.status_code, answer.mimetype) == (403, PROBLEM)
    own = {"Origin": "http://localhost"}
    assert post(client, "/v1/reports", statement("r-1"), headers=own).status_code == 201


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "null"},
        {"Origin": "http://localhost.example.org"},
        {"Origin": "chrome-extension://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://localhost", "Sec-Fetch-Site": "cross-site"},
        {"Referer": "https://example.org/form"},
        {"Referer": "http://[bad"},
    ],
    ids=lambda headers: ", ".join(f"{name} {text}" for name, text in headers.items()),
)
def test_nor_may_one_that_does_not_tell_its_origin(client, headers):
    answer = post(client, "/v1/reports", statement("r-1"), headers=headers)
    assert (answer.status_code, answer.mimetype) == (403, PROBLEM)
    assert client.get("/v1/reports/r-1").status_code == 404


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Origin": "https://localhost"},  # behind something that ends TLS
        {"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"},
        {"Sec-Fetch-Site": "none"},
        {"Referer": "http://localhost/record/statement"},
    ],
    ids=lambda headers: ", ".join(f"{name} {text}" for name, text in headers.items()),
)
def test_programs_and_our_own_pages_may(client, headers):
    answer = post(client, "/v1/reports", statement("r-1"), headers=headers)
    assert answer.status_code == 201


def test_who_recorded_it_is_kept(client):
    post(client, "/v1/reports", statement("r-1"))
    assert client.get("/v1/reports/r-1").json["recorded_by"] == "http"


def test_an_empty_batch_is_refused(client):
    assert client.post("/v1/reports/batch", data="\n \n").status_code == 422


def test_a_server_for_reading_records_nothing(client):
    no_writing(client)
    for send, path in [
        (client.post, "/v1/reports"),
        (client.post, "/v1/reports/batch"),
        (client.put, "/v1/parties/france"),
    ]:
        answer = send(path, data=json.dumps(statement("r-1")))
        assert (answer.status_code, answer.mimetype) == (403, PROBLEM), path
        assert "for reading" in answer.json["detail"]
    assert client.delete("/v1/reports/r-1").status_code == 405
    assert head(client) == 4
    assert client.get("/v1/parties/ukraine").status_code == 200
