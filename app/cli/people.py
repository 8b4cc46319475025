"""Accounts."""

from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.accounts.rules import Permission, Role
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
        state = (
            gettext("Ended")
            if not account.active
            else gettext("Active")
            if account.password_hash
            else gettext("Invited")
        )
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
        "second_factor": account.totp_since is not None,
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
@actor_option(Permission.ACCOUNTS)
@localized
def users_disable(username: str, actor: str) -> None:
    """End an account, and its sessions at once. What it did stays under its name."""
    _activate(username, False, actor)
    say(T("%(name)s can no longer sign in.", name=username))


@users.command("enable")
@click.argument("username")
@actor_option(Permission.ACCOUNTS)
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
@actor_option(Permission.ACCOUNTS)
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
@click.option("--role", type=click.Choice([role.value for role in Role]), required=True)
@click.option("--region", help="Statistical code of the region the account is for.")
@click.option("--branch", help="Name of the branch a branch collector is for.")
@click.option("--password", help="Without it, a link is printed by which the person sets one.")
@actor_option(Permission.ACCOUNTS)
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
    """Make an account, with an invitation unless a password is given."""
    from app.accounts.actions import AccountRefused, add_user, invite
    from app.db import db

    session = db.session()
    try:
        account = add_user(
            session,
            username=username,
            name=name,
            role=Role(role),
            password=password,
            region_code=region,
            branch_id=_branch_id(branch) if branch else None,
            actor=actor,
        )
        token = None if password else invite(session, account, actor)
    except AccountRefused as refused:
        fail(refused.message)
    session.commit()
    if token is None:
        say(T("%(name)s can sign in now.", name=username))
    else:
        _print_link(username, token)


@users.command("invite")
@click.argument("username")
@actor_option(Permission.ACCOUNTS)
@localized
def users_invite(username: str, actor: str) -> None:
    """Print a link by which the account's holder sets a new password, once, within three days."""
    from app.accounts.actions import AccountRefused, invite
    from app.db import db

    try:
        token = invite(db.session(), _account(username), actor)
    except AccountRefused as refused:
        fail(refused.message)
    db.session.commit()
    _print_link(username, token)


def _print_link(username: str, token: str) -> None:
    """The link on stdout, alone, so that it can be taken along."""
    from flask import current_app

    say(T("%(name)s sets a password by this link, once, within three days:", name=username))
    address = current_app.config["PUBLIC_URL"] or "http://127.0.0.1:8000"
    click.echo(f"{address}/welcome/{token}")


@users.command("sessions")
@click.argument("username")
@click.option("--end", is_flag=True, help="End them all.")
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.ACCOUNTS)
@localized
def users_sessions(username: str, end: bool, as_json: bool, actor: str) -> None:
    """Where an account is signed in; --end ends all its sessions."""
    from rich.table import Table

    from app.accounts.queries import live_sessions
    from app.accounts.sessions import end_all
    from app.db import db
    from app.today import local_time

    session, account = db.session(), _account(username)
    if end:
        ended = end_all(session, account, actor)
        session.commit()
        say(T("%(n)s sessions of %(name)s have ended.", n=ended, name=username))
        return
    live = live_sessions(session, account.id)
    if as_json:
        print_json(
            [
                {
                    "device": s.device,
                    "network": s.address,
                    "since": local_time(s.began_at),
                    "used": local_time(s.seen_at),
                }
                for s in live
            ]
        )
        return
    table = Table(box=None, header_style="bold")
    for head in (gettext("Device"), gettext("Network"), gettext("Since"), gettext("Last used")):
        table.add_column(head)
    for one in live:
        table.add_row(
            one.device or "—", one.address or "—", local_time(one.began_at), local_time(one.seen_at)
        )
    stdout.print(table)


@users.command("second-factor")
@click.argument("username")
@actor_option(Permission.ACCOUNTS)
@localized
def users_second_factor(username: str, actor: str) -> None:
    """Remove a lost second factor; whoever must have one sets up another at the next sign-in."""
    from app.accounts.actions import remove_second_factor
    from app.db import db

    remove_second_factor(db.session(), _account(username), actor)
    db.session.commit()
    say(T("The second factor of %(name)s is removed.", name=username))


@users.command("permissions")
def users_permissions() -> None:
    """The table of roles and permissions, as docs/permissions.md has it."""
    from app.accounts.rules import document

    click.echo(document(), nl=False)


def _branch_id(name: str) -> int:
    from sqlalchemy import select

    from app.db import db
    from app.places.models import Branch

    found = db.session.scalars(select(Branch.id).where(Branch.name == name)).all()
    if len(found) != 1:
        fail(T("There is no one branch named %(name)s.", name=name))
    return found[0]
