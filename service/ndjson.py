"""JSON as it arrives: decoded strictly, so that nothing is recorded that was not meant."""

import json
from collections import Counter
from typing import Any

import orjson

from events.errors import Fault, InvalidRecordError
from events.records import Record


def decode(text: bytes) -> Any:
    """Return the JSON value in `text`. Raises InvalidRecordError.

    Refused besides malformed JSON: text that is not UTF-8, NaN and infinities, lone
    surrogates, nesting deeper than some 250, and an object with one key twice.
    """
    try:
        value = orjson.loads(text)
        # An object with a key twice comes out shorter than it went in, so what comes out as
        # it went in has none. Only other text is parsed again, to look (3 times slower).
        if orjson.dumps(value) != text.strip():
            json.loads(text, object_pairs_hook=_each_key_once)
    except orjson.JSONDecodeError as error:
        raise _malformed(f"is not JSON: {error}") from None
    except (RecursionError, orjson.JSONEncodeError):
        raise _malformed("is nested too deeply") from None
    except _TwiceError as error:
        raise _malformed(f"has the key {error} twice in one object") from None
    return value


def encode(value: Any) -> bytes:
    """Return a value as compact JSON."""
    return orjson.dumps(value)


class _TwiceError(Exception):
    pass


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        key, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise _TwiceError(repr(key))
    return found


def _malformed(message: str) -> InvalidRecordError:
    return InvalidRecordError([Fault("", "json", message)])


def without(record: Record, *keys: str) -> Record:
    """Return a record without some of its top-level fields."""
    return {key: value for key, value in record.items() if key not in keys}
