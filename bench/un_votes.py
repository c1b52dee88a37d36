"""Write the UN General Assembly's roll calls as records, one a line.

    python bench/un_votes.py FOLDER > un.ndjson

FOLDER holds un_votes.csv.gz, un_roll_calls.csv.gz and un_roll_call_issues.csv.gz (E. Voeten's
data, from the R package `unvotes`, CC0). One roll call is one meeting with a position of each
country that voted, on each issue that it is tagged with, or on `other`.
"""

import csv
import gzip
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

POSITIONS = {"yes": "support", "no": "oppose", "abstain": "neutral"}


def rows(folder: Path, name: str) -> Iterator[dict[str, str]]:
    """Yield the rows of a file. Namibia's code is "NA", so nothing is turned into null."""
    with gzip.open(folder / f"{name}.csv.gz", "rt", newline="") as file:
        yield from csv.DictReader(file)


def party_id(country: str) -> str:
    """Return an id made of a country's name."""
    return re.sub(r"[^a-z0-9]+", "-", country.lower()).strip("-")[:64].strip("-")


def records(folder: Path) -> Iterator[dict[str, Any]]:
    """Yield parties, issues, then one meeting for each roll call, by date."""
    votes: dict[int, dict[str, str]] = defaultdict(dict)
    countries: dict[str, tuple[str, str]] = {}
    for row in rows(folder, "un_votes"):
        party = party_id(row["country"])
        countries[party] = (row["country"], row["country_code"])
        votes[int(float(row["rcid"]))][party] = POSITIONS[row["vote"]]
    taken = set()
    for party, (name, code) in sorted(countries.items()):
        record = {"type": "party", "id": party, "name": name, "kind": "state"}
        if code and code != "NA" and code.casefold() not in taken | countries.keys():
            record |= {"codes": {"iso3166-alpha2": code}}
            taken.add(code.casefold())
        yield record

    tags: dict[int, list[str]] = defaultdict(list)
    issues = {"other": "Other"}
    for row in rows(folder, "un_roll_call_issues"):
        tags[int(row["rcid"])].append(row["short_name"])
        issues[row["short_name"]] = row["issue"]
    for issue, title in sorted(issues.items()):
        yield {
            "type": "issue",
            "id": issue,
            "title": title,
            "proposition": f"The resolutions on {title} put to the vote should be adopted",
        }

    calls = sorted(rows(folder, "un_roll_calls"), key=lambda row: (row["date"], int(row["rcid"])))
    for call in calls:
        rcid = int(call["rcid"])
        cast = sorted(votes[rcid].items())
        if not cast:
            continue
        about = dict.fromkeys(tags[rcid] or ["other"])
        yield {
            "type": "meeting",
            "id": f"rcid-{rcid}",
            "occurred": call["date"],
            "participants": [{"party": party} for party, _ in cast],
            "summary": (call["short"] or call["descr"] or f"Roll call {rcid}").strip()[:1000],
            "attribution": "recorded_act",
            "positions": [
                {"issue": issue, "party": party, "position": position}
                for issue in about
                for party, position in cast
            ],
            "sources": [{"publisher": "UN General Assembly"}],
        }


if __name__ == "__main__":
    for one in records(Path(sys.argv[1])):
        print(json.dumps(one, ensure_ascii=False, separators=(",", ":")))
