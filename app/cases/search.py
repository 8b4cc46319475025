"""Finding the cases of one borrower: by name, initials, contract, ID number or telephone number, within a scope.

What is looked for may be an ID number. It is compared with the sealed column and kept nowhere.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, false, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import Scope
from app.cases.models import Case
from app.cases.queries import cases_in
from app.loans.models import Borrower, Loan
from app.places.models import Lender, Region

SHOWN = 20
LONGEST = 64
_FEW = 500
_ID = re.compile(r"\d{17}[\dx]", re.IGNORECASE)
_PHONE = re.compile(r"(?:\+?0{0,2}86)?(1\d{10}|0\d{9,11})")
_HAN = re.compile(r"[\u3400-\u9fff]")
_LAST = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a text may mean; each None where it cannot be that. ``place`` stands before or after the name."""

    id_number: str | None = None
    phone: str | None = None
    contract: str | None = None
    initials: str | None = None
    name: str | None = None
    place: str | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.id_number or self.phone or self.contract or self.initials or self.name)


def understand(text: str) -> list[Wanted]:
    """The readings of what was typed; none where it is too short to find anybody by."""
    clean = unicodedata.normalize("NFKC", text).replace("\0", "").strip()[:LONGEST]
    joined = re.sub(r"[\s\-]", "", clean)
    if _ID.fullmatch(joined):
        return [Wanted(id_number=joined.upper())]
    found = [Wanted(phone=match[1])] if (match := _PHONE.fullmatch(joined)) else []
    if _HAN.search(clean):
        words = clean.split()
        if len(words) == 2:
            return [
                Wanted(name=words[1], place=words[0]),
                Wanted(name=words[0], place=words[1]),
            ]
        name = "".join(words)
        return [Wanted(name=name)] if len(name) > 1 else []
    if joined.isascii() and joined.isalpha() and len(joined) > 1:
        found.append(Wanted(initials=joined.lower()))
    if len(joined) > 3:
        found.append(Wanted(contract=clean))
    return found


def starts_with(session: Session, column: Any, start: str) -> ColumnElement[bool]:
    """A prefix by code point, as a range that an index answers on both databases."""
    if session.get_bind().dialect.name == "postgresql":
        return and_(
            column.op("~>=~", is_comparison=True)(start), column.op("~<~", is_comparison=True)(start + _LAST)
        )
    return and_(column >= start, column < start + _LAST)


def _borrowers(session: Session, people: Any) -> ColumnElement[bool]:
    """Cases of the borrowers whose ids ``people`` selects. Few are looked up one by one, whatever a planner thinks."""
    found = list(session.scalars(people.limit(_FEW)))
    return Case.borrower_id.in_(found if len(found) < _FEW else people)


def _cases_of(session: Session, one: Wanted, phone_owners: Any) -> ColumnElement[bool]:
    if one.id_number:
        return _borrowers(session, select(Borrower.id).where(Borrower.id_number == one.id_number))
    if one.phone:
        owners = session.scalars(phone_owners(one.phone).limit(_FEW)).all()
        owners = [
            *owners,
            *session.scalars(select(Borrower.id).where(Borrower.phone == one.phone).limit(_FEW)),
        ]
        return Case.borrower_id.in_(owners)
    if one.contract:
        lenders = list(session.scalars(select(Lender.id)))
        contract = select(Loan.id).where(Loan.lender_id.in_(lenders), Loan.contract_no == one.contract)
        return Case.loan_id.in_(list(session.scalars(contract)))
    column, start = (Borrower.initials, one.initials) if one.initials else (Borrower.name, one.name)
    named = _borrowers(session, select(Borrower.id).where(starts_with(session, column, start or "")))
    if not one.place:
        return named
    codes = _places(session, one.place)
    return and_(named, or_(Case.village_code.in_(codes), Case.township_code.in_(codes))) if codes else false()


def _places(session: Session, name: str) -> list[str]:
    query = select(Region.code).where(
        func.length(Region.code) >= 9, Region.name.startswith(name, autoescape=True)
    )
    return list(session.scalars(query))


def search(session: Session, scope: Scope, text: str, phone_owners: Any) -> tuple[list[Case], bool] | None:
    """The cases that fit, open ones first, and whether there are more; None where the text is too short.

    ``phone_owners`` gives the ids of the borrowers that a number was added for, as a SELECT.
    """
    wanted = understand(text)
    if not wanted:
        return None
    found: dict[int, Case] = {}
    for one in wanted:
        # First which, then all about them: what does not fit on the page is not looked up
        numbers = _ordered(select(Case.id).where(cases_in(scope), _cases_of(session, one, phone_owners)))
        chosen = list(session.scalars(numbers.limit(SHOWN + 1)))
        found |= {case.id: case for case in session.scalars(_loaded(select(Case).where(Case.id.in_(chosen))))}
    cases = sorted(found.values(), key=lambda case: (case.closed_on is not None, case.due_on, case.id))
    return cases[:SHOWN], len(cases) > SHOWN


def _ordered(query: Any) -> Any:
    return query.order_by(Case.closed_on.is_not(None), Case.due_on, Case.id)


def _loaded(query: Any) -> Any:
    loaded = joinedload(Case.loan)
    return query.options(
        loaded.joinedload(Loan.borrower), loaded.joinedload(Loan.township), loaded.joinedload(Loan.village)
    )
