"""The numbers a county sets: what holds, and setting one from a day on."""

from datetime import date
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.cli.terminal import Day, fail, localized, print_json, say, stdout, today
from app.labels import T
from app.policies.rules import KEYS, Key, entry

policies = AppGroup("policies", help="The numbers that a county sets.")


@policies.command("show")
@click.option("--region", default="", help="Statistical code; else what holds everywhere.")
@click.option("--lender", help="As it holds for loans of this lender, by its name.")
@click.option("--json", "as_json", is_flag=True)
@localized
def policies_show(region: str, lender: str | None, as_json: bool) -> None:
    """Every number as it holds today, with its bounds and source. Values in JSON are in the unit; yuan as 分."""
    from rich.table import Table

    from app.db import db, reading
    from app.policies.queries import Policies

    with reading():
        numbers, lender_id = Policies(db.session(), today()), _lender(lender)
    if as_json:
        print_json([_described(key, numbers(key, region, lender_id)) for key in Key])
        return
    table = Table(box=None, header_style="bold")
    for head in (gettext("Setting"), gettext("Value"), gettext("Unit"), gettext("Bounds"), gettext("Source")):
        table.add_column(head)
    for key, defined in KEYS.items():
        bounds = f"{entry(defined.unit, defined.low)}–{entry(defined.unit, defined.high)}"
        table.add_row(
            f"{key.label.render(gettext)} ({key.value})",
            entry(defined.unit, numbers(key, region, lender_id)),
            defined.unit.label.render(gettext),
            bounds,
            defined.source.render(gettext),
        )
    stdout.print(table)


def _lender(name: str | None) -> int | None:
    """The number of the lender of this name; None where none is named."""
    from app.db import db
    from app.places.queries import lenders

    if name is None:
        return None
    known = lenders(db.session())
    found = next((one.id for one in known if one.name == name), None)
    if found is None:
        fail(
            T(
                "There is no lender %(name)s. Known: %(known)s",
                name=name,
                known="、".join(one.name for one in known),
            )
        )
    return found


def _described(key: Key, value: int) -> dict[str, Any]:
    defined = KEYS[key]
    return {
        "key": key.value,
        "value": value,
        "unit": defined.unit.value,
        "default": defined.default,
        "low": defined.low,
        "high": defined.high,
        "source": defined.source.render(gettext),
    }


@policies.command("set")
@click.argument("key", metavar="KEY", type=click.Choice([key.value for key in Key]))
@click.argument("value", metavar="VALUE")
@click.option("--from", "starts_on", type=Day(), required=True, help="Today or later.")
@click.option("--reason", required=True)
@click.option("--region", help="Statistical code of a county or township; by default the area of --as.")
@click.option("--lender", help="Only for loans of this lender, by its name; by default for all.")
@click.option("--as", "username", metavar="USER", required=True, help="On whose behalf: the office.")
@localized
def policies_set(
    key: str, value: str, starts_on: date, reason: str, region: str | None, lender: str | None, username: str
) -> None:
    """Set a number from a day on: days, times and percent as whole numbers, amounts in yuan, clock as 08:30."""
    from sqlalchemy import select

    from app.accounts.models import User
    from app.accounts.rules import Permission, may
    from app.db import db
    from app.policies.actions import set_value
    from app.policies.rules import PolicyRefused

    session = db.session()
    actor = session.scalar(select(User).where(User.username == username, User.active))
    if actor is None or not may(actor.role, Permission.POLICIES):
        fail(T("%(name)s may not set the numbers of the county.", name=username))
    place = actor.scope.region or "" if region is None else region
    try:
        set_value(
            session,
            Key(key),
            value,
            starts_on,
            reason,
            actor,
            today(),
            region=place,
            lender_id=_lender(lender),
        )
    except PolicyRefused as refused:
        session.rollback()
        fail(refused.message)
    session.commit()
    say(
        T("%(key)s is %(value)s from %(day)s on.", key=Key(key).label, value=value, day=starts_on.isoformat())
    )
