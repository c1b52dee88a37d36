"""Conditions: If-Match and If-None-Match, as clients send them and as nobody should."""

import pytest

from tests.records import position, retraction, statement

pytestmark = pytest.mark.usefixtures("scene")


@pytest.mark.parametrize("tags", ['""', '"", "v1"', 'W/""', ",", '"', "*, x"])
def test_an_empty_validator_is_one_that_no_report_has(client, told, tags):
    told(statement("r-1", positions=[position()]))
    body = {"reason": "other", "note": "n"}
    answer = client.post("/v1/reports/r-1/retraction", json=body, headers={"If-Match": tags})
    assert answer.status_code in (201, 412), answer.text
    assert client.get("/v1/reports/r-1", headers={"If-None-Match": tags}).status_code in (200, 304)


def test_a_read_that_insists_on_another_version_gets_a_problem_and_not_the_answer(client, told):
    told(statement("r-1"), retraction("r-1", "x-1"))
    now = "/v1/reports/r-1"
    etag = client.get(now).headers["ETag"]
    pinned = client.get("/v1/positions?as_of=2021-01-01").json["links"]["permalink"]
    export = pinned.replace("/positions", "/positions.csv")
    assert client.get(export).headers["ETag"]
    for path in (now, "/v1/parties", "/feeds/all.atom", "/widgets/vis.json", export):
        answer = client.get(path, headers={"If-Match": '"another"'})
        assert (answer.status_code, answer.mimetype) == (412, "application/problem+json"), path
        assert answer.json["status"] == 412
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert client.get(path, headers={"If-Match": "*"}).status_code == 200, path
    assert client.get(now, headers={"If-Match": etag}).status_code == 200
    both = {"If-Match": etag, "If-None-Match": etag}
    assert client.get(now, headers=both).status_code == 304
