"""An author in a township with a village, one at a branch that lends there, and a place for photos."""

from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.files import FileStore, attachments
from app.places.models import Region
from app.places.rules import Level
from tests.loans.portfolio import AGANG, BANQIAO, branch, collector, loan

VILLAGE, FOREIGN_VILLAGE = f"{AGANG}201", f"{BANQIAO}201"


@pytest.fixture
def villages(session: Session) -> None:
    """One village in 阿岗镇, one in 板桥镇."""
    for code, parent in ((VILLAGE, AGANG), (FOREIGN_VILLAGE, BANQIAO)):
        if session.get(Region, code) is None:
            session.add(
                Region(code=code, parent_code=parent, level=Level.VILLAGE, name="新寨村委会", short="新寨")
            )
    session.flush()


@pytest.fixture
def author(session: Session, villages: None) -> User:
    return collector(session, AGANG, name="agang")


@pytest.fixture
def banker(session: Session, villages: None) -> User:
    """Of a branch with one loan, in 阿岗镇."""
    bank = branch(session)
    loan(session, branch_id=bank.id)
    return collector(session, bank, name="agang-bank")


@pytest.fixture
def store(app: Flask) -> FileStore:
    assert Path(app.instance_path).exists()
    return attachments()
