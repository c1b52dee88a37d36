"""Make the databases in this folder, each by the version of Stancelog that it is of.

    python tests/old/make.py COMMIT [NAME]

To add a version once it has landed: run this with its commit, in a clone that has it, in the
environment of the tests. What an old version needs is in that environment as long as
constraints.txt still has it; otherwise make one of its own constraints.txt, and run it there.
It writes NAME.sqlite.gz, NAME.sql.gz (what pg_dump writes as SQL) and NAME.json.gz, the answers
of that version, and NAME is the commit unless it is given. `test_old_databases.py` finds them by
their names. Commit them, and change none of those that are there: they are what people have.

The world is that version's own example, and `extra.ndjson`, which has every type of record, with
every field. A type that is new goes into a file of its own, named for the first version that
knows it, in MORE.
"""

import gzip
import json
import os
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).parent
ROOT = HERE.parents[1]

MORE: tuple[str, ...] = ("extra.ndjson",)

# Run by the old version, whose folder comes first: it knows nothing of the present one but the
# questions, which ask over HTTP.
RECORD = """
import importlib.util, json, sys
url, questions, target = sys.argv[1:4]
spec = importlib.util.spec_from_file_location("questions", questions)
module = importlib.util.module_from_spec(spec)
spec.loader.exec_module(module)
from service.app import create_app
app = create_app(url)
client = app.test_client()
answers = module.answers_of(client, module.addresses(client)[::2])
ledger = client.get("/v1/ledger")
root = ledger.get_json() if ledger.status_code == 200 else None
seq = client.get("/readyz").get_json()["seq"]
app.extensions["stancelog"].close()
with open(target, "w") as file:
    json.dump({"seq": seq, "ledger": root, "answers": answers}, file)
"""


def made_by(version: Path, url: str, folder: Path) -> dict[str, object]:
    """Let a version record the world in a database. Returns what it answers."""
    environment = os.environ | {"PYTHONPATH": str(version), "PYTHONWARNINGS": "ignore"}

    def run(*words: str) -> None:
        subprocess.run([sys.executable, *words], cwd=version, env=environment, check=True)

    for name in (version / "examples" / "berlin.ndjson", *(HERE / one for one in MORE)):
        run("-m", "service.cli", "--database", url, "import", "--keep-recorded-at", str(name))
    answers = folder / "answers.json"
    run("-c", RECORD, url, str(ROOT / "tests" / "questions.py"), str(answers))
    found: dict[str, object] = json.loads(answers.read_text())
    return found


def make(commit: str, name: str) -> None:
    """Write the files of a version."""
    from tests.servers import BIN, primary  # noqa: PLC0415

    with TemporaryDirectory() as text, primary() as server:
        folder = Path(text)
        version = folder / "version"
        git = ("git", "-C", str(ROOT), "worktree")
        subprocess.run([*git, "add", "--quiet", "--detach", version, commit], check=True)
        try:
            file = folder / "old.db"
            by_sqlite = made_by(version, f"sqlite:///{file}", folder)
            url = server.create_database("old")
            by_postgresql = made_by(version, url, folder)
        finally:
            subprocess.run([*git, "remove", "--force", version], check=True)
        assert by_sqlite == by_postgresql
        to = ["-h", str(server.folder), "-U", "postgres", "--no-owner", "--no-acl", "old"]
        dump = subprocess.run([BIN / "pg_dump", *to], capture_output=True, check=True).stdout
        assert not file.with_name("old.db-wal").exists()
        answers = json.dumps(by_sqlite, ensure_ascii=False, indent=0).encode()
        for ending, content in (("sqlite", file.read_bytes()), ("sql", dump), ("json", answers)):
            path = HERE / f"{name}.{ending}.gz"
            path.write_bytes(gzip.compress(content, 9, mtime=0))
            print(f"{path.name}: {path.stat().st_size:,} bytes")


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    make(sys.argv[1], sys.argv[-1])
