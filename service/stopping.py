"""Stopping: the server is told to end, and what waits for something ends at once.

A request in flight gets its whole answer. What would wait for the log to grow is answered with what
there is, so that nobody has to be cut off.
"""

import os
import signal
from threading import Event, Thread

_SIGNALS = frozenset({signal.SIGTERM, signal.SIGINT})

_told = Event()


def is_near() -> bool:
    """Tell whether this process was told to end."""
    return _told.is_set()


def sleep(seconds: float) -> None:
    """Wait, at most until this process is told to end."""
    _told.wait(seconds)


def watch() -> None:
    """Notice when this process is told to end, whatever else handles the signal.

    From the main thread. Granian handles signals in its workers after it has loaded the app, so
    a handler of ours would be replaced; the file of `set_wakeup_fd` is told whoever handles them.
    """
    reads, writes = os.pipe()
    os.set_blocking(writes, False)
    signal.set_wakeup_fd(writes, warn_on_full_buffer=False)
    Thread(target=_wait, args=(reads,), name="stopping", daemon=True).start()


def end_at_once_until_ready() -> None:
    """Let a process that this one forks end as soon as it is told to, until it says otherwise.

    It would have the handlers of its parent, which the parent alone understands: a worker of
    granian's that is told to end while it starts went on, and kept the server from ending.
    """
    os.register_at_fork(after_in_child=_end_at_once)


def _end_at_once() -> None:
    for one in _SIGNALS:
        signal.signal(one, signal.SIG_DFL)


def _wait(reads: int) -> None:
    while told := os.read(reads, 1):
        if told[0] in _SIGNALS:
            _told.set()
