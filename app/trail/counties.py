"""Whose chain an entry of the trail belongs to: the county of who acted, or of what it is about."""

from typing import Any

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import COUNTY
from app.cases.models import Case
from app.loans.models import Loan
from app.places.models import Region
from app.places.rules import Level

_ABOUT: dict[str, tuple[ColumnElement[str], ColumnElement[int]]] = {
    "case": (Case.township_code, Case.id),  # type: ignore[dict-item]
    "borrower": (Loan.township_code, Loan.borrower_id),  # type: ignore[dict-item]
    "loan": (Loan.township_code, Loan.id),  # type: ignore[dict-item]
}


def county_of(session: Session, actor: str, entity: str, entity_id: str) -> str:
    """A county's code; "" for what belongs to none, or may belong to several."""
    with session.no_autoflush:
        code = session.scalar(select(User.region_code).where(User.username == actor)) or ""
        if len(code) < COUNTY and entity in _ABOUT and entity_id.isascii() and entity_id.isdigit():
            code = session.scalar(_township(entity, int(entity_id))) or ""
        return code[:COUNTY] if len(code) >= COUNTY else _only_county(session)


def _township(entity: str, number: int) -> Select[Any]:
    code, key = _ABOUT[entity]
    return select(code).where(key == number).limit(1)


def _only_county(session: Session) -> str:
    codes = session.scalars(select(Region.code).where(Region.level == Level.COUNTY).limit(2)).all()
    return codes[0] if len(codes) == 1 else ""
