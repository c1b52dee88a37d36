"""Feeds for readers and calendars, as programs of others read them."""

import re
from datetime import UTC, date, datetime
from xml.etree import ElementTree as ET

import feedparser
import pytest
import vobject
from icalendar import Calendar
from jsonschema import Draft202012Validator

from service.app import create_app
from service.importing import Import, exported
from tests.records import (
    correction,
    issue,
    meeting,
    party,
    position,
    reinstatement,
    retraction,
    statement,
    status,
    tell,
)

ATOM = "{http://www.w3.org/2005/Atom}"

JSON_FEED = {
    "type": "object",
    "required": ["version", "title", "items"],
    "properties": {
        "version": {"const": "https://jsonfeed.org/version/1.1"},
        "title": {"type": "string"},
        "home_page_url": {"type": "string", "format": "uri"},
        "feed_url": {"type": "string", "format": "uri"},
        "next_url": {"type": "string", "format": "uri"},
        "authors": {"type": "array", "minItems": 1},
        "items": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["id"],
                "anyOf": [{"required": ["content_html"]}, {"required": ["content_text"]}],
                "properties": {
                    "id": {"type": "string"},
                    "url": {"type": "string", "format": "uri"},
                    "date_published": {"type": "string", "format": "date-time"},
                    "date_modified": {"type": "string", "format": "date-time"},
                    "tags": {"type": "array", "items": {"type": "string"}},
                },
                "patternProperties": {"^_": {"type": "object"}},
            },
        },
    },
}
"""What https://www.jsonfeed.org/version/1.1/ asks for."""

EVIL = (
    "<script>alert(1)</script></title></content> ]]> &amp; \" ' \x01\x08\x0b\x0c\x1f\ufffe "
    "\u202eturned\r\nEND:VCALENDAR\r\nX-EVIL:1\nATTENDEE:mailto:a@example.org; , \\ "
)


def atom(client, path="/feeds/all.atom", **options):
    answer = client.get(path, **options)
    assert answer.status_code == 200, answer.text
    ET.fromstring(answer.data)  # well-formed, for a parser that forgives nothing
    found = feedparser.parse(answer.data, response_headers={"content-type": answer.content_type})
    assert not found.bozo, found.get("bozo_exception")
    assert found.version == "atom10"
    return found


def items(client, path="/feeds/all.json"):
    answer = client.get(path)
    Draft202012Validator(JSON_FEED).validate(answer.json)
    return answer.json["items"]


def events(client, path="/feeds/all.ics"):
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    assert b"\n" not in answer.data.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in answer.data.split(b"\r\n"))
    other = vobject.readOne(answer.text)  # what another program makes of it
    found = Calendar.from_ical(answer.data).walk("VEVENT")
    assert [one.uid.value for one in getattr(other, "vevent_list", [])] == [
        one["UID"] for one in found
    ]
    assert all(not one.errors for one in found)
    return found


# What an entry says


@pytest.mark.usefixtures("scene")
def test_an_entry_says_who_said_what_and_how_it_is_known(client, told):
    told(
        statement(
            "r-1",
            occurred="2024-10~",
            summary="Ready to talk.",
            speaker={"name": "A. Speaker", "role": "Minister"},
            venue="Berlin",
            attribution="background",
            positions=[position("conditional_oppose", conditions=["guarantees"])],
        )
    )
    (entry,) = atom(client).entries
    assert entry.title == "Ukraine, on background: Ready to talk."
    assert entry.link == "http://localhost/reports/r-1"
    (content,) = entry.content
    assert content.type == "text/html"
    assert "Date: about October 2024." in content.value
    assert "Speaker: A. Speaker, Minister. Place: Berlin." in content.value
    assert "Ukraine on Nato: conditional oppose, on condition: guarantees" in content.value
    assert {(tag.term, tag.label) for tag in entry.tags} == {
        ("ukraine", "Ukraine"),
        ("nato", "Nato"),
    }
    (item,) = items(client)
    assert item["title"] == entry.title
    assert item["id"] == entry.id
    assert item["tags"] == ["Ukraine", "Nato"]
    assert "Date: about October 2024." in item["content_text"]


@pytest.mark.usefixtures("scene")
def test_what_others_say_of_a_party_is_told_as_their_claim(client, told):
    told(
        statement("r-1", parties=["russia"], positions=[position("oppose", party="ukraine")]),
    )
    (entry,) = atom(client).entries
    assert entry.title.startswith("Russia, on the record: ")
    assert "Ukraine on Nato: oppose (as claimed by a third party)" in entry.content[0].value


@pytest.mark.usefixtures("scene")
def test_a_correction_brings_an_entry_to_the_front_under_the_same_id(client, told):
    told(statement("r-1", summary="First."))
    told(statement("r-2", summary="Second."))
    before = {entry.link: entry for entry in atom(client).entries}
    told(correction("r-1", summary="First, mended."))
    after = atom(client).entries
    assert [entry.title.split(": ")[1] for entry in after] == ["First, mended.", "Second."]
    old, new = before["http://localhost/reports/r-1"], after[0]
    assert new.id == old.id
    assert new.id.startswith("urn:uuid:")
    assert new.published == old.published
    assert new.updated > old.updated
    assert after[1].updated == before["http://localhost/reports/r-2"].updated
    assert "Corrected on " in new.content[0].value


@pytest.mark.usefixtures("scene")
def test_a_retracted_report_says_so(client, told):
    told(statement("r-1"), retraction("r-1", reason="fabricated", note="Nobody said it."))
    (entry,) = atom(client).entries
    assert entry.title == "Retracted: Ukraine, on the record: They said so."
    assert "(fabricated). This report does not stand. Nobody said it." in entry.content[0].value
    (item,) = items(client)
    assert item["_stancelog"]["stands"] is False
    told(reinstatement("r-1"))
    (entry,) = atom(client).entries
    assert entry.title == "Ukraine, on the record: They said so."
    assert "Reinstated on " in entry.content[0].value


@pytest.mark.usefixtures("scene")
def test_who_read_of_a_party_is_told_that_it_was_not_the_one(client, told):
    told(statement("r-1", parties=["russia"], positions=[position("support")]))
    (before,) = atom(client, "/feeds/parties/russia.atom").entries
    told(correction("r-1", parties=["ukraine"]))
    (after,) = atom(client, "/feeds/parties/moscow.atom").entries
    assert after.id == before.id
    assert "As it reads now, this report does not name Russia." in after.content[0].value
    (entry,) = atom(client, "/feeds/parties/ukraine.atom").entries
    assert "does not name" not in entry.content[0].value
    assert atom(client, "/feeds/issues/nato.atom").entries[0].id == before.id
    seq = client.get("/readyz").json["seq"] - 1
    assert not atom(client, f"/feeds/parties/ukraine.atom?seq={seq}").entries


def test_an_empty_log_is_a_feed_without_entries(client):
    found = atom(client)
    assert found.entries == []
    assert found.feed.updated == "1970-01-01T00:00:00+00:00"
    assert items(client) == []
    assert events(client) == []


@pytest.mark.usefixtures("scene")
def test_ids_are_the_same_on_another_host_and_in_a_restored_copy(client, told, new_url):
    told(statement("r-1"), correction("r-1", venue="Kyiv"))
    here = atom(client)
    there = atom(client, base_url="https://desk.example.org")
    assert there.entries[0].link == "https://desk.example.org/reports/r-1"
    copy = create_app(new_url())
    log = exported(client.application.extensions["stancelog"])
    Import(copy.extensions["stancelog"], keep_recorded_at=True).file("log", log)
    restored = atom(copy.test_client())
    copy.extensions["stancelog"].close()
    for other in (there, restored):
        assert other.feed.id == here.feed.id
        assert [entry.id for entry in other.entries] == [entry.id for entry in here.entries]
        assert [entry.updated for entry in other.entries] == [here.entries[0].updated]


# Pages


@pytest.mark.usefixtures("scene")
def test_pages_stay_as_they_were_while_reports_come_in(client, told):
    told(*(statement(f"r-{i}", summary=f"No. {i}.") for i in range(7)))
    address, seen = "/feeds/all.atom?limit=3", []
    while address:
        found = atom(client, address)
        links = {link.rel: link.href for link in found.feed.links}
        seen += [entry.link.rsplit("-", 1)[1] for entry in found.entries]
        if len(seen) == 3:
            told(statement("r-7"), correction("r-0", venue="X"), retraction("r-6"))
        address = links.get("next", "").removeprefix("http://localhost")
    assert seen == ["6", "5", "4", "3", "2", "1", "0"]
    assert links["self"] == links["last"]
    assert links["first"] == "http://localhost/feeds/all.atom?page=1&limit=3&seq=11"
    assert links["previous"] == "http://localhost/feeds/all.atom?page=2&limit=3&seq=11"
    newest = [entry.link.rsplit("-", 1)[1] for entry in atom(client).entries]
    assert newest[:3] == ["6", "0", "7"]


@pytest.mark.usefixtures("scene")
def test_the_address_that_readers_keep_goes_on(client, told):
    told(statement("r-1"))
    links = {link.rel: link.href for link in atom(client).feed.links}
    assert links["self"] == links["first"] == "http://localhost/feeds/all.atom"
    assert client.get("/feeds/all.json").json["feed_url"] == "http://localhost/feeds/all.json"


@pytest.mark.usefixtures("scene")
def test_a_pinned_page_is_kept_for_ever_and_never_changes(client, told):
    told(statement("r-1", summary="Before."))
    link = client.get("/feeds/all.atom").headers["Link"]
    address = re.findall('<(.*)>; rel="cite-as"', link)[0]
    before = client.get(address)
    assert "immutable" in before.headers["Cache-Control"]
    told(correction("r-1", summary="After."))
    assert client.get(address).data == before.data
    assert "immutable" not in client.get("/feeds/all.atom").headers["Cache-Control"]


@pytest.mark.parametrize("form", ["atom", "json", "ics"])
@pytest.mark.usefixtures("scene")
def test_who_has_the_feed_is_told_that_nothing_changed(client, told, form):
    told(meeting("m-1"))
    path = f"/feeds/all.{form}"
    first = client.get(path)
    assert first.headers["Access-Control-Allow-Origin"] == "*"
    again = client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    told(meeting("m-2"))
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 200
    types = {
        "atom": "application/atom+xml",
        "json": "application/feed+json",
        "ics": "text/calendar",
    }
    assert first.content_type == f"{types[form]}; charset=utf-8"


def test_who_asks_by_date_is_told_that_nothing_changed(client):
    store = client.application.extensions["stancelog"]
    tell(store, party(), statement("r-1"), recorded_at=datetime(2024, 1, 1, tzinfo=UTC))
    first = client.get("/feeds/all.atom")
    assert first.headers["Last-Modified"] == "Mon, 01 Jan 2024 00:00:00 GMT"
    asked = {"If-Modified-Since": first.headers["Last-Modified"]}
    assert client.get("/feeds/all.atom", headers=asked).status_code == 304
    tell(store, statement("r-2"))
    answer = client.get("/feeds/all.atom", headers=asked)
    assert answer.status_code == 200
    assert "Last-Modified" not in answer.headers  # more may come within the second


# Calendars


@pytest.mark.parametrize(
    ("occurred", "start", "end", "told_as"),
    [
        ("2024-05-01", date(2024, 5, 1), date(2024, 5, 2), ""),
        ("2024-05-01/2024-05-03", date(2024, 5, 1), date(2024, 5, 4), ""),
        ("2024-05-01T10:00:00+02:00", datetime(2024, 5, 1, 8, tzinfo=UTC), None, ""),
        (
            "2024-05-01T10:00:00Z/2024-05-01T12:30:00Z",
            datetime(2024, 5, 1, 10, tzinfo=UTC),
            datetime(2024, 5, 1, 12, 30, tzinfo=UTC),
            "",
        ),
        ("2024-05", date(2024, 5, 1), date(2024, 6, 1), " (May 2024)"),
        ("2024~", date(2024, 1, 1), date(2025, 1, 1), " (about 2024)"),
        ("2024-05-01?", date(2024, 5, 1), date(2024, 5, 2), " (perhaps 1 May 2024)"),
        ("2024-05-01/..", date(2024, 5, 1), date(2024, 5, 2), " (from 1 May 2024 on)"),
        ("0001", date(1, 1, 1), date(2, 1, 1), " (1)"),
    ],
)
@pytest.mark.usefixtures("scene")
def test_a_meeting_is_as_precise_as_its_date(client, told, occurred, start, end, told_as):
    told(meeting("m-1", occurred=occurred, place="Paris"))
    (event,) = events(client)
    assert event.decoded("DTSTART") == start
    assert (event.decoded("DTEND") if "DTEND" in event else None) == end
    assert event["SUMMARY"] == f"Meeting of Ukraine, on the record: They met.{told_as}"
    assert event["LOCATION"] == "Paris"
    assert event["URL"] == "http://localhost/reports/m-1"
    assert "STATUS" not in event


@pytest.mark.usefixtures("scene")
def test_a_retracted_meeting_is_cancelled_and_comes_back(client, told):
    told(meeting("m-1"))
    (first,) = events(client)
    told(correction("m-1", occurred="2020-02-02"))
    (second,) = events(client)
    told(retraction("m-1"))
    (third,) = events(client, "/feeds/parties/ukraine.ics")
    told(reinstatement("m-1"))
    (fourth,) = events(client)
    assert [one["SEQUENCE"] for one in (first, second, third, fourth)] == [0, 1, 2, 3]
    assert {one["UID"] for one in (first, second, third, fourth)} == {first["UID"]}
    assert second.decoded("DTSTART") == date(2020, 2, 2)
    assert third["STATUS"] == "CANCELLED"
    assert third["SUMMARY"].startswith("Retracted: ")
    assert "STATUS" not in fourth
    assert first.decoded("LAST-MODIFIED") <= fourth.decoded("LAST-MODIFIED")


@pytest.mark.usefixtures("scene")
def test_a_calendar_has_meetings_alone(client, told):
    told(statement("r-1"), meeting("m-1"))
    assert len(events(client)) == 1


# Hostile text


@pytest.mark.parametrize("long", ["", "x" * 10_000])
def test_hostile_text_stays_text(client, told, long):
    told(
        party("ukraine", name=EVIL),
        issue("nato", title=EVIL, proposition=EVIL),
        statement(
            "r-1",
            summary=EVIL + long,
            quote=EVIL,
            venue=EVIL,
            speaker={"name": EVIL, "role": EVIL},
            attribution_phrase=EVIL,
            positions=[position("support", conditions=[EVIL], summary=EVIL)],
            statuses=[status("proposed", note=EVIL)],
            sources=[{"publisher": EVIL, "url": "https://example.org/?a=\"'<b>&c"}],
            tags=[EVIL],
        ),
        meeting("m-1", summary=EVIL + long, place=EVIL, agenda=[EVIL], utterance=EVIL),
        correction("r-1", venue="X"),
        retraction("m-1", note=EVIL),
    )
    found = atom(client)
    assert len(found.entries) == 2
    for entry in ET.fromstring(client.get("/feeds/all.atom").data).iter(f"{ATOM}entry"):
        title = entry.find(f"{ATOM}title")
        assert "<script>alert(1)</script>" in title.text
        assert len(title.text) < 300
        content = entry.find(f"{ATOM}content").text
        assert "<script" not in content
        assert "&lt;script&gt;" in content
        assert content.count("\u202e") == content.count("\u202c")
    for item in items(client):
        assert "<script" not in item["content_html"]
        assert "<script>" in item["content_text"]
    (event,) = events(client)
    lines = client.get("/feeds/all.ics").text.replace("\r\n ", "").split("\r\n")
    assert lines.count("END:VCALENDAR") == 1
    assert not [line for line in lines if line.startswith(("X-EVIL", "ATTENDEE"))]
    assert "<script>" in event["DESCRIPTION"]
    for path in ("/feeds/parties/ukraine", "/feeds/issues/nato"):
        atom(client, f"{path}.atom")
        events(client, f"{path}.ics")


# Questions


@pytest.mark.parametrize(
    ("path", "status_code"),
    [
        ("/feeds/all.atom?_=1700000000", 200),
        ("/feeds/all.atom?colour=red", 422),
        ("/feeds/all.atom?as_of=2024-01-01", 422),
        ("/feeds/all.ics?page=2", 422),
        ("/feeds/all.atom?limit=0", 422),
        ("/feeds/all.atom?page=1&page=2", 422),
        ("/feeds/all.atom?seq=9999", 422),
        ("/feeds/all.atom?page=1000000", 200),
        ("/feeds/all.rss", 404),
        ("/feeds/parties/nobody.atom", 404),
        ("/feeds/issues/nothing.ics", 404),
        ("/feeds/parties/%00.ics", 404),
    ],
)
@pytest.mark.usefixtures("scene")
def test_odd_questions_are_told_apart(client, path, status_code):
    answer = client.get(path)
    assert answer.status_code == status_code
    if status_code != 200:
        assert answer.mimetype == "application/problem+json"
