"""Households, borrowers, loans as they stand today, and the dated snapshots that figures read.

Amounts are integer 分. A snapshot holds what one ledger said of one loan, and is valid for the days
``as_of <= day < until``: the state at any date is one range condition, without looking for "the latest".
"""

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.db import FOREVER, Base, Choice, Percent
from app.loans.rules import Category, MissingDecision, RepaymentSource
from app.places.models import CODE, Branch, Lender, Region
from app.privacy import ID_NUMBER, PHONE, Sealed


class Household(Base):
    """户: known by its head's ID number where the ledger has it, else by the borrower's."""

    __tablename__ = "household"

    id: Mapped[int] = mapped_column(primary_key=True)
    head_id_number: Mapped[str] = mapped_column(Sealed(ID_NUMBER), unique=True)
    head_name: Mapped[str] = mapped_column(String(64))
    size: Mapped[int | None]


class Borrower(Base):
    __tablename__ = "borrower"

    id: Mapped[int] = mapped_column(primary_key=True)
    id_number: Mapped[str] = mapped_column(Sealed(ID_NUMBER), unique=True)
    name: Mapped[str] = mapped_column(String(64))
    phone: Mapped[str | None] = mapped_column(Sealed(PHONE), index=True)
    initials: Mapped[str | None] = mapped_column(String(64))  # of the name, in pinyin; the import keeps it

    __table_args__ = (  # prefixes by code point, whatever the database's collation
        Index(
            "ix_borrower_name", "name", postgresql_ops={"name": "text_pattern_ops"}, postgresql_include=["id"]
        ),
        Index(
            "ix_borrower_initials",
            "initials",
            postgresql_ops={"initials": "text_pattern_ops"},
            postgresql_include=["id"],
        ),
    )


class Loan(Base):
    """A loan as the newest ledger that lists it has it; ``as_of`` is that ledger's date."""

    __tablename__ = "loan"

    id: Mapped[int] = mapped_column(primary_key=True)
    lender_id: Mapped[int] = mapped_column(ForeignKey("lender.id"))
    contract_no: Mapped[str] = mapped_column(String)
    borrower_id: Mapped[int] = mapped_column(ForeignKey("borrower.id"), index=True)
    household_id: Mapped[int] = mapped_column(ForeignKey("household.id"), index=True)
    township_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    village_code: Mapped[str | None] = mapped_column(CODE, ForeignKey("region.code"))
    group_name: Mapped[str] = mapped_column(String, default="")
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    category: Mapped[Category | None] = mapped_column(Choice(Category))
    principal: Mapped[int]
    balance: Mapped[int]
    overdue: Mapped[int]
    interest_owed: Mapped[int | None]
    disbursed_on: Mapped[date]
    due_on: Mapped[date]
    effective_due_on: Mapped[date]
    rate: Mapped[Decimal | None] = mapped_column(Percent())
    grade: Mapped[str] = mapped_column(String, default="")
    purpose: Mapped[str] = mapped_column(String, default="")
    remark: Mapped[str] = mapped_column(String, default="")
    as_of: Mapped[date]
    missing_since: Mapped[date | None]
    missing_decision: Mapped[MissingDecision | None] = mapped_column(Choice(MissingDecision))

    borrower: Mapped[Borrower] = relationship()
    household: Mapped[Household] = relationship()
    lender: Mapped[Lender] = relationship()
    branch: Mapped[Branch | None] = relationship()
    township: Mapped[Region] = relationship(foreign_keys=[township_code])
    village: Mapped[Region | None] = relationship(foreign_keys=[village_code])

    __table_args__ = (
        UniqueConstraint("lender_id", "contract_no"),
        Index("ix_loan_township_code", "township_code"),
        Index("ix_loan_branch_id", "branch_id"),
        Index(
            "ix_loan_missing",
            "township_code",
            sqlite_where=text("missing_since IS NOT NULL"),
            postgresql_where=text("missing_since IS NOT NULL"),
        ),
        # Every ledger rewrites its loans: with room left on a page, PostgreSQL need not touch their indexes.
        {"postgresql_with": {"fillfactor": 50}},
    )


class Snapshot(Base):
    """What one ledger said of one loan, with everything that a figure needs, so that figures read nothing else."""

    __tablename__ = "snapshot"

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id"))
    as_of: Mapped[date]
    until: Mapped[date] = mapped_column(default=FOREVER)
    batch_id: Mapped[int | None]
    township_code: Mapped[str] = mapped_column(CODE)
    branch_id: Mapped[int | None]
    household_id: Mapped[int]
    principal: Mapped[int]
    balance: Mapped[int]
    overdue: Mapped[int]
    disbursed_on: Mapped[date]
    due_on: Mapped[date]
    repaid: Mapped[int | None]
    repaid_on: Mapped[date | None]

    loan: Mapped[Loan] = relationship()

    __table_args__ = (
        UniqueConstraint("loan_id", "as_of"),
        Index("ix_snapshot_township_code_until", "township_code", "until"),
        Index("ix_snapshot_as_of_batch_id", "as_of", "batch_id"),
    )


class Repayment(Base):
    """A fall of a loan's balance that the ledger of ``as_of`` showed, dated by the bank where it gave the date."""

    __tablename__ = "repayment"

    id: Mapped[int] = mapped_column(primary_key=True)
    loan_id: Mapped[int] = mapped_column(ForeignKey("loan.id"))
    as_of: Mapped[date]
    paid_on: Mapped[date]
    amount: Mapped[int]
    source: Mapped[RepaymentSource] = mapped_column(Choice(RepaymentSource))

    __table_args__ = (UniqueConstraint("loan_id", "as_of"),)
