"""Bulletins from draft to publication, by hand. The rules of who may do what hold here as on the pages."""

from collections.abc import Callable
from datetime import date
from typing import Any

import click
from flask_babel import gettext

from app.accounts.rules import Permission
from app.cli.bulletins import bulletin
from app.cli.terminal import Month, actor_option, fail, localized, print_json, say, today
from app.labels import T

_month = click.option("--month", type=Month(), required=True)
_region = click.option("--region", required=True, help="Statistical code, e.g. 530324.")
_json = click.option("--json", "as_json", is_flag=True)


def _options(function: Callable[..., None]) -> Callable[..., None]:
    return _month(_region(actor_option(Permission.EDITIONS)(_json(function))))


def _actor(username: str) -> Any:
    """The account behind ``--as``; None for the system."""
    from sqlalchemy import select

    from app.accounts.models import User
    from app.db import db

    return db.session.scalar(select(User).where(User.username == username, User.active))


def _person(username: str) -> Any:
    found = _actor(username)
    if found is None:
        fail(T("Say who does this: --as USER."))
    return found


def _edition(region: str, month: date) -> Any:
    from app.db import db
    from app.editions.queries import newest

    found = newest(db.session(), region, month)
    if found is None:
        fail(
            T(
                "There is no bulletin of %(month)s for %(region)s. Draft it first.",
                month=f"{month:%Y-%m}",
                region=region,
            )
        )
    return found


def _do(take: Callable[[], Any], as_json: bool) -> None:
    """Take a step, commit it, and say how the bulletin stands; a refusal is told in full and changes nothing."""
    from app.db import db
    from app.editions.actions import EditionRefused

    try:
        edition = take()
        db.session.commit()
    except EditionRefused as refused:
        db.session.rollback()
        for detail in refused.details:
            say(detail)
        fail(refused.message)
    if as_json:
        print_json(
            {
                "region": edition.region_code,
                "month": f"{edition.month:%Y-%m}",
                "sequence": edition.sequence,
                "state": edition.state.value,
                "number": edition.number,
                "issued_on": edition.issued_on.isoformat() if edition.issued_on else None,
            }
        )
    else:
        label = edition.state.label.render(gettext)
        say(
            T(
                "%(month)s: %(state)s %(number)s",
                month=f"{edition.month:%Y-%m}",
                state=label,
                number=edition.number or "",
            )
        )


@bulletin.command("draft")
@_options
@localized
def bulletin_draft(month: date, region: str, actor: str, as_json: bool) -> None:
    """Draft the bulletin of a month from its figures."""
    from app.db import db
    from app.editions.actions import start
    from app.places.models import Region

    if db.session.get(Region, region) is None:
        fail(T("There is no region %(code)s.", code=region))
    _do(lambda: start(db.session(), region, month, _actor(actor), today()), as_json)


def _step(name: str, month: date, region: str, actor: str, as_json: bool) -> None:
    from app.db import db
    from app.editions import actions

    person, edition = _person(actor), _edition(region, month)

    def take() -> Any:
        getattr(actions, name)(db.session(), edition, person)
        return edition

    _do(take, as_json)


@bulletin.command("check")
@_options
@localized
def bulletin_check(month: date, region: str, actor: str, as_json: bool) -> None:
    """Say that somebody else than its writer has read the text."""
    _step("check_text", month, region, actor, as_json)


@bulletin.command("approve")
@_options
@localized
def bulletin_approve(month: date, region: str, actor: str, as_json: bool) -> None:
    """Approve the text: refused to its writers, and with findings that stop it."""
    _step("approve", month, region, actor, as_json)


@bulletin.command("publish")
@_options
@localized
def bulletin_publish(month: date, region: str, actor: str, as_json: bool) -> None:
    """Publish an approved bulletin of a closed month: refused to who approved it."""
    from app.db import db
    from app.editions.publishing import publish
    from app.sealing import bulletin_files

    person, edition = _person(actor), _edition(region, month)

    def take() -> Any:
        publish(db.session(), edition, person, today(), bulletin_files)
        return edition

    _do(take, as_json)


@bulletin.command("withdraw")
@_options
@click.option("--reason", required=True, help="Why it is replaced; the bulletin's page says so.")
@localized
def bulletin_withdraw(month: date, region: str, actor: str, as_json: bool, reason: str) -> None:
    """Draft the successor of a published bulletin, which is withdrawn when that is published."""
    from app.db import db
    from app.editions.actions import replace

    person, edition = _person(actor), _edition(region, month)
    _do(lambda: replace(db.session(), edition, person, reason), as_json)
