"""Nothing goes round the guard: who writes contacts and approaches, and where a number is shown in full.

The program is read, not run: every place that makes, inserts, changes or deletes a row of these tables, and every
route and command from which one of them can be reached.
"""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from app.cases.models import Case
from app.db import db
from app.loans.models import Borrower
from tests.architecture import read_modules
from tests.conftest import SignIn

ROOT = Path(__file__).parents[2]
GUARDED = {"Contact": "contacts.actions", "Approach": "contacts.calling"}
TABLES = {"contact", "approach"}
# The rules' own Approach is a question to the guard and no row.
ASKING = {
    "contacts.actions",
    "contacts.calling",
    "contacts.queries",
    "reminders.queries",
    "reminders.actions",
}
WRITES = ("insert", "update", "delete", "bulk_insert_mappings", "bulk_save_objects")


def makers(folder: Path) -> Iterator[str]:
    """``module:line what`` for each place that writes a guarded table, except where it belongs."""
    for module in read_modules(folder).values():
        for node in ast.walk(module.tree):
            if isinstance(node, ast.Call):
                yield from _call(module.name, node)
            elif isinstance(node, ast.Constant) and isinstance(node.value, str):
                words = node.value.lower().replace('"', " ").split()
                if words[:1] and words[0] in ("insert", "update", "delete") and TABLES & set(words):
                    yield f"{module.name}:{node.lineno} SQL"


def _call(name: str, node: ast.Call) -> Iterator[str]:
    called = node.func.id if isinstance(node.func, ast.Name) else getattr(node.func, "attr", "")
    if called in GUARDED and GUARDED[called] != name:
        module = node.func.value if isinstance(node.func, ast.Attribute) else None
        asks = called == "Approach" and isinstance(module, ast.Name) and module.id == "fairness"
        if not asks:
            yield f"{name}:{node.lineno} {called}(…)"
    if called in WRITES:
        for argument in node.args[:1]:
            target = argument.id if isinstance(argument, ast.Name) else ""
            if target in GUARDED:
                yield f"{name}:{node.lineno} {called}({target})"


def test_only_one_door_writes_each() -> None:
    assert list(makers(ROOT / "app")) == []


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("Contact(case_id=1)", True),
        ("models.Contact(case_id=1)", True),
        ("Approach(allowed=True)", True),
        ("fairness.Approach(channel)", False),
        ("session.execute(insert(Contact).values(text='x'))", True),
        ("session.execute(update(Contact).values(breaches=[]))", True),
        ("session.execute(text('INSERT INTO contact (text) VALUES (1)'))", True),
        ("select(Contact)", False),
    ],
)
def test_another_door_would_be_found(tmp_path: Path, line: str, found: bool) -> None:
    """The control."""
    (tmp_path / "app" / "promises").mkdir(parents=True)
    (tmp_path / "app" / "promises" / "actions.py").write_text(line + "\n")
    assert bool(list(makers(tmp_path / "app"))) is found


def calls(tree: ast.AST, name: str) -> list[ast.Call]:
    return [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and (getattr(node.func, "id", "") == name or getattr(node.func, "attr", "") == name)
    ]


def test_the_door_of_contacts_marks_and_the_door_of_calls_judges() -> None:
    """Each asks the guard before it makes the row, on every path: nothing in between returns or branches."""
    modules = read_modules(ROOT / "app")
    for name, function, guard, row in (
        ("contacts.actions", "add_contact", "_breaches", "Contact"),
        ("contacts.calling", "approach", "judge", "Approach"),
    ):
        (door,) = (
            node
            for node in modules[name].tree.body
            if isinstance(node, ast.FunctionDef) and node.name == function
        )
        top = [
            statement for statement in door.body if not isinstance(statement, (ast.If, ast.For, ast.While))
        ]
        asks = [index for index, statement in enumerate(top) if calls(statement, guard)]
        adds = [index for index, statement in enumerate(top) if calls(statement, "add")]
        assert len(asks) == len(adds) == 1 and asks[0] < adds[0]
        makes = [c for c in calls(modules[name].tree, row) if isinstance(c.func, ast.Name)]
        assert len(makes) == 1 and makes[0] in calls(door, row)


def test_no_page_holds_a_number_that_the_guard_did_not_let_through(
    demo_app: Flask, signed_in: SignIn
) -> None:
    """Every page that can be got, as each of those who may call: no number in full anywhere."""
    case = db.session.scalars(select(Case).where(Case.township_code == "530324106").limit(1)).one()
    number = db.session.get_one(Borrower, case.borrower_id).phone
    assert number
    values = {"case_id": case.id, "household_id": case.loan.household_id}
    seen = 0
    for rule in demo_app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.arguments <= values.keys() and rule.endpoint != "static":
            with demo_app.test_request_context():
                path = demo_app.url_map.bind("localhost").build(
                    rule.endpoint, {name: values[name] for name in rule.arguments}
                )
            for username in ("agang", "office"):
                answer = signed_in(username).get(path, follow_redirects=True)
                assert number.encode() not in answer.data, path
                seen += answer.status_code == 200
    assert seen > 20
