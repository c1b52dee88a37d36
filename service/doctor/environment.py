"""The variables of the environment, and the files that they name."""

import stat
from collections.abc import Iterator
from difflib import get_close_matches
from pathlib import Path

from service import settings
from service.checkpoints import CheckpointError, private_key
from service.doctor.findings import Finding, error, ok, warning

ABOUT = "settings"
KEY = "signing key"


def examined() -> Iterator[Finding]:
    """Yield what is found in the environment."""
    for name in settings.unknown():
        near = get_close_matches(name, [one.name for one in settings.SETTINGS], 1)
        meant = f"did you mean {near[0]}? " if near else ""
        mend = f"{meant}'stancelog settings' lists those there are; unset it"
        yield warning(ABOUT, f"{name} is set, and means nothing", mend)
    wrong = list(_wrong())
    yield from wrong
    if not wrong:
        number = sum(one.told()[1] != settings.DEFAULT for one in settings.SETTINGS)
        yield ok(ABOUT, f"{number} of {len(settings.SETTINGS)} are set, and all make sense")
    if path := settings.signing_key.told()[0]:
        yield from key_examined(path)


def _wrong() -> Iterator[Finding]:
    for one in settings.SETTINGS:
        try:
            one()
        except settings.SettingError as told:
            mend = f"set {one.name} to {one.takes}, or unset it: {one.default or 'none'} then"
            yield error(ABOUT, str(told), mend)


def key_examined(path: str) -> Iterator[Finding]:
    """Yield what is found about the key that signs checkpoints."""
    try:
        private_key(path)
    except (CheckpointError, OSError) as told:
        mend = (
            f"let {settings.signing_key.name} name a file that is readable and has an Ed25519 key "
            "(docs/audit.md says how to make one)"
        )
        yield error(KEY, f"{path}: {told}", mend)
        return
    mode = stat.S_IMODE(Path(path).stat().st_mode)
    if mode & 0o077:
        yield warning(KEY, f"others than its owner may use {path} ({mode:o})", f"chmod 600 {path}")
    else:
        yield ok(KEY, f"{path} is its owner's alone")
