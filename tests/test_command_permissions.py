"""Commands by hand: whoever is named by ``--as`` may do there what they may do on a page, and no more."""

import click
import pytest
from flask import Flask
from sqlalchemy import select

from app import audit
from app.accounts.models import User
from app.accounts.rules import Permission, Role, document, may
from app.cli.terminal import PERMISSION
from app.config import ROOT
from app.db import db
from tests.commands import runner
from tests.test_routes import ACCOUNTS

pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])

# Commands that need somebody and judge by themselves whether that one may: what they need, and how they are asked.
OWN_JUDGEMENT = {
    "cases assign": Permission.ASSIGN,
    "cases handover": Permission.ASSIGN,
    "cases note": Permission.NOTES,
    "policies set": Permission.POLICIES,
}


def commands_with_somebody(group: click.Group, above: str = "") -> dict[str, click.Command]:
    found: dict[str, click.Command] = {}
    for name, command in group.commands.items():
        path = f"{above}{name}"
        if isinstance(command, click.Group):
            found |= commands_with_somebody(command, path + " ")
        elif any("--as" in getattr(option, "opts", ()) for option in command.params):
            found[path] = command
    return found


def test_every_command_that_acts_for_somebody_declares_what_that_takes(app: Flask) -> None:
    found = commands_with_somebody(app.cli)  # type: ignore[arg-type]
    undeclared = {
        n for n, c in found.items() if getattr(c.callback, PERMISSION, None) is None
    } - OWN_JUDGEMENT.keys()
    assert not undeclared, f"declare it, @actor_option(Permission.…): {undeclared}"
    assert len(found) > 10


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_the_same_table_holds_for_commands(demo_app: Flask, role: Role) -> None:
    username = ACCOUNTS[role]
    assert db.session.scalar(select(User.role).where(User.username == username)) is role
    for command in commands_with_somebody(demo_app.cli).values():  # type: ignore[arg-type]
        permission = getattr(command.callback, PERMISSION, None)
        if permission is None:
            continue
        (option,) = [o for o in command.params if "--as" in o.opts]
        with click.Context(command) as context:
            assert option.process_value(context, None) == audit.SYSTEM, "nobody named: the system"
            if may(role, permission):
                assert option.process_value(context, username) == username
            else:
                with pytest.raises(click.BadParameter, match="may not"):
                    option.process_value(context, username)
            with pytest.raises(click.BadParameter, match="no active account"):
                option.process_value(context, "nobody")


def test_a_command_that_judges_by_itself_refuses_too(demo_app: Flask) -> None:
    run = runner(demo_app)
    refused = run("cases", "note", "1", "--as", "auditor", "--text", "x")
    assert refused.exit_code == 1
    assert run("policies", "set", "x", "1", "--as", "agang").exit_code != 0


def test_the_document_is_the_table(app: Flask) -> None:
    path = ROOT / "docs" / "permissions.md"
    assert path.read_text("utf-8") == document(), "run: flask users permissions > docs/permissions.md"
