"""Preferences: what a client would like, and does not insist on. RFC 7240."""

import re
from urllib.request import parse_http_list

LONGEST_WAIT = 30
"""Seconds; who prefers to wait longer asks again."""

_WORD = re.compile(r'[ \t]*(?:([0-9]+)|"([0-9]+)")[ \t]*')


def wait_of(header: str) -> int:
    """Return the seconds that a Prefer header lets us wait, at most LONGEST_WAIT.

    0 where it does not say, or not as the RFC has it: such preferences are ignored. Of several
    only the first counts, and a parameter of another preference is none.
    """
    for preference in parse_http_list(header):
        name, _, word = preference.partition(";")[0].partition("=")
        if name.strip(" \t").lower() != "wait":
            continue
        match = _WORD.fullmatch(word)
        digits = (match[1] or match[2]).lstrip("0") if match else ""
        return min(int(digits[:4] or 0), LONGEST_WAIT)
    return 0
