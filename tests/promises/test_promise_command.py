"""``flask cases promise``: bad use first, then the same door as the pages."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases.models import Case
from app.db import db
from app.promises.models import Promise
from tests.commands import Run, runner


@pytest.fixture
def run(demo_app: Flask) -> Run:
    demo_app.config["NOW"] = "2023-12-05T10:30+08:00"
    return runner(demo_app)


def test_a_promise_by_hand(run: Run) -> None:
    number = db.session.scalars(
        select(Case.id)
        .where(
            Case.township_code == "530324106",
            Case.closed_on.is_(None),
            Case.id.not_in(select(Promise.case_id)),
            Case.overdue >= 1_000_000,
        )
        .order_by(Case.id)
        .limit(1)
    ).one()
    for code, amount, on, who in (
        (1, "x", "2023-12-20", "agang"),
        (1, "0", "2023-12-20", "agang"),
        (1, "99999999", "2023-12-20", "agang"),
        (1, "1000.00", "2023-12-01", "agang"),
        (2, "1000.00", "2023-12-20", "auditor"),
        (2, "1000.00", "tomorrow", "agang"),
        (0, "1000.00", "2023-12-20", "agang"),
    ):
        result = run(
            "cases", "promise", number, "--amount", amount, "--on", on, "--text", "卖牛后还", "--as", who
        )
        assert result.exit_code == code, (amount, on, who, result.output)
        db.session.rollback()
        made = db.session.scalars(select(Promise.amount).where(Promise.case_id == number)).all()
        assert made == ([] if code else [100_000])
