"""What was asked before is answered without a look at the read models, and is never stale."""

import json
import re
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from events import dates
from projections import positions, turns
from projections.rebuild import rebuild
from service.app import create_app
from service.repeats import PINNED, UNPINNED
from tests.records import correction, issue, party, position, statement, status, tell
from tests.servers import eventually

QUESTION = "/v1/parties/ukraine/positions/nato"
BATCH = "application/cloudevents-batch+json"
SPOIL = "UPDATE positions SET says = 'oppose'"
TODAY = datetime.now(UTC).date().isoformat()

ABOUT_NOW = [
    QUESTION,
    f"{QUESTION}?inherit=1",
    f"{QUESTION}?known_at={TODAY}",
    f"{QUESTION}/history",
    f"{QUESTION}/revisions",
    f"{QUESTION}/timemap",
    "/v1/issues/nato/status",
    "/v1/issues/nato/status/history",
    "/v1/positions",
    "/v1/parties/ukraine/positions?inherit=1",
    "/v1/issues/nato/positions",
    "/v1/matrix",
    "/v1/matrix?inherit=1&party=ukraine",
    "/v1/changes",
    "/v1/diff?from=2020-01-01",
    f"/v1/diff?known_from=2020-01-01&known_to={TODAY}",
    "/v1/reports",
    "/v1/search?q=they",
    "/v1/corrections",
    "/v1/parties",
    "/v1/log",
    "/v1/ledger",
]
LISTS = [
    "/v1/positions",
    "/v1/parties/ukraine/positions?inherit=1",
    "/v1/issues/nato/positions",
    "/v1/changes",
    "/v1/reports",
    "/v1/search",
    "/v1/parties",
]


@pytest.fixture
def store(client):
    """What the client's app answers from."""
    return client.application.extensions["stancelog"]


@pytest.fixture(autouse=True)
def _desk(store):
    tell(
        store,
        party("nordics", kind="bloc"),
        party("ukraine", member_of=[{"party": "nordics", "from": "2020-01-01"}]),
        issue("nato"),
        issue("eu"),
        statement("r-1", positions=[position()], statuses=[status()]),
        statement("r-2", parties=["nordics"], positions=[position("oppose", "eu")]),
        correction("r-2", "c-1", summary="Otherwise."),
    )


@pytest.fixture
def another(url):
    """A function that returns a client of another app, which has answered nothing yet."""
    apps = []

    def create():
        apps.append(create_app(url))
        return apps[-1].test_client()

    yield create
    for app in apps:
        app.extensions["stancelog"].close()


ECHOES = ('"to":{"as_of":"', '"to":"', "as_of=", '"as_of":"')
"""What an answer has before the instant at which it was asked, where it repeats that."""


def run(store, statement):
    with store.engine.begin() as connection:
        connection.execute(text(statement))


def if_not(answer):
    return {"If-None-Match": answer.headers["ETag"]}


def told(answer):
    """All that an answer says, but for the instant at which it was asked."""
    headers = sorted(pair for pair in answer.headers if pair[0] not in ("Date", "X-Request-ID"))
    whole = f"{answer.text}\n{headers}"
    found = (re.search(rf"{before}([0-9T:.-]+Z)", whole) for before in ECHOES)
    now = next(filter(None, found), None)
    return whole.replace(now[1], "NOW") if now else whole


def pinned(client):
    return client.get(QUESTION).json["links"]["permalink"]


def in_a_moment(seconds):
    return (datetime.now(UTC) + timedelta(seconds=seconds)).isoformat().replace("+00:00", "Z")


# What is the same


def test_the_same_question_has_the_same_etag_and_whoever_has_the_answer_gets_a_304(client):
    for path in ABOUT_NOW:
        first = client.get(path)
        again = client.get(path)
        assert first.status_code == again.status_code == 200, path
        assert first.headers["ETag"] == again.headers["ETag"], path
        same = client.get(path, headers=if_not(first))
        assert (same.status_code, same.data) == (304, b""), path
        assert same.headers["ETag"] == first.headers["ETag"]
        assert same.headers["Cache-Control"] == first.headers["Cache-Control"] == UNPINNED


def test_what_is_repeated_is_told_without_a_look_at_the_read_models(client, store, another):
    other = another()
    other.get("/v1/parties")
    first = client.get(QUESTION)
    run(store, "DELETE FROM positions")  # which the log knows nothing of
    assert client.get(QUESTION).json["position"] == "support"
    assert client.get(QUESTION, headers=if_not(first)).status_code == 304
    assert other.get(QUESTION, headers=if_not(first)).status_code == 304, "though it never answered"
    assert other.get(QUESTION).json["position"] is None, "it looks, as it never answered"


def test_another_process_gives_the_same_etag_and_304_on_first_sight(client, another):
    for path in (QUESTION, pinned(client), "/v1/matrix", "/v1/changes"):
        first = client.get(path)
        assert another().get(path).headers["ETag"] == first.headers["ETag"]
        assert another().get(path, headers=if_not(first)).status_code == 304


def test_a_pinned_answer_may_be_kept_for_ever_and_a_304_says_so_too(client, another):
    path = pinned(client)
    first = client.get(path)
    for asked in (client, another()):
        for answer in (asked.get(path), asked.get(path, headers=if_not(first))):
            assert answer.headers["Cache-Control"] == PINNED
            assert "immutable" in PINNED
    assert client.get(path, headers=if_not(first)).status_code == 304
    assert client.get(QUESTION).headers["Cache-Control"] == UNPINNED


def test_a_repeated_answer_is_a_fresh_one_but_for_when_it_was_asked(client, another):
    other = another()
    for path in ABOUT_NOW:
        client.get(path)
        assert told(client.get(path)) == told(other.get(path)), path


def test_a_repeated_answer_about_now_says_when_it_was_asked(client):
    first = client.get(QUESTION).json
    began = dates.to_text(dates.now())
    again = client.get(QUESTION).json
    assert first["as_of"] < began < again["as_of"] < dates.to_text(dates.now())
    assert again["links"]["permalink"] == first["links"]["permalink"].replace(
        first["as_of"], again["as_of"]
    )
    assert f"as_of={again['as_of']}" in again["links"]["self"]
    assert first["as_of"] not in str(again)


def test_head_says_what_get_says(client):
    for path in (QUESTION, pinned(client)):
        for first in (client.get, client.head):
            answers = [first(path), client.head(path), client.get(path)]
            assert len({answer.headers["ETag"] for answer in answers}) == 1
            assert answers[1].data == b""
            assert answers[2].json["position"] == "support"
        assert client.head(path, headers=if_not(client.get(path))).status_code == 304


def test_no_answer_to_a_question_of_any_length_takes_up_room(client, store):
    path = f"/v1/matrix?{'&'.join(['party=ukraine'] * 100)}&issue=nato"
    client.get(path)
    run(store, SPOIL)
    assert "oppose" in client.get(path).text, "it was not kept"


def test_what_was_answered_is_a_problem_like_any_other_where_the_database_cannot_tell(
    client, store, caplog
):
    assert client.get(QUESTION).status_code == 200
    run(store, "ALTER TABLE checkpoint RENAME TO gone")
    answer = client.get(QUESTION)
    assert (answer.status_code, answer.mimetype) == (503, "application/problem+json")
    assert answer.headers["Retry-After"]
    assert len(caplog.records) == 1, "it was tried once"
    run(store, "ALTER TABLE gone RENAME TO checkpoint")
    assert client.get(QUESTION).json["position"] == "support"


# What is another question


def test_every_address_of_the_server_gets_links_of_its_own(client):
    for host in ("one.example", "two.example", "one.example"):
        headers = {"Host": host}
        answer = client.get(QUESTION, headers=headers)
        assert set(re.findall(r"http://([^/]+)/", str(answer.headers.getlist("Link")))) == {host}
        timemap = client.get(f"{QUESTION}/timemap", headers=headers)
        assert set(re.findall(r"http://([^/]+)/", timemap.text)) == {host}


def test_another_accept_datetime_is_another_question(client, another):
    late = {"Accept-Datetime": "Fri, 01 Jan 2044 00:00:00 GMT"}
    early = {"Accept-Datetime": "Fri, 01 Jan 2010 00:00:00 GMT"}
    for _ in range(2):
        for headers in (late, early, {}):
            answer, fresh = (one.get(QUESTION, headers=headers) for one in (client, another()))
            assert told(answer) == told(fresh)
            assert "accept-datetime" in answer.headers["Vary"].lower()
    assert client.get(QUESTION, headers=early).json["seq"] == 3
    assert client.get(QUESTION, headers=late).json["seq"] == 7
    etag = if_not(client.get(QUESTION))
    assert client.get(QUESTION, headers=early | etag).status_code == 200
    vary = client.get(QUESTION, headers=etag).headers["Vary"]
    assert "accept-datetime" in vary.lower()


def test_a_repeated_memento_says_everywhere_when_it_was_asked(client):
    headers = {"Accept-Datetime": "Fri, 01 Jan 2044 00:00:00 GMT"}
    client.get(QUESTION, headers=headers)
    again = client.get(QUESTION, headers=headers)
    assert again.headers["Content-Location"] == again.json["links"]["permalink"]
    assert again.json["links"]["permalink"] in str(again.headers.getlist("Link"))


def test_the_feed_keeps_its_forms_apart_whoever_asks_for_what_is_new(client):
    odd = {"If-None-Match": '"odd"'}
    assert client.get("/v1/log", headers=odd).mimetype == "application/json"
    batch = client.get("/v1/log", headers={"Accept": BATCH})
    assert batch.mimetype == BATCH
    plain = client.get("/v1/log")
    assert plain.mimetype == "application/json"
    assert client.get("/v1/log", headers={"Accept": BATCH} | if_not(plain)).status_code == 200
    assert client.get("/v1/log", headers=if_not(plain)).status_code == 304


def test_waiting_for_the_log_is_never_cut_short_by_what_was_answered_before(client):
    wait = {"Prefer": "wait=1"}
    client.get("/v1/log?after=7", headers=wait | {"If-None-Match": '"odd"'})
    began = datetime.now(UTC)
    client.get("/v1/log?after=7", headers=wait)
    assert datetime.now(UTC) - began > timedelta(seconds=0.9)


# What changes


def test_after_anything_is_recorded_the_etag_differs_and_the_answer_is_new(client, store, another):
    before = {path: client.get(path) for path in ABOUT_NOW}
    tell(store, statement("r-3", positions=[position("oppose")], statuses=[status("agreed")]))
    other = another()
    for path, first in before.items():
        again = client.get(path, headers=if_not(first))
        assert again.status_code == 200, path
        assert again.headers["ETag"] != first.headers["ETag"], path
        assert told(again) == told(other.get(path)), path
    assert client.get(QUESTION).json["position"] == "oppose"


def rows_of(asked, path):
    """Every row of a list, a row at a time. Each page is asked for twice."""
    separator = "&" if "?" in path else "?"
    pages = [asked.get(f"{path}{separator}limit=1") for _ in range(2)][1:]
    while (cursor := pages[-1].json["next"]) is not None:
        following = f"{path.partition('?')[0]}?cursor={cursor}&limit=1"
        first, again = asked.get(following), asked.get(following)
        assert first.json == again.json
        pages.append(again)
    first = pages[0].json
    now = first.get("as_of") or first.get("to") or first["known_at"]
    rows = [row for page in pages for one in page.json.values() if type(one) is list for row in one]
    return [json.dumps(row).replace(now, "NOW") for row in rows]


def test_a_list_goes_on_as_it_began_and_no_page_is_stale(client, store, another):
    before = {path: rows_of(client, path) for path in LISTS}
    fresh = another()
    for path, rows in before.items():
        assert len(rows) > 1, path
        assert rows == rows_of(fresh, path), path
    tell(store, party("france"), statement("r-3", positions=[position("oppose", "eu")]))
    fresh = another()
    for path, rows in before.items():
        assert rows_of(client, path) == rows_of(fresh, path) != rows, path


def test_what_was_announced_changes_the_answer_when_it_comes(client, store, another):
    comes = in_a_moment(4)
    tell(store, statement("r-3", occurred=comes, positions=[position("oppose")]))
    other = another()
    paths = (
        QUESTION,
        "/v1/matrix",
        "/v1/positions",
        "/v1/issues/nato/status",
        f"{QUESTION}/history",
    )
    before = {path: client.get(path) for path in paths}
    assert before[QUESTION].json["position"] == "support"
    for path in paths:
        assert client.get(path, headers=if_not(before[path])).status_code == 304
        other.get(path)
    eventually(lambda: in_a_moment(0) > comes, "it comes")
    for path in paths:
        found = client.get(path, headers=if_not(before[path]))
        assert found.status_code == 200
        assert found.headers["ETag"] != before[path].headers["ETag"]
        assert told(found) == told(other.get(path)) == told(another().get(path))
    assert client.get(QUESTION).json["position"] == "oppose"


def test_a_date_that_is_about_to_come_is_never_answered_as_before(client, store, another):
    at = in_a_moment(0.4)
    paths = [f"{QUESTION}?known_at={at}", f"/v1/diff?known_from=2020-01-01&known_to={at}"]
    before = {path: client.get(path) for path in paths}
    eventually(lambda: in_a_moment(0) > at, "it is past")
    for path in paths:
        answer = client.get(path, headers=if_not(before[path]))
        if answer.status_code != 304:
            assert told(answer) == told(another().get(path)) != told(before[path])
        assert told(client.get(path)) == told(another().get(path))
    tell(store, statement("r-3", positions=[position("oppose")]))
    for path in paths:
        assert told(client.get(path)) == told(another().get(path))
    assert client.get(paths[0]).json["seq"] == 7


def test_a_pinned_export_is_another_one_after_rows_were_mended(client, store):
    run(store, SPOIL)
    links = client.get("/v1/positions").json["links"]
    path = links["permalink"].replace("/v1/positions", "/v1/positions.csv")
    spoilt = client.get(path)
    assert spoilt.headers["Cache-Control"] == PINNED
    assert client.get(path, headers=if_not(spoilt)).status_code == 304
    rebuild(store.engine, store.timeline, [positions])
    mended = client.get(path, headers=if_not(spoilt))
    assert mended.status_code == 200
    assert mended.text != spoilt.text
    elsewhere = {"Host": "two.example"}
    assert client.get(path, headers=elsewhere | if_not(mended)).status_code == 200


def test_a_rebuild_makes_every_kept_answer_void(client, store, another):
    run(store, SPOIL)
    spoilt, link = client.get(QUESTION), pinned(client)
    client.get(link)
    assert spoilt.json["position"] == "oppose"
    rebuild(store.engine, store.timeline, [positions])
    assert client.get(QUESTION, headers=if_not(spoilt)).json["position"] == "support"
    assert client.get(link, headers=if_not(spoilt)).json["position"] == "support"
    assert told(client.get(QUESTION)) == told(another().get(QUESTION))


# Turns


def naive_turns(records, now):
    """By looking at every report there is: when it came, and the microsecond after it lapsed."""
    every = [dates.bounds_of(one["occurred"]).latest for one in records]
    until = [row.get("until") for one in records for row in one["positions"]]
    every += [dates.end_of_day(day) + 1 for day in until if day]
    return (
        max((one for one in every if one <= now), default=None),
        min((one for one in every if one > now), default=None),
    )


def test_between_two_turns_nothing_comes_and_nothing_lapses(store):
    told_ = [
        {"occurred": "2021-03", "positions": [position(until="2021-05-01")]},
        {"occurred": "2021-05-02", "positions": [position(), position("oppose", "eu")]},
        {"occurred": "2021-04-01T10:00:00Z", "positions": [position("oppose", until="2031-01-01")]},
        {"occurred": TODAY, "positions": [position("neutral")]},
    ]
    first = [{"occurred": "2020-02-01", "positions": []}]
    tell(store, *(statement(f"t-{n}", **one) for n, one in enumerate(told_)))
    every = told_ + first
    with store.reading() as (connection, _):
        moments = {dates.bounds_of(one["occurred"]).latest for one in every}
        ends = {dates.end_of_day(day) for day in ("2021-05-01", "2031-01-01")}
        for moment in moments | ends:
            for now in (moment - 1, moment, moment + 1):
                if now < dates.bounds_of("2020-02-01").latest:
                    continue
                last, following = naive_turns(every, now)
                found = turns.around(connection, now)
                assert found.last == last
                assert found.next == (dates.END_OF_TIME if following is None else following)


@pytest.mark.uncreated
def test_of_nothing_there_are_no_turns(new_url):
    store = create_app(new_url()).extensions["stancelog"]
    with store.reading() as (connection, _):
        last, following = turns.around(connection, dates.now())
    assert last <= 0 < dates.now() < following
    store.close()
