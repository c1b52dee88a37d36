"""What the tables of the read models hold, in a form that two databases can be compared by."""

from typing import Any

from sqlalchemy import Table

from projections.database import RowId
from projections.reading import reading
from projections.verify import TABLES
from service.store import Store

Rows = dict[str, list[dict[str, Any]]]


def rows_of(store: Store, *, but: tuple[str, ...] = ()) -> Rows:
    """Every row of every table, in the order of its key, without surrogate ids.

    `but`: more columns to leave out.
    """
    with reading(store.engine) as connection:
        return {
            table.name: _sorted(
                table,
                [
                    {
                        column.name: value
                        for column, value in zip(table.columns, row, strict=True)
                        if column.type is not RowId
                        and column.name not in but
                        and not column.info.get("upkeep")
                    }
                    for row in connection.execute(table.select())
                ],
            )
            for table in TABLES
        }


def _sorted(table: Table, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    by_key = {tuple(row[name] for name in table.info["key"]): row for row in rows}
    assert len(by_key) == len(rows), f"{table.name} has two rows with one key"
    return [by_key[key] for key in sorted(by_key)]
