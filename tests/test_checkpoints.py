"""Checkpoints are signed notes: any change of one is seen."""

from base64 import b64decode, b64encode
from hashlib import sha256

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ec import SECP256K1
from cryptography.hazmat.primitives.asymmetric.ec import generate_private_key as generate_on_a_curve
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import strategies as st

from service import checkpoints
from service.checkpoints import BadSignatureError, Checkpoint, CheckpointError, Key
from service.cli import main

PRIVATE = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
OTHER = Ed25519PrivateKey.from_private_bytes(bytes(32))
KEPT = Checkpoint("stancelog", 235, sha256(b"root").digest(), 134, "2026-02-19T09:30:00Z")
KEY = Key("stancelog", PRIVATE.public_key())
SIGNED = checkpoints.signed(KEPT, PRIVATE)


def test_a_checkpoint_reads_as_it_was_written_signed_or_not():
    for text in (SIGNED, checkpoints.body_of(KEPT)):
        assert checkpoints.parsed(text) == KEPT
    checkpoints.check(SIGNED, KEY)
    assert checkpoints.is_signed(SIGNED)
    assert not checkpoints.is_signed(checkpoints.body_of(KEPT))


def test_a_signed_checkpoint_is_a_note_as_c2sp_has_it():
    body, _, signature = SIGNED.partition("\n\n")
    assert body.split("\n")[:3] == ["stancelog", "235", b64encode(KEPT.root).decode()]
    dash, name, encoded = signature.rstrip("\n").split(" ")
    raw = b64decode(encoded)
    public = PRIVATE.public_key().public_bytes_raw()
    assert (dash, name, len(raw)) == ("\N{EM DASH}", "stancelog", 4 + 64)
    assert raw[:4] == sha256(b"stancelog\n\x01" + public).digest()[:4]
    PRIVATE.public_key().verify(raw[4:], f"{body}\n".encode())


def test_a_key_reads_as_it_was_written():
    assert str(checkpoints.key_of(f"{KEY}\n")) == str(KEY)
    name, digits, public = str(KEY).split("+", 2)
    assert (name, bytes.fromhex(digits), b64decode(public)[:1]) == ("stancelog", KEY.id, b"\x01")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "stancelog",
        "stancelog+00000000+AAAA",
        str(KEY)[:-8],
        str(KEY).replace("stancelog", "other"),
        f"other+{KEY.id.hex()}+{'A' * 44}",
    ],
)
def test_what_is_no_key_is_refused(text):
    with pytest.raises(CheckpointError):
        checkpoints.key_of(text)


def test_a_checkpoint_signed_by_another_or_by_nobody_is_not_taken_for_ours():
    for text in (checkpoints.signed(KEPT, OTHER), checkpoints.body_of(KEPT)):
        with pytest.raises(BadSignatureError, match="no signature by"):
            checkpoints.check(text, KEY)


def test_signatures_of_others_beside_ours_are_left_alone():
    other = checkpoints.signed(KEPT, OTHER).split("\n\n")[1]
    witness = checkpoints.signed(KEPT._replace(origin="witness"), OTHER).split("\n\n")[1]
    checkpoints.check(f"{SIGNED}{other}{witness}", KEY)
    checkpoints.check(SIGNED.replace("\n\n", f"\n\n{witness}"), KEY)


def line_of(checkpoint, private):
    return checkpoints.signed(checkpoint, private).split("\n\n")[1]


def test_every_signature_by_our_key_must_hold():
    false = line_of(KEPT._replace(size=236), PRIVATE)
    cut = f"— stancelog {b64encode(KEY.id + bytes(8)).decode()}\n"
    for bad in (false, cut):
        for text in (f"{SIGNED}{bad}", SIGNED.replace("\n\n", f"\n\n{bad}")):
            with pytest.raises(BadSignatureError, match="altered"):
                checkpoints.check(text, KEY)
    checkpoints.check(f"{SIGNED}{line_of(KEPT, PRIVATE)}", KEY)


def test_our_key_below_the_checkpoint_of_another_log_does_not_make_it_ours():
    body = checkpoints.body_of(KEPT._replace(origin="elsewhere"))
    signature = b64encode(KEY.id + PRIVATE.sign(body.encode())).decode()
    with pytest.raises(BadSignatureError, match="of the log 'elsewhere'"):
        checkpoints.check(f"{body}\n— stancelog {signature}\n", KEY)


def test_the_name_of_a_log_may_be_in_any_script():
    kept = KEPT._replace(origin="журнал.example/дипломатия")
    key = Key(kept.origin, PRIVATE.public_key())
    text = checkpoints.signed(kept, PRIVATE)
    checkpoints.check(text, checkpoints.key_of(str(key)))
    assert checkpoints.parsed(text) == kept


@pytest.mark.parametrize(
    "line", ["seq 9", "seq 03", "seq x", "time 2027", "", "a\x7f", "a\x9b", "\ud800"]
)
def test_lines_that_could_mislead_are_refused(line):
    text = SIGNED.replace("\n\n", f"\n{line}\n\n" if line else "\n\nmore\n\n")
    if line.startswith("seq") and line != "seq 9":
        text = SIGNED.replace("seq 134", line)
    with pytest.raises(CheckpointError):
        checkpoints.parsed(text)


def test_only_ends_of_lines_end_lines():
    with pytest.raises(CheckpointError):
        checkpoints.check(f"{SIGNED[:-1]}\u2028{line_of(KEPT, OTHER)}", KEY)


@pytest.mark.parametrize("first", range(4))
def test_the_lines_cannot_change_places(first):
    lines = SIGNED.split("\n")
    lines[first], lines[first + 1] = lines[first + 1], lines[first]
    with pytest.raises(CheckpointError):
        checkpoints.check("\n".join(lines), KEY)


@given(st.integers(0, len(SIGNED) - 1), st.sampled_from("Az09+/=— \n\r\0é"))
def test_no_character_can_be_changed_unseen(place, char):
    text = SIGNED[:place] + char + SIGNED[place + 1 :]
    if text == SIGNED:
        return
    try:
        checkpoints.check(text, KEY)
        assert checkpoints.parsed(text) == KEPT
    except CheckpointError:
        return
    raise AssertionError(f"taken for signed: {text!r}")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\n235\n", "\n0235\n"),
        ("\n235\n", "\n-1\n"),
        ("\n235\n", "\n²\n"),
        ("\n235\n", "\n99999999999999999999\n"),
        ("stancelog\n", "\n"),
        ("stancelog\n", "stance log\n"),
        ("=\n", "\n"),
        ("\n", "\r\n"),
        ("time", "\0"),
        ("\n— ", "\n- "),
    ],
)
def test_what_is_no_checkpoint_is_refused(old, new):
    with pytest.raises(CheckpointError):
        checkpoints.parsed(SIGNED.replace(old, new, 1) if old != "\n" else SIGNED.replace(old, new))


@pytest.mark.parametrize("text", ["", "\n", "stancelog\n", "a\n1\n", "\n\n\n", SIGNED[:-1]])
def test_what_was_cut_short_is_refused(text):
    with pytest.raises(CheckpointError):
        checkpoints.parsed(text)


def test_lines_that_we_do_not_know_are_left_alone():
    body = checkpoints.body_of(KEPT) + "weather fine\nalone\n"
    assert checkpoints.parsed(body) == KEPT


def test_only_a_private_key_of_the_right_kind_signs(tmp_path):
    def written(key):
        path = tmp_path / "key.pem"
        path.write_bytes(
            key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            if hasattr(key, "private_bytes")
            else key
        )
        return str(path)

    found = checkpoints.private_key(written(PRIVATE))
    assert found.private_bytes_raw() == PRIVATE.private_bytes_raw()
    for bad in (generate_private_key(65537, 2048), b"", b"-----BEGIN PRIVATE KEY-----\nAA==\n"):
        with pytest.raises(CheckpointError):
            checkpoints.private_key(written(bad))


def test_a_key_on_a_curve_that_nobody_knows_is_refused_in_a_line(tmp_path):
    known = generate_on_a_curve(SECP256K1()).private_bytes(
        Encoding.DER, PrivateFormat.PKCS8, NoEncryption()
    )
    unknown = known.replace(bytes.fromhex("06052b8104000a"), bytes.fromhex("06052b81040009"))
    path = tmp_path / "key.pem"
    for der in (known, unknown):
        text = b64encode(der).decode()
        path.write_text(f"-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
        with pytest.raises(CheckpointError):
            checkpoints.private_key(str(path))
    assert known != unknown


def test_signatures_are_told_apart_by_line_ends_alone():
    witness = checkpoints.signed(KEPT._replace(origin="witness"), OTHER).split("\n\n")[1]
    for end in ("\u2028", "\x85"):
        with pytest.raises(CheckpointError):
            checkpoints.parsed(f"{SIGNED[:-1]}{end}{witness}")


def test_a_checkpoint_whose_line_ends_were_changed_is_refused(store, url, tmp_path):
    store.close()
    path = tmp_path / "kept"
    path.write_bytes(checkpoints.body_of(KEPT).replace("\n", "\r\n").encode())
    result = CliRunner().invoke(main, ["--database", url, "verify", "--checkpoint", str(path)])
    assert (result.exit_code, "not a checkpoint" in result.stderr) == (1, True)
