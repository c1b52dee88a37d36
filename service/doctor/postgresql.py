"""A PostgreSQL database, and a replica of one."""

from collections.abc import Iterator
from contextlib import contextmanager
from time import time

from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from projections.database import connect
from service import settings
from service.doctor.findings import Finding, error, ok, warning

REACHED = "database"
SERVER = "PostgreSQL"
REPLICA = "replica"

OLDEST = 14
"""Older ones get no fixes any more."""

LATE = 10
"""Seconds that a replica may be behind."""

_MISSING = text(
    "SELECT string_agg(tablename, ', ' ORDER BY tablename) FROM pg_tables "
    "WHERE schemaname = current_schema() AND EXISTS ("
    "SELECT 1 FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE']) AS needed "
    "WHERE NOT has_table_privilege("
    "quote_ident(schemaname) || '.' || quote_ident(tablename), needed))"
)
_LAG = text(
    "SELECT CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0 ELSE "
    "coalesce(extract(epoch FROM now() - pg_last_xact_replay_timestamp()), 0) END"
)


def examined(url: str) -> Iterator[Finding]:
    """Yield what is found."""
    shown = settings.redacted(url)
    try:
        with _open(url) as connection:
            yield ok(REACHED, f"{shown} answers")
            yield from _server(connection)
            yield from _rights(connection)
    except SQLAlchemyError as told:
        yield error(REACHED, f"{shown}: {_first_line(told)}", _unreachable(str(told)))


def replica_examined(url: str) -> Iterator[Finding]:
    """Yield what is found about the database that is read instead."""
    shown = settings.redacted(url)
    try:
        with _open(url) as connection:
            if not connection.execute(text("SELECT pg_is_in_recovery()")).scalar():
                mend = (
                    f"let {settings.read_database_url.name} name a streaming replica, or unset it"
                )
                yield warning(REPLICA, f"{shown} is no replica: it takes writes itself", mend)
                return
            lag = float(connection.execute(_LAG).scalar() or 0)
    except SQLAlchemyError as told:
        yield error(REPLICA, f"{shown}: {_first_line(told)}", _unreachable(str(told)))
        return
    if lag > LATE:
        mend = "see whether it still streams (pg_stat_wal_receiver), and how loaded it is"
        yield warning(REPLICA, f"{shown} is {lag:.0f} s behind", mend)
    else:
        yield ok(REPLICA, f"{shown} answers, {lag:.1f} s behind")


@contextmanager
def _open(url: str) -> Iterator[Connection]:
    engine = connect(url)
    try:
        with engine.connect() as connection:
            yield connection
    finally:
        engine.dispose()


def _server(connection: Connection) -> Iterator[Finding]:
    version = _shown(connection, "server_version")
    if int(_shown(connection, "server_version_num")) // 10_000 < OLDEST:
        yield warning(SERVER, f"its version is {version}", f"upgrade it to {OLDEST} or newer")
    else:
        yield ok(SERVER, f"its version is {version}")
    encoding = _shown(connection, "server_encoding")
    if encoding != "UTF8":
        mend = "export, create the database with ENCODING 'UTF8', and import"
        yield error(SERVER, f"the database keeps text as {encoding}: names would be lost", mend)
    else:
        yield ok(SERVER, "the database keeps text as UTF8")
    if connection.execute(text("SELECT pg_is_in_recovery()")).scalar():
        mend = f"let {settings.database_url.name} name the primary, and "
        mend += f"{settings.read_database_url.name} the replica"
        yield error(SERVER, "this is a replica: nothing can be recorded in it", mend)
    for name in ("fsync", "full_page_writes", "synchronous_commit"):
        if _shown(connection, name) == "off":
            what = f"{name} is off: a crash may lose what was acknowledged"
            yield warning(SERVER, what, f"ALTER SYSTEM SET {name} = on; SELECT pg_reload_conf()")
    ahead = (
        float(connection.execute(text("SELECT extract(epoch FROM now())")).scalar() or 0) - time()
    )
    if abs(ahead) > 60:
        mend = "let both machines keep the time (NTP)"
        yield warning("clock", f"the server's clock is {ahead:.0f} s off this machine's", mend)


def _rights(connection: Connection) -> Iterator[Finding]:
    user = connection.execute(text("SELECT current_user")).scalar()
    can_create = text("SELECT has_schema_privilege(current_schema(), 'CREATE')")
    missing = connection.execute(_MISSING).scalar()
    if not connection.execute(can_create).scalar():
        what = f"{user} may create no tables, which an upgrade and a rebuild need"
        yield error(SERVER, what, f"GRANT CREATE, USAGE ON SCHEMA public TO {user}")
    elif missing:
        mend = f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {user}, or let it own them"
        yield error(SERVER, f"{user} may not read and change {missing}", mend)
    else:
        yield ok(SERVER, f"{user} may do what is needed")


def _shown(connection: Connection, name: str) -> str:
    return str(connection.execute(text(f"SHOW {name}")).scalar())


def _first_line(told: SQLAlchemyError) -> str:
    cause = str(getattr(told, "orig", None) or told).strip()
    return cause.splitlines()[0] if cause else type(told).__name__


def _unreachable(told: str) -> str:
    if "does not exist" in told:
        return "create it (createdb), or name the right one; then 'stancelog init'"
    if "authentication" in told or "password" in told:
        return "give the right user and password in the URL, and see pg_hba.conf of the server"
    return "start the server, or see whether host, port and firewall let this machine reach it"
