"""A real browser, in a time zone of choice, that reads a live server of the real app.

A page that logs an error, fails to load something, or asks any other host for anything fails the
test. Nothing is skipped: a browser that is missing is a failure.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from mimetypes import guess_type
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Frame, Page, Request, Route
from werkzeug.security import safe_join
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request as Asked
from werkzeug.wrappers import Response

from service.app import create_app
from service.importing import Import

ROOT = Path(__file__).parents[2]
VENDOR = ROOT / "tests" / "vendor"
SERVED = ROOT / "service" / "static" / "vendor"

ZONES = ("America/Los_Angeles", "UTC", "Pacific/Kiritimati")
"""Far behind UTC, at it, and as far ahead of it as there is."""


def until(page: Page | Frame, told: str, seconds: float = 20) -> None:
    """Wait until an expression is true. Our pages let nothing that comes as text be run in them.

    Playwright's own `wait_for_function` has to do that.
    """
    deadline = monotonic() + seconds
    while not page.evaluate(f"Boolean({told})"):
        assert monotonic() < deadline, told
        page.wait_for_timeout(50)


class Quiet(WSGIRequestHandler):
    """Log no requests."""

    def log(self, *_: Any) -> None:
        """Log nothing."""


def closing(app: Any) -> Any:
    """Close the body of every answer, also where its browser has gone away.

    Werkzeug's server leaves the file of such an answer open.
    """

    def answer(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        body = app(environ, start_response)
        try:
            yield from body
        finally:
            if hasattr(body, "close"):
                body.close()

    return answer


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve a WSGI app on a free port of this machine. Gives its root, without a slash."""
    server = make_server("127.0.0.1", 0, closing(app), threaded=True, request_handler=Quiet)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[[str], str]]:
    """A function that serves the app over the database at a URL. Returns its root."""
    with ExitStack() as opened:

        def serve_one(url: str) -> str:
            app = create_app(url)
            opened.callback(app.extensions["stancelog"].close)
            return opened.enter_context(serving(app))

        yield serve_one


@pytest.fixture
def live(serve: Callable[[str], str], tmp_path: Path) -> str:
    """The root of a server of an empty database."""
    return serve(f"sqlite:///{tmp_path / 'live.db'}")


@pytest.fixture(scope="session")
def berlin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The root of a server of the bundled example. It is only read."""
    app = create_app(f"sqlite:///{tmp_path_factory.mktemp('berlin') / 'berlin.db'}")
    store = app.extensions["stancelog"]
    with (ROOT / "examples" / "berlin.ndjson").open("rb") as file:
        Import(store, keep_recorded_at=True).file("berlin.ndjson", file)
    with serving(app) as root:
        yield root
    store.close()


@pytest.fixture
def tell_live(live: str, browser: Browser) -> Callable[..., None]:
    """A function that records records on the live server."""

    def tell(*records: dict[str, Any]) -> None:
        context = browser.new_context()
        body = "\n".join(map(json.dumps, records))
        answer = context.request.post(f"{live}/v1/reports/batch", data=body)
        assert answer.status == 201, answer.text()
        context.close()

    return tell


FOLDERS = {"vendor": VENDOR, "served": SERVED}
"""Where another site has its files from, by the first part of their paths."""


class Site:
    """Another site, whose pages embed what the service gives: vendored programs, and one page."""

    def __init__(self) -> None:
        self.html = ""
        self.root = ""

    def page(self, html: str) -> str:
        """Return the address of a page with this content."""
        self.html = html
        return f"{self.root}/"

    def __call__(self, environ: Any, start_response: Any) -> Any:
        """Answer with the page, a vendored file, or nothing.

        Files are read whole: one that is still being sent as a test closes its page would stay
        open, and the warning of that would fail whichever test is next.
        """
        path = Asked(environ).path
        _, folder, name = path.split("/", 2) if path.count("/") > 1 else ("", "", "")
        file = safe_join(str(FOLDERS[folder]), name) if folder in FOLDERS else None
        if path == "/":
            answer = Response(self.html, mimetype="text/html")
        elif file is not None and Path(file).is_file():
            answer = Response(Path(file).read_bytes(), mimetype=guess_type(file)[0])
        else:
            answer = Response(status=204)
        return answer(environ, start_response)


@pytest.fixture
def site() -> Iterator[Site]:
    """Another site."""
    other = Site()
    with serving(other) as root:
        other.root = root
        yield other


@pytest.fixture
def visit(browser: Browser, serve: object, site: Site) -> Iterator[Callable[..., Page]]:
    """A function that opens an address in a time zone. What goes wrong in it fails the test.

    Its pages are closed before the servers are, which they ask for news.

    `allowed`: parts of messages that are meant to be logged.
    """
    with ExitStack() as opened:
        troubles: list[str] = []
        expected: list[str] = []
        pages: list[Page] = []

        def note(trouble: str) -> None:
            if not any(part in trouble for part in expected):
                troubles.append(trouble)

        def within(route: Route, asked: Request) -> None:
            if urlsplit(asked.url).hostname == "127.0.0.1":
                route.continue_()
                return
            note(f"asked another host: {asked.url}")
            route.abort()

        def open_one(
            address: str, zone: str = "UTC", allowed: tuple[str, ...] = (), **options: Any
        ) -> Page:
            expected.extend(allowed)
            asked = {"locale": "en-GB", "viewport": {"width": 1200, "height": 800}} | options
            context = browser.new_context(timezone_id=zone, **asked)
            opened.callback(context.close)
            context.route(lambda url: url.startswith(("http:", "https:", "ws")), within)
            page = context.new_page()
            page.on("pageerror", lambda error: note(f"uncaught: {error}"))
            page.on("console", lambda said: said.type == "error" and note(f"logged: {said.text}"))
            page.on("requestfailed", lambda asked: note(f"failed: {asked.url} {asked.failure}"))
            expected.append("ERR_ABORTED")  # by the page itself, as it goes elsewhere
            page.on("dialog", lambda dialog: (note(f"ran: {dialog.message}"), dialog.dismiss()))
            pages.append(page)
            page.goto(address)
            return page

        yield open_one
        for page in pages:
            page.evaluate("0")  # whatever was logged by now is told by then
        found = [*troubles]  # what closing cuts off is no trouble
    assert not found
