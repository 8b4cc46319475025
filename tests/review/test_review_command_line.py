"""What the commands promise to whoever calls them: exit codes, and the shapes of their JSON."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from flask import Flask

from app.cases.models import Case
from app.db import db
from app.ledger.report import SHOWN
from tests.intake.world import LENDER
from tests.ledger.factory import make_ledger, row, rows, without

PAGE = Path(__file__).parent.parent / "data" / "luoping-2023-10.txt"
BAD_ROW = {"贷款余额": 90_000}
COUNTS = ["accepted", "rejected", "new", "changed", "unchanged", "missing"]


def call(app: Flask, *arguments: object) -> Result:
    return app.test_cli_runner().invoke(args=[str(argument) for argument in arguments])


def import_json(app: Flask, *arguments: object, code: int = 0) -> dict[str, Any]:
    result = call(app, "ledger", "import", *arguments, "--lender", LENDER, "--json")
    assert result.exit_code == code, result.output
    told: dict[str, Any] = json.loads(result.stdout)
    assert list(told) == [*COUNTS, "findings"]
    return told


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return make_ledger(tmp_path / "ledger.csv", rows(3))


@pytest.mark.parametrize(
    "arguments",
    [
        ["ledger", "import"],
        ["ledger", "import", "nowhere.csv"],
        ["ledger", "import", PAGE, "--as-of", "31.10.2023"],
        ["cases", "sweep", "--as", "nobody"],
        ["bulletin", "figures", "--region", "530324"],
        ["bulletin", "figures", "--region", "530324", "--month", "2023-13"],
        ["bulletin", "proofread"],
        ["users", "add", "anna", "--role", "emperor"],
    ],
    ids=lambda arguments: " ".join(map(str, arguments))[-40:],
)
def test_wrong_use_exits_2(app: Flask, arguments: list[object]) -> None:
    assert call(app, *arguments).exit_code == 2


def test_nothing_taken_exits_1_and_the_json_says_why(app: Flask, tmp_path: Path) -> None:
    mixed = make_ledger(tmp_path / "mixed.csv", [*rows(3), row(**BAD_ROW)])
    told = import_json(app, mixed, "--as-of", "2023-10-31", code=1)
    assert [told[name] for name in COUNTS] == [0, 1, 0, 0, 0, 0]
    (refused,) = (finding for finding in told["findings"] if finding["kind"] == "refused")
    assert (refused["sheet"], refused["row"], refused["field"]) == ("mixed", 5, "balance")
    assert refused["found"] == "90000.00"
    assert refused["message"]


def test_what_was_refused_is_in_the_json_of_a_ledger_that_was_taken(app: Flask, tmp_path: Path) -> None:
    mixed = make_ledger(tmp_path / "mixed.csv", [*rows(3), row(**BAD_ROW)])
    told = import_json(app, mixed, "--as-of", "2023-10-31", "--accept-valid")
    assert [told[name] for name in COUNTS] == [3, 1, 3, 0, 0, 0]
    assert any(finding["kind"] == "refused" for finding in told["findings"])


def test_a_rehearsal_changes_nothing(app: Flask, file: Path) -> None:
    for _ in range(2):
        told = import_json(app, file, "--as-of", "2023-10-31", "--dry-run")
        assert (told["new"], told["unchanged"]) == (3, 0)


def test_the_preview_lists_new_names_and_columns_without_a_meaning(app: Flask, tmp_path: Path) -> None:
    lines = [{**line, "支行": "山顶支行", "贷款金融机构": "山顶银行", "神秘列": "甲"} for line in rows(2)]
    named = {
        finding["field"]: finding["found"]
        for finding in import_json(
            app, make_ledger(tmp_path / "l.csv", lines), "--as-of", "2023-10-31", "--dry-run"
        )["findings"]
    }
    assert named == {"lender": "山顶银行", "branch": "山顶银行 山顶支行", None: "神秘列"}


def test_the_json_lists_every_refused_row(app: Flask, tmp_path: Path) -> None:
    many = make_ledger(tmp_path / "many.csv", rows(SHOWN + 7, **BAD_ROW))
    told = import_json(app, many, "--as-of", "2023-10-31", code=1)
    assert told["rejected"] == len([f for f in told["findings"] if f["kind"] == "refused"]) == SHOWN + 7


def test_a_date_to_come_is_refused(app: Flask, file: Path) -> None:
    assert "2100-01-01" in import_json(app, file, "--as-of", "2100-01-01", code=1)["findings"][0]["message"]


def test_the_shape_of_figures(app: Flask, tmp_path: Path) -> None:
    import_json(app, make_ledger(tmp_path / "l.csv", rows(2)), "--as-of", "2023-10-31")
    result = call(app, "bulletin", "figures", "--month", "2023-10", "--region", "530324", "--json")
    told = json.loads(result.stdout)
    assert (told["region"], told["month"], told["as_of"]) == ("530324", "2023-10", "2023-10-31")
    assert list(told["total"]) == [
        "name", "stock_households", "stock_wan", "new_households", "new_wan", "target_wan", "completion_pct",
        "overdue_households", "overdue_wan", "overdue_rate_pct", "overdue_loans", "cleared",
    ]  # fmt: skip
    for line in (told["total"], *told["rows"]):
        for name, value in line.items():
            if name.endswith("_households") or name == "overdue_loans":
                assert type(value) is int
            elif name == "cleared":
                assert type(value) is bool
            elif name.endswith("_wan") and value is not None:
                assert value == f"{float(value):.2f}"
        assert (line["target_wan"], line["completion_pct"]) == (None, None)  # nobody has set a target
    assert len(told["rows"]) == 13


def test_proofreading_exits_1_with_the_one_finding_of_the_real_page(app: Flask, tmp_path: Path) -> None:
    result = call(app, "bulletin", "proofread", PAGE, "--json")
    assert result.exit_code == 1
    (finding,) = json.loads(result.stdout)["findings"]
    assert list(finding) == ["region", "section", "figure", "printed", "expected", "start", "end", "reason"]
    text = PAGE.read_text(encoding="utf-8")
    assert text[finding["start"] : finding["end"]] == finding["printed"] == "0"
    corrected = tmp_path / "corrected.txt"
    corrected.write_text(text[: finding["start"]] + finding["expected"] + text[finding["end"] :], "utf-8")
    assert call(app, "bulletin", "proofread", corrected, "--json").exit_code == 0


def test_a_sweep_for_a_day_to_come_leaves_later_imports_alone(app: Flask, tmp_path: Path) -> None:
    """It is refused, and the cases of a ledger taken after it open now, not in the next century."""
    assert call(app, "cases", "sweep", "--as-of", "2099-01-01").exit_code == 1
    due = make_ledger(tmp_path / "l.csv", [without(row(到期日期="2023-10-01"), "逾期贷款金额")])
    import_json(app, due, "--as-of", "2023-10-31")
    (opened,) = db.session.query(Case).all()
    assert opened.opened_on.isoformat() == "2023-10-31"
