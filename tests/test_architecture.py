"""The program keeps to the order of its parts; and the judge of that is itself judged on small wrong programs."""

from pathlib import Path

import pytest

from tests.architecture import BASE, HELPERS, ROOTS, SLICES, complaints, read_modules, rings

APP = Path(__file__).parent.parent / "app"

# A small program in which everything is in its place.
SOUND = {
    "__init__.py": "def create_app():\n    from app import startup, web\n",
    "money.py": "from decimal import Decimal\n",
    "labels.py": "",
    "clock.py": "from app.labels import T\n",
    "db.py": "import sqlalchemy\n",
    "today.py": "from flask import current_app\nfrom app.clock import day\nfrom app.db import db\n",
    "web.py": "import flask\nfrom app.today import now\n",
    "startup.py": "from app.cases.views import bp\nfrom app.ledger.actions import take\n",
    "intake.py": "from app.cases import actions\nfrom app.ledger import actions as a\nactions.commit()\n",
    "accounts/__init__.py": "",
    "accounts/rules.py": "from app.labels import T\n",
    "accounts/access.py": "import flask\nfrom app.accounts.rules import may\n",
    "loans/__init__.py": "",
    "loans/models.py": "from app.db import Base\n",
    "loans/queries.py": "from .models import Loan\n",
    "cases/__init__.py": "",
    "cases/rules.py": "from app.money import wan\n",
    "cases/actions.py": "from app.loans.queries import overdue_on\nfrom app.cases import rules\n",
    "cases/views.py": "from app.accounts import access\nfrom app import web\nfrom app.cases.actions import x\n",
    "ledger/__init__.py": "",
    "ledger/actions.py": "from app.loans import queries\n",
    "dashboard/__init__.py": "",
    "dashboard/views.py": "from app.cases import queries\nfrom app.accounts.access import requires\n",
    "cases/queries.py": "from app.loans.models import Loan\n",
}


def program(folder: Path, **changed: str) -> Path:
    """SOUND, with other content in some files (``cases__rules="…"`` for cases/rules.py)."""
    files = SOUND | {name.replace("__", "/") + ".py": content for name, content in changed.items()}
    for name, content in files.items():
        path = folder / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, "utf-8")
    return folder / "app"


def test_every_part_keeps_to_its_place() -> None:
    broken = complaints(APP)
    assert not broken, "\n" + "\n".join(broken)


def test_a_sound_program_gets_no_complaint(tmp_path: Path) -> None:
    assert complaints(program(tmp_path)) == []


@pytest.mark.parametrize(
    ("changed", "where", "advice"),
    [
        # Pure parts.
        ({"cases__rules": "from sqlalchemy import select\n"}, "cases/rules.py:1", "is pure"),
        ({"cases__rules": "\nimport flask_babel\n"}, "cases/rules.py:2", "is pure"),
        ({"cases__rules": "from app.db import db\n"}, "cases/rules.py:1", "is pure, and so must be"),
        (
            {"cases__rules": "from app.cases.models import Case\n"},
            "cases/rules.py:1",
            "is pure, and so must be",
        ),
        ({"cases__rules": "import app.today\n"}, "cases/rules.py:1", "is pure, and so must be"),
        (
            {"ledger__cells": "from app.ledger import actions\n"},
            "ledger/cells.py:1",
            "is pure, and so must be",
        ),
        ({"money": "from sqlalchemy import text\n"}, "money.py:1", "is pure"),
        (
            {"cases__rules": "from datetime import date\nx = date.today()\n"},
            "cases/rules.py:2",
            "asks a clock",
        ),
        # The order of the ground, and of slices; an import inside a function counts.
        ({"db": "def f():\n    from app.loans.models import Loan\n"}, "db.py:2", "rests on nothing above"),
        ({"clock": "from app.today import now\n"}, "clock.py:1", "is pure, and so must be"),
        ({"db": "from app import today\n"}, "db.py:1", "rests on nothing above"),
        (
            {"loans__queries": "def f():\n    from app.cases.models import C\n"},
            "loans/queries.py:2",
            "may use",
        ),
        ({"loans__queries": "from ..cases import models\n"}, "loans/queries.py:1", "may use of other slices"),
        ({"ledger__actions": "from app.cases.actions import sweep\n"}, "ledger/actions.py:1", "app.intake"),
        ({"cases__actions": "from app.ledger.rules import x\n"}, "cases/actions.py:1", "may use of other"),
        # Layers.
        ({"loans__models": "from app.loans.queries import x\n"}, "loans/models.py:1", "Move it down"),
        ({"cases__queries": "from app.loans.actions import x\n"}, "cases/queries.py:1", "Move it down"),
        ({"cases__actions": "from app.cases.views import bp\n"}, "cases/actions.py:1", "Move it down"),
        ({"cases__actions": "from flask import g\n"}, "cases/actions.py:1", "there is a web"),
        ({"cases__queries": "from app.web import Page\n"}, "cases/queries.py:1", "for views.py"),
        ({"cases__actions": "from app.config import Settings\n"}, "cases/actions.py:1", "settings"),
        ({"cases__actions": "from app.accounts import access\n", "accounts__access": ""}, "", ""),
        ({"dashboard__views": "from app.cases.actions import x\n"}, "dashboard/views.py:1", "only reads"),
        # Composition roots.
        ({"cases__actions": "def f():\n    from app.intake import x\n"}, "cases/actions.py:2", "wires"),
        ({"cases__views": "import app\n"}, "cases/views.py:1", "wires"),
        ({"web": "from app.startup import SLICES\n"}, "web.py:1", "wires"),
        # Commits, dynamic imports, libraries with one home, parts without a place.
        ({"cases__actions": "def f(session):\n    session.commit()\n"}, "cases/actions.py:2", "commits"),
        ({"ledger__names": "def f(db):\n    db.session.commit()\n"}, "ledger/names.py:2", "commits"),
        (
            {"cases__queries": "import importlib\nimportlib.import_module('x')\n"},
            "cases/queries.py:2",
            "run time",
        ),
        ({"cases__actions": "from twilio.rest import Client\n"}, "cases/actions.py:1", "Provider protocol"),
        ({"visits__rules": ""}, "app/visits/", "a new slice"),
        ({"helpers": "", "cases__actions": "from app import helpers\n"}, "cases/actions.py:1", "right place"),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else None,
)
def test_a_part_out_of_its_place_is_told_what_to_do(
    tmp_path: Path, changed: dict[str, str], where: str, advice: str
) -> None:
    told = complaints(program(tmp_path, **changed))
    if not where:
        assert told == []
        return
    assert len([sentence for sentence in told if where in sentence and advice in sentence]) == 1, told


@pytest.mark.parametrize(
    "changed",
    [
        {
            "cases__queries": "from app.cases import models\n",
            "cases__models": "from app.cases import queries\n",
        },
        {"cases__a": "from app.cases.b import x\n", "cases__b": "def f():\n    from app.cases.a import y\n"},
        {
            "ledger__a": "from app.ledger.b import x\n",
            "ledger__b": "import app.ledger.c\n",
            "ledger__c": "from . import a\n",
        },
    ],
    ids=["two layers", "inside a function", "three"],
)
def test_a_ring_is_found_however_hidden(tmp_path: Path, changed: dict[str, str]) -> None:
    assert any("import one another" in sentence for sentence in complaints(program(tmp_path, **changed)))


def test_rings_of_a_graph() -> None:
    assert rings({"a": {"b"}, "b": {"c"}, "c": {"b"}, "d": {"d"}, "e": {"a", "elsewhere"}}) == [
        ["b", "c"],
        ["d"],
    ]
    assert rings({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_the_rules_speak_of_modules_that_exist() -> None:
    """A rule about a module that was renamed would protect nothing."""
    modules = read_modules(APP)
    assert {*HELPERS, *ROOTS, *BASE, *SLICES} - modules.keys() == set()
    for name, below in SLICES.items():
        assert name not in below and set(below) <= SLICES.keys()
    assert rings({name: set(below) for name, below in SLICES.items()}) == []
