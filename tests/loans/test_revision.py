"""The ledger's revision counts every change of snapshots, two at the same moment too."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.db import db, get_setting, put_setting
from app.loans.queries import (
    bump_revision,
    ledger_revision,
    mark_settled,
    own_unsettled_since,
    unsettled_since,
)
from tests.loans.portfolio import NOVEMBER, OCTOBER

WAIT = 0.3  # seconds in which the second has come as far as it gets


def test_each_change_counts_and_the_earliest_day_stays(session: Session) -> None:
    assert (ledger_revision(session), unsettled_since(session)) == (0, None)
    assert [bump_revision(session, day) for day in (NOVEMBER, OCTOBER, NOVEMBER)] == [1, 2, 3]
    assert (ledger_revision(session), unsettled_since(session)) == (3, OCTOBER)


@pytest.mark.parametrize("first_of_all", [True, False])
def test_of_two_at_once_the_second_counts_on(app: Flask, session: Session, first_of_all: bool) -> None:
    """A person decides about a missing loan while an import ends."""
    if not first_of_all:
        bump_revision(session, NOVEMBER)
        mark_settled(session)
        session.commit()
    before = ledger_revision(session)
    session.rollback()
    begun = Event()

    def second() -> int:
        with app.app_context():
            begun.set()
            revision = bump_revision(db.session(), OCTOBER)
            db.session.commit()
            return revision

    with ThreadPoolExecutor(1) as pool:
        bump_revision(session, NOVEMBER)
        later = pool.submit(second)
        assert begun.wait(30)
        with pytest.raises(TimeoutError):
            later.result(timeout=WAIT)
        session.commit()
        assert later.result(timeout=30) == before + 2
    session.rollback()
    assert (ledger_revision(session), unsettled_since(session)) == (before + 2, OCTOBER)


def test_what_changes_while_figures_are_counted_is_counted_next(app: Flask, session: Session) -> None:
    bump_revision(session, NOVEMBER)
    session.commit()

    def change() -> None:
        with app.app_context():
            bump_revision(db.session(), OCTOBER)
            db.session.commit()

    with ThreadPoolExecutor(1) as pool:
        assert own_unsettled_since(session) == NOVEMBER
        meanwhile = pool.submit(change)
        with pytest.raises(TimeoutError):
            meanwhile.result(timeout=WAIT)
        mark_settled(session)
        session.commit()
        meanwhile.result(timeout=30)
    session.rollback()
    assert unsettled_since(session) == OCTOBER


@pytest.mark.postgres
@pytest.mark.parametrize("db_kind", ["postgresql"], indirect=True)
def test_a_plain_read_and_write_would_lose_one(app: Flask, session: Session) -> None:
    """The control: without owning the setting first, both write the same number."""

    def plain(database: Session) -> None:
        put_setting(database, "n", str(int(get_setting(database, "n") or 0) + 1))

    put_setting(session, "n", "0")
    session.commit()
    plain(session)
    with app.app_context():
        plain(db.session())
        db.session.expunge_all()
    session.commit()
    assert get_setting(session, "n") == "1"
