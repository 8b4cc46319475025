"""Task forces (工作专班) with their areas (分片包干), the rules of assignment, and who is away."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.accounts.models import User
from app.db import Base, Choice
from app.forces.rules import Line, Method
from app.places.models import CODE, Branch, Region


class TaskForce(Base):
    """A county's task force: a leader, members of both lines, areas."""

    __tablename__ = "task_force"

    id: Mapped[int] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    name: Mapped[str] = mapped_column(String(64))
    leader_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    active: Mapped[bool] = mapped_column(default=True)

    leader: Mapped[User | None] = relationship()
    members: Mapped[list["Member"]] = relationship(cascade="all, delete-orphan", order_by="Member.id")
    areas: Mapped[list["Area"]] = relationship(cascade="all, delete-orphan", order_by="Area.id")

    __table_args__ = (UniqueConstraint("county_code", "name"),)


class Member(Base):
    __tablename__ = "task_force_member"

    id: Mapped[int] = mapped_column(primary_key=True)
    force_id: Mapped[int] = mapped_column(ForeignKey("task_force.id"))
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    line: Mapped[Line] = mapped_column(Choice(Line))

    user: Mapped[User] = relationship()

    __table_args__ = (UniqueConstraint("force_id", "user_id"),)


class Area(Base):
    """A township, a village or a branch that a task force answers for."""

    __tablename__ = "task_force_area"

    id: Mapped[int] = mapped_column(primary_key=True)
    force_id: Mapped[int] = mapped_column(ForeignKey("task_force.id"))
    region_code: Mapped[str | None] = mapped_column(CODE, ForeignKey("region.code"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))

    region: Mapped[Region | None] = relationship()
    branch: Mapped[Branch | None] = relationship()


class AssignmentRule(Base):
    """Who gets which cases on a line; the rule with the lowest ``position`` that fits a case decides.

    ``area_code`` is a village, a township or the county. Days past due and ``min_amount``/``max_amount`` (分 overdue)
    include both bounds, None without bound. ``turn``: which of the collectors is next, where they take turns.
    """

    __tablename__ = "assignment_rule"

    id: Mapped[int] = mapped_column(primary_key=True)
    county_code: Mapped[str] = mapped_column(CODE, ForeignKey("region.code"))
    position: Mapped[int]
    line: Mapped[Line] = mapped_column(Choice(Line))
    area_code: Mapped[str | None] = mapped_column(CODE, ForeignKey("region.code"))
    branch_id: Mapped[int | None] = mapped_column(ForeignKey("branch.id"))
    min_days: Mapped[int | None]
    max_days: Mapped[int | None]
    min_amount: Mapped[int | None]
    max_amount: Mapped[int | None]
    method: Mapped[Method] = mapped_column(Choice(Method), default=Method.LEAST_LOADED)
    turn: Mapped[int] = mapped_column(default=0)
    active: Mapped[bool] = mapped_column(default=True)

    area: Mapped[Region | None] = relationship(foreign_keys=[area_code])
    branch: Mapped[Branch | None] = relationship()
    users: Mapped[list[User]] = relationship(secondary="assignment_rule_user", order_by=User.id)

    __table_args__ = (Index("ix_assignment_rule_order", "county_code", "line", "position"),)


class AssignmentRuleUser(Base):
    __tablename__ = "assignment_rule_user"

    rule_id: Mapped[int] = mapped_column(ForeignKey("assignment_rule.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)


class Absence(Base):
    """A collector on leave, ``starts_on`` to ``ends_on`` (both included), or gone for good (no end)."""

    __tablename__ = "absence"

    id: Mapped[int] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), index=True)
    starts_on: Mapped[date]
    ends_on: Mapped[date | None]
    substitute_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    reason: Mapped[str] = mapped_column(String(200), default="")
    entered_by_id: Mapped[int | None] = mapped_column(ForeignKey("user_account.id"))
    entered_at: Mapped[datetime]
    cancelled_at: Mapped[datetime | None]

    user: Mapped[User] = relationship(foreign_keys=[user_id])
    substitute: Mapped[User | None] = relationship(foreign_keys=[substitute_id])
