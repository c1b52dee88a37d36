"""Parquet: the same columns with types. Needs pyarrow, which is an extra."""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import IO, Any

from events.dates import bounds_of
from service.answers import Body
from service.exports.columns import Column, Kind

ROWS = 10_000
"""Rows in memory at a time."""


class NoParquetError(Exception):
    """pyarrow is not installed."""

    def __init__(self) -> None:
        super().__init__("Parquet needs pyarrow: pip install 'stancelog[parquet]'")


def require() -> None:
    """Raises NoParquetError where Parquet cannot be written."""
    try:
        import pyarrow.parquet  # noqa: F401, PLC0415  an extra
    except ImportError:
        raise NoParquetError from None


def write(sink: IO[bytes], citation: str, columns: Sequence[Column], rows: Iterable[Body]) -> None:
    """Write a table. Its metadata has the citation, and what each column means."""
    import pyarrow as pa  # noqa: PLC0415
    import pyarrow.parquet as pq  # noqa: PLC0415

    types = {
        Kind.TEXT: pa.string(),
        Kind.WHOLE: pa.int64(),
        Kind.FLAG: pa.bool_(),
        Kind.INSTANT: pa.timestamp("us", tz="UTC"),
        Kind.LIST: pa.list_(pa.string()),
    }
    schema = pa.schema(
        [pa.field(one.name, types[one.kind], metadata={"meaning": one.meaning}) for one in columns],
        metadata={"citation": citation},
    )
    left = iter(rows)
    with pq.ParquetWriter(sink, schema, compression="zstd") as writer:
        while part := list(islice(left, ROWS)):
            cells = [
                pa.array([typed(one, one.of(row)) for row in part], types[one.kind])
                for one in columns
            ]
            writer.write_batch(pa.RecordBatch.from_arrays(cells, schema=schema))


def typed(column: Column, value: Any) -> Any:
    """Return a cell as its column's type has it."""
    if value is not None and column.kind is Kind.INSTANT:
        return bounds_of(value).earliest
    return value
