"""Creating the database, and checking that all of it is sound."""

from pathlib import Path

import click
from sqlalchemy import Connection

from events.timeline import UnreadableError
from projections import ledger, projector
from projections.ledger import RewrittenError
from projections.reading import reading
from projections.tampering import Walk, walk
from projections.verify import differences
from service import checkpoints
from service.backups import making as backups
from service.checkpoints import BadSignatureError, Checkpoint, CheckpointError, Key
from service.cli import tables
from service.cli.group import main
from service.cli.mending import counted, making_anew, set_aside, show_set_aside
from service.cli.speaking import (
    DIFFERENT,
    REFUSED,
    err,
    fail,
    given,
    opened,
    out,
    replaying,
    tidied,
    warn,
)
from service.opening import initialise
from service.settings import redacted, signing_key
from service.store import Store


@main.command()
@click.pass_obj
def init(url: str) -> None:
    """Create or upgrade the database.

    Safe to repeat, and when several processes do it at once. import, serve and demo do it too.
    """
    initialise(url, making_anew)
    err.print(f"Ready: {redacted(url)}", highlight=False)


@main.command()
@click.option(
    "--backup",
    "backup_file",
    metavar="FILE",
    callback=given,
    help="Check this backup instead of the database: every event in it against its ledger.",
)
@click.option(
    "--checkpoint",
    "checkpoint_file",
    metavar="FILE",
    callback=given,
    help="Show that the log extends the one that this checkpoint was made of.",
)
@click.option(
    "--public-key",
    metavar="KEY",
    callback=given,
    help="The key that must have signed it, as 'stancelog checkpoint --public-key' prints it.  "
    f"[default: that of {signing_key.name}]",
)
@click.pass_obj
@tidied()
def verify(
    url: str, backup_file: str | None, checkpoint_file: str | None, public_key: str | None
) -> None:
    """Check every stored byte, and the read models, against the log.

    First the events against the ledger: one that was altered, removed, moved or put in between
    is named. Then the read models, rebuilt aside, row for row. Whoever can alter the log can
    rebuild the ledger too: only a checkpoint kept elsewhere shows that.

    A backup's read models are not compared: 'stancelog restore' does that.
    """
    if public_key and not checkpoint_file:
        raise click.UsageError("--public-key: give --checkpoint FILE too")
    kept = _checkpoint(checkpoint_file, public_key) if checkpoint_file else None
    if backup_file is None:
        prove(url, kept)
        return
    sizes = [kept.size] if kept else []
    try:
        walked = backups.checked(Path(backup_file), sizes=sizes)
    except RewrittenError as error:
        fail(DIFFERENT, f"{backup_file}: {error}")
    if walked is None:
        fail(REFUSED, f"{backup_file} has no ledger: the version that wrote it had none yet")
    if kept:
        _must_extend(walked, kept)
    say_proven(walked, kept)


def prove(url: str, kept: Checkpoint | None = None) -> None:
    """Compare all of a database with its log, and say so. Ends with a status where they differ."""
    with opened(url, catch_up=False) as store:  # which would trust what is stored
        walked = _walk(store, kept)
        seq = _compared(store)
    say_proven(walked, kept)
    err.print(f"The read models are as the log has them, up to seq {seq}.", highlight=False)


def _compared(store: Store) -> int:
    """Compare the read models with the log. Returns how far they go; ends with a status if not."""
    try:
        if _is_in_step(store):
            store.catch_up()
        with replaying("replaying") as step:
            found = list(differences(store.engine, store.timeline, step))
        seq = 0 if found else store.catch_up().seq
        letters = set_aside(store)
    except UnreadableError as error:
        fail(DIFFERENT, f"the log was tampered with: {error}. The ledger does not have it yet")
    if found:
        count = tables.show_differences(out, found)
        fail(DIFFERENT, f"{count} rows differ from the log: 'stancelog rebuild' mends them")
    if letters:
        show_set_aside(letters)
        fail(
            DIFFERENT,
            f"{counted(letters)} set aside, the first of them no. {letters[0].position} of the "
            "store: 'stancelog retry' applies what is, once the cause is mended",
        )
    return seq


def say_proven(walked: Walk, kept: Checkpoint | None = None) -> None:
    """Say that every event is as the ledger has it."""
    err.print(f"The ledger's {walked.size} events are as they were stored.", highlight=False)
    err.print(f"Its root is {walked.root.hex()}.", highlight=False, soft_wrap=True)
    if kept:
        err.print(
            f"The log extends the checkpoint: its first {kept.size} events are the same.",
            highlight=False,
        )


def _checkpoint(name: str, public_key: str | None) -> Checkpoint:
    """Read a checkpoint, and check its signature if there is a key. Ends with a status if not."""
    try:
        text = Path(name).read_bytes().decode()  # as it is: no other line ends
        kept = checkpoints.parsed(text)
        key = checkpoints.key_of(public_key) if public_key else _own_key(kept.origin)
        if key:
            checkpoints.check(text, key)
    except UnicodeDecodeError:
        fail(REFUSED, f"{name}: it is not a checkpoint: it is no text")
    except BadSignatureError as error:
        fail(DIFFERENT, f"{name}: {error}")
    except CheckpointError as error:
        fail(REFUSED, f"{name}: {error}")
    if key:
        err.print(f"The checkpoint is signed by {key}.", highlight=False, soft_wrap=True)
    elif checkpoints.is_signed(text):
        warn("the checkpoint's signature was not checked: no key is known (--public-key)")
    else:
        warn("the checkpoint is not signed: whoever could reach it could alter it")
    return kept


def _own_key(origin: str) -> Key | None:
    name = signing_key()
    return Key(origin, checkpoints.private_key(name).public_key()) if name else None


def _ends(connection: Connection) -> list[int]:
    """Return the ids of the last event that the checkpoint and the ledger have, if they are ids."""
    last = ledger.leaf_at(connection, ledger.size_of(connection) - 1)
    ends = (projector.head_of(connection).position, last.position if last else 0)
    return [end for end in ends if isinstance(end, int)]


def _is_in_step(store: Store) -> bool:
    """Tell whether the read models can catch up: the ledger ends where their checkpoint is."""
    with reading(store.engine) as connection:
        ends = _ends(connection)
    return len(ends) == 2 and ends[0] == ends[1]


def _walk(store: Store, kept: Checkpoint | None) -> Walk:
    """Compare the stored events with the ledger. Ends with a status at the first that differs."""
    sizes = [kept.size] if kept else []
    with reading(store.engine) as connection:
        stop = max(_ends(connection), default=0)
        walked = walk(connection, store.timeline, stop, sizes=sizes)
    if bad := walked.tampered:
        fail(DIFFERENT, f"the log was tampered with: {bad}")
    if kept:
        _must_extend(walked, kept)
    return walked


def _must_extend(walked: Walk, kept: Checkpoint) -> None:
    if kept.size > walked.size:
        fail(
            DIFFERENT,
            f"the log does not extend the checkpoint: that has {kept.size} events, this log "
            f"{walked.size}",
        )
    if walked.roots[kept.size] != kept.root:
        fail(
            DIFFERENT,
            f"the log does not extend the checkpoint: the root over its first {kept.size} events "
            f"is {walked.roots[kept.size].hex()}, that of the checkpoint {kept.root.hex()}. "
            "An event among them was altered, and the ledger rebuilt since",
        )
