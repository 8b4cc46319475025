"""``flask cases note``: bad use first, then the same door as the pages."""

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases.models import Case
from app.contacts.models import Contact
from app.contacts.rules import Channel, Disposition
from app.db import db
from tests.commands import Run, runner, told


@pytest.fixture
def run(demo_app: Flask) -> Run:
    demo_app.config["NOW"] = "2023-12-05T10:30+08:00"
    return runner(demo_app)


@pytest.fixture
def number(run: Run) -> int:
    return db.session.scalars(
        select(Case.id).where(Case.township_code == "530324106", Case.closed_on.is_(None)).limit(1)
    ).one()


def test_what_cannot_be_noted_is_refused(run: Run, number: int) -> None:
    for code, arguments in (
        (2, [number, "--text", "x"]),
        (2, [number, "--as", "agang", "--channel", "pigeon"]),
        (2, [number, "--as", "agang", "--next", "call"]),
        (1, [number, "--as", "nobody", "--text", "x"]),
        (1, [number, "--as", "auditor", "--text", "x"]),
        (1, [number, "--as", "jiulong", "--text", "x"]),
        (1, [10**6, "--as", "office", "--text", "x"]),
        (1, [number, "--as", "agang"]),
        (1, [number, "--as", "agang", "--text", "x", "--at", "2023-12-05T12:00"]),
    ):
        before = len(db.session.scalars(select(Contact.id)).all())
        result = run("cases", "note", *arguments)
        assert result.exit_code == code, (arguments, result.output)
        assert len(db.session.scalars(select(Contact.id)).all()) == before


def test_a_note_by_hand_goes_through_the_same_door(run: Run, number: int) -> None:
    arguments = ("--as", "agang", "--channel", "call", "--disposition", "refuses", "--at", "2023-12-04T22:30")
    for _ in range(2):
        answer = told(run("cases", "note", number, *arguments, "--key", "by-hand", "--json"))
        assert answer["breaches"] == ["hours"] and answer["on"] == "2023-12-04"
    made = db.session.scalars(select(Contact).where(Contact.key == "by-hand")).one()
    assert (made.channel, made.disposition) == (Channel.CALL, Disposition.REFUSES)
    said = run("cases", "note", number, *arguments)
    assert said.exit_code == 0 and "Hours of contact" in said.stderr + said.output
