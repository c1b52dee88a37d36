"""The ledger over HTTP."""

from base64 import b64decode
from hashlib import sha256

import pytest

from tests.records import correction, retraction, statement
from tests.test_outside_checker import outside


@pytest.fixture
def reported(scene, told):
    told(*(statement(f"r-{n}") for n in range(1, 6)), correction("r-2", "c-1", venue="Kyiv"))


def test_the_empty_ledger_has_the_root_of_nothing(client):
    head = client.get("/v1/ledger").json
    assert (head["size"], head["seq"], head["time"]) == (0, 0, None)
    assert head["root"] == sha256(b"").hexdigest()
    assert client.get("/v1/ledger/consistency?from=0").json["path"] == []


@pytest.mark.usefixtures("reported")
def test_every_record_is_proven_in_every_ledger_that_has_it(client):
    head = client.get("/v1/ledger").json
    for seq in range(1, head["seq"] + 1):
        least = client.get(f"/v1/ledger?seq={seq}").json["size"]
        for size in {least, head["size"] - 1, head["size"]}:
            if size < least:
                continue
            proof = client.get(f"/v1/ledger/proof?seq={seq}&size={size}").json
            root = client.get(f"/v1/ledger?size={size}").json["root"]
            assert proof["root"] == root
            assert '"type"' in outside.inclusion(proof, None)
            chain = sha256(bytes.fromhex(proof["previous"]) + b64decode(proof["stored"]))
            assert proof["chain"] == chain.hexdigest()
            assert proof["leaf_hash"] == sha256(b"\0" + chain.digest()).hexdigest()


@pytest.mark.usefixtures("reported")
def test_a_report_is_proven_as_first_recorded_and_as_amended(client):
    first = client.get("/v1/ledger/proof?report=r-2").json
    assert (first["report"], first["version"]) == ("r-2", 1)
    assert record_in(first)["type"] == "statement"
    second = client.get("/v1/ledger/proof?report=r-2&version=2").json
    assert record_in(second)["id"] == "c-1"


def record_in(proof):
    """The record of the event that a proof is of."""
    return outside.event_in(b64decode(proof["stored"]))[2]["record"]


@pytest.mark.usefixtures("reported")
def test_every_ledger_is_proven_to_extend_every_earlier_one(client, told):
    sizes = range(client.get("/v1/ledger").json["size"] + 1)
    for old in sizes:
        for size in sizes[old:]:
            proof = client.get(f"/v1/ledger/consistency?from={old}&to={size}").json
            ends = [
                (one["size"], bytes.fromhex(one["root"])) for one in (proof["from"], proof["to"])
            ]
            path = [bytes.fromhex(one) for one in proof["path"]]
            assert outside.is_consistent(*ends[0], *ends[1], path)


@pytest.mark.usefixtures("reported")
def test_what_a_seq_pins_never_changes(client, told):
    before = client.get("/v1/ledger?seq=7").json
    told(retraction("r-1"))
    assert client.get("/v1/ledger?seq=7").json == before


@pytest.mark.usefixtures("reported")
def test_what_cannot_be_proven_is_a_problem(client):
    for path, status in (
        ("ledger?size=9999", 422),
        ("ledger?seq=9999", 422),
        ("ledger?size=1&seq=1", 422),
        ("ledger?size=-1", 422),
        ("ledger?colour=red", 422),
        ("ledger/proof", 422),
        ("ledger/proof?report=r-1&seq=5", 422),
        ("ledger/proof?seq=0", 422),
        ("ledger/proof?seq=5&version=1", 422),
        ("ledger/proof?report=r-5&size=1", 422),
        ("ledger/proof?report=r-9", 404),
        ("ledger/proof?report=r-1&version=2", 404),
        ("ledger/consistency", 422),
        ("ledger/consistency?from=5&to=3", 422),
        ("ledger/consistency?from=9999", 422),
    ):
        answer = client.get(f"/v1/{path}")
        assert (answer.status_code, answer.mimetype) == (status, "application/problem+json"), path


@pytest.mark.usefixtures("reported")
def test_an_unknown_report_is_answered_with_the_nearest(client):
    assert "r-1" in client.get("/v1/ledger/proof?report=r-11").json["did_you_mean"]
