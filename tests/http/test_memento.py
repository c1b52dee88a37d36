"""RFC 7089: what was known at a datetime, by negotiation."""

import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from service import memento
from tests.records import (
    correction,
    issue,
    party,
    position,
    retraction,
    sent,
    statement,
    status,
)

BEGAN = datetime(2021, 1, 1, tzinfo=UTC)
RECORDS = [  # an hour apart
    party("ukraine"),
    party("russia"),
    issue("nato"),
    statement("r-1", positions=[position("support")], statuses=[status("proposed")]),
    statement("r-2", parties=["russia"], positions=[position("oppose")]),
    correction("r-1", "c-1", positions=[position("neutral")]),
    retraction("r-1", "x-1"),
]
QUESTION = "/v1/parties/ukraine/positions/nato"
RESOURCES = (QUESTION, "/v1/issues/nato/status", "/v1/matrix")


@pytest.fixture
def desk_log(client):
    store = client.application.extensions["stancelog"]
    for hour, record in enumerate(RECORDS):
        store.record([sent(record, BEGAN + timedelta(hours=hour, microseconds=500_000))])


def http_date(hours, **more):
    return format_datetime(BEGAN + timedelta(hours=hours, **more), usegmt=True)


def negotiate(client, path, when):
    return client.get(path, headers={"Accept-Datetime": when})


def links(response):
    """Every link of a response, by relation."""
    found = {}
    for text in response.headers.getlist("Link"):
        for address, rel in re.findall(r'<([^>]+)>; rel="([^"]+)"', text):
            for one in rel.split():
                found[one] = address.removeprefix("http://localhost")
    return found


@pytest.mark.usefixtures("desk_log")
@pytest.mark.parametrize("path", RESOURCES)
def test_a_datetime_gets_what_was_known_then(client, path):
    for hours in (3, 3.5, 4, 5, 6, 100):
        check_negotiation(client, path, hours)


def check_negotiation(client, path, hours):
    answer = negotiate(client, path, http_date(hours))
    seq = min(int(hours) + 1, len(RECORDS))
    assert (answer.status_code, answer.json["seq"]) == (200, seq)
    assert answer.headers["Memento-Datetime"] == http_date(seq - 1)
    assert "accept-datetime" in answer.headers["Vary"]
    permalink = answer.headers["Content-Location"]
    assert permalink == answer.json["links"]["permalink"]
    pinned = client.get(permalink)
    assert pinned.json == answer.json
    assert pinned.headers["Memento-Datetime"] == answer.headers["Memento-Datetime"]
    assert "accept-datetime" not in pinned.headers.get("Vary", "")
    assert links(answer)["memento"] == permalink


@pytest.mark.usefixtures("desk_log")
def test_the_datetime_of_a_memento_gets_that_memento(client):
    for seq in range(3, len(RECORDS) + 1):
        pinned = client.get(f"{QUESTION}?seq={seq}&as_of=2020-02-01")
        again = negotiate(
            client, f"{QUESTION}?as_of=2020-02-01", pinned.headers["Memento-Datetime"]
        )
        assert again.json["seq"] == seq


@pytest.mark.usefixtures("desk_log")
@pytest.mark.parametrize(("path", "first"), [*zip(RESOURCES, (3, 3, 1), strict=True)])
def test_a_datetime_before_the_first_memento_gets_the_first(client, path, first):
    answer = negotiate(client, path, "Sat, 01 Jan 2000 00:00:00 GMT")
    assert (answer.status_code, answer.json["seq"]) == (200, first)
    assert answer.headers["Memento-Datetime"] == http_date(first - 1)


@pytest.mark.usefixtures("desk_log")
@pytest.mark.parametrize("path", RESOURCES)
def test_without_a_datetime_the_answer_is_the_newest_and_says_that_it_negotiates(client, path):
    answer = client.get(path)
    assert answer.json["seq"] == len(RECORDS)
    assert "Memento-Datetime" not in answer.headers
    assert "accept-datetime" in answer.headers["Vary"]
    assert links(answer)["original"] == links(answer)["timegate"] == path
    assert client.get(links(answer)["timemap"]).mimetype == "application/link-format"


@pytest.mark.usefixtures("desk_log")
def test_the_original_of_a_memento_is_the_question_without_its_seq(client):
    pinned = client.get(f"{QUESTION}?as_of=2020-02-01&seq=4&floor=on_record")
    assert links(pinned)["original"] == f"{QUESTION}?as_of=2020-02-01&floor=on_record"


@pytest.mark.usefixtures("desk_log")
def test_a_memento_is_what_it_is_whatever_datetime_is_asked_for(client):
    answer = negotiate(client, f"{QUESTION}?seq=4", http_date(100))
    assert (answer.json["seq"], answer.headers["Memento-Datetime"]) == (4, http_date(3))
    assert "Content-Location" not in answer.headers
    assert negotiate(client, f"{QUESTION}?known_at=2021-01-01", http_date(100)).json["seq"] == 7


@pytest.mark.usefixtures("desk_log")
def test_what_is_no_datetime_is_a_bad_request(client):
    for when in (
        "",
        "yesterday",
        "2021-01-01T00:00:00Z",
        "Fri, 01 Jan 2021 00:00:00 +0000",
        "Friday, 01-Jan-21 00:00:00 GMT",
        "Fri, 31 Feb 2021 00:00:00 GMT",
        "Fri, 01 Jan 2021 25:00:00 GMT",
        "Fri, 01 Jan 0000 00:00:00 GMT",
    ):
        answer = negotiate(client, QUESTION, when)
        assert (answer.status_code, answer.mimetype) == (400, "application/problem+json"), when


def test_the_empty_log_has_no_memento(client):
    answer = negotiate(client, "/v1/matrix", http_date(1))
    assert (answer.status_code, answer.json["seq"]) == (200, 0)
    assert "Memento-Datetime" not in answer.headers
    assert client.get("/v1/matrix/timemap").status_code == 200


def mementos(client, path):
    """(relations, address, datetime) of every memento of a TimeMap."""
    text = client.get(path).get_data(as_text=True)
    found = re.findall(r'<([^>]+)>; rel="([^"]*memento)"; datetime="([^"]+)"', text)
    return [(rel, address.removeprefix("http://localhost"), at) for address, rel, at in found]


@pytest.mark.usefixtures("desk_log")
@pytest.mark.parametrize(
    ("path", "seqs"),
    [
        (QUESTION, [3, 4, 6, 7]),
        ("/v1/issues/nato/status", [3, 4, 5, 6, 7]),  # how positions align is told with it
        ("/v1/matrix", [1, 2, 3, 4, 5, 6, 7]),
        ("/v1/matrix?party=russia&issue=nato", [1, 5]),
        (f"{QUESTION}?as_of=2001-01-01", [3]),
    ],
)
def test_a_timemap_lists_every_memento_that_may_differ_from_the_one_before(client, path, seqs):
    base, _, query = path.partition("?")
    listed = mementos(client, f"{base}/timemap?{query}".rstrip("?"))
    assert [int(re.search(r"seq=(\d+)", address)[1]) for _, address, _ in listed] == seqs
    assert listed[0][0].startswith("first")
    assert "last" in listed[-1][0]
    told = {}
    for _, address, at in listed:
        answer = client.get(address)
        assert answer.headers["Memento-Datetime"] == at
        told[answer.json["seq"]] = stripped(answer.json)
    for seq in range(seqs[0], len(RECORDS) + 1):  # between two, the answers are the same
        latest = max(one for one in seqs if one <= seq)
        pinned = re.sub(r"seq=\d+", f"seq={seq}", listed[0][1])
        assert stripped(client.get(pinned).json) == told[latest]


def stripped(body):
    return {key: body[key] for key in body if key not in ("seq", "known_at", "links")}


@pytest.mark.usefixtures("desk_log")
def test_a_long_timemap_goes_on_in_another(client, monkeypatch):
    whole = mementos(client, "/v1/matrix/timemap?as_of=2022-01-01")
    monkeypatch.setattr(memento, "MOST", 3)
    found, path = [], "/v1/matrix/timemap?as_of=2022-01-01"
    while path:
        found += mementos(client, path)
        text = client.get(path).get_data(as_text=True)
        more = re.search(r'<http://localhost([^>]+)>; rel="timemap"', text)
        path = more and more[1]
    assert found == whole


@pytest.mark.usefixtures("desk_log")
@pytest.mark.parametrize("path", ["/v1/parties/ukrain/positions/nato", "/v1/issues/nat/status"])
def test_a_timemap_of_nothing_is_not_found(client, path):
    assert client.get(f"{path}/timemap").status_code == 404


@pytest.mark.usefixtures("desk_log")
def test_pages_of_other_origins_may_negotiate(client):
    preflight = client.options(QUESTION)
    assert preflight.headers["Access-Control-Allow-Headers"] == "Authorization, *"
    exposed = negotiate(client, QUESTION, http_date(4)).headers["Access-Control-Expose-Headers"]
    assert {"Memento-Datetime", "Content-Location", "Link"} <= set(exposed.split(", "))
