"""Run the notebook anew, against a server of the bundled example that it starts itself.

    python docs/run_notebook.py [--server URL] [--to FILE]

Nothing is kept in it that changes from run to run or from machine to machine: no timings, no
paths, no versions. Needs the extra `notebook`.
"""

import argparse
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import nbformat
from nbclient import NotebookClient
from traitlets.config import Config
from werkzeug.serving import WSGIRequestHandler, make_server

from service.app import create_app
from service.importing import Import

NOTEBOOK = Path(__file__).parent / "notebook.ipynb"
EXAMPLE = Path(__file__).parents[1] / "examples" / "berlin.ndjson"

SECONDS = 120
"""Until a cell that does not end fails."""

KEPT = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}


class Quiet(WSGIRequestHandler):
    """Log no requests."""

    def log_request(self, *_: object) -> None:
        """Log nothing."""


@contextmanager
def example() -> Iterator[str]:
    """Serve the bundled example on a free port of this machine. Gives its root."""
    with tempfile.TemporaryDirectory() as folder:
        app = create_app(f"sqlite:///{folder}/berlin.db")
        store = app.extensions["stancelog"]
        with EXAMPLE.open("rb") as content:
            Import(store, keep_recorded_at=True).file(EXAMPLE.name, content)
        server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Quiet)
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
            server.server_close()
            store.close()


def run(server: str) -> nbformat.NotebookNode:
    """Return the notebook as it runs against a server. Raises CellExecutionError."""
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {
            "NOTEBOOK_SERVER": server,
            "JUPYTER_RUNTIME_DIR": folder,
            "IPYTHONDIR": folder,
        }
        # Sockets in that folder: a port could be taken by somebody else meanwhile.
        config = Config({"KernelManager": {"transport": "ipc"}})
        NotebookClient(notebook, timeout=SECONDS, record_timing=False, config=config).execute()
    notebook.metadata = nbformat.from_dict(KEPT)
    for cell in notebook.cells:
        cell.metadata = nbformat.from_dict({})
        for output in cell.get("outputs", ()):
            output.pop("metadata", None)
            if output.output_type in ("display_data", "execute_result"):
                output.metadata = nbformat.from_dict({})
    return notebook


def main() -> None:
    """Run the notebook and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--server", help="a server that has the example; else one is started")
    parser.add_argument("--to", type=Path, default=NOTEBOOK, help="the file to write")
    given = parser.parse_args()
    if given.server:
        made = run(given.server)
    else:
        with example() as server:
            made = run(server)
    nbformat.write(made, given.to)


if __name__ == "__main__":
    main()
