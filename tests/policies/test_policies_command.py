"""The numbers of a county on the command line: for every lender, or for one."""

import json

import pytest
from flask import Flask
from sqlalchemy import select

from app.accounts.rules import Role
from app.db import db
from app.places.models import Lender
from app.policies.models import PolicyValue
from app.policies.rules import KEYS, Key
from tests.commands import Run, runner
from tests.loans.portfolio import branch, collector

SET = ("policies", "set", "calls_per_day", "2", "--from", "2999-01-01", "--reason", "协议", "--as", "luoping")


@pytest.fixture
def run(app: Flask) -> Run:
    collector(db.session(), "530324", "luoping", role=Role.OFFICE)
    branch(db.session())  # of the one lender
    db.session.commit()
    return runner(app)


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_number_for_one_lender(run: Run) -> None:
    lender = db.session.scalars(select(Lender)).one()
    unknown = run(*SET, "--lender", "某某银行")
    assert unknown.exit_code == 1 and lender.name in unknown.stderr
    assert run(*SET, "--lender", lender.name).exit_code == 0
    (made,) = db.session.scalars(select(PolicyValue)).all()
    assert (made.key, made.value, made.lender_id, made.region_code) == (
        Key.CALLS_PER_DAY,
        2,
        lender.id,
        "530324",
    )
    made.starts_on = made.starts_on.replace(year=2020)
    db.session.commit()

    def shown(*words: str) -> int:
        found = json.loads(run("policies", "show", "--region", "530324", "--json", *words).stdout)
        return int(next(one["value"] for one in found if one["key"] == "calls_per_day"))

    assert (shown("--lender", lender.name), shown()) == (2, KEYS[Key.CALLS_PER_DAY].default)
