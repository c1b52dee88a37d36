"""Dates as sources give them, and the instants that questions ask about."""

import warnings
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.dates import (
    END_OF_TIME,
    DateError,
    bounds_of,
    day_after,
    end_of_day,
    instant_of,
    to_datetime,
    to_micros,
    to_text,
)

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # its grammar is written for an older pyparsing
    from edtf import EDTFParseException, parse_edtf


def bounds_in_words(occurred: str) -> tuple[str, str]:
    earliest, latest = bounds_of(occurred)
    return to_text(earliest), to_text(latest)


BOUNDS = {
    "2025": ("2025-01-01T00:00:00Z", "2025-12-31T23:59:59.999999Z"),
    "2025-12": ("2025-12-01T00:00:00Z", "2025-12-31T23:59:59.999999Z"),
    "2024-02": ("2024-02-01T00:00:00Z", "2024-02-29T23:59:59.999999Z"),
    "1900-02": ("1900-02-01T00:00:00Z", "1900-02-28T23:59:59.999999Z"),
    "2025-12-14": ("2025-12-14T00:00:00Z", "2025-12-14T23:59:59.999999Z"),
    "0001": ("0001-01-01T00:00:00Z", "0001-12-31T23:59:59.999999Z"),
    "9999": ("9999-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    "9999-12": ("9999-12-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    "9999-12-31": ("9999-12-31T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    "0001-01-01/9999-12-31": ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z"),
    "2025/2026-03": ("2025-01-01T00:00:00Z", "2026-03-31T23:59:59.999999Z"),
    "2025-12-14/2025-12-14": ("2025-12-14T00:00:00Z", "2025-12-14T23:59:59.999999Z"),
    "2025-12-14/2025": ("2025-12-14T00:00:00Z", "2025-12-31T23:59:59.999999Z"),
    "2025?/2026-03-01~": ("2025-01-01T00:00:00Z", "2026-03-01T23:59:59.999999Z"),
    "2025-12/..": ("2025-12-01T00:00:00Z", "2025-12-31T23:59:59.999999Z"),
    "2025-12%/..": ("2025-12-01T00:00:00Z", "2025-12-31T23:59:59.999999Z"),
    "2025-12-14T10:00:00Z/..": ("2025-12-14T10:00:00Z", "2025-12-14T10:00:00Z"),
    "2025-12-14T10:00:00Z/2025-12-15": ("2025-12-14T10:00:00Z", "2025-12-15T23:59:59.999999Z"),
    "2025-12-14/2025-12-14T10:00:00Z": ("2025-12-14T00:00:00Z", "2025-12-14T10:00:00Z"),
}


@pytest.mark.parametrize("occurred", BOUNDS)
def test_a_date_spans_its_first_to_its_last_microsecond_in_utc(occurred: str) -> None:
    assert bounds_in_words(occurred) == BOUNDS[occurred]


@pytest.mark.parametrize("qualifier", "?~%")
@pytest.mark.parametrize("occurred", ["2025", "2025-02", "2025-12-14"])
def test_a_qualifier_does_not_move_the_bounds(occurred: str, qualifier: str) -> None:
    assert bounds_of(occurred + qualifier) == bounds_of(occurred)


INSTANTS = {
    "2025-12-14T10:00:00Z": "2025-12-14T10:00:00Z",
    "2025-12-14t10:00:00z": "2025-12-14T10:00:00Z",
    "2025-12-14T10:00:00+00:00": "2025-12-14T10:00:00Z",
    "2025-12-14T10:00:00-00:00": "2025-12-14T10:00:00Z",
    "2025-12-14T01:30:00+05:45": "2025-12-13T19:45:00Z",
    "2025-12-31T22:00:00-05:00": "2026-01-01T03:00:00Z",
    "2025-12-14T10:00:00.5Z": "2025-12-14T10:00:00.500000Z",
    "2025-12-14T10:00:00.000001+02:00": "2025-12-14T08:00:00.000001Z",
    "2025-12-14T10:00:00.1234567Z": "2025-12-14T10:00:00.123456Z",
    "1969-12-31T23:59:59.999999Z": "1969-12-31T23:59:59.999999Z",
    "0001-01-01T00:00:00Z": "0001-01-01T00:00:00Z",
    "0001-01-01T05:00:00+05:00": "0001-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999Z": "9999-12-31T23:59:59.999999Z",
}


@pytest.mark.parametrize("text", INSTANTS)
def test_a_date_time_is_one_instant_in_utc(text: str) -> None:
    assert bounds_in_words(text) == (INSTANTS[text], INSTANTS[text])
    assert to_text(instant_of(text)) == INSTANTS[text]


REFUSED = [
    *("", " ", "today", "2025-12-14 ", " 2025-12-14", "2025-12-14\n"),
    *("25", "202", "20255", "+2025", "-0001", "0000", "0000-01-01", "10000-01-01", "Y20250"),
    *("2025-1", "2025-13", "2025-00", "2025-12-1", "2025-12-32", "2025-12-00", "2025-02-29"),
    *("20251214", "2025/12/14", "14.12.2025", "2025-12-14-01", "2025-W50", "2025-348"),
    *("202X", "2025-12-XX", "2025-21", "2025??", "2025?~", "?2025", "2025-12?-14", "2025?-12"),
    *("2025-12-14T10:00:00", "2025-12-14T10:00Z", "2025-12-14T10Z", "2025-12-14 10:00:00Z"),
    *("2025-12-14T24:00:00Z", "2025-12-14T10:60:00Z", "2025-12-14T10:00:61Z"),
    *("2025-12-14T10:00:00+0100", "2025-12-14T10:00:00+01", "2025-12-14T10:00:00+24:00"),
    *("2025-12-14T10:00:00+01:60", "2025-12-14T10:00:00.Z", "2025-02-30T10:00:00Z"),
    *("2025-12-14T10:00:00Z?", "2025-12-14T10:00:00,5Z"),
    *("0001-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01", "0000-12-31T23:00:00-02:00"),
    *("/", "../..", "/2025", "../2025", "2025/", "2025/...", "2025/../", "2025/2026/2027"),
    *("2026/2025", "2025-12-15/2025-12-14", "2025-03/2025-02", "2025-12-15/2025-12-14T23:00:00Z"),
    *("2025-12-14T10:00:01Z/2025-12-14T10:00:00Z", "2025..2026", "2025//2026", "2025 / 2026"),
    *("٢٠٢٥", "2025-１２", "2025−12"),  # noqa: RUF001  digits and a dash, but not ours
]


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_date_in_the_calendar_or_in_our_forms_is_refused(text: str) -> None:
    with pytest.raises(DateError):
        bounds_of(text)


# An oracle: the edtf package reads the same forms, but for date-times and a/..

days = st.dates(min_value=datetime(1, 1, 1, tzinfo=UTC).date()).map(str)
simple = st.builds(
    lambda day, length, qualifier: day[:length] + qualifier,
    days,
    st.sampled_from([4, 7, 10]),
    st.sampled_from(["", "?", "~", "%"]),
)


def edtf_bounds(text: str) -> tuple[list[int], list[int]]:
    parsed = parse_edtf(text)
    return list(parsed.lower_strict()[:3]), list(parsed.upper_strict()[:3])


def bounding_days(text: str) -> tuple[list[int], list[int]]:
    first, last = (to_datetime(micros) for micros in bounds_of(text))
    assert (first.hour, first.minute, first.second, first.microsecond) == (0, 0, 0, 0)
    assert (last.hour, last.minute, last.second, last.microsecond) == (23, 59, 59, 999_999)
    return [first.year, first.month, first.day], [last.year, last.month, last.day]


@settings(max_examples=30)
@given(simple)
def test_a_date_means_the_days_that_the_edtf_package_says(text: str) -> None:
    assert bounding_days(text) == edtf_bounds(text)


@settings(max_examples=30)
@given(simple, simple)
def test_an_interval_means_the_days_that_the_edtf_package_says(one: str, other: str) -> None:
    text = f"{one}/{other}"
    first, last = edtf_bounds(text)
    if first <= last:
        assert bounding_days(text) == (first, last)
    else:
        with pytest.raises(DateError, match="before it begins"):
            bounds_of(text)


@pytest.mark.parametrize("text", ["2025-02-30", "2025-04-31", "2025-13", "2025-00-10"])
def test_a_day_that_the_edtf_package_does_not_know_is_refused(text: str) -> None:
    with pytest.raises(EDTFParseException):
        parse_edtf(text)
    with pytest.raises(DateError):
        bounds_of(text)


# as_of and known_at

ASKED = {
    "2025-12-14": "2025-12-14T23:59:59.999999Z",
    "9999-12-31": "9999-12-31T23:59:59.999999Z",
    "0001-01-01": "0001-01-01T23:59:59.999999Z",
    "2025-12-14T10:00:00 02:00": "2025-12-14T08:00:00Z",
    "2025-12-14T10:00:00.25 05:30": "2025-12-14T04:30:00.250000Z",
}


@pytest.mark.parametrize("asked", ASKED)
def test_a_question_asks_about_the_end_of_a_day_or_an_instant(asked: str) -> None:
    assert to_text(instant_of(asked)) == ASKED[asked]


@pytest.mark.parametrize("asked", ["2025", "2025-12", "0001", "9999-01"])
def test_a_question_about_something_coarser_than_a_day_is_refused_with_a_hint(asked: str) -> None:
    with pytest.raises(DateError, match="coarser than a day"):
        instant_of(asked)


@pytest.mark.parametrize(
    "asked", ["2025-12-14T10:00:00", "2025-12-14T10:00Z", "2025-12-14 10:00:00Z", "2025-12-14T10"]
)
def test_a_date_time_without_seconds_or_offset_is_refused_with_a_hint(asked: str) -> None:
    with pytest.raises(DateError, match="needs seconds and an offset"):
        instant_of(asked)


@pytest.mark.parametrize(
    "asked",
    [
        *(
            "",
            "now",
            "today",
            "2025-12-14?",
            "2025-12-14/..",
            "2025-12-14/2025-12-15",
            "..",
            "20251214",
        ),
        *("2025-02-29", "0000-01-01", "10000-01-01", "0001-01-01T00:00:00+00:01"),
        "9999-12-31T23:59:59-00:01",
    ],
)
def test_a_question_about_anything_else_is_refused(asked: str) -> None:
    with pytest.raises(DateError):
        instant_of(asked)


# Arithmetic


@given(st.datetimes(timezones=st.just(UTC)))
def test_an_instant_is_kept_to_the_microsecond(moment: datetime) -> None:
    assert to_datetime(to_micros(moment)) == moment
    assert instant_of(to_text(to_micros(moment))) == to_micros(moment)
    assert to_micros(moment) <= END_OF_TIME


def test_an_offer_ends_with_its_day_and_lapses_on_the_next() -> None:
    assert to_text(end_of_day("2024-02-28")) == "2024-02-28T23:59:59.999999Z"
    assert day_after("2024-02-28") == "2024-02-29"
    assert day_after("2025-12-31") == "2026-01-01"
    assert bounds_of(day_after("2025-12-31")).earliest == end_of_day("2025-12-31") + 1
    assert end_of_day("9999-12-31") == END_OF_TIME


@pytest.mark.parametrize("day", ["2025", "2025-12", "2025-12-14?", "2025-12-14T10:00:00Z", ""])
def test_a_deadline_is_a_full_date(day: str) -> None:
    with pytest.raises(DateError):
        end_of_day(day)
