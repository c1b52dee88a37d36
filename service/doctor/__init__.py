"""What is wrong with an installation, and how to mend it. Nothing is changed by looking."""

from collections.abc import Iterator

from service import settings
from service.doctor import environment, log, postgresql, sqlite
from service.doctor.findings import Finding, Level

__all__ = ["Finding", "Level", "examined"]


def examined(url: str) -> Iterator[Finding]:
    """Yield all that is found, in the order in which one would mend it.

    What needs a database that answers is left out where there is none.
    """
    yield from environment.examined()
    kind = postgresql if url.startswith("postgres") else sqlite
    answers = True
    for one in kind.examined(url):
        answers = answers and not (one.level is Level.ERROR and one.about == kind.REACHED)
        yield one
    if answers:
        yield from log.examined(url)
    try:
        replica = settings.read_database_url()
    except settings.SettingError:
        return  # the environment has told
    if replica:
        yield from postgresql.replica_examined(replica)
