"""Accounts."""

from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.cli.terminal import actor_option, fail, localized, print_json, say, stdout
from app.labels import T

users = AppGroup("users", help="Accounts.")


@users.command("list")
@click.option("--json", "as_json", is_flag=True)
@localized
def users_list(as_json: bool) -> None:
    """All accounts, with their role and the region or branch they are for."""
    from rich.table import Table
    from sqlalchemy import select

    from app.accounts.models import User
    from app.db import db

    accounts = db.session.scalars(select(User).order_by(User.username)).all()
    if as_json:
        print_json([_described(account) for account in accounts])
        return
    table = Table(box=None, header_style="bold")
    for head in (gettext("User name"), gettext("Name"), gettext("Role"), gettext("For"), gettext("State")):
        table.add_column(head)
    for account in accounts:
        place = account.branch.name if account.branch else account.region.short if account.region else "—"
        state = gettext("Active") if account.active else gettext("Ended")
        table.add_row(account.username, account.name, account.role.label.render(gettext), place, state)
    stdout.print(table)


def _described(account: Any) -> dict[str, Any]:
    return {
        "username": account.username,
        "name": account.name,
        "role": account.role.value,
        "region": account.region_code,
        "branch": account.branch.name if account.branch else None,
        "active": account.active,
    }


def _account(username: str) -> Any:
    from sqlalchemy import select

    from app.accounts.models import User
    from app.db import db

    account = db.session.scalar(select(User).where(User.username == username))
    if account is None:
        fail(T("There is no account %(name)s.", name=username))
    return account


@users.command("disable")
@click.argument("username")
@actor_option
@localized
def users_disable(username: str, actor: str) -> None:
    """End an account, and its sessions at once. What it did stays under its name."""
    _activate(username, False, actor)
    say(T("%(name)s can no longer sign in.", name=username))


@users.command("enable")
@click.argument("username")
@actor_option
@localized
def users_enable(username: str, actor: str) -> None:
    """Let an ended account sign in again."""
    _activate(username, True, actor)
    say(T("%(name)s can sign in now.", name=username))


def _activate(username: str, active: bool, actor: str) -> None:
    from app.accounts.actions import set_active
    from app.db import db

    set_active(db.session(), _account(username), active, actor)
    db.session.commit()


@users.command("password")
@click.argument("username")
@click.option("--password", help="Asked for when not given.")
@actor_option
@localized
def users_password(username: str, password: str | None, actor: str) -> None:
    """Give an account a new password; its sessions end."""
    from app.accounts.actions import AccountRefused, set_password
    from app.db import db

    account = _account(username)
    try:
        set_password(db.session(), account, password or _ask_password(), actor)
    except AccountRefused as refused:
        fail(refused.message)
    db.session.commit()
    say(T("%(name)s has a new password; open sessions have ended.", name=username))


def _ask_password() -> str:
    answer: str = click.prompt(gettext("Password"), hide_input=True, confirmation_prompt=True)
    return answer


@users.command("add")
@click.argument("username")
@click.option("--name", default="", help="The person's name.")
@click.option(
    "--role", type=click.Choice(["office", "leader", "township", "branch", "auditor", "admin"]), required=True
)
@click.option("--region", help="Statistical code of the region the account is for.")
@click.option("--branch", help="Name of the branch a branch collector is for.")
@click.option("--password", help="Asked for when not given.")
@actor_option
@localized
def users_add(
    username: str,
    name: str,
    role: str,
    region: str | None,
    branch: str | None,
    password: str | None,
    actor: str,
) -> None:
    """Make an account."""
    from app.accounts.actions import AccountRefused, add_user
    from app.accounts.rules import Role
    from app.db import db

    branch_id = _branch_id(branch) if branch else None
    try:
        add_user(
            db.session(),
            username=username,
            name=name,
            role=Role(role),
            password=password or _ask_password(),
            region_code=region,
            branch_id=branch_id,
            actor=actor,
        )
    except AccountRefused as refused:
        fail(refused.message)
    db.session.commit()
    say(T("%(name)s can sign in now.", name=username))


def _branch_id(name: str) -> int:
    from sqlalchemy import select

    from app.db import db
    from app.places.models import Branch

    found = db.session.scalars(select(Branch.id).where(Branch.name == name)).all()
    if len(found) != 1:
        fail(T("There is no one branch named %(name)s.", name=name))
    return found[0]
