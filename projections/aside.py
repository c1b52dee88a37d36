"""Tables beside the live ones: where read models are made anew while the old ones serve.

They are the same tables under other names, `positions_g3` for `positions`: g for generation.
Everything that changes or asks read models is written for the live names, so on a connection
whose work is aside, the names in its statements are exchanged on their way to the database.
"""

import re
from collections.abc import Iterable

from sqlalchemy import Connection, Engine, Index, MetaData, Table, event, inspect, text
from sqlalchemy.schema import CreateTable, DropTable
from sqlalchemy.sql.elements import quoted_name

OPTION = "aside"


class Aside:
    """The names of some tables in one generation that is not live yet."""

    def __init__(self, tables: Iterable[Table], generation: int) -> None:
        self.tables = tuple(tables)
        self.generation = generation
        names = "|".join(table.name for table in self.tables)
        self._live_name = re.compile(rf"\b({names})\b")

    def name(self, table: str) -> str:
        """Return what a name in a statement, of a table or of its index, is aside."""
        return f"{table}_g{self.generation}"

    def in_statement(self, statement: str) -> str:
        """Return a statement about the live tables as one about these."""
        return self._live_name.sub(lambda found: self.name(found[0]), statement)

    def create(self, connection: Connection) -> None:
        """Create the tables, empty."""
        for table in self._copies():
            connection.execute(CreateTable(table))
            for index in sorted(table.indexes, key=lambda one: str(one.name)):
                if connection.dialect.name == "postgresql" or not _is_of_postgresql(index):
                    index.create(connection)

    def drop(self, connection: Connection) -> None:
        """Drop those that are there."""
        for table in self._copies():
            connection.execute(DropTable(table, if_exists=True))

    def go_live(self, connection: Connection) -> None:
        """Put them in the place of the live ones, which are dropped.

        Their indexes keep the generation in their names: SQLite cannot rename an index.
        """
        for table in self.tables:
            connection.execute(DropTable(table, if_exists=True))
            connection.execute(text(f"ALTER TABLE {self.name(table.name)} RENAME TO {table.name}"))

    def _copies(self) -> list[Table]:
        copies = MetaData()
        made = [table.to_metadata(copies, name=self.name(table.name)) for table in self.tables]
        for table in made:
            for index in table.indexes:
                index.name = quoted_name(self.name(str(index.name)), None)
        return made


def _is_of_postgresql(index: Index) -> bool:
    return bool(index.dialect_options["postgresql"]["using"])


def generation_of(connection: Connection, tables: Iterable[Table]) -> int:
    """Return the latest generation of live tables, 0 for those that were never made anew.

    Their indexes tell, should somebody have emptied the table that says so.
    """
    found = inspect(connection)
    names = (str(one["name"]) for table in tables for one in found.get_indexes(table.name))
    generations = (re.search(r"_g(\d+)$", name) for name in names)
    return max((int(one[1]) for one in generations if one), default=0)


def named(connection: Connection, table: Table) -> str:
    """Return what a table is called on a connection."""
    aside: Aside | None = connection.get_execution_options().get(OPTION)
    return aside.name(table.name) if aside and table in aside.tables else table.name


def let_work_aside(engine: Engine) -> None:
    """Let connections with the option `aside`, an Aside, work on its tables."""

    @event.listens_for(engine, "before_cursor_execute", retval=True)
    def _exchange(
        connection: Connection, _cursor: object, statement: str, parameters: object, *_: object
    ) -> tuple[str, object]:
        aside: Aside | None = connection.get_execution_options().get(OPTION)
        return (aside.in_statement(statement) if aside else statement), parameters
