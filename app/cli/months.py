"""Closing a month by hand: what is still open, the freeze, and opening it again by two people."""

import sys
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.accounts.rules import Permission
from app.cli.terminal import Month, actor_option, fail, localized, print_json, say, today
from app.labels import T

P = ParamSpec("P")
R = TypeVar("R")

month = AppGroup("month", help="Closing a month: check list, freeze, opening it again.")


def _of_month(function: Callable[P, R]) -> Callable[P, R]:
    for option in (
        click.option("--region", required=True, help="Statistical code, e.g. 530324."),
        click.option("--month", "day", type=Month(), required=True),
    ):
        function = option(function)
    return function


def _known(region: str, actor: str | None = None) -> None:
    """Exit 1 for a region that there is not, or that the actor does not see the whole of."""
    from sqlalchemy import select

    from app.accounts.models import User
    from app.audit import SYSTEM
    from app.db import db
    from app.places.models import Region

    if db.session.get(Region, region) is None:
        fail(T("There is no region %(code)s.", code=region))
    if actor not in (None, SYSTEM):
        person = db.session.scalars(select(User).where(User.username == actor)).one()
        if not person.scope.covers_region(region):
            fail(T("%(who)s does not see the whole of %(code)s.", who=actor, code=region))


@month.command("check")
@_of_month
@click.option("--json", "as_json", is_flag=True)
@localized
def month_check(day: date, region: str, as_json: bool) -> None:
    """What does not agree in a month. Exits 1 while something is open."""
    from app.bulletin.checklist import check
    from app.db import db, reading

    _known(region)
    db.session.rollback()
    with reading():
        found = check(db.session(), region, day)
    if as_json:
        print_json(
            [
                {"kind": i.kind.value, "key": i.key, "state": i.standing.value, "says": i.says.render(gettext),
                 "reason": i.settled.reason if i.settled else None}
                for i in found.items
            ]
        )  # fmt: skip
    else:
        for item in found.items:
            say(f"{gettext(item.standing.label.msgid)}  {item.says.render(gettext)}")
        say(T("%(n)s open", n=len(found.open)) if found.open else T("all settled"))
    sys.exit(1 if found.open else 0)


def _as_json(close: Any) -> dict[str, Any]:
    asked = close.asked
    return {
        "region": close.region_code,
        "month": f"{close.month:%Y-%m}",
        "state": close.state.value,
        "closed_by": close.closed_by,
        "digest": close.digest,
        "digests": close.digests,
        "asked_by": asked.asked_by if asked else None,
    }


def _told(close: Any, as_json: bool, sentence: Any) -> None:
    if as_json:
        print_json(_as_json(close))
    else:
        say(sentence)


@month.command("close")
@_of_month
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.CLOSE)
@localized
def month_close(day: date, region: str, as_json: bool, actor: str) -> None:
    """Freeze a month's figures. Nothing of its check list may be open."""
    from app.bulletin.closing import CloseRefused, close_month
    from app.db import db

    _known(region, actor)
    try:
        close = close_month(db.session(), region, day, actor, today())
    except CloseRefused as refused:
        fail(refused.message)
    db.session.commit()
    _told(close, as_json, T("%(month)s of %(code)s is closed; digest %(digest)s", month=f"{day:%Y-%m}", code=region,
                            digest=close.digest))  # fmt: skip


@month.command("reopen")
@_of_month
@click.option("--reason", default="", help="Why; needed when asking, not when agreeing.")
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.CLOSE)
@localized
def month_reopen(day: date, region: str, reason: str, as_json: bool, actor: str) -> None:
    """Ask that a closed month be opened again; called by a second person, agree and open it."""
    from app.bulletin.closing import CloseRefused, own_close
    from app.bulletin.reopening import agree_to_reopen, ask_to_reopen
    from app.db import db

    _known(region, actor)
    close = own_close(db.session(), region, day)
    if close is None:
        fail(T("%(month)s of %(code)s is not closed.", month=f"{day:%Y-%m}", code=region))
    agreeing = close.asked is not None
    try:
        if agreeing:
            agree_to_reopen(db.session(), close, actor)
        else:
            ask_to_reopen(db.session(), close, reason, actor)
    except CloseRefused as refused:
        fail(refused.message)
    db.session.commit()
    sentence = (
        T("The month is open again.") if agreeing else T("Asked. Another person agrees by the same command.")
    )
    _told(close, as_json, sentence)


@month.command("totals")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@_of_month
@actor_option(Permission.CLOSE)
@localized
def month_totals(file: Path, day: date, region: str, actor: str) -> None:
    """Take lenders' own sums: lender, loans, stock and overdue in yuan on each line of a text or .csv. All or none."""
    from app.bulletin.checklist import check
    from app.bulletin.closing import keep_total
    from app.bulletin.proofread import NotABulletin, read_text
    from app.bulletin.total_text import read_totals
    from app.db import db
    from app.places.models import Lender

    _known(region, actor)
    try:
        text = read_text("totals.txt", file.read_bytes())
    except NotABulletin as refused:
        fail(refused.message)
    session = db.session()
    names = {name: number for number, code, name, _ in check(session, region, day).lenders if code == region}
    lines = read_totals(text, names)
    for line in lines:
        if line.reason:
            say(f"{line.number}: {line.reason.render(gettext)}")
    if not lines or any(line.reason for line in lines):
        fail(T("Nothing was taken."))
    for line in lines:
        keep_total(session, session.get_one(Lender, line.lender), region, day, line.values, actor)
    session.commit()
    say(T("The sums of %(n)s lenders are saved.", n=len(lines)))
