"""Keeping heads of the ledger elsewhere, so that nobody can rewrite the log unseen."""

import sys
from pathlib import Path

import click

from service import checkpoints
from service.answers.proofs import newest_head
from service.checkpoints import ORIGIN, Checkpoint, CheckpointError, Key
from service.cli.group import main
from service.cli.speaking import REFUSED, err, fail, opened

SIGNING_KEY = "STANCELOG_SIGNING_KEY"


@main.command()
@click.option(
    "--key",
    "key_file",
    metavar="FILE",
    envvar=SIGNING_KEY,
    show_envvar=True,
    help="Sign with the Ed25519 private key in this PEM file.",
)
@click.option(
    "--origin", default=ORIGIN, show_default=True, help="The name of this log, and of its key."
)
@click.option("-o", "--output", metavar="FILE", help="Write it to a new file.  [default: stdout]")
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
    if "+" in origin or len(origin.split()) != 1 or len(origin) > 200:
        raise click.UsageError("--origin: a name without blanks and without '+'")
    if public_key:
        if private is None:
            raise click.UsageError(f"--public-key: give --key FILE, or {SIGNING_KEY}")
        click.echo(str(Key(origin, private.public_key())))
        return
    with opened(url) as store, store.reading() as (connection, head):
        size, root, time = newest_head(connection, head)
    made = Checkpoint(origin, size, root, head.seq, time)
    text = checkpoints.signed(made, private) if private else checkpoints.body_of(made)
    if output is None:
        sys.stdout.write(text)
        return
    with Path(output).open("x", encoding="utf-8", newline="\n") as file:
        file.write(text)
    err.print(f"{output}: {size} events, {'signed' if private else 'not signed'}.", highlight=False)
