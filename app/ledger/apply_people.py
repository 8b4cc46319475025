"""Households and borrowers of the staged ledger: new ones, and what has changed about known ones."""

from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, case, func, insert, literal, or_, select, update

from app.ledger.stage import STAGE
from app.loans.models import Borrower, Household, Loan

_s = STAGE.c


def add_new(connection: Connection) -> None:
    """Add the people that nobody knew."""
    known = select(literal(1)).where(Household.head_id_number == _s.head_id).exists()
    connection.execute(
        insert(Household).from_select(
            ["head_id_number", "head_name", "size"],
            select(_s.head_id, _s.head_name, _s.size).where(
                _s.row_id.in_(_speaking(_s.head_id, _s.size)), ~known
            ),
        )
    )
    known = select(literal(1)).where(Borrower.id_number == _s.id_number).exists()
    connection.execute(
        insert(Borrower).from_select(
            ["id_number", "name", "initials", "phone"],
            select(_s.id_number, _s.name, _s.initials, _s.phone).where(
                _s.row_id.in_(_speaking(_s.id_number, _s.phone)), ~known
            ),
        )
    )


def update_known(connection: Connection, as_of: date) -> None:
    """Follow the newest ledger with a loan of theirs; an older one only fills what is still empty."""
    old = _has_newer_loan(Loan.borrower_id, Borrower.id, as_of)
    named, says = _filled(Borrower.name), _filled(_s.name)
    name = func.coalesce(_follow(old, named, says), "")
    connection.execute(
        update(Borrower)
        .where(
            Borrower.id_number == _s.id_number,
            _s.row_id.in_(_speaking(_s.id_number, _s.phone)),
            or_(_says_else(says, Borrower.name), _says_else(_s.phone, Borrower.phone)),
        )
        .values(
            name=name,
            initials=case((name == _s.name, _s.initials), else_=Borrower.initials),
            phone=_follow(old, Borrower.phone, _s.phone),
        )
    )
    old = _has_newer_loan(Loan.household_id, Household.id, as_of)
    named, says = _filled(Household.head_name), _filled(_s.head_name)
    connection.execute(
        update(Household)
        .where(
            Household.head_id_number == _s.head_id,
            _s.row_id.in_(_speaking(_s.head_id, _s.size)),
            or_(_says_else(says, Household.head_name), _says_else(_s.size, Household.size)),
        )
        .values(
            head_name=func.coalesce(_follow(old, named, says), ""),
            size=_follow(old, Household.size, _s.size),
        )
    )


def _speaking(person: ColumnElement[Any], wanted: ColumnElement[Any]) -> Any:
    """One row for each person: the last that gives what is wanted, else the last."""
    with_it = func.max(case((wanted.is_not(None), _s.row_id)))
    return select(func.coalesce(with_it, func.max(_s.row_id))).group_by(person)


def _filled(text: Any) -> Any:
    return func.nullif(text, "")


def _says_else(said: Any, known: Any) -> ColumnElement[bool]:
    return and_(said.is_not(None), known.is_distinct_from(said))


def _has_newer_loan(link: Any, person: Any, as_of: date) -> ColumnElement[bool]:
    return select(literal(1)).where(link == person, Loan.as_of > as_of).exists()


def _follow(old: ColumnElement[bool], known: Any, said: Any) -> Any:
    return case((old, func.coalesce(known, said)), else_=func.coalesce(said, known))
