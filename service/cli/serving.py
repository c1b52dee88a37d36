"""Serving the API."""

import logging.config
import os
import resource
import socket
from collections.abc import Callable
from importlib.resources import files

import click

from service import limits, settings, stopping
from service.access import tokens
from service.access.addresses import is_loopback
from service.cli.filling import report, run_import
from service.cli.group import main
from service.cli.mending import making_anew
from service.cli.speaking import Command, err, opened
from service.importing import Import
from service.opening import initialise
from service.store import Store
from service.telemetry import folder, logs, tracing


def _port(default: int) -> Callable[[Command], Command]:
    return click.option("--port", type=click.IntRange(1, 65535), default=default, show_default=True)


@main.command()
@click.option(
    "--host",
    envvar=settings.host.name,
    default=settings.host.default,
    show_default=True,
    help="The address to listen to. Beyond this machine, writing needs a token.",
)
@_port(8000)
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes.")
@click.pass_obj
def serve(url: str, host: str, port: int, workers: int) -> None:
    """Serve the API, with its documentation at /docs."""
    logging.config.dictConfig(logs.configuration())
    initialise(url, making_anew)
    # What no worker could open is told here, once.
    store = Store(url, create=False, is_followed=settings.is_followed())
    try:
        _must_not_be_open_to_the_world(store, host)
    finally:
        store.close()
    _serve(url, host, port, workers)


@main.command()
@_port(8000)
@click.pass_obj
def demo(url: str, port: int) -> None:
    """Load the bundled example, then serve it on this machine."""
    with opened(url, create=True) as store:
        name = str(files("examples") / "berlin.ndjson")
        run = Import(store, keep_recorded_at=True)
        if stopped := run_import(run, (name,)):  # the log has gone on since: record it as of now
            run = Import(store)
            stopped = run_import(run, (name,))
        if stopped:
            report(run, stopped)
        err.print(
            f"The Berlin talks: {run.tally.recorded} records loaded, "
            f"{run.tally.unchanged} there already.",
            highlight=False,
        )
    here = f"http://127.0.0.1:{port}"
    question = f"{here}/v1/parties/ukraine/positions/ukraine-nato-membership"
    err.print("\nTry", highlight=False)
    for link in (
        f"{question}?as_of=2025-12-13",
        f"{question}?as_of=2025-12-20",
        f"{here}/docs",
    ):
        err.print(f"  {link}", highlight=False, soft_wrap=True)
    err.print("\nCtrl-C stops it.", highlight=False)
    _serve(url, "127.0.0.1", port, 1)


def _must_not_be_open_to_the_world(store: Store, host: str) -> None:
    if is_loopback(host) or not settings.allows_writing() or tokens.are_any(store.engine):
        return
    raise click.UsageError(
        f"on {host} anybody who reaches this machine could write: there is no token yet. Make one "
        "with 'stancelog token create --name desk --scope write', or let nobody write "
        f"({settings.allows_writing.name}=off), or listen to this machine alone (--host 127.0.0.1)"
    )


def _serve(url: str, host: str, port: int, workers: int) -> None:
    settings.is_followed()  # a clear error here beats one in each worker
    level = settings.log_level()
    tracing.are_wanted()
    from granian import Granian  # noqa: PLC0415  slow to import, and only needed here
    from granian.constants import HTTPModes, Interfaces  # noqa: PLC0415
    from granian.http import HTTP1Settings  # noqa: PLC0415
    from granian.log import LogLevels  # noqa: PLC0415

    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))  # a clear error here beats a late one there
    os.environ[settings.database_url.name] = url
    os.environ.pop(f"{settings.database_url.name}{settings.IN_A_FILE}", None)
    os.environ[settings.host.name] = host
    _let_connections_be_open(limits.MOST_CONNECTIONS)
    stopping.end_at_once_until_ready()
    with folder.shared():
        Granian(
            "service.worker:create_app",
            factory=True,
            respawn_failed_workers=True,
            address=host,
            port=port,
            interface=Interfaces.WSGI,
            http=HTTPModes.http1,  # of HTTP/2 it limits no head, and bodies have no length
            workers=workers,
            backlog=limits.MOST_CONNECTIONS,
            backpressure=limits.MOST_CONNECTIONS,
            blocking_threads=max(1, limits.THREADS // workers),
            http1_settings=HTTP1Settings(header_read_timeout=limits.HEAD_TIME * 1000),
            log_level=LogLevels[level if level == "debug" else "warning"],
            log_dictconfig=logs.configuration(),
            workers_kill_timeout=settings.stop_timeout(),
        ).serve()


def _let_connections_be_open(number: int) -> None:
    """Allow a process that many files besides what it has open, if the machine lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = number + 1024
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
