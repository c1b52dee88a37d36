"""Whatever is sent where something is parsed: it is understood, or refused in words."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from hashlib import sha256

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from events import dates
from events.dates import DateError
from events.errors import RefusedError
from events.records import Record
from service import lines, ndjson
from service.preferences import LONGEST_WAIT, wait_of
from service.schemas import records
from tests.fuzz.conftest import RECORDS
from tests.fuzz.test_api import share

ODD = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=20),
    st.sampled_from(["", " ", "\0", "2025-02-30", "9999-12-31", "0001", "batch", "nato", "🕊"]),
)
JSON = st.recursive(
    ODD,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
CHARACTERS = "0123456789-/:.TZtz+?~% X\u0663\uff11\u200f\n"
DATE_TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(CHARACTERS, max_size=40),
    st.builds(
        "{}-{:02}-{:02}T{:02}:{:02}:{:02}{}".format,
        st.sampled_from(["0000", "0001", "2024", "9999", "10000"]),
        *(st.integers(0, most) for most in (13, 32, 25, 61, 61)),
        st.sampled_from(["Z", "z", "+00:00", "-23:59", "+24:00", "+99:99", ".5Z", ".1234567Z", ""]),
    ),
    st.from_regex(r"\A[0-9]{4}(-[0-9]{2}){0,2}[?~%]?(/([0-9]{4}(-[0-9]{2}){0,2}[?~%]?|\.\.))?\Z"),
)


@given(text=DATE_TEXTS)
@example("0001-01-01T00:00:00+23:59")
@example("9999-12-31T23:59:59-23:59")
@example("9999-12-31/..")
@example("../2025")
@example("/")
def test_a_date_has_bounds_in_order_or_is_refused(text):
    try:
        earliest, latest = dates.bounds_of(text)
    except DateError:
        return
    assert earliest <= latest
    assert dates.bounds_of("0001").earliest <= earliest
    assert latest <= dates.END_OF_TIME
    for instant in (earliest, latest):
        assert dates.bounds_of(dates.to_text(instant)) == (instant, instant)


@given(text=DATE_TEXTS)
def test_an_instant_that_is_asked_about_is_one_or_is_refused(text):
    try:
        instant = dates.instant_of(text)
    except DateError:
        return
    assert dates.instant_of(dates.to_text(instant)) == instant


def paths_in(value, path=()):
    """Where in a JSON value there is something."""
    yield path
    if isinstance(value, dict | list):
        inner = value.items() if isinstance(value, dict) else enumerate(value)
    else:
        inner = ()
    for key, below in inner:
        yield from paths_in(below, (*path, key))


def put(value, path, new):
    """The value with something else at a path; None takes it away."""
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    if new is None:
        del copied[path[0]]
    else:
        copied[path[0]] = put(value[path[0]], path[1:], new) if len(path) > 1 else new
    return copied


@st.composite
def altered(draw):
    """A record of the example that something was done to, in one place or two."""
    record = draw(st.sampled_from(RECORDS))
    for _ in range(draw(st.integers(0, 2))):
        if not isinstance(record, dict):
            break
        path = draw(st.sampled_from(list(paths_in(record))))
        record = put(record, path, draw(JSON | st.sampled_from(RECORDS)))
    return record


def understood(data) -> Record | None:
    try:
        return records.load(data)
    except RefusedError as error:
        refused = error
    assert refused.faults
    assert all(fault.message for fault in refused.faults)
    return None


@given(data=altered() | JSON | st.dictionaries(st.text(max_size=8), JSON))
def test_a_record_is_stable_once_it_is_loaded_or_is_refused(data):
    if (record := understood(data)) is None:
        return
    kept = json.loads(ndjson.encode(record))
    assert records.load(kept) == record
    full = records.filled(record)
    assert records.load({key: value for key, value in full.items() if value != []}) == record


@given(
    text=st.one_of(
        st.binary(max_size=60),
        st.text(max_size=60).map(lambda text: text.encode("utf-8", "surrogatepass")),
        altered().map(lambda record: json.dumps(record).encode()),
        st.tuples(st.sampled_from(RECORDS), st.integers(0, 400), st.binary(max_size=3)).map(
            lambda cut: json.dumps(cut[0]).encode()[: cut[1]] + cut[2]
        ),
    )
)
@example(b"[" * 5000)
@example(b'{"type":"party","type":"issue"}')
@example(b'{"type":"party","id":"\\ud800"}')
@example(b"\xef\xbb\xbf{}")
@example(b"1e999")
def test_a_line_is_a_record_or_is_refused(text):
    for opened in (lambda data: (data, "desk", None), lines.opened_as_kept):
        line = lines.read(1, text, opened, lambda _: "r-new")
        assert (line.sent is None) != (line.error is None)
        if line.sent:
            again = lines.read(1, ndjson.encode(line.sent.record), opened_plain, lambda _: "x")
            assert again.sent
            assert again.sent.record == line.sent.record


def opened_plain(data):
    return data, "desk", None


@given(text=st.text(max_size=40) | st.from_regex(r"(wait|Wait) ?= ?\"?[0-9]{0,8}\"?[;, a-z=]{0,8}"))
def test_a_preference_waits_for_a_bounded_time(text):
    assert 0 <= wait_of(text) <= LONGEST_WAIT


LISTS = (
    "/v1/reports?q=the",
    "/v1/search?q=talks",
    "/v1/parties?",
    "/v1/issues?",
    "/v1/positions?",
    "/v1/parties/ukraine/positions?inherit=1",
    "/v1/issues/ukraine-nato-membership/positions?",
    "/v1/changes?",
    "/v1/diff?from=2022-03-01&to=2025-12-20",
    "/v1/diff?seq_from=50",
    "/v1/corrections?",
    "/v1/parties/russia/positions/ukraine-eu-membership/revisions?",
)


@pytest.fixture(scope="module")
def cursors(served):
    """The lists, and a cursor of each."""
    found = {}
    for path in LISTS:
        answer = served.app.test_client().get(f"{path}&limit=1")
        assert answer.status_code == 200, path
        if cursor := answer.json["next"]:
            found[path.partition("?")[0], path] = cursor
    assert len(found) > 8
    return found


def opened(cursor):
    return orjson.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[6:])


def sealed(payload):
    raw = orjson.dumps(payload, option=orjson.OPT_NON_STR_KEYS)
    return urlsafe_b64encode(sha256(raw).digest()[:6] + raw).decode().rstrip("=")


ODD_PLACES = st.one_of(
    ODD.filter(lambda odd: not isinstance(odd, int) or abs(odd) < 2**64),
    st.sampled_from([-1, 2**53, 2**62, 2**63, 2**64 - 1, -(2**63), "2025", "on_record", [], {}]),
)


def test_a_cursor_goes_on_or_is_refused(served, cursors):
    client = served.app.test_client()

    @given(data=st.data())
    def ask(data):
        (path, _), mine = data.draw(st.sampled_from(list(cursors.items())))
        (other, _), cursor = data.draw(st.sampled_from(list(cursors.items())))
        way = data.draw(st.sampled_from(["text", "cut", "value", "as it is"]))
        if way == "text":
            cursor = data.draw(st.text(max_size=80))
        elif way == "cut":
            at = data.draw(st.integers(0, len(cursor)))
            cursor = cursor[:at] + data.draw(st.text("aB0-_=%+", max_size=4)) + cursor[at + 1 :]
        elif way == "value":
            payload = opened(mine)
            where = data.draw(st.sampled_from([one for one in paths_in(payload) if one]))
            cursor = sealed(put(payload, where, data.draw(ODD_PLACES)))
        answer = client.get(path, query_string={"cursor": cursor})
        allowed = {"text": (422,), "as it is": (200,) if other == path else (422,)}
        assert answer.status_code in allowed.get(way, (200, 404, 422)), (path, cursor, answer.text)

    share(1)(ask)()


HEADERS = {
    "Idempotency-Key": ['"a"', '""', '"\\"', "a" * 256, '"a', "ü", "{}", "a b", " "],
    "Accept-Datetime": [
        "Thu, 18 Dec 2025 20:35:00 GMT",
        "Thu, 31 Feb 2025 20:35:00 GMT",
        "Thu, 18 Dec 9999 23:59:59 GMT",
        "Mon, 01 Jan 1000 00:00:00 GMT",
        "Thu, 18 Dec 2025 24:61:61 GMT",
        "Thursday, 18-Dec-25 20:35:00 GMT",
        "0",
    ],
    "If-None-Match": ['""', "*", 'W/"', '"a", W/"b"', ",,,", '"\\"'],
    "If-Match": ['""', "*", 'W/"v1"', '"v1", "v2"', ",", '"v-1-"', '"v99999999999999999999"'],
    "If-Modified-Since": ["Thu, 18 Dec 2025 20:35:00 GMT", "0", "Thu, 31 Feb 2025 20:35:00 GMT"],
    "If-Range": ['"a"', "Thu, 31 Feb 2025 20:35:00 GMT"],
    "Range": [
        "bytes=0-0",
        "bytes=-1",
        "bytes=9-1",
        "bytes=0-0,2-1",
        "items=1-2",
        "bytes=99999999-",
    ],
    "Authorization": [
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "Basic YTpi",
        "bearer \x7f",
        "Token x",
        "=",
    ],
    "Cookie": ["session=x", "stancelog_session=\x01", ";;;=", 'a="\\400"'],
    "Prefer": ["wait=99999999999", 'wait="', "wait=-1", "respond-async, wait=1;wait=2"],
    "Accept": ["text/html;q=0", "*/*;q=nan", ",,", "a/b;q=1e9", "application/problem+json;q=x"],
    "Stancelog-Seq": ["-1", "1e3", "٣", "99999999999999999", ""],
    "Last-Event-ID": ["-1", "99999999999999999", "٣", "1,2"],
    "Origin": ["null", "http://[", "https://a b", "//"],
    "Referer": ["x", "http://[::1", "data:"],
    "Sec-Fetch-Site": ["same-origin", "none", "", "x"],
    "Content-Type": ["text/plain; charset=utf-7", "application/json; charset=nope", ";", "a"],
    "Content-Encoding": ["gzip", "x"],
    "Host": ["a b", "[::1", "localhost:99999", "x" * 300, "a\\b", "localhost:x"],
    "X-Forwarded-For": ["1.2.3.4", "x", "[::", "1.2.3.4, y"],
}
HEADER_TEXTS = st.text(st.characters(max_codepoint=255, exclude_characters="\r\n\0"), max_size=40)
PATHS = (
    "/v1/parties/ukraine/positions/ukraine-nato-membership",
    "/v1/positions.csv?as_of=2025-12-20&seq=134&floor=leaked_document",
    "/v1/issues/ukraine-nato-membership/status",
    "/v1/matrix",
    "/v1/log",
    "/v1/stream",
    "/v1/reports/seed-049",
    "/feeds/all.atom",
    "/widgets/vis.json",
    "/",
    "/reports/seed-049",
    "/sign-in",
    "/openapi.json",
    "/healthz",
    "/v1/reports",
    "/v1/reports/batch",
    "/record/statement",
)


@st.composite
def strange_headers(draw):
    names = draw(st.lists(st.sampled_from(sorted(HEADERS)), min_size=1, max_size=3, unique=True))
    return [(name, draw(st.sampled_from(HEADERS[name]) | HEADER_TEXTS)) for name in names]


def test_no_header_makes_trouble(served):
    client = served.app.test_client()

    @given(
        path=st.sampled_from(PATHS),
        method=st.sampled_from(["GET", "GET", "HEAD", "POST", "OPTIONS"]),
        headers=strange_headers(),
    )
    def ask(path, method, headers):
        with client.open(path, method=method, headers=headers) as answer:
            is_early = answer.status_code == 503 and "Stancelog-Seq" in dict(headers)
            assert answer.status_code < 500 or is_early, answer.text

    share(1)(ask)()


def test_a_key_records_once_whatever_it_is(served):
    client = served.app.test_client()

    @given(key=st.sampled_from(HEADERS["Idempotency-Key"]) | HEADER_TEXTS)
    def send(key):
        body = {"reason": "typo", "changes": {"venue": f"V {key!r}"}}
        url = "/v1/reports/seed-040/corrections"
        before = served.root()
        first = client.post(url, json=body, headers={"Idempotency-Key": key})
        assert first.status_code in (200, 201, 422), first.text
        again = client.post(url, json=body, headers={"Idempotency-Key": key})
        assert again.status_code == first.status_code
        assert {**again.json, "request_id": ""} == {**first.json, "request_id": ""}
        assert served.root()[0] == before[0] + (first.status_code == 201) * (
            "Idempotent-Replayed" not in first.headers
        )

    share(4)(send)()
