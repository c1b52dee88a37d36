"""The documentation as a site, built once."""

import fcntl
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built site, which processes of pytest-xdist share.

    A warning fails whatever asks for it.
    """
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    html = folder / "site"
    with (folder / "site.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (html / "index.html").exists():
            build(html, folder / "doctrees")
    return html


def build(html: Path, doctrees: Path) -> None:
    """Build the site, as `make docs` does."""
    words = ["--fail-on-warning", "--keep-going", "--quiet", "-d", str(doctrees)]
    built = subprocess.run(
        [sys.executable, "-m", "sphinx", *words, "docs", str(html)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if built.returncode:
        (html / "index.html").unlink(missing_ok=True)
        pytest.fail(built.stderr)
