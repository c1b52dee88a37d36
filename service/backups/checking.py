"""Whether what a file or a database holds is what was recorded, by the ledger in it."""

from collections.abc import Iterable

from sqlalchemy import inspect, select

from events.timeline import Timeline
from projections import ledger
from projections.database import connect
from projections.projector import checkpoint
from projections.reading import reading
from projections.tampering import Walk, walk
from service.schemas import records


def walked(url: str, *, sizes: Iterable[int] = ()) -> Walk | None:
    """Compare every event of a database with its ledger, whatever version of ours wrote them.

    None where that version had no ledger yet.
    """
    engine = connect(url)
    timeline = Timeline(url, check=records.load)
    try:
        end = timeline.head()  # this first: it puts a file into WAL mode where it is not
        if not inspect(engine).has_table(ledger.ledger.name):
            return None
        with reading(engine) as connection:
            last = ledger.leaf_at(connection, ledger.size_of(connection) - 1)
            if last is None and end:
                return None
            reached = connection.execute(select(checkpoint.c.position)).scalar() or 0
            stop = max(last.position if last else 0, reached)
            return walk(connection, timeline, stop, sizes=sizes)
    finally:
        timeline.close()
        engine.dispose()
