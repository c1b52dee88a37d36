"""The contract's section 3 by brute force: slow, and short enough to check by eye.

`log` is the plain list of (seq, record), oldest first; D an instant in UTC microseconds; S a
position in the log; `floor` the name of an attribution. Nothing is shared with the service
but the reading of dates.
"""

from datetime import date, timedelta
from types import SimpleNamespace as Row

from events.dates import bounds_of

FOREVER = bounds_of("9999").latest

ATTRIBUTIONS = [  # strongest first
    *("recorded_act", "official_document", "on_record", "readout", "background"),
    *("deep_background", "leaked_document"),  # the weakest that set a position by default
    *("third_party_claim", "media_report"),  # the weakest that set a status by default
    *("analyst_coded", "unattributed"),
]
RANK = {name: rank for rank, name in enumerate(ATTRIBUTIONS)}

USUAL_NEXT = {
    "latent": "proposed negotiating",
    "proposed": "negotiating rejected withdrawn superseded",
    "negotiating": "stalled agreed_in_principle agreed rejected withdrawn superseded",
    "stalled": "negotiating withdrawn superseded",
    "agreed_in_principle": "agreed negotiating stalled withdrawn",
    "agreed": "in_force negotiating suspended withdrawn",
    "in_force": "implemented suspended collapsed superseded",
    "implemented": "suspended collapsed",
    "suspended": "in_force negotiating collapsed",
    "rejected": "proposed negotiating",
    "withdrawn": "proposed negotiating",
    "collapsed": "proposed negotiating",
    "superseded": "",
}

# What was believed


def merged(old, patch):
    """RFC 7396."""
    if not isinstance(patch, dict):
        return patch
    new = dict(old) if isinstance(old, dict) else {}
    new |= {key: merged(new.get(key), value) for key, value in patch.items()}
    return {key: value for key, value in new.items() if patch.get(key, "") is not None}


def believed(log, S):
    """The reports that stand at S, as they read then, each with the seq of its first recording."""
    place, reads, retracted = {}, {}, set()
    for seq, record in log:
        if seq > S:
            break
        if record["type"] in ("statement", "meeting"):
            place[record["id"]], reads[record["id"]] = seq, record
        elif record["type"] == "correction":
            reads[record["report"]] = merged(reads[record["report"]], record["changes"])
        elif record["type"] == "retraction":
            retracted.add(record["report"])
        elif record["type"] == "reinstatement":
            retracted.remove(record["report"])
    return [(place[name], report) for name, report in reads.items() if name not in retracted]


def row(place, report, rank, says, until=None, conditions=None, red_line=None):
    """One report's word on one question."""
    earliest, effect = bounds_of(report["occurred"])
    until_end = bounds_of(until).latest if until else FOREVER
    told = {key: report.get(key) for key in ("id", "type", "utterance", "occurred")}
    told |= {"until": until, "conditions": conditions or [], "red_line": bool(red_line)}
    when = {"place": place, "earliest": earliest, "effect": effect, "until_end": until_end}
    return Row(rank=rank, says=says, **told, **when)


def position_rows(log, party, issue, S):
    """The rows of a party and issue that are believed at S and may ever count."""
    rows = []
    for place, report in believed(log, S):
        present = report.get("parties") or [one["party"] for one in report["participants"]]
        rank = RANK[report["attribution"]]
        if party not in present:
            rank = max(rank, RANK["third_party_claim"])
        for said in report.get("positions") or []:
            holders = [said["party"]] if said.get("party") else present
            if said["issue"] == issue and party in holders:
                terms = [said.get(key) for key in ("until", "conditions", "red_line")]
                rows.append(row(place, report, rank, said["position"], *terms))
    return [row for row in rows if row.until_end >= row.effect]


def status_rows(log, issue, S):
    """The same for the status of an issue."""
    return [
        row(place, report, RANK[report["attribution"]], said["status"])
        for place, report in believed(log, S)
        for said in report.get("statuses") or []
        if said["issue"] == issue
    ]


# What follows from it


def newest_first(rows):
    """By effect, then the stronger attribution, then the report recorded later."""
    return sorted(rows, key=lambda row: (row.effect, -row.rank, row.place), reverse=True)


def at(rows, D):
    """The state at D, and the row that counts."""
    taken = newest_first(row for row in rows if row.effect <= D)
    if not taken:
        return "unreported", None
    counts = taken[0]
    if counts.says == "undeclared":
        return "undeclared", counts
    return "lapsed" if counts.until_end < D else "declared", counts


def runs(rows, D=FOREVER):
    """All runs, oldest first, by asking at every instant at which the answer may change.

    Their evidence is what had taken effect by D.
    """
    instants = {row.effect for row in rows} | {row.until_end + 1 for row in rows}
    found = []
    for instant in sorted(instants - {FOREVER + 1}):
        state, counts = at(rows, instant)
        same = (state, counts.says, counts.id if state == "lapsed" else None)
        if found and found[-1].same == same:
            continue
        if found:
            found[-1].end = instant
        found.append(Row(same=same, state=state, opened=counts, effect=instant, end=FOREVER + 1))
    for run in found:
        inside = [row for row in newest_first(rows) if run.effect <= row.effect < run.end]
        says = None if run.state == "lapsed" else run.opened.says
        run.evidence = [row for row in inside if row.says == says and row.effect <= D]
    return found


def told(run):
    """A run as an answer tells of it."""
    lapsed = run.state == "lapsed"
    after = lapsed and str(date.fromisoformat(run.opened.until) + timedelta(days=1))
    return {
        "state": run.state,
        "position": run.opened.says if run.state == "declared" else None,
        "since": after or run.opened.occurred,
        "effect": run.effect,
        "effect_end": None if run.end > FOREVER else run.end,
        "reports": len({row.id for row in run.evidence}),
        "utterances": len({row.utterance or ("its own", row.id) for row in run.evidence}),
        "evidence": [row.id for row in run.evidence],
        "lapsed": (run.opened.says, run.opened.until) if lapsed else None,
    }


def answer(rows, D, floor):
    """The answer at D over these rows."""
    strong = [row for row in rows if row.rank <= RANK[floor]]
    weak = {row.id for row in rows if row.rank > RANK[floor] and row.effect <= D}
    begun = [run for run in runs(strong, D) if run.effect <= D]
    counts = at(strong, D)[1]
    against = {
        row.id
        for row in strong
        if counts and counts.earliest <= row.effect <= D and row.says != counts.says
    }
    found = told(begun[-1]) if begun else dict(UNREPORTED)
    found["previous"] = told(begun[-2]) if begun[1:] else None
    found |= {"counts": counts and counts.id, "against": against, "contested": bool(against)}
    return found | {"below_floor": len(weak)}


UNREPORTED = {"state": "unreported", "position": None, "since": None, "effect": None}
UNREPORTED |= {"effect_end": None, "reports": 0, "utterances": 0, "evidence": [], "lapsed": None}


def history(rows, floor):
    """All runs of these rows, oldest first."""
    return [told(run) for run in runs([row for row in rows if row.rank <= RANK[floor]])]


# The questions


def position(log, party, issue, D, S, floor):
    """What was the position of this party on this issue?"""
    return answer(position_rows(log, party, issue, S), D, floor)


def position_history(log, party, issue, S, floor):
    """All runs of it, oldest first."""
    return history(position_rows(log, party, issue, S), floor)


def status(log, issue, D, S, floor):
    """What was the status of this issue? Told in the words of a position."""
    found = answer(status_rows(log, issue, S), D, floor)
    before = found["previous"]
    unusual = before and found["position"] not in USUAL_NEXT[before["position"]].split()
    return found | {"unusual_transition": bool(unusual)}


def status_history(log, issue, S, floor):
    """All runs of it, oldest first."""
    return history(status_rows(log, issue, S), floor)


def alignment(log, parties, issue, D, S):
    """How the declared positions on this issue lie to one another."""
    answers = [position(log, party, issue, D, S, "leaked_document") for party in parties]
    held = [one["position"] for one in answers if one["position"]]
    if len(held) < 2 or all(said == "neutral" for said in held):
        return "thin"
    if "support" in held and "oppose" in held:
        return "opposed"
    if any("support" in said for said in held) and any("oppose" in said for said in held):
        return "split"
    return "aligned" if set(held) in ({"support"}, {"oppose"}) else "converging"


# What blocs had said


def blocs(log, party, D, S):
    """The blocs that a party belonged to at D, as known at S: the first listed term of each."""
    known = [record for seq, record in log if seq <= S and record["type"] == "party"]
    found = {}
    for record in known:
        if record["id"] == party:  # the last version counts
            found = {}
            for term in record.get("member_of") or []:
                begun = not term.get("from") or bounds_of(term["from"]).earliest <= D
                if begun and (not term.get("until") or bounds_of(term["until"]).latest >= D):
                    found.setdefault(term["party"], term)
    return found


def ways(log, way, issue, D, S, floor):
    """Every way from a party, through blocs that said nothing, to one that is declared."""
    for bloc in blocs(log, way[-1], D, S):
        if bloc not in way:
            said = position(log, bloc, issue, D, S, floor)
            if said["state"] == "declared":
                yield [*way, bloc], said
            elif said["state"] == "unreported":
                yield from ways(log, [*way, bloc], issue, D, S, floor)


def inherited(log, party, issue, D, S, floor):
    """What a party without a position of its own inherits, by bloc, each by the shortest way."""
    if position(log, party, issue, D, S, floor)["state"] != "unreported":
        return []
    found = {}
    for way, said in ways(log, [party], issue, D, S, floor):
        known = found.get(way[-1])
        if known is None or (len(way), way) < (len(known[0]), known[0]):
            found[way[-1]] = way, said
    return [
        {"bloc": bloc, "via": way[1:-1], "term": blocs(log, party, D, S)[way[1]]}
        | {key: said[key] for key in ("state", "position", "since", "contested", "reports")}
        for bloc, (way, said) in sorted(found.items())
    ]
