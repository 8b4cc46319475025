"""Cells that a column of the database would choke on: each is taken, or refused in a sentence; never a crash."""

from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from tests.intake.world import OCTOBER, contents, imported, ledger_file
from tests.ledger.factory import row

LONG = "长" * 300


@pytest.mark.slow
@pytest.mark.parametrize(
    "changes",
    [
        {"贷款人姓名": LONG},
        {"户主姓名": LONG},
        {"行政村": LONG},
        {"支行": LONG},
        {"贷款金融机构": LONG},
        {"合同号": "9" * 300},
        {"组别": LONG},
        {"备注": "x" * 40_000},
        {"贷款用途": LONG},
        {"五级分类": LONG},
        {"电话": "1" * 300},
        {"家庭人口数": 10**12},
        {"家庭人口数": -1},
        {"家庭人口数": "三"},
        {"贷款金额": 10**17, "贷款余额": 10**17},
        {"贷款金额": "9" * 40},
        {"贷款金额": -5},
        {"欠息金额(元)": 10**19},
        {"贷款利率(%)": 10**9},
        {"贷款利率(%)": "abc"},
        {"放款日期": "0001-01-01"},
        {"到期日期": "9999-12-31"},
        {"到期日期": "10000-01-01"},
        {"还款时间": "9999-12-31", "偿还贷款金额": 5},
        {"备注": "a\x00b"},
        {"备注": "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")},
        {"备注": "=HYPERLINK(1)"},
        {"贷款人姓名": "张\u202e三\u0007"},
        {"合同号": "'; DROP TABLE loan; --"},
        {"行政村": "%(name)s %s {0}"},
    ],
    ids=lambda changes: " ".join(f"{title}={str(cell)[:12]}" for title, cell in changes.items()),
)
def test_an_odd_cell_is_taken_or_refused(
    session: Session, tmp_path: Path, changes: dict[str, object]
) -> None:
    lines = [row(), row(**changes)]
    outcome = imported(ledger_file(tmp_path, lines), OCTOBER, accept_valid=True)
    if outcome.ok:
        assert outcome.counts["accepted"] + outcome.counts["rejected"] == 2
        again = imported(ledger_file(tmp_path, [*lines, row()]), OCTOBER, accept_valid=True)
        assert again.ok and (again.counts["changed"], again.counts["new"]) == (0, 1)
    else:
        assert len(str(outcome.sentence)) > 10 and not contents(session)["loan"]


@pytest.mark.parametrize("name", ["甲" * 300 + ".csv", "%s %(n)s.csv", "a'b\"c.csv", "台账\n十月.csv"])
def test_an_odd_file_name(session: Session, tmp_path: Path, name: str) -> None:
    path = ledger_file(tmp_path, [row()])
    renamed = path.with_name(name[-80:])
    path.rename(renamed)
    assert imported(renamed, OCTOBER).ok
