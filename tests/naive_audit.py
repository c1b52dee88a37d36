"""The audit by brute force: what changed, what differs, what was revised. Slow, and checkable.

Arguments are those of `tests.naive`, whose answers are asked for at every instant, and at every
position in the log. `party` None means the status of the issue. Instants are UTC microseconds.
"""

from itertools import pairwise

from tests import naive
from tests.naive import ATTRIBUTIONS, RANK, USUAL_NEXT

# One question at one moment


def rows_of(log, party, issue, S, floor):
    """What is believed at S and strong enough."""
    rows = (
        naive.status_rows(log, issue, S)
        if party is None
        else naive.position_rows(log, party, issue, S)
    )
    return [row for row in rows if row.rank <= RANK[floor]]


def told(run, party):
    """A run at a glance."""
    found = naive.told(run) if run else naive.UNREPORTED
    if party is not None:
        return {key: found[key] for key in ("state", "position", "since")}
    state = "reported" if run else "unreported"
    return {"state": state, "status": found["position"], "since": found["since"]}


def glance(rows, party, D):
    """The answer at D at a glance: that of the last run that had begun."""
    return told(([None] + [run for run in naive.runs(rows) if run.effect <= D])[-1], party)


def terms(rows, D):
    """On what terms the position was declared at D; None where none was."""
    state, counts = naive.at(rows, D)
    if state != "declared":
        return None
    return {key: getattr(counts, key) for key in ("conditions", "red_line", "until")}


# What changed in the world


def changes_of(rows, party, issue):
    """Every change of one answer, oldest first."""
    found = []
    for before, run in pairwise([None, *naive.runs(rows)]):
        sides = told(before, party), told(run, party)
        fresh = [row.id for row in run.evidence if row.effect == run.effect]
        reports = [run.opened.id] if run.state == "lapsed" else fresh
        kind = "status" if party is None else "position"
        found.append(change(kind, rows, party, issue, run.effect, sides, reports))
        if party is None or run.state != "declared":
            continue
        for instant in sorted({row.effect for row in rows if run.effect < row.effect < run.end}):
            earlier, later = terms(rows, instant - 1), terms(rows, instant)
            if earlier != later:
                sides = told(run, party) | earlier, told(run, party) | later
                reports = [naive.at(rows, instant)[1].id]
                found.append(change("terms", rows, party, issue, instant, sides, reports))
    return found


def change(kind, rows, party, issue, instant, sides, reports):
    """One entry of the list of changes."""
    before, after = sides
    unusual = None
    if kind == "status":
        unusual = bool(before["status"]) and not is_usual(before["status"], after["status"])
    return {
        "kind": kind,
        "party": party,
        "issue": issue,
        "at": instant,
        "before": before,
        "after": after,
        "contested": naive.answer(rows, instant, "unattributed")["contested"],
        "reports": reports,
        "unusual_transition": unusual,
    }


def is_usual(before, after):
    return after in USUAL_NEXT[before].split()


def changes(log, parties, issues, S, floor, status_floor):
    """Every change of these parties' positions on these issues, and of their statuses."""
    found = [
        one
        for party, issue, strength in questions(parties, issues, floor, status_floor)
        for one in changes_of(rows_of(log, party, issue, S, strength), party, issue)
    ]
    return sorted(found, key=lambda one: (one["at"], one["issue"], one["party"] or ""))


def questions(parties, issues, floor, status_floor):
    """The status of each issue, and then each party's position on it, with their floors."""
    for issue in sorted(issues):
        yield None, issue, status_floor
        for party in sorted(parties):
            yield party, issue, floor


# What differs


def diff_world(log, parties, issues, D1, D2, S, floor, status_floor):
    """What is otherwise at D2 than at D1, and which reports made it so."""
    diff = {"positions": [], "terms": [], "statuses": []}
    for party, issue, strength in questions(parties, issues, floor, status_floor):
        rows = rows_of(log, party, issue, S, strength)
        for kind, before, after in differences((rows, D1), (rows, D2), party):
            wanted = "terms" if kind == "terms" else "status" if party is None else "position"
            causes = [
                world_cause(one, report, rows)
                for one in changes_of(rows, party, issue)
                if one["kind"] == wanted and D1 < one["at"] <= D2
                for report in one["reports"]
            ]
            diff[kind].append(difference(party, issue, before, after, causes))
    return diff


def diff_knowledge(log, parties, issues, D, S1, S2, floor, status_floor):
    """What is otherwise at D, as known at S2 instead of S1, and which records made it so."""
    diff = {"positions": [], "terms": [], "statuses": []}
    for party, issue, strength in questions(parties, issues, floor, status_floor):

        def known(S, asked=(party, issue), strength=strength):
            return rows_of(log, *asked, S, strength), D

        for kind, before, after in differences(known(S1), known(S2), party):
            causes = [
                knowledge_cause(seq, record)
                for seq, record in log
                if S1 < seq <= S2 and differ(known(seq - 1), known(seq), party, kind)
            ]
            diff[kind].append(difference(party, issue, before, after, causes))
    return diff


def differences(one, other, party):
    """Whether the answers of two moments differ, or only their terms do. A moment: rows, D."""
    sides = [glance(*moment_of(moment, party)) for moment in (one, other)]
    if sides[0] != sides[1]:
        return [("statuses" if party is None else "positions", *sides)]
    if party is not None and terms(*one) != terms(*other):
        return [("terms", terms(*one), terms(*other))]
    return []


def differ(one, other, party, kind):
    """Whether two moments differ in the answer, or for `terms` in either of both."""
    found = differences(one, other, party)
    return bool(found) and (kind == "terms" or found[0][0] != "terms")


def moment_of(moment, party):
    rows, D = moment
    return rows, party, D


def difference(party, issue, before, after, causes):
    """One entry of a diff."""
    asked = {"issue": issue} if party is None else {"party": party, "issue": issue}
    return asked | {"before": before, "after": after, "causes": causes}


def world_cause(change, report, rows):
    """A report that took effect, or whose offer lapsed."""
    row = next(row for row in rows if row.id == report)
    return {
        "type": "lapse" if change["after"]["state"] == "lapsed" else row.type,
        "report": report,
        "at": change["at"],
        "attribution": ATTRIBUTIONS[row.rank],
    }


def knowledge_cause(seq, record):
    """A record that changed what was believed."""
    return {
        "type": record["type"],
        "report": record.get("report") or record["id"],
        "id": record["id"],
        "seq": seq,
        "reason": record.get("reason"),
        "note": record.get("note"),
    }


# What was revised


def revisions(log, party, issue, D, S, floor):
    """Every log position up to S at which the answer for D became another, oldest first."""
    found = []
    before = glance([], party, D)
    for seq, record in log:
        after = glance(rows_of(log, party, issue, seq, floor), party, D)
        if seq <= S and after != before:
            found.append({"seq": seq, **after, "cause": knowledge_cause(seq, record)})
        before = after
    return found


def status_revisions(log, issue, D, S, floor):
    """The same for the status of an issue."""
    return revisions(log, None, issue, D, S, floor)
