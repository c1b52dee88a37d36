"""The log and what is made of it: tables, read models, the ledger, clocks, the door."""

from collections.abc import Iterator

from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

import migrations
from events import dates
from events.timeline import LogError, Timeline
from projections import deadletters, ledger, projector
from projections.database import connect
from projections.ledger import Leaf
from projections.projector import Standing
from projections.reading import reading
from service import settings
from service.access import tokens
from service.access.addresses import is_loopback
from service.doctor.findings import Finding, error, ok, warning
from service.schemas import records

TABLES = "tables"
MODELS = "read models"
LEDGER = "ledger"
CLOCK = "clock"
DOOR = "door"


def examined(url: str) -> Iterator[Finding]:
    """Yield what is found."""
    engine = connect(url)
    try:
        found = list(_tables(engine))
        yield from found
        if found[0].mend:
            return
        timeline = Timeline(url, check=records.load)
        try:
            yield from _read(engine, timeline)
        finally:
            timeline.close()
    except (SQLAlchemyError, LogError) as told:
        mend = "see the log of the database; 'stancelog verify' looks at all of it"
        yield error(TABLES, f"they cannot be read: {str(told).splitlines()[0]}", mend)
    finally:
        engine.dispose()


def _tables(engine: Engine) -> Iterator[Finding]:
    revision, newest = migrations.revision(engine), migrations.newest()
    scripts = ScriptDirectory.from_config(migrations.config())
    if revision is None:
        mend = "'stancelog init' makes them"
        yield error(TABLES, "the database has no tables of ours", mend)
    elif revision == newest:
        yield ok(TABLES, f"they are of the newest revision, {newest}")
    elif revision in {one.revision for one in scripts.walk_revisions()}:
        mend = "'stancelog init' upgrades them, and so does a start of 'stancelog serve'"
        yield error(TABLES, f"they are of revision {revision}, and this program's {newest}", mend)
    else:
        mend = "install the version of Stancelog that they are of, or a newer one"
        yield error(TABLES, f"they are of revision {revision}, which a newer program made", mend)


def _read(engine: Engine, timeline: Timeline) -> Iterator[Finding]:
    end = timeline.head()
    with reading(engine) as connection:
        standing = projector.standing_of(connection)
        yield from _models(connection, standing, timeline, end)
        yield from _ledger(connection, standing, timeline)
        yield from _clock(standing)
    yield from _door(engine)


def _models(
    connection: Connection, standing: Standing, timeline: Timeline, end: int
) -> Iterator[Finding]:
    seq, position = standing.head.seq, standing.head.position
    if standing.versions != projector.VERSIONS:
        what = f"they are those of other code ({standing.versions or 'unnamed'})"
        mend = "'stancelog init' makes them anew, or install the version that made them"
        yield error(MODELS, what, mend)
    elif position > end:
        what = f"they are further than the log: no. {position} of the store, which ends at {end}"
        mend = (
            "if an older backup was restored: 'stancelog rebuild --accept-new-root'; else stop, "
            "and find out who removed events"
        )
        yield error(MODELS, what, mend)
    elif position < end:
        count = timeline.count_after(position, 10_000)
        mend = "'stancelog project' applies them; "
        mend += "with STANCELOG_PROJECTION=async, see whether 'stancelog project --follow' runs"
        yield warning(MODELS, f"they lack {count} of the events in the log", mend)
    else:
        yield ok(MODELS, f"they have all that the log has, {seq} records")
    for name, count in deadletters.counts(connection).items():
        what = f"{name} is without {count} event{'s' if count != 1 else ''} that it failed on"
        mend = "'stancelog verify' names them; once mended, 'stancelog retry' applies them"
        yield error(MODELS, what, mend)


def _ledger(connection: Connection, standing: Standing, timeline: Timeline) -> Iterator[Finding]:
    """Look at the end of the ledger alone. All of it is for `verify`, which takes its time."""
    size = ledger.size_of(connection)
    last = ledger.leaf_at(connection, size - 1) if size else None
    ends_at = last.position if last else 0
    if ends_at != standing.head.position:
        what = f"it ends at no. {ends_at} of the store, the read models at {standing.head.position}"
        mend = "'stancelog verify' tells what differs, 'stancelog rebuild' makes it anew"
        yield error(LEDGER, what, mend)
    elif last and not _is_of(connection, last, timeline):
        what = f"the last event, no. {last.position} of the store, is not the one that it has"
        mend = "an event was altered: 'stancelog verify' names it; restore it from a backup"
        yield error(LEDGER, what, mend)
    else:
        yield ok(LEDGER, f"its {size} events end where the log does ('stancelog verify' sees all)")


def _is_of(connection: Connection, last: Leaf, timeline: Timeline) -> bool:
    before = ledger.leaf_at(connection, last.leaf - 1) if last.leaf else None
    events = timeline.events_after(last.position - 1, 1, last.position, spare=True)
    if not events:
        return False
    return ledger.chained(before.chain if before else ledger.GENESIS, events[0].raw) == last.chain


def _clock(standing: Standing) -> Iterator[Finding]:
    ahead = standing.head.recorded_at - dates.now()
    if standing.head.seq and ahead > dates.MINUTE:
        what = f"the last record is from {dates.to_text(standing.head.recorded_at)}, in the future"
        mend = (
            "set this machine's clock (NTP). If that record's was wrong: recorded time never "
            "decreases, so what is recorded until then has its time; seq is exact all the same"
        )
        yield warning(CLOCK, what, mend)
    else:
        yield ok(CLOCK, "nothing was recorded in the future")


def _door(engine: Engine) -> Iterator[Finding]:
    try:
        host, writes = settings.host(), settings.allows_writing()
    except settings.SettingError:
        return  # the environment has told
    has_tokens = any(one.is_valid(dates.now()) for one in tokens.all_of(engine))
    if is_loopback(host):
        who = "who has a token" if tokens.are_any(engine) else "who sits at this machine"
        yield ok(DOOR, f"it listens to this machine alone, and {who} may record")
    elif not writes:
        yield ok(DOOR, f"it listens on {host}, and nobody may record")
    elif has_tokens:
        yield ok(DOOR, f"it listens on {host}, and who has a token may record")
    elif tokens.are_any(engine):
        mend = "'stancelog token create --name desk --scope write'"
        yield warning(DOOR, f"it listens on {host}, and no token is valid any more", mend)
    else:
        mend = (
            "'stancelog token create --name desk --scope write', or "
            f"{settings.allows_writing.name}=off: until then 'stancelog serve' does not start"
        )
        yield error(DOOR, f"it would listen on {host}, and there is no token for writing", mend)
