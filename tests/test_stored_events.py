"""What was ever stored can be read for ever. Change these files only by adding to them."""

import json
from pathlib import Path

from eventsourcing.persistence import StoredEvent
from eventsourcing.utils import resolve_topic

from events.names import PARTY_NAMES, RECORD_IDS
from events.timeline import Timeline
from service.schemas import records
from service.schemas.records import SCHEMAS
from tests.records import (
    correction,
    issue,
    meeting,
    party,
    position,
    reinstatement,
    retraction,
    statement,
    tell,
)

GOLDEN = Path(__file__).parent / "golden"


def test_every_topic_ever_stored_resolves():
    topics = (GOLDEN / "topics.txt").read_text().split()
    for topic in topics:
        assert resolve_topic(topic).__qualname__ == topic.split(":")[1]


def everything(store):
    tell(store, party("ukraine", aliases=["Kyiv"]), issue("nato"))
    tell(store, party("ukraine"), issue("nato", title="New"))
    tell(store, party("ukraine", aliases=["Kyiv"], name="Again"))
    tell(store, statement("r-1", positions=[position()]), meeting("m-1"))
    tell(store, correction("r-1", "c-1", venue="Kyiv"), retraction("r-1", "x-1"))
    tell(store, reinstatement("r-1", "y-1"))


def test_no_topic_is_stored_that_the_golden_file_does_not_have(store):
    everything(store)
    topics = {stored.topic for stored in store.timeline.recorder.select_notifications(1, 1000)} | {
        json.loads(stored.state)["originator_topic"]
        for stored in store.timeline.recorder.select_notifications(1, 1000)
        if stored.originator_version == 1
    }
    assert topics == set((GOLDEN / "topics.txt").read_text().split())


def test_events_stored_by_the_first_version_still_read_the_same(tmp_path):
    timeline = Timeline(f"sqlite:///{tmp_path / 'log.db'}", check=records.load, create_tables=True)
    for line in (GOLDEN / "events.ndjson").read_text().splitlines():
        kept = json.loads(line)
        stored = StoredEvent(
            kept["originator_id"], kept["originator_version"], kept["topic"], kept["state"].encode()
        )
        event = timeline.mapper.to_domain_event(stored)
        assert type(event).__qualname__ == kept["topic"].split(":")[1]
        assert timeline.mapper.to_stored_event(event).state.decode() == kept["state"]
    timeline.close()


def test_the_defaults_that_stored_records_leave_out_never_change():
    kept = json.loads((GOLDEN / "defaults.json").read_text())
    now = {
        kind: {
            name: value
            for name, value in schema.filled({"type": kind}).items()
            if name not in ("type", "id")
        }
        for kind, schema in SCHEMAS.items()
    }
    assert now == kept


def test_ids_are_kept_under_the_keys_that_they_always_had():
    assert str(RECORD_IDS) == "6d2f9d2c-35a4-5b0e-9a53-6f5dbb1f8a51"
    assert str(PARTY_NAMES) == "0c1f0ad7-9a4c-5c55-8a1e-4c3ff9d3f0b2"
