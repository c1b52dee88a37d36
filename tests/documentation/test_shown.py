"""What a page shows is compared strictly, but for what it says that it leaves out."""

import pytest

from tests.documentation.shown import is_shown


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ("a  b", "a b\n"),
        ("a\n…\nd", "a\nb\nc\nd\n"),
        ("a\n…", "a\n"),
        ("since …", "since 2022-03-22\n"),
        ('{"a": 1}', '{ "a" : 1 }'),
        ('{"a": 1, …}', '{"b": 2, "a": 1}'),
        ('{\n "a": 1,\n …\n "c": […]}', '{"a": 1, "b": 2, "c": [1, 2]}'),
        ('{"a": …}', '{"a": {"b": [1]}}'),
        ('{"a": [{"b": 1, …}, …]}', '{"a": [{"b": 1, "c": 2}, {"b": 3}]}'),
        ('[…, {"b": 3}]', '[{"b": 1}, {"b": 3}]'),
        ('{"a": "2026-…Z"}', '{"a": "2026-01-01T00:00:00Z"}'),
        ('{"a": "x: …, y"}', '{"a": "x: 1, y"}'),
    ],
)
def test_what_is_there_is_shown(shown, real):
    assert is_shown(shown, real)


@pytest.mark.parametrize(
    ("shown", "real"),
    [
        ("a b", "a c"),
        ("a", "a\nb"),
        ("a\n…\nd", "a\nb"),
        ("since …", "until 2022-03-22"),
        ('{"a": 1}', '{"a": 1, "b": 2}'),
        ('{"a": 1, …}', '{"b": 2}'),
        ('{"a": [{"b": 1, …}]}', '{"a": [{"b": 1}, {"b": 3}]}'),
        ('{"a": true}', '{"a": 1}'),
        ('{"a": "2026-…"}', '{"a": "2025-01-01"}'),
        ("[1, …, 3]", "[1, 2]"),
    ],
)
def test_what_is_not_there_is_not(shown, real):
    assert not is_shown(shown, real)
