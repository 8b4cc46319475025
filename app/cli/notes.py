"""Contact notes by hand: what has happened, recorded as on the pages and marked where it broke a rule."""

from datetime import date, datetime
from typing import Any

import click
from flask_babel import gettext

from app.cli.cases import cases
from app.cli.terminal import Day, fail, localized, print_json, say, today
from app.contacts.rules import Channel, Disposition, NextAction, Reached
from app.labels import Labelled, T


def _one_of(kind: type[Labelled]) -> click.Choice[str]:
    return click.Choice([item.value for item in kind])


@cases.command("note")
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--as", "username", metavar="USER", required=True, help="Who made the contact.")
@click.option(
    "--channel", type=_one_of(Channel), default=Channel.NOTE.value, show_default=True, help="By what means."
)
@click.option(
    "--disposition",
    type=_one_of(Disposition),
    default=Disposition.OTHER.value,
    show_default=True,
    help="What came of it.",
)
@click.option("--reached", type=_one_of(Reached), help="Who was reached; else as the result implies.")
@click.option("--text", default="", help="What happened; may be left out where the result says it all.")
@click.option(
    "--at", type=click.DateTime(["%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M"]), help="When, on the county's clock."
)
@click.option("--next", "step", type=_one_of(NextAction), help="The next step.")
@click.option("--next-on", type=Day(), help="Its date.")
@click.option("--key", default="", help="Names this writing of it: given twice, it counts once.")
@click.option("--json", "as_json", is_flag=True)
@localized
def cases_note(
    case_id: int,
    username: str,
    channel: str,
    disposition: str,
    reached: str | None,
    text: str,
    at: datetime | None,
    step: str | None,
    next_on: date | None,
    key: str,
    as_json: bool,
) -> None:
    """Note a contact on a case. What broke fair treatment is recorded all the same, and marked."""
    from app.cases.actions import EventRefused
    from app.clock import SHANGHAI
    from app.contacts.actions import ContactRefused, Entry, add_contact
    from app.db import db

    if (step is None) != (next_on is None):
        raise click.UsageError("--next and --next-on go together")
    found, author = _case_of(case_id, username)
    entry = Entry(
        text,
        channel=Channel(channel),
        reached=Reached(reached) if reached else None,
        disposition=Disposition(disposition),
        at=at.replace(tzinfo=SHANGHAI) if at else None,
        next_action=NextAction(step) if step else None,
        next_action_on=next_on,
        key=key or None,
    )
    try:
        made = add_contact(db.session(), found, author, entry, today())
    except (ContactRefused, EventRefused) as refused:
        fail(refused.message)
    db.session.commit()
    if as_json:
        print_json(
            {"contact": made.id, "case": found.id, "on": made.on.isoformat(), "breaches": made.breaches}
        )
        return
    say(T("Noted."))
    for rule in made.broken:
        say(f"{gettext('Against fair treatment:')} {rule.render(gettext)}")


def _case_of(case_id: int, username: str) -> tuple[Any, Any]:
    """The case within the scope of an account that may write notes."""
    from sqlalchemy import select

    from app.accounts.models import User
    from app.accounts.rules import Permission, may
    from app.cases.queries import find_case
    from app.db import db

    author = db.session.scalar(select(User).where(User.username == username, User.active))
    if author is None:
        fail(T("There is no account %(name)s.", name=username))
    if not may(author.role, Permission.NOTES):
        fail(T("Your account may not do this."))
    found = find_case(db.session(), case_id, author.scope)
    if found is None:
        fail(T("There is no case %(number)s in this account's area.", number=case_id))
    return found, author
