"""The folder in which the processes of a server count together.

It has to be named before prometheus_client is imported for the first time: so this imports nothing.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
"""The variable that prometheus_client looks at. Where an operator has set it, ours is in there."""


@contextmanager
def shared() -> Iterator[None]:
    """Give the processes that start meanwhile a fresh folder."""
    before = os.environ.get(FOLDER)
    folder = tempfile.mkdtemp(prefix="stancelog-metrics-", dir=before)
    os.environ[FOLDER] = folder
    try:
        yield
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if before is None:
            del os.environ[FOLDER]
        else:
            os.environ[FOLDER] = before
