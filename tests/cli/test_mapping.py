"""Importing tables: a map says what the columns are, and errors name row and column."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.mapping import Map, MapError, Source
from tests.records import issue, party

ROOT = Path(__file__).parents[2]
STATEMENTS = str(ROOT / "examples" / "statements.csv")
STATEMENTS_MAP = str(ROOT / "examples" / "maps" / "statements.toml")
UN_MAP = str(ROOT / "examples" / "maps" / "un_votes.toml")
UN_VOTES = str(ROOT / "tests" / "un_votes" / "un_votes.csv.gz")

PLAIN = """
[[record]]
type = "statement"
id = "r-{No}"
occurred = { text = "{Date}", date = ["%d.%m.%Y", "%B %Y"] }
parties = { text = "{Party}", values = { Ukraine = "ukraine" } }
summary = "{Text}"
attribution = "on_record"

[[record.positions]]
issue = "nato"
position = { text = "{Stance}", values = { for = "support", against = "oppose" } }

[[record.sources]]
publisher = "Reuters"
"""
HEADER = "No,Date,Party,Text,Stance\n"


@pytest.fixture
def file(tmp_path):
    """A function that writes a file, and returns its name."""

    def write(content, name="talks.csv"):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return str(path)

    return write


@pytest.fixture
def known(run, write):
    """The party and the issue that the plain map names are registered."""
    assert run("import", write(party("ukraine"), issue("nato"))).exit_code == 0


@pytest.fixture
def made(file):
    """A function that returns the records that a map makes of a table, and what is wrong."""

    def make(map_, table, **files):
        for name, content in files.items():
            file(content, f"{name}.csv")
        lines = list(Map(map_.encode(), Source(file(table))).through())
        wrong = [
            (*place, fault.message)
            for line in lines
            if line.error
            for place, fault in zip(
                line.origin.places(line.error.faults), line.error.faults, strict=True
            )
        ]
        return [line.sent.record for line in lines if line.sent], wrong

    return make


def exported(run):
    lines = [json.loads(line) for line in run("export").stdout.splitlines()]
    return {line["id"]: line for line in lines}


# What a table gives


def test_a_spreadsheet_of_statements_is_imported_once_however_often(run):
    first = run("import", STATEMENTS, "--map", STATEMENTS_MAP)
    assert (first.exit_code, first.stderr) == (0, "12 recorded, 0 unchanged\n")
    again = run("import", STATEMENTS, "--map", STATEMENTS_MAP)
    assert (again.exit_code, again.stderr) == (0, "0 recorded, 12 unchanged\n")
    told = exported(run)
    assert {id_ for id_ in told if id_.startswith("desk-")} == {
        f"desk-{n}" for n in (1, 2, 3, 4, 5, 7)
    }
    assert told["desk-2"]["occurred"] == "2024-11"
    assert told["desk-2"]["speaker"] == {"role": "Senior official"}
    assert told["desk-3"]["quote"] == '"We are ready\nfor a compromise."'
    assert told["desk-3"]["positions"] == [
        {
            "issue": "nato-membership",
            "position": "conditional_oppose",
            "conditions": ["legally binding guarantees", "from the US and Europe"],
        }
    ]
    assert told["desk-4"]["occurred"] == "2025-12~"
    assert told["desk-4"]["positions"][0]["red_line"] is True
    assert told["desk-5"]["parties"] == ["germany", "france"]
    assert "positions" not in told["desk-7"]
    assert run("verify").exit_code == 0


def test_roll_calls_are_joined_with_their_votes_and_tags_and_each_is_one_meeting(run):
    first = run("import", UN_VOTES, "--map", UN_MAP)
    assert (first.exit_code, first.stderr) == (0, "13 recorded, 0 unchanged\n")
    assert run("import", UN_VOTES, "--map", UN_MAP).stderr == "0 recorded, 13 unchanged\n"
    told = exported(run)
    assert told["namibia"]["codes"] == {"iso3166-alpha2": "NA"}
    assert "codes" not in told["federal-republic-of-germany"]
    assert told["other"]["proposition"].startswith("The resolutions on Other")
    untagged = told["rcid-3"]
    assert (untagged["occurred"], untagged["attribution"]) == ("1946-01-01", "recorded_act")
    assert untagged["summary"] == "AMENDMENTS, RULES OF PROCEDURE"
    assert {row["issue"] for row in untagged["positions"]} == {"other"}
    twice = told["rcid-1413"]
    assert len(twice["participants"]) == 3
    assert {(row["issue"], row["party"], row["position"]) for row in twice["positions"]} == {
        (tag, *said)
        for tag in ("nu", "di")
        for said in (
            ("united-states", "support"),
            ("cuba", "neutral"),
            ("federal-republic-of-germany", "support"),
        )
    }
    assert told["rcid-5313"]["summary"].startswith("Necessity of ending the economic")
    assert run("verify").exit_code == 0
    stands = json.loads(run("position", "US", "co", "--format", "json").stdout)
    assert (stands["position"], stands["since"]) == ("oppose", "1990-11-03")


def test_a_group_may_be_spread_over_the_table_and_takes_each_part_once(made):
    map_ = """
    [[record]]
    type = "meeting"
    group_by = "{Talks}"
    id = "{Talks}"
    occurred = "{Date}"
    summary = "Talks"
    attribution = "readout"
    tags = "{Tag}"
    [[record.participants]]
    party = "{Party}"
    [[record.sources]]
    publisher = "UN"
    """
    table = "Talks,Date,Party,Tag\na,2020,x,t\nb,2021,x,\na,2020,y,u\na,2020,x,t\n"
    records, wrong = made(map_, table)
    assert wrong == []
    assert [record["id"] for record in records] == ["a", "b"]
    assert records[0]["participants"] == [{"party": "x"}, {"party": "y"}]
    assert records[0]["tags"] == ["t", "u"]
    assert "tags" not in records[1]
    assert made(map_, table.replace("a,2020,x,t\nb", "a,,x,t\nb")) == (records, [])
    _, wrong = made(map_, table.replace("a,2020,y", "a,2019,y"))
    (one,) = wrong
    assert one[:2] == (4, "column 'Date' (occurred)")
    assert "'2019' differs from '2020' of the group that begins on line 2" in one[2]


def test_registrations_come_first_wherever_they_are(run, file):
    map_ = PLAIN.replace('{ text = "{Party}", values = { Ukraine = "ukraine" } }', '"{Party}"') + (
        '[[record]]\ntype = "party"\nid = "{Party}"\nname = "{Text}"\nkind = "state"\n'
        'when = { Stance = "" }\n'
        '[[record]]\ntype = "issue"\nid = "nato"\ntitle = "NATO"\nproposition = "It should be."\n'
    )
    table = HEADER + "1,2020,syldavia,They said so.,for\n2,2020,syldavia,Syldavia,\n"
    result = run("import", file(table), "--map", file(map_, "map.toml"))
    assert (result.exit_code, result.stderr) == (0, "4 recorded, 0 unchanged\n")


def test_a_table_can_amend_reports_that_are_on_record(run, file, write, known):
    run(
        "import",
        write(
            {
                "type": "statement",
                "id": "r-1",
                "occurred": "2020",
                "parties": ["ukraine"],
                "summary": "They said so.",
                "attribution": "on_record",
                "sources": [{"publisher": "X"}],
            },
            name="r",
        ),
    )
    map_ = """
    [[record]]
    type = "correction"
    id = "fix-{Report}"
    report = "{Report}"
    reason = "date_error"
    [record.changes]
    occurred = "{Date}"
    positions = [{ issue = "nato", position = "{Stance}" }]
    """
    table = "Report,Date,Stance\nr-1,2019,oppose\n"
    assert run("import", file(table), "--map", file(map_, "map.toml")).exit_code == 0
    assert exported(run)["fix-r-1"]["changes"] == {
        "occurred": "2019",
        "positions": [{"issue": "nato", "position": "oppose"}],
    }


# How tables are written


@pytest.mark.parametrize(
    ("keys", "encode"),
    [
        ('delimiter = ";"', lambda text: text.replace(",", ";").encode()),
        ('delimiter = "\\t"', lambda text: text.replace(",", "\t").encode()),
        ("", lambda text: b"\xef\xbb\xbf" + text.encode()),
        ("", lambda text: text.replace("\n", "\r\n").encode()),
        ("", lambda text: gzip.compress(text.encode())),
        ('encoding = "windows-1252"', lambda text: text.encode("cp1252")),
        ('encoding = "utf-16"', lambda text: text.encode("utf-16")),
        ("quote = \"'\"", lambda text: text.replace('"', "'").encode()),
        ("skip = 2", lambda text: f"Talks,,,\n\n{text}".encode()),
        ('columns = ["No", "Date", "Party", "Text", "Stance"]', lambda text: text.split("\n", 1)[1].encode()),
        ("ragged = true", lambda text: text.replace("for\n", "for\n\n").encode()),
    ],
)  # fmt: skip
def test_tables_are_read_as_people_write_them(made, keys, encode):
    table = (
        HEADER
        + '1,14.12.2025,Ukraine,"Café €\nfür alle",for\n2,December 2025, Ukraine ,Non,against\n'
    )
    records, wrong = made(f"[table]\n{keys}\n{PLAIN}", encode(table))
    assert wrong == []
    assert [(one["id"], one["occurred"], one["positions"][0]["position"]) for one in records] == [
        ("r-1", "2025-12-14", "support"),
        ("r-2", "2025-12", "oppose"),
    ]
    assert records[0]["summary"].replace("\r", "") == "Café €\nfür alle"


@pytest.mark.parametrize(
    ("cell", "keys", "occurred"),
    [
        ("14.12.2025", 'date = "%d.%m.%Y"', "2025-12-14"),
        ("12/14/25", 'date = "%m/%d/%y"', "2025-12-14"),
        ("Dec 2025", 'date = ["%d %b %Y", "%b %Y"]', "2025-12"),
        ("1987", 'date = "%Y"', "1987"),
        ("2025-12~", 'date = "%d.%m.%Y"', "2025-12~"),
        ("2025-12-13/2025-12-15", 'date = "%d.%m.%Y"', "2025-12-13/2025-12-15"),
        ("14.12.2025 10:30", 'date = "%d.%m.%Y %H:%M"\nzone = "Europe/Kyiv"', "2025-12-14T10:30:00+02:00"),
        ("14.07.2025 10:30", 'date = "%d.%m.%Y %H:%M"\nzone = "Europe/Kyiv"', "2025-07-14T10:30:00+03:00"),
        ("2025-12-14T10:30:00Z", 'date = "%Y-%m-%dT%H:%M:%S%z"', "2025-12-14T10:30:00+00:00"),
        ("mid-2025", 'values = { mid-2025 = "2025-06~" }', "2025-06~"),
    ],
)  # fmt: skip
def test_dates_are_as_exact_as_the_cell_and_no_more(made, cell, keys, occurred):
    map_ = (
        PLAIN.replace('occurred = { text = "{Date}", date = ["%d.%m.%Y", "%B %Y"] }', "")
        + f'[record.occurred]\ntext = "{{Date}}"\n{keys}\n'
    )
    (record,), wrong = made(map_, f"{HEADER}1,{cell},Ukraine,Text,for\n")
    assert (record["occurred"], wrong) == (occurred, [])


def test_steps_make_values_of_cells(made):
    map_ = """
    [derived]
    nr = { text = "{Nr}", whole = true }
    begin = { text = "{Begin}", date = "%d.%m.%Y" }
    end = { text = "{End}", date = "%d.%m.%Y" }
    [[record]]
    type = "statement"
    id = "r-{nr}"
    occurred = { first = ["{begin}/{end}", "{begin}"] }
    parties = ["{Who|}", { text = "{With}", split = ";", id = true }]
    summary = "{{{Nr}}} {Text}"
    attribution = { text = "{How}", values = { "On Record" = "on_record" }, otherwise = "unattributed" }
    credibility = "{Grade}"
    tags = ["fixed", "{Tag}"]
    [[record.sources]]
    publisher = { text = "{Sources}", split = "/" }
    """.replace("{Who|}", "{Who}")
    table = (
        "Nr,Begin,End,Who,With,Text,How,Grade,Tag,Sources\n"
        '3.0,1.2.2020,3.2.2020,x,"Côte d\'Ivoire; São Tomé ;",Text,on record,"2,0",,A / B\n'
        "4,1.2.2020,,x,,Text,rumour,,t,A\n"
    )
    (one, two), wrong = made(map_, table)
    assert wrong == []
    assert one == {
        "type": "statement",
        "id": "r-3",
        "occurred": "2020-02-01/2020-02-03",
        "parties": ["x", "cote-d-ivoire", "sao-tome"],
        "summary": "{3.0} Text",
        "attribution": "on_record",
        "sources": [{"publisher": "A"}, {"publisher": "B"}],
        "credibility": 2,
        "tags": ["fixed"],
    }
    assert (two["occurred"], two["attribution"]) == ("2020-02-01", "unattributed")
    assert (two["parties"], two["tags"]) == (["x"], ["fixed", "t"])
    assert "credibility" not in two


@pytest.mark.parametrize(
    ("when", "kept"),
    [
        ('Stance = "for"', [1]),
        ('Stance = ["for", ""]', [1, 3]),
        ('Stance = { not = "" }', [1, 2]),
        ('Stance = { not = "" }, No = { not = ["1"] }', [2]),
    ],
)
def test_conditions_say_which_rows_count(made, when, kept):
    table = HEADER + "1,2020,Ukraine,T,for\n2,2020,Ukraine,T,against\n3,2020,Ukraine,T,\n"
    for map_ in (
        f"[table]\nwhen = {{ {when} }}\n{PLAIN}",
        PLAIN.replace('type = "statement"', f'type = "statement"\nwhen = {{ {when} }}'),
    ):
        records, wrong = made(map_, table)
        assert ([int(one["id"][2:]) for one in records], wrong) == (kept, [])


# What is wrong with a table


def test_a_dry_run_names_row_and_column_of_all_that_is_wrong_and_records_nothing(run, file, known):
    table = HEADER + (
        '1,14.12.2025,Ukraine,"two\nlines",for\n'
        "2,31.02.2025,Ukraine,T,for\n"
        "3,2025,Ukrain,T,maybe\n"
        "4,2025,Ukraine,,for\n"
        "\n"
        "5,2099,Ukraine,T,for\n"
        "6,2025,Ukraine,T\n"
        "7,2025,Ukraine,T,for,more\n"
        "8,2025,Ukraine,T,for\n"
    )
    name = file(table)
    before = exported(run)
    result = run("import", name, "--map", file(PLAIN, "map.toml"), "--dry-run", "--show", "1")
    assert result.exit_code == 1
    told = result.stderr.replace(f"warning: {name}:", "").splitlines()
    starts = (
        "4: column 'Date' (occurred): '31.02.2025' is not a date of the form '%d.%m.%Y' or '%B %Y'",
        "5: column 'Party' (parties): 'Ukrain' is not one of 'Ukraine' (did you mean 'Ukraine'?)",
        "5: column 'Stance' (positions.position): 'maybe' is not one of 'for', 'against'",
        "6: column 'Text' (summary): is required",
        "8: column 'Date' (occurred): ",
        "9: has 4 cells, and there are 5 columns",
        "10: has 6 cells, and there are 5 columns",
    )
    for line, start in zip(told, starts, strict=False):
        assert line.startswith(start), line
    assert told[len(starts) :] == [
        "2 recorded, 0 unchanged, 6 skipped (dry run: nothing was recorded)"
    ]
    (shown,) = result.stdout.splitlines()
    assert json.loads(shown)["summary"] == "two\nlines"
    assert exported(run) == before


def test_errors_are_told_up_to_a_limit_and_the_others_are_counted(run, file, known):
    table = HEADER + "".join(f"{n},never,Ukraine,T,for\n" for n in range(30))
    words = ("import", file(table), "--map", file(PLAIN, "map.toml"), "--dry-run")
    limited = run(*words, "--errors", "4").stderr.splitlines()
    assert sum("is not a date" in line for line in limited) == 4
    assert "and 26 more" in limited[4]
    assert run(*words).stderr.count("is not a date") == 30


def test_what_the_log_refuses_is_told_by_row_and_column_too(run, file, known):
    map_ = PLAIN.replace('{ text = "{Party}", values = { Ukraine = "ukraine" } }', '"{Party}"')
    map_ = map_.replace("[[record.positions]]", '[[record.positions]]\nparty = "{Party}"')
    table = HEADER + "1,2020,ukraine,T,for\n2,2020,ukrainia,T,for\n"
    name = file(table)
    result = run("import", name, "--map", file(map_, "map.toml"))
    assert result.exit_code == 1
    assert f"{name}:3: column 'Party' (parties.0): there is no party 'ukrainia'" in result.stderr
    assert "did you mean 'ukraine'" in result.stderr
    assert run("import", name, "--map", file(map_, "map.toml"), "--on-error", "skip").exit_code == 1
    changed = file(table.replace("ukraine,T", "ukraine,Other"))
    again = run("import", changed, "--map", file(map_, "map.toml"), "--on-error", "skip")
    assert (
        f"{name}:2: column 'No' (id): 'r-1' is already recorded with other content" in again.stderr
    )


def test_in_a_group_the_row_of_each_fault_is_told(run, file, known):
    map_ = """
    [[record]]
    type = "meeting"
    group_by = "{Vote}"
    id = "{Vote}"
    occurred = "2020"
    summary = "A vote"
    attribution = "recorded_act"
    [[record.participants]]
    party = "{Party}"
    [[record.sources]]
    publisher = "UN"
    """
    name = file("Vote,Party\nv-1,ukraine\nv-2,ukraine\nv-1,atlantis\n")
    result = run("import", name, "--map", file(map_, "map.toml"), "--on-error", "skip")
    assert f"{name}:4: column 'Party' (participants.1.party): there is no party" in result.stderr
    assert "1 recorded, 0 unchanged, 1 skipped" in result.stderr
    assert "v-2" in exported(run)
    assert "v-1" not in exported(run)


VOTES = """
[derived]
vote = { text = "{Vote}", whole = true }
[[join]]
name = "on"
file = "on.csv"
on = "{Vote}"
[[record]]
type = "meeting"
group_by = "{Vote}"
id = "v-{vote}"
occurred = "{on.Date}"
summary = "A vote"
attribution = "recorded_act"
[[record.participants]]
party = "{Party}"
[[record.sources]]
publisher = "UN"
"""


def test_no_group_is_recorded_without_a_row_that_is_wrong(made):
    dates = "Vote,Date\n1,2020\n2,2021\n"
    records, wrong = made(VOTES, "Vote,Party\n1,x\n3,x\n2,x\n1,y\n3,y\n", on=dates)
    assert [record["id"] for record in records] == ["v-1", "v-2"]
    assert wrong == [(3, "column 'Vote'", "on has nothing for '3'"), (6, *wrong[0][1:])]
    records, wrong = made(VOTES, "Vote,Party\n1,x\n1,y,z\n2,x\n", on=dates)
    assert records == []
    assert [number for number, _, _ in wrong] == [3, 2, 4]
    assert "has 3 cells" in wrong[0][2]
    assert "line 3 may belong to it" in wrong[1][2]
    records, wrong = made(VOTES, "Vote,Party\n1,x\n,y\n2,x\n", on=dates)
    assert records == []
    assert wrong[0] == (3, "column 'Vote'", "is empty: on needs it")


def test_a_bad_row_stops_the_import_and_the_batches_before_it_stay(run, file, known, monkeypatch):
    monkeypatch.setattr("service.importing.BATCH_LINES", 2)
    rows = [f"{n},2020,Ukraine,T,for\n" for n in range(1, 6)]
    rows[3] = "4,2020,Ukraine,T,perhaps\n"
    map_ = file(PLAIN, "map.toml")
    stopped = run("import", file(HEADER + "".join(rows)), "--map", map_)
    assert (stopped.exit_code, "2 recorded" in stopped.stderr) == (1, True)
    assert ":5: column 'Stance'" in stopped.stderr
    rows[3] = "4,2020,Ukraine,T,against\n"
    mended = run("import", file(HEADER + "".join(rows)), "--map", map_)
    assert (mended.exit_code, mended.stderr) == (0, "3 recorded, 2 unchanged\n")


@pytest.mark.parametrize(
    ("table", "row", "message"),
    [
        (HEADER.encode() + b"1,2020,Ukraine,Caf\xe9,for\n2,2020,Ukraine,T,for\n", 2, "byte 0xe9 is not utf-8"),
        (HEADER + '1,2020,Ukraine,"T,for\n2,2020,Ukraine,T,for\n', 2, "a quotation mark is never closed"),
        (HEADER + '1,2020,Ukraine,"T"x,for\n2,2020,Ukraine,T,for\n', 2, "stands alone: double it"),
    ],
)  # fmt: skip
def test_a_row_that_cannot_be_read_is_told_with_what_to_do(made, table, row, message):
    records, wrong = made(PLAIN, table)
    assert [(number, field) for number, field, _ in wrong] == [(row, "")]
    assert message in wrong[0][2]
    is_last = "read no further" in wrong[0][2]
    assert len(records) == (0 if is_last else 1)


def test_a_row_without_a_partner_is_refused_empty_or_left_out_as_the_map_says(made):
    join = '[[join]]\nname = "who"\nfile = "who.csv"\non = "{Party}"\n'
    map_ = PLAIN.replace('"{Text}"', '{ first = ["{who.Name}", "nobody"] }')
    table = HEADER + "1,2020,Ukraine,T,for\n2,2020,Ukraine,T,for\n".replace(
        "2,2020,Ukraine", "2,2020,ukraine"
    )
    who = "Party,Name\nUkraine,Kyiv\n"
    records, wrong = made(join + map_, table, who=who)
    assert [record["summary"] for record in records] == ["Kyiv"]
    assert wrong == [(3, "column 'Party'", "who has nothing for 'ukraine'")]
    records, wrong = made(f'{join}missing = "empty"\n{map_}', table, who=who)
    assert ([record["summary"] for record in records], wrong) == (["Kyiv", "nobody"], [])
    records, wrong = made(f'{join}missing = "skip"\n{map_}', table, who=who)
    assert ([record["summary"] for record in records], wrong) == (["Kyiv"], [])
    with pytest.raises(MapError, match="'Ukraine' comes twice: say many = true"):
        made(join + map_, table, who=who + "Ukraine,Kiev\n")


# What is wrong with a map


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"{Text}"', '"{Txt}"', "record[1].summary: there is no column 'Txt': did you mean 'Text'?"),
        ('"{Text}"', '"{Text"', "record[1].summary: has a brace alone: write {Column}"),
        ('"{Text}"', "3.5", "record[1].summary: must be text"),
        ("summary", "sumary", "record[1].sumary: is not a field of a statement: did you mean 'summary'?"),
        ('summary = "{Text}"', "", "record[1]: a statement needs summary"),
        ('"statement"', '"statment"', "record[1].type: must say what a row is: did you mean 'statement'?"),
        ('"on_record"', '"on record"', "record[1].attribution: 'on record' is not one of recorded_act"),
        ('"oppose"', '"opose"', "record[1].positions[1].position.values.against: 'opose' is not one of"),
        ("values = { for", "valeus = { for", "record[1].positions[1].position.valeus: is not a step of a value"),
        ('"%d.%m.%Y"', '"%d.%m"', "record[1].occurred.date: '%d.%m' has no year"),
        ('"%d.%m.%Y"', '"%Y-%W"', "record[1].occurred.date: '%Y-%W' counts weeks"),
        ('"%d.%m.%Y"', '"%d.%m.%Y %H:%M"', "say in which zone"),
        ('"%d.%m.%Y"', '"%d.%q.%Y"', "record[1].occurred.date:"),
        ("[[record.positions]]", "[record.positions]", "record[1].positions: is a list of tables: write [[record.positions]]"),
        ('type = "statement"', 'type = "statement"\nwhen = { Nr = "1" }', "record[1].when.Nr: there is no column 'Nr'"),
        ('type = "statement"', 'type = "statement"\nwhen = { No = 1 }', "record[1].when.No: is compared with text"),
        ("[[record]]", "[record]", "record: is a list of tables: write [[record]]"),
        (
            "[[record.positions]]",
            'speaker = "{Party}"\n[[record.positions]]',
            "record[1].speaker: has fields of its own: write [record.speaker]",
        ),
        ("[[record]]", "[tabel]\n[[record]]", "tabel: is not a part of a map"),
        ("[[record]]", '[table]\nencoding = "latin-9000"\n[[record]]', "table.encoding: 'latin-9000' is not an encoding"),
        ("[[record]]", '[table]\nencoding = "base64"\n[[record]]', "table.encoding: 'base64' is not an encoding"),
        ("[[record]]", '[table]\nencoding = "\\u0000"\n[[record]]', "table.encoding: '\\x00' is not an encoding"),
        ("[[record]]", '[table]\ndelimiter = ";;"\n[[record]]', "table.delimiter: must be one character"),
        ("[[record]]", '[table]\ndelimiter = "\\""\n[[record]]', "table.delimiter: must be another character"),
        ("[[record]]", '[derived]\nNo = "{Date}"\n[[record]]', "derived.No: is a column already"),
        ("[[record]]", '[[join]]\nname = "a"\nfile = "no.csv"\non = "{No}"\n[[record]]', "join[1].file: "),
        ('"{Text}"', '{ text = "{Text}", split = ";" }', "record[1].summary: is one value, and split makes several"),
        ("[[record]]", "[[record]", "is not TOML"),
        (PLAIN, "", "record: is required"),
    ],
)  # fmt: skip
def test_an_error_in_the_map_names_its_key_and_how_to_mend_it(made, old, new, message):
    assert old in PLAIN
    with pytest.raises(MapError) as caught:
        made(PLAIN.replace(old, new, 1), HEADER + "1,2020,Ukraine,T,for\n")
    assert message in str(caught.value)


def test_the_delimiter_is_suspected_where_the_table_seems_to_have_one_column(made):
    with pytest.raises(MapError, match="is the table's delimiter ';'"):
        made(PLAIN, HEADER.replace(",", ";"))


def test_a_column_that_comes_twice_matters_where_it_is_named(made):
    table = HEADER.replace("Text", "Text,Note,Note") + "1,2020,Ukraine,T,a,b,for\n"
    assert made(PLAIN, table)[1] == []
    with pytest.raises(MapError, match="column 'Note' comes twice"):
        made(PLAIN.replace("{Text}", "{Note}"), table)


def test_a_map_that_is_wrong_is_refused_by_name(run, file):
    map_ = file(PLAIN.replace("{Text}", "{Txt}"), "map.toml")
    result = run("import", file(HEADER), "--map", map_)
    assert (result.exit_code, result.stdout) == (1, "")
    assert f"{map_}: record[1].summary: there is no column 'Txt'" in result.stderr
    assert run("import", file(""), "--map", map_).exit_code == 1
    assert run("import", file(HEADER), "--map", "/nowhere.toml").exit_code == 4
    assert run("import", file(HEADER), "--map", map_, "--keep-recorded-at").exit_code == 2


def test_standard_input_is_read_as_often_as_needed(run):
    table = Path(STATEMENTS).read_bytes()
    result = run("import", "-", "--map", STATEMENTS_MAP, stdin=table)
    assert (result.exit_code, result.stderr) == (0, "12 recorded, 0 unchanged\n")


# Whatever the records, and however the table is written

texts = st.text(
    st.characters(codec="utf-8", exclude_characters="\0\r\ufeff", exclude_categories=["Cs"]),
    min_size=1,
    max_size=12,
).filter(str.strip)
names = st.from_regex(r"[a-z0-9][a-z0-9-]{0,8}", fullmatch=True)
statements = st.fixed_dictionaries(
    {
        "occurred": st.sampled_from(["2020", "2020-02~", "2020-02-01", "2019/..", "2020-02-01T10:00:00Z"]),
        "parties": st.lists(names, min_size=1, max_size=3, unique=True),
        "summary": texts,
        "attribution": st.sampled_from(["on_record", "readout", "unattributed"]),
        "issue": names,
        "position": st.sampled_from(["support", "oppose", "neutral"]),
        "publisher": texts,
    },
    optional={
        "quote": texts,
        "name": texts,
        "role": texts,
        "credibility": st.integers(1, 5),
        "red_line": st.just(True),
        "tags": st.lists(names, min_size=1, max_size=3),
        "url": st.just("https://example.org/a"),
    },
)  # fmt: skip
COLUMNS = (
    "occurred", "parties", "summary", "attribution", "issue", "position", "publisher", "quote",
    "name", "role", "credibility", "red_line", "tags", "url",
)  # fmt: skip
WHOLE_MAP = """
[[record]]
type = "statement"
id = "r-{nr}"
occurred = "{occurred}"
parties = { text = "{parties}", split = "|" }
speaker = { name = "{name}", role = "{role}" }
summary = "{summary}"
quote = "{quote}"
attribution = "{attribution}"
credibility = "{credibility}"
tags = { text = "{tags}", split = "|" }
[[record.positions]]
issue = "{issue}"
position = "{position}"
red_line = "{red_line}"
[[record.sources]]
publisher = "{publisher}"
url = "{url}"
"""


def record_of(number, flat):
    """The record that a flat row stands for."""

    def some(*keys):
        return {key: flat[key] for key in keys if key in flat}

    speaker = some("name", "role")
    return {
        "type": "statement",
        "id": f"r-{number}",
        **some("occurred", "parties", "summary", "quote", "attribution", "credibility", "tags"),
        **({"speaker": speaker} if speaker else {}),
        "positions": [some("issue", "position", "red_line")],
        "sources": [some("publisher", "url")],
    }


def cell_of(value):
    return "|".join(value) if isinstance(value, list) else "" if value is None else str(value)


@given(
    flat=st.lists(statements, min_size=1, max_size=6),
    delimiter=st.sampled_from(",;\t"),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    ends=st.sampled_from(["\n", "\r\n"]),
    all_quoted=st.booleans(),
)
def test_a_table_made_of_records_gives_those_records_back(
    tmp_path_factory, flat, delimiter, encoding, ends, all_quoted
):
    table = io.StringIO(newline="")
    quoting = csv.QUOTE_ALL if all_quoted else csv.QUOTE_MINIMAL
    writer = csv.writer(table, delimiter=delimiter, lineterminator=ends, quoting=quoting)
    writer.writerow(["nr", *COLUMNS])
    for number, row in enumerate(flat):
        writer.writerow([number, *(cell_of(row.get(key)) for key in COLUMNS)])
    path = tmp_path_factory.getbasetemp() / "property.csv"
    path.write_bytes(table.getvalue().encode(encoding))
    head = f"[table]\ntrim = false\nencoding = {json.dumps(encoding)}\ndelimiter = {json.dumps(delimiter)}\n"
    lines = list(Map((head + WHOLE_MAP).encode(), Source(str(path))).through())
    assert [line.sent and line.sent.record for line in lines] == [
        record_of(number, row) for number, row in enumerate(flat)
    ]


@given(
    told=st.dictionaries(
        names, st.dictionaries(names, st.sampled_from(["support", "oppose"]), min_size=1), min_size=1, max_size=5
    ),
    order=st.randoms(use_true_random=False),
)  # fmt: skip
def test_the_rows_of_roll_calls_in_any_order_give_each_roll_call_back(
    tmp_path_factory, told, order
):
    rows = [(vote, who, said) for vote, cast in told.items() for who, said in cast.items()]
    order.shuffle(rows)
    path = tmp_path_factory.getbasetemp() / "votes.csv"
    path.write_text("vote,who,said\n" + "".join(f"{','.join(row)}\n" for row in rows))
    map_ = """
    [[record]]
    type = "meeting"
    group_by = "{vote}"
    id = "v-{vote}"
    occurred = "2020"
    summary = "A vote"
    attribution = "recorded_act"
    [[record.participants]]
    party = "{who}"
    [[record.positions]]
    party = "{who}"
    issue = "nato"
    position = "{said}"
    [[record.sources]]
    publisher = "UN"
    """
    lines = list(Map(map_.encode(), Source(str(path))).through())
    given_back = {
        line.sent.record["id"][2:]: {
            row["party"]: row["position"] for row in line.sent.record["positions"]
        }
        for line in lines
    }
    assert given_back == told
    for line in lines:
        assert len(line.sent.record["participants"]) == len(line.sent.record["positions"])
