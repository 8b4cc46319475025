"""The commands as a person or a program calls them: exit codes, sentences, JSON exactly as promised."""

import json
import re
from pathlib import Path

import click
import openpyxl
import pytest
from flask import Flask
from sqlalchemy import select

from app.db import db
from app.places.models import Region, RegionAlias
from app.trail.verify import first_broken
from tests.commands import Run, runner, told, trail
from tests.intake.world import LENDER, contents
from tests.ledger.factory import AGANG, make_ledger, row

PAGE = Path(__file__).parent / "data" / "luoping-2023-10.txt"


@pytest.fixture
def run(app: Flask) -> Run:
    return runner(app)


# --- wrong use


@pytest.mark.parametrize(
    "arguments",
    [
        ["ledger", "import"],
        ["ledger", "import", "nowhere.xlsx"],
        ["ledger", "import", PAGE, "--as-of", "2023-10-32"],
        ["ledger", "import", PAGE, "--as", "nobody"],
        ["ledger", "import", PAGE.parent],
        ["cases", "sweep", "--as-of", "yesterday"],
        ["bulletin", "figures", "--month", "2023-10"],
        ["bulletin", "figures", "--month", "October", "--region", "530324"],
        ["bulletin", "proofread", "nowhere.txt"],
        ["users", "add", "a", "--role", "king"],
        ["users", "disable"],
        ["targets", "set", AGANG, "1999", "5"],
        ["targets", "set", AGANG, "2023", "viel"],
        ["places", "load", "530324", "--as", "nobody"],
        ["no-such-command"],
    ],
    ids=str,
)
def test_wrong_use_is_2_and_changes_nothing(app: Flask, run: Run, arguments: list[object]) -> None:
    before = contents(db.session())
    result = run(*arguments)
    assert result.exit_code == 2 and result.stdout == "" and "Error" in result.stderr
    assert contents(db.session()) == before


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["places", "load", "110101"], "110101"),
        (["places", "load", "nowhere.json"], "nowhere.json"),
        (["bulletin", "figures", "--month", "2023-10", "--region", "999999"], "999999"),
        (["bulletin", "figures", "--month", "2023-10", "--region", "530324106200"], "530324106200"),
        (["targets", "set", "999999", "2023", "5"], "999999"),
        (["users", "disable", "nobody"], "nobody"),
        (["users", "password", "nobody", "--password", "long enough"], "nobody"),
        (["users", "add", "a", "--role", "office", "--region", "999999", "--password", "long enough 1"], ""),
        (
            ["users", "add", "a", "--role", "branch", "--branch", "月亮支行", "--password", "long enough 1"],
            "月亮支行",
        ),
        (["users", "add", "a", "--role", "admin", "--password", "short"], ""),
    ],
    ids=str,
)
def test_what_cannot_be_done_is_1_with_a_sentence(
    app: Flask, run: Run, arguments: list[object], said: str
) -> None:
    before = contents(db.session())
    result = run(*arguments)
    assert result.exit_code == 1 and result.stdout == "" and said in result.stderr and len(result.stderr) > 8
    assert contents(db.session()) == before


def test_every_command_and_option_says_what_it_is_for(app: Flask) -> None:
    def walk(command: click.Command, name: str) -> list[str]:
        lacking = [] if command.get_short_help_str() else [name]
        options = [option for option in command.params if isinstance(option, click.Option)]
        lacking += [f"{name} --{o.name}" for o in options if not o.help and o.name not in _PLAIN]
        if isinstance(command, click.Group):
            for sub, child in command.commands.items():
                lacking += walk(child, f"{name} {sub}")
        return lacking

    ours = ("places", "ledger", "cases", "bulletin", "targets", "users", "demo", "worker", "setup", "prepare")
    assert [lack for name in ours for lack in walk(app.cli.commands[name], name)] == []


_PLAIN = {"as_json", "year", "month", "role"}


def test_sentences_are_in_the_language_of_the_terminal(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "en_US.UTF-8")
    assert "There is no account nobody." in run("users", "disable", "nobody").stderr
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert re.search("[\u4e00-\u9fff]", run("users", "disable", "nobody").stderr)


# --- places


def test_the_shipped_places_of_a_county(run: Run) -> None:
    result = run("places", "load", "530324")
    assert result.exit_code == 0 and db.session.get(Region, AGANG) is not None


def test_places_from_a_file_twice(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "places.json"
    village = {"code": f"{AGANG}201", "name": "木冲村", "aliases": ["木冲"]}
    path.write_text(json.dumps({"places": [village]}), "utf-8")
    for _ in range(2):
        assert run("places", "load", path).exit_code == 0
    assert db.session.scalars(
        select(RegionAlias.name).where(RegionAlias.region_code == village["code"])
    ).all() == ["木冲"]


@pytest.mark.parametrize(
    "content",
    [
        "no json",
        "[]",
        '{"places": 5}',
        '{"places": [{"code": "530324106"}]}',
        '{"places": [{"code": "53032410x", "name": "x"}]}',
        '{"places": [{"code": "5303251", "name": "x"}]}',
        '{"places": [{"code": "530325101", "name": "x"}]}',
        '{"places": [{"code": 530325, "name": "x"}]}',
        '{"places": [{"code": "530325", "name": 7}]}',
        '{"places": [{"code": "530325", "name": ""}]}',
        '{"places": [{"code": "530325", "name": "' + "县" * 70 + '"}]}',
        '{"places": [{"code": "530325", "name": "富源县", "aliases": [1]}]}',
        '{"places": [{"code": "530325", "name": "富源县", "aliases": "富源"}]}',
        '{"places": [{"code": "530325", "name": "罗平县"}]}',
        "\x00",
    ],
)
def test_a_bad_file_of_places_is_refused_whole(run: Run, tmp_path: Path, content: str) -> None:
    before = contents(db.session())
    path = tmp_path / "places.json"
    path.write_text(content, "utf-8")
    result = run("places", "load", path)
    assert result.exit_code == 1 and len(result.stderr) > 10 and contents(db.session()) == before


# --- ledgers


COUNTS = ("accepted", "rejected", "new", "changed", "unchanged", "missing")
FINDING = {"kind", "sheet", "row", "field", "found", "message", "suggestion"}


def test_ledger_import_tells_what_the_issue_says(run: Run, tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "ledger.xlsx", [row(), row(贷款余额=90_000), row()])
    refused = told(run("ledger", "import", path, "--as-of", "2023-10-31", "--lender", LENDER, "--json"), 1)
    assert list(refused) == [*COUNTS, "findings"]
    assert {name: refused[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0) | {"rejected": 1}
    arguments = [
        "ledger",
        "import",
        path,
        "--as-of",
        "2023-10-31",
        "--lender",
        LENDER,
        "--accept-valid",
        "--json",
    ]
    taken = told(run(*arguments))
    assert {name: taken[name] for name in COUNTS} == dict.fromkeys(COUNTS, 0) | {
        "accepted": 2,
        "new": 2,
        "rejected": 1,
    }
    (finding,) = [found for found in taken["findings"] if found["kind"] == "refused"]
    assert finding.keys() == FINDING and (finding["row"], finding["field"]) == (3, "balance")
    again = told(run(*arguments))
    assert (again["unchanged"], again["new"]) == (2, 0) and any(
        "20" in f["message"] for f in again["findings"]
    )


def test_refused_rows_go_out_and_come_back(run: Run, tmp_path: Path) -> None:
    bad, back = row(合同号="B", 贷款余额=90_000), tmp_path / "退回.xlsx"
    path = make_ledger(tmp_path / "ledger.xlsx", [row(合同号="A"), bad], above=[["截至2023年10月31日"]])
    result = run("ledger", "import", path, "--lender", LENDER, "--accept-valid", "--refused", back)
    assert result.exit_code == 0 and back.name in result.stderr
    book = openpyxl.load_workbook(back)
    sheet = book.active
    assert sheet is not None
    (cell,) = [cell for line in sheet.iter_rows() for cell in line if cell.value == 90_000]
    cell.value = 40_000
    book.save(back)
    supplement = told(run("ledger", "import", back, "--json"))
    assert (supplement["accepted"], supplement["new"], supplement["missing"]) == (1, 1, 0)


def test_a_place_where_refused_rows_cannot_be_written_is_told(run: Run, tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "ledger.csv", [row(), row(贷款余额=90_000)])
    result = run(
        "ledger", "import", path, "--as-of", "2023-10-31", "--lender", LENDER, "--accept-valid",
        "--refused", tmp_path / "no" / "such.xlsx",
    )  # fmt: skip
    assert result.exit_code == 0 and "such.xlsx" in result.stderr


def test_a_rehearsal_takes_nothing(run: Run, tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "ledger.csv", [row()])
    before = contents(db.session())
    result = told(
        run("ledger", "import", path, "--as-of", "2023-10-31", "--lender", LENDER, "--dry-run", "--json")
    )
    assert result["new"] == 1 and contents(db.session()) == before


def test_a_date_after_the_business_date_is_refused(app: Flask, run: Run, tmp_path: Path) -> None:
    app.config["TODAY"] = "2023-10-30"
    path = make_ledger(tmp_path / "ledger.csv", [row()])
    arguments = ["ledger", "import", path, "--as-of", "2023-10-31", "--lender", LENDER, "--json"]
    assert "2023-10-31" in told(run(*arguments), 1)["findings"][0]["message"]
    app.config["TODAY"] = "2023-10-31"
    assert told(run(*arguments))["accepted"] == 1


def test_without_json_a_person_reads_it(run: Run, tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "ledger.csv", [row(), row(贷款余额=90_000)])
    result = run("ledger", "import", path, "--as-of", "2023-10-31", "--lender", LENDER, "--accept-valid")
    assert result.exit_code == 0 and re.search(r"accepted +1 *\n", result.stdout)
    assert "balance" in result.stderr and "90000.00" in result.stderr


# --- cases, and on whose behalf


SWEPT = ["opened", "closed", "assigned", "open", "unassigned"]


def test_the_sweep_tells_what_it_did(run: Run, tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "ledger.csv", [row(到期日期="2023-11-02"), row()])
    run("ledger", "import", path, "--as-of", "2023-10-31", "--lender", LENDER)
    assert told(run("cases", "sweep", "--as-of", "2023-11-02", "--json")) == dict.fromkeys(SWEPT, 0)
    swept = told(run("cases", "sweep", "--as-of", "2023-11-03", "--json"))
    assert swept == {"opened": 1, "closed": 0, "assigned": 0, "open": 1, "unassigned": 1}
    assert run("cases", "sweep", "--as-of", "2023-11-03").exit_code == 0


def test_a_day_that_is_still_to_come_is_not_swept(app: Flask, run: Run, tmp_path: Path) -> None:
    app.config["TODAY"] = "2023-11-02"
    path = make_ledger(tmp_path / "ledger.csv", [row(到期日期="2023-11-02")])
    run("ledger", "import", path, "--as-of", "2023-10-31", "--lender", LENDER)
    before = contents(db.session())
    swept = run("cases", "sweep", "--as-of", "2023-11-03", "--json")
    assert (swept.exit_code, swept.stdout) == (1, "") and "2023-11-03 lies in the future" in swept.stderr
    assert contents(db.session()) == before
    app.config["TODAY"] = "2023-11-03"
    assert told(run("cases", "sweep", "--as-of", "2023-11-03", "--json"))["opened"] == 1


def test_what_is_done_is_done_on_somebodys_behalf(run: Run, tmp_path: Path) -> None:
    arguments = ["--role", "office", "--region", "530324", "--password", "long enough 1"]
    assert run("users", "add", "office", *arguments).exit_code == 0
    path = make_ledger(tmp_path / "ledger.csv", [row(逾期贷款金额=5)])
    imported = ["ledger", "import", path, "--as-of", "2023-10-31", "--lender", LENDER]
    assert run(*imported, "--as", "office").exit_code == 0
    assert run("targets", "set", AGANG, "2023", "1050", "--as", "office").exit_code == 0
    assert trail("ledger.take") == trail("cases.sweep") == trail("bulletin.target") == ["office"]
    assert trail("accounts.add") == ["system"]
    assert run("users", "disable", "office").exit_code == 0
    assert run("targets", "set", AGANG, "2023", "1", "--as", "office").exit_code == 2
    assert first_broken(db.session()) is None
