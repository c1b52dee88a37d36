"""Checkpoints on the command line."""

import os
import subprocess
import sys

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.records import issue, party, position, statement


@pytest.fixture
def key(tmp_path):
    def make(name="key.pem"):
        path = tmp_path / name
        raw = Ed25519PrivateKey.generate().private_bytes(
            Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()
        )
        path.write_bytes(raw)
        return str(path)

    return make


@pytest.fixture
def filled(run, write):
    run("import", write(party(), issue(), statement("r-1", positions=[position()])))


@pytest.mark.usefixtures("filled")
def test_a_later_log_extends_a_checkpoint(run, write, key, tmp_path):
    mine, kept = key(), str(tmp_path / "kept")
    assert run("checkpoint", "--key", mine, "-o", kept).exit_code == 0
    run("import", write(statement("r-2"), name="more"))
    public = run("checkpoint", "--key", mine, "--public-key").stdout.strip()
    result = run("verify", "--checkpoint", kept, "--public-key", public)
    assert result.exit_code == 0, result.output
    assert f"signed by {public}" in result.stderr
    assert "extends the checkpoint" in result.stderr


@pytest.mark.usefixtures("filled")
def test_the_key_may_be_in_the_environment(run, key, tmp_path, monkeypatch):
    monkeypatch.setenv("STANCELOG_SIGNING_KEY", key())
    kept = tmp_path / "kept"
    kept.write_text(run("checkpoint").stdout)
    assert "signed by" in run("verify", "--checkpoint", str(kept)).stderr
    monkeypatch.setenv("STANCELOG_SIGNING_KEY", key("other.pem"))
    assert run("verify", "--checkpoint", str(kept)).exit_code == 3


@pytest.mark.usefixtures("filled")
def test_what_was_not_checked_is_said(run, key, tmp_path):
    for name, options in (("unsigned", ()), ("signed", ("--key", key()))):
        kept = str(tmp_path / name)
        assert run("checkpoint", "-o", kept, *options).exit_code == 0
        result = run("verify", "--checkpoint", kept)
        assert result.exit_code == 0
        said = "not signed" if name == "unsigned" else "was not checked"
        assert said in " ".join(result.stderr.split())


@pytest.mark.usefixtures("filled")
def test_a_checkpoint_of_another_log_is_not_extended(run, write, tmp_path, new_url):
    other = new_url()
    records = [party(), issue(), *(statement(f"o-{n}") for n in range(4))]
    run("import", write(*records, name="other"), database=other)
    kept = str(tmp_path / "kept")
    assert run("checkpoint", "-o", kept, database=other).exit_code == 0
    shorter = run("verify", "--checkpoint", kept)
    assert (shorter.exit_code, "this log" in shorter.stderr) == (3, True)
    run("import", write(*(statement(f"r-{n}") for n in range(2, 9)), name="more"))
    result = run("verify", "--checkpoint", kept)
    assert (result.exit_code, "does not extend" in result.stderr) == (3, True)


@pytest.mark.usefixtures("filled")
def test_a_checkpoint_file_is_never_overwritten(run, tmp_path):
    kept = tmp_path / "kept"
    assert run("checkpoint", "-o", str(kept)).exit_code == 0
    before = kept.read_text()
    refused = run("checkpoint", "-o", str(kept))
    assert (refused.exit_code, "give a new name" in refused.stderr) == (4, True)
    assert kept.read_text() == before


@pytest.mark.usefixtures("filled")
def test_a_checkpoint_that_cannot_be_written_whole_leaves_nothing(run, tmp_path, monkeypatch):
    def full(_):
        raise OSError(28, "No space left on device")

    folder = tmp_path / "folder"
    folder.mkdir()
    with monkeypatch.context() as patched:
        patched.setattr("os.fsync", full)
        result = run("checkpoint", "-o", str(folder / "kept"))
    assert (result.exit_code, "No space left" in result.stderr) == (4, True)
    assert list(folder.iterdir()) == []
    assert run("checkpoint", "-o", str(folder / "kept")).exit_code == 0
    assert [path.name for path in folder.iterdir()] == ["kept"]


@pytest.mark.usefixtures("filled")
def test_a_checkpoint_can_be_kept_where_no_links_are(run, tmp_path, monkeypatch):
    def nowhere(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr("os.link", nowhere)
    kept = tmp_path / "kept"
    assert run("checkpoint", "-o", str(kept)).exit_code == 0
    assert kept.read_text() == run("checkpoint").stdout
    assert run("checkpoint", "-o", str(kept)).exit_code == 4
    assert [path.name for path in tmp_path.iterdir() if "kept" in path.name] == ["kept"]


@pytest.mark.usefixtures("filled")
def test_nothing_given_as_a_file_or_a_key_is_not_taken_for_left_out(run, key, tmp_path):
    kept = str(tmp_path / "kept")
    run("checkpoint", "--key", key(), "-o", kept)
    for words in (
        ("verify", "--checkpoint", ""),
        ("verify", "--checkpoint", kept, "--public-key", ""),
        ("checkpoint", "--key", ""),
        ("checkpoint", "-o", ""),
        ("checkpoint", "--origin", ""),
        ("checkpoint", "--origin", "a\x01b"),
    ):
        assert run(*words).exit_code == 2, words


@pytest.mark.usefixtures("filled")
def test_a_checkpoint_whose_ends_of_lines_were_changed_is_refused(run, tmp_path):
    kept = tmp_path / "kept"
    run("checkpoint", "-o", str(kept))
    kept.write_bytes(kept.read_bytes().replace(b"\n", b"\r\n"))
    result = run("verify", "--checkpoint", str(kept))
    assert (result.exit_code, "ends of lines" in result.stderr) == (1, True)


@pytest.mark.usefixtures("filled")
def test_a_checkpoint_is_utf_8_wherever_it_is_printed(url, key):
    words = ["--database", url, "checkpoint", "--key", key()]
    done = subprocess.run(
        [sys.executable, "-m", "service.cli", *words],
        env=os.environ | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=True,
    )
    assert "\n\n— stancelog " in done.stdout.decode()


@pytest.mark.usefixtures("filled")
def test_what_cannot_be_used_is_said_in_a_line(run, key, tmp_path):
    junk = tmp_path / "junk"
    junk.write_bytes(b"\xff\xfe")
    kept = str(tmp_path / "kept")
    run("checkpoint", "-o", kept)
    for words, status in (
        (("verify", "--checkpoint", str(junk)), 1),
        (("verify", "--checkpoint", str(tmp_path / "nowhere")), 4),
        (("verify", "--checkpoint", kept, "--public-key", "junk"), 1),
        (("verify", "--public-key", "junk"), 2),
        (("checkpoint", "--key", str(junk)), 1),
        (("checkpoint", "--key", str(tmp_path / "nowhere")), 4),
        (("checkpoint", "--public-key"), 2),
        (("checkpoint", "--origin", "two words"), 2),
    ):
        result = run(*words)
        assert result.exit_code == status, (words, result.output)
        assert "Traceback" not in result.output


def test_a_checkpoint_of_the_empty_log_is_extended_by_any(run, write, tmp_path):
    run("init")
    kept = str(tmp_path / "kept")
    assert run("checkpoint", "-o", kept).exit_code == 0
    run("import", write(party()))
    assert run("verify", "--checkpoint", kept).exit_code == 0


def test_openssl_makes_a_key_that_signs(run, tmp_path):
    run("init")
    path = str(tmp_path / "key.pem")
    made = subprocess.run(
        ["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=False
    )
    assert made.returncode == 0
    assert "— stancelog " in run("checkpoint", "--key", path).stdout
