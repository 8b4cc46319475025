"""The published month through the real files, and what was imported going out and coming in again."""

import csv
from datetime import date
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.bulletin.queries import figures
from app.db import db
from app.ledger.export import export_xlsx
from app.ledger.rows import LedgerRow
from app.loans.models import Loan
from app.places.queries import place_index
from tests.intake.world import (
    NOVEMBER,
    OCTOBER,
    imported,
    repayments,
    snapshots,
)
from tests.intake.world import loans as loans_now
from tests.ledger.factory import COUNTY, ledger_row

# --- the published month, through the real files


@pytest.mark.slow
def test_october_is_the_published_one_in_every_township(demo_app: Flask) -> None:
    found = figures(db.session(), COUNTY, OCTOBER)
    rows = {str(row["name"]): row for row in (r.to_json() for r in (*found.rows, found.total))}
    with (Path(__file__).parents[1] / "data" / "luoping-2023-10.csv").open(
        encoding="utf-8", newline=""
    ) as file:
        published = list(csv.DictReader(file))
    assert len(published) == len(rows) == 14
    for line in published:
        row = rows[line["township"].replace("全县", "罗平县")]
        for field in ("stock_households", "new_households", "overdue_households"):
            assert row[field] == int(line[field])
        for field in ("stock_wan", "new_wan", "overdue_wan"):
            assert row[field] == line[field]
        assert row["cleared"] is (int(line["overdue_households"]) == 0)


@pytest.mark.slow
def test_import_export_import_is_the_identity(demo_app: Flask, tmp_path: Path) -> None:
    session = db.session()
    before = loans_now(session), snapshots(session), repayments(session)
    path = tmp_path / "again.xlsx"
    export_xlsx(rows_of(session, NOVEMBER), path, places=place_index(session, COUNTY), as_of=NOVEMBER)
    session.rollback()
    outcome = imported(path, None, lender="")
    assert outcome.ok and outcome.counts["accepted"] == outcome.counts["unchanged"] > 1000
    assert (loans_now(session), snapshots(session), repayments(session)) == before


def rows_of(session: Session, as_of: date) -> list[LedgerRow]:
    """What the ledger of ``as_of`` said, from the database."""
    given = {
        (lender, contract): (amount, on)
        for lender, contract, day, *_, amount, on in snapshots(session)
        if day == as_of
    }
    rows = []
    for number, loan in enumerate(session.scalars(select(Loan).where(Loan.as_of == as_of)), start=1):
        repaid, repaid_on = given[loan.lender.name, loan.contract_no]
        rows.append(ledger_row(
            row_no=number, contract_no=loan.contract_no, township_code=loan.township_code, group=loan.group_name,
            village=loan.village.name if loan.village else "", head_name=loan.household.head_name,
            head_id=loan.household.head_id_number, household_size=loan.household.size, name=loan.borrower.name,
            id_number=loan.borrower.id_number, phone=loan.borrower.phone, category=loan.category,
            lender=loan.lender.name, branch=loan.branch.name if loan.branch else None, principal=loan.principal,
            balance=loan.balance, overdue=loan.overdue, interest_owed=loan.interest_owed, rate=loan.rate,
            disbursed_on=loan.disbursed_on, due_on=loan.due_on, grade=loan.grade, purpose=loan.purpose,
            remark=loan.remark, repaid=repaid or None,
            repaid_on=None if repaid_on == "None" else date.fromisoformat(repaid_on),
        ))  # fmt: skip
    return rows
