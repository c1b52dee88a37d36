"""Keeping heads of the ledger elsewhere, so that nobody can rewrite the log unseen."""

import os
import sys
from pathlib import Path
from uuid import uuid4

import click

from service import checkpoints
from service.answers.proofs import newest_head
from service.checkpoints import ORIGIN, Checkpoint, CheckpointError, Key
from service.cli.group import main
from service.cli.speaking import REFUSED, TROUBLE, err, fail, given, opened
from service.settings import signing_key


@main.command()
@click.option(
    "--key",
    "key_file",
    metavar="FILE",
    envvar=signing_key.name,
    show_envvar=True,
    callback=given,
    help="Sign with the Ed25519 private key in this PEM file.",
)
@click.option(
    "--origin", default=ORIGIN, show_default=True, help="The name of this log, and of its key."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    callback=given,
    help="Write it to a new file: one that is there is left as it is.  [default: stdout]",
)
@click.option("--public-key", is_flag=True, help="Print the key that checks its signatures.")
@click.pass_obj
def checkpoint(
    url: str, key_file: str | None, origin: str, output: str | None, public_key: bool
) -> None:
    """Write a head of the ledger, to be kept where nobody who can alter the log can reach it.

    \b
      openssl genpkey -algorithm ed25519 -out key.pem
      stancelog checkpoint --key key.pem -o 2026-02-19.checkpoint
      stancelog verify --checkpoint 2026-02-19.checkpoint
    """
    try:
        private = checkpoints.private_key(key_file) if key_file else None
    except CheckpointError as error:
        fail(REFUSED, str(error))
    if not checkpoints.is_name(origin) or len(origin) > 200:
        raise click.UsageError("--origin: a name without blanks and without '+'")
    if public_key:
        if private is None:
            raise click.UsageError(f"--public-key: give --key FILE, or {signing_key.name}")
        click.echo(str(Key(origin, private.public_key())))
        return
    with opened(url) as store, store.reading() as (connection, head):
        size, root, time = newest_head(connection, head)
    made = Checkpoint(origin, size, root, head.seq, time)
    text = checkpoints.signed(made, private) if private else checkpoints.body_of(made)
    if output is None:
        sys.stdout.buffer.write(text.encode())  # in UTF-8 on any terminal
        return
    try:
        _write_new(Path(output), text.encode())
    except FileExistsError:
        fail(TROUBLE, f"{output} is there already, and was left as it is: give a new name")
    err.print(f"{output}: {size} events, {'signed' if private else 'not signed'}.", highlight=False)


def _write_new(path: Path, content: bytes) -> None:
    """Write a file that is not there yet: all of it or nothing. Raises FileExistsError."""
    part = path.with_name(f".{path.name[:100]}.{uuid4().hex}")
    try:
        _write(part, content)
        try:
            path.hardlink_to(part)  # which never replaces a file, as a rename does
        except FileExistsError:
            raise
        except OSError:  # no such links here: FAT, some shares
            _write(path, content)
    finally:
        part.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        try:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        except OSError:
            path.unlink()
            raise
