"""``flask doctor``: is everything about this instance in order, and what to do where it is not.

A check is a function that takes what is looked at and yields findings; none means that it is in order. What keeps the
program from starting at all, a wrong setting or a key that does not fit, is told in one line by the start itself.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from flask import Flask
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from app.config import Settings
from app.labels import T, Text
from app.today import now


class Weight(StrEnum):
    """How much a finding matters: BAD makes the command exit with 1."""

    GOOD = "good"
    CARE = "care"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """What is not as it should be, and what to do about it (None when the sentence says it already)."""

    weight: Weight
    sentence: Text
    todo: Text | None = None


@dataclass(frozen=True, slots=True)
class Looked:
    """What the checks look at."""

    app: Flask
    settings: Settings
    session: Session
    moment: datetime


@dataclass(frozen=True, slots=True)
class Check:
    """One thing to look at; ``asks`` says that it needs the database with its tables."""

    name: str
    title: Text
    look: Callable[[Looked], Iterator[Finding]]
    asks: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a check found."""

    check: Check
    findings: tuple[Finding, ...]

    @property
    def weight(self) -> Weight:
        weights = {finding.weight for finding in self.findings}
        return next((w for w in (Weight.BAD, Weight.CARE) if w in weights), Weight.GOOD)

    def to_json(self, speak: Callable[[Text], str]) -> dict[str, Any]:
        found = [
            {"weight": f.weight, "sentence": speak(f.sentence), "todo": speak(f.todo) if f.todo else None}
            for f in self.findings
        ]
        return {"check": self.check.name, "weight": self.weight, "findings": found}


NOT_ASKED = T("Not looked at: the database does not answer, or has no tables.")


def examine(app: Flask, session: Session, checks: tuple[Check, ...]) -> list[Outcome]:
    """Every check, in order. One that needs a database that is away says so, and does not count as passed."""
    looked = Looked(app, app.extensions["qingshou.settings"], session, now())
    outcomes, away = [], False
    for check in checks:
        if check.asks and away:
            outcomes.append(Outcome(check, (Finding(Weight.CARE, NOT_ASKED),)))
            continue
        try:
            findings = tuple(check.look(looked))
        except SQLAlchemyError:
            session.rollback()
            away, findings = True, (Finding(Weight.CARE, NOT_ASKED),)
        outcomes.append(Outcome(check, findings))
        away = away or (check.name in ("database", "migrations") and outcomes[-1].weight is Weight.BAD)
    return outcomes


def passed(outcomes: list[Outcome]) -> bool:
    return all(outcome.weight is not Weight.BAD for outcome in outcomes)
