"""A lost update is impossible: of transactions that start from one version of a case, one wins, the others are told."""

from threading import Barrier, Thread

from flask import Flask
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.actions import Overtaken, fire
from app.cases.models import Case, CaseEvent
from app.cases.states import Event, State
from app.db import db
from tests.desk.quiet import TODAY, hush

TOGETHER = 4


def test_of_many_that_start_together_one_wins(demo_app: Flask) -> None:
    number = hush()[0]
    leader = db.session.scalars(select(User.id).where(User.username == "leader")).one()
    version = db.session.get_one(Case, number).version
    before = db.session.scalar(select(func.count()).where(CaseEvent.case_id == number)) or 0
    db.session.commit()
    start, answers = Barrier(TOGETHER), []

    def act() -> None:
        with demo_app.app_context(), Session(db.engine) as session:
            start.wait()
            found, who = session.get_one(Case, number), session.get_one(User, leader)
            try:
                fire(session, found, Event.LEGAL_STARTED, who, TODAY, reason="已起诉", version=version)
                session.commit()
                answers.append("won")
            except Overtaken:
                session.rollback()
                answers.append("told")

    threads = [Thread(target=act) for _ in range(TOGETHER)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(answers) == ["told"] * (TOGETHER - 1) + ["won"]
    db.session.expire_all()
    found = db.session.get_one(Case, number)
    after = db.session.scalar(select(func.count()).where(CaseEvent.case_id == number)) or 0
    assert (found.state, found.version, after) == (State.LEGAL, version + 1, before + 1)


def test_without_a_version_nothing_is_overwritten_either(demo_app: Flask) -> None:
    """A case read long before: what happened since is seen, not undone."""
    number = hush()[0]
    leader = db.session.scalars(select(User.id).where(User.username == "leader")).one()
    db.session.commit()
    with Session(db.engine, expire_on_commit=False) as other:
        read_early = other.get_one(Case, number)
        other.commit()
        who = db.session.get_one(User, leader)
        fire(db.session(), db.session.get_one(Case, number), Event.LEGAL_STARTED, who, TODAY, reason="已起诉")
        db.session.commit()
        fire(other, read_early, Event.CONTACTED, other.get_one(User, leader), TODAY)
        other.commit()
    db.session.expire_all()
    assert db.session.get_one(Case, number).state is State.LEGAL
