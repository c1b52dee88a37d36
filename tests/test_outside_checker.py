"""docs/verify.py, as an outsider runs it: what is true is proven, whatever is altered is not."""

import contextlib
import importlib.util
import json
import subprocess
import sys
from base64 import b64decode, b64encode
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from projections import merkle
from projections.merkle import Node, Span
from service import checkpoints
from service.app import create_app
from service.checkpoints import Checkpoint, Key
from tests.records import (
    correction,
    issue,
    party,
    position,
    reinstatement,
    retraction,
    statement,
    tell,
)
from tests.test_merkle import hashes_of, leaves, naive_root

SCRIPT = Path(__file__).parent.parent / "docs" / "verify.py"
PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
KEY = str(Key("stancelog", PRIVATE.public_key()))

spec = importlib.util.spec_from_file_location("outside", SCRIPT)
outside = importlib.util.module_from_spec(spec)
spec.loader.exec_module(outside)

VECTORS = (  # RFC 8032, section 7.1: public key, message, signature
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
)


@pytest.mark.parametrize("vector", VECTORS)
def test_its_signatures_are_those_of_the_standard(vector):
    public, message, signature = map(bytes.fromhex, vector)
    assert outside.is_signed(public, signature, message)
    assert not outside.is_signed(public, signature, message + b"\0")
    other = (int.from_bytes(signature[32:], "little") + outside.L).to_bytes(32, "little")
    assert not outside.is_signed(public, signature[:32] + other, message)


def test_it_agrees_with_the_library_about_many_signatures():
    for number in range(12):
        private = Ed25519PrivateKey.from_private_bytes(bytes([number]) * 32)
        message = bytes(range(number * 7))
        public, signature = private.public_key().public_bytes_raw(), private.sign(message)
        assert outside.is_signed(public, signature, message)
        bad = bytearray(signature)
        bad[number * 5] ^= 1
        with contextlib.suppress(outside.NotProven):
            assert not outside.is_signed(public, bytes(bad), message)


@pytest.mark.parametrize("size", range(1, 34))
def test_it_accepts_every_true_proof(size):
    hashes, root = hashes_of(leaves(size)), naive_root(leaves(size))
    for leaf in range(size):
        path = [merkle.root_of(span, hashes) for span in merkle.inclusion(leaf, size)]
        assert outside.root_of_inclusion(leaf, size, hashes[Node(0, leaf)], path) == root
    for old in range(size + 1):
        path = [merkle.root_of(span, hashes) for span in merkle.consistency(old, size)]
        old_root = merkle.root_of(Span(0, old), hashes)
        assert outside.is_consistent(old, old_root, size, root, path)
        if old not in (0, size):
            for altered in (path[1:], [*path, root], path[::-1]):
                if altered != path:
                    assert not outside.is_consistent(old, old_root, size, root, altered)
            assert not outside.is_consistent(old, root, size, root, path)


def run(*words, stdin=None):
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, words)],
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return done


@pytest.fixture
def kept(store, url, tmp_path):
    """Proofs and checkpoints of a small log, in files."""
    tell(store, party(), issue())
    early = checkpoint_of(url, tmp_path / "early")
    tell(store, *(statement(f"r-{n}", positions=[position()]) for n in range(6)))
    late = checkpoint_of(url, tmp_path / "late")
    app = create_app(url)
    client = app.test_client()
    proof = client.get("/v1/ledger/proof?report=r-3").json
    size = client.get("/v1/ledger?seq=2").json["size"]
    extends = client.get(f"/v1/ledger/consistency?from={size}").json
    app.extensions["stancelog"].close()
    return {"early": early, "late": late, "proof": proof, "extends": extends, "folder": tmp_path}


def checkpoint_of(url, path):
    app = create_app(url)
    head = app.test_client().get("/v1/ledger").json
    app.extensions["stancelog"].close()
    made = Checkpoint("stancelog", head["size"], bytes.fromhex(head["root"]), head["seq"])
    path.write_text(checkpoints.signed(made, PRIVATE))
    return path


def write(kept, proof):
    path = kept["folder"] / "proof.json"
    path.write_text(json.dumps(proof))
    return path


def test_a_record_is_proven_to_be_in_the_log_and_shown(kept):
    path = write(kept, kept["proof"])
    done = run("inclusion", path, "--checkpoint", kept["late"], "--key", KEY)
    assert done.returncode == 0, done.stderr
    assert '"id": "r-3"' in done.stdout
    assert "signed by the key" in done.stdout
    assert "what the server says" in run("inclusion", path).stdout
    piped = run("inclusion", "-", stdin=json.dumps(kept["proof"]))
    assert piped.returncode == 0


def flipped(text):
    return ("1" if text[0] != "1" else "2") + text[1:]


ALTERED = {
    "a byte of what is stored": lambda p: p | {"stored": altered_bytes(p["stored"])},
    "the hash before": lambda p: p | {"previous": flipped(p["previous"])},
    "the order of the path": lambda p: p | {"path": p["path"][::-1]},
    "a step left out": lambda p: p | {"path": p["path"][1:]},
    "a step too many": lambda p: p | {"path": [*p["path"], p["root"]]},
    "a step": lambda p: p | {"path": [flipped(p["path"][0]), *p["path"][1:]]},
    "the place": lambda p: p | {"leaf": p["leaf"] ^ 1},
    "a place outside": lambda p: p | {"leaf": p["size"]},
    "a place that is none": lambda p: p | {"leaf": "3"},
    "the size": lambda p: p | {"size": p["size"] + 40},
    "the root": lambda p: p | {"root": flipped(p["root"])},
    "nothing there": lambda _: {},
    "no object": lambda _: [1, 2],
    "no hexadecimal": lambda p: p | {"path": ["zz"]},
    "the report": lambda p: p | {"report": "r-2"},
    "the version": lambda p: p | {"version": 2},
    "a place that is no number": lambda p: p | {"leaf": True},
    "a place between two": lambda p: p | {"leaf": p["leaf"] + 0.0},
    "a size that is no whole number": lambda p: p | {"size": float(p["size"])},
    "a size without end": lambda p: p | {"size": float("inf")},
    "a place below zero": lambda p: p | {"leaf": -1},
    "a hash in capitals": lambda p: p | {"previous": "AB" * 32},
    "a hash with blanks": lambda p: p | {"path": [" " + p["path"][0], *p["path"][1:]]},
    "the end of the hash before, moved": lambda p: p | moved(p),
    "the hash in the chain": lambda p: p | {"chain": flipped(p["chain"])},
    "the hash of the leaf": lambda p: p | {"leaf_hash": flipped(p["leaf_hash"])},
    "a path that is a text": lambda p: p | {"path": "".join(p["path"])},
}


def moved(proof):
    """The same bytes to hash, with the first of what is stored taken for part of the hash."""
    stored = b64decode(proof["stored"])
    previous = proof["previous"] + stored[:1].hex()
    return {"previous": previous, "stored": b64encode(stored[1:]).decode()}


def altered_bytes(text):
    raw = bytearray(b64decode(text))
    raw[-5] ^= 1
    return b64encode(raw).decode()


def test_a_proof_of_inclusion_with_anything_altered_is_refused(kept):
    for what, altered in ALTERED.items():
        done = run("inclusion", write(kept, altered(kept["proof"])))
        assert (done.returncode, done.stderr.startswith("NOT PROVEN")) == (1, True), what


def test_a_proof_for_another_head_than_the_checkpoint_is_refused(kept):
    done = run("inclusion", write(kept, kept["proof"]), "--checkpoint", kept["early"])
    assert (done.returncode, "ask for it with size=" in done.stderr) == (1, True)


def test_the_log_is_proven_to_have_only_grown(kept):
    path = write(kept, kept["extends"])
    done = run("consistency", path, kept["early"], kept["late"], "--key", KEY)
    assert (done.returncode, "only grew" in done.stdout) == (0, True), done.stderr
    assert run("consistency", path, kept["late"], kept["early"]).returncode == 1


def test_a_proof_of_consistency_with_anything_altered_is_refused(kept):
    for what in ("a step", "a step left out", "a step too many"):
        path = write(kept, ALTERED[what](kept["extends"] | {"root": "00" * 32}))
        assert run("consistency", path, kept["early"], kept["late"]).returncode == 1, what


def test_a_checkpoint_that_was_altered_or_signed_by_another_is_refused(kept):
    path = write(kept, kept["proof"])
    late = kept["late"].read_text()
    bad = kept["folder"] / "bad"
    bad.write_text(late.replace("seq 8", "seq 9"))
    assert "altered" in run("inclusion", path, "--checkpoint", bad, "--key", KEY).stderr
    other = Key("stancelog", Ed25519PrivateKey.generate().public_key())
    done = run("inclusion", path, "--checkpoint", kept["late"], "--key", other)
    assert (done.returncode, "no signature by" in done.stderr) == (1, True)


def test_every_signature_by_the_key_must_hold_over_a_checkpoint_of_its_log(kept):
    path = write(kept, kept["proof"])
    late, early = kept["late"].read_text(), kept["early"].read_text()
    bad = kept["folder"] / "bad"
    bad.write_text(late + early.split("\n\n")[1])
    assert "altered" in run("inclusion", path, "--checkpoint", bad, "--key", KEY).stderr
    body = late.split("\n\n")[0].replace("stancelog", "elsewhere", 1) + "\n"
    key = Key("stancelog", PRIVATE.public_key())
    signature = b64encode(key.id + PRIVATE.sign(body.encode())).decode()
    bad.write_text(f"{body}\n— stancelog {signature}\n")
    assert "another log" in run("inclusion", path, "--checkpoint", bad, "--key", KEY).stderr


def test_what_was_not_checked_is_said(kept):
    path = write(kept, kept["proof"])
    shown = run("inclusion", path, "--checkpoint", kept["late"]).stdout
    assert "signature was not checked" in shown
    assert "seq and time were not checked" in shown


def test_later_versions_of_a_report_are_proven(store, url, tmp_path):
    tell(store, party(), issue(), statement("r-1", positions=[position()]))
    for record in (
        correction("r-1", summary="They said it otherwise."),
        retraction("r-1"),
        reinstatement("r-1"),
    ):
        tell(store, record)
    app = create_app(url)
    client = app.test_client()
    proofs = [client.get(f"/v1/ledger/proof?report=r-1&version={n}").json for n in range(1, 5)]
    proofs += [client.get(f"/v1/ledger/proof?seq={n}").json for n in range(1, 7)]
    app.extensions["stancelog"].close()
    for proof in proofs:
        done = run("inclusion", "-", stdin=json.dumps(proof))
        assert done.returncode == 0, done.stderr


def test_what_is_no_key_is_wrong_usage(kept):
    path = write(kept, kept["proof"])
    for key in ("", "stancelog", "a+b+c", KEY[:-4], KEY.replace("ce", "ec", 1)):
        done = run("inclusion", path, "--checkpoint", kept["late"], "--key", key)
        assert done.returncode == 2, key


def test_what_would_go_unchecked_is_wrong_usage_or_trouble(kept):
    path = write(kept, kept["proof"])
    assert run("inclusion", path, "--key", KEY).returncode == 2
    assert run("inclusion", "-", "--checkpoint", "-").returncode == 2
    assert run("consistency", path, "-", "-").returncode == 2
    assert run("inclusion", path, "--checkpoint", "").returncode == 2


def test_junk_is_refused_in_a_line(kept):
    for junk in ("", "\0", "a\nb\nc\n", "{}", "stancelog\n5\nAAAA\n", "é" * 999):
        bad = kept["folder"] / "bad"
        bad.write_text(junk)
        assert run("inclusion", bad).returncode == 1
        path = write(kept, kept["proof"])
        assert run("inclusion", path, "--checkpoint", bad, "--key", KEY).returncode == 1
        assert run(
            "inclusion", path, "--checkpoint", kept["late"], "--key", junk.strip("\0")
        ).returncode in (1, 2)
        assert run("inclusion", kept["folder"] / "nowhere").returncode == 2


def test_json_that_is_a_trap_is_refused(kept):
    for text in ("[" * 100_000, '{"leaf": 1, "leaf": 1}', "9" * 5000):
        bad = kept["folder"] / "bad"
        bad.write_text(text)
        done = run("inclusion", bad)
        assert (done.returncode, done.stderr.startswith("NOT PROVEN")) == (1, True), text[:30]


OTHERWISE = {
    "carriage returns": lambda t: t.replace("\n", "\r\n"),
    "a size with a zero before it": lambda t: t.replace("stancelog\n", "stancelog\n0", 1),
    "no end of the last line": lambda t: t[:-1],
    "a line left empty": lambda t: t.replace("\n\n", "\n\nmore\n\n"),
    "what cannot be seen": lambda t: t.replace("\n\n", "\n\x7f\n\n"),
    "something after the signatures": lambda t: f"{t}more\n",
    "a blank in the origin": lambda t: t.replace("stancelog\n", "stance log\n", 1),
    "bits that base64 ignores": lambda t: t.replace(root_line(t), other_bits(root_line(t))),
    "another separator of lines": lambda t: f"{t[:-1]}\u2028{t.split(chr(10))[-2]}\n",
}


def root_line(text):
    return text.split("\n")[2]


def other_bits(text):
    """The same 32 bytes: of the last digit before `=`, two bits are not used."""
    digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    return f"{text[:-2]}{digits[digits.index(text[-2]) ^ 1]}="


def test_a_checkpoint_is_read_as_strictly_as_the_command_reads_it(kept):
    proof = write(kept, kept["proof"])
    for what, altered in OTHERWISE.items():
        text = altered(kept["late"].read_text())
        assert text != kept["late"].read_text()
        with pytest.raises(checkpoints.CheckpointError):
            checkpoints.parsed(text)
        bad = kept["folder"] / "bad"
        bad.write_text(text, newline="")
        done = run("inclusion", proof, "--checkpoint", bad)
        assert (done.returncode, done.stderr.startswith("NOT PROVEN")) == (1, True), what
