"""Taking a promise from the command line: a command of the ``cases`` group."""

from datetime import date
from typing import Any

import click

from app.accounts.rules import Permission
from app.cli.cases import _actor_account, _case, cases
from app.cli.terminal import Day, actor_option, fail, localized, say, today
from app.labels import T


@cases.command("promise")
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--amount", required=True, help="In yuan, such as 1000.00.")
@click.option("--on", type=Day(), required=True, help="The day, or that of the first instalment.")
@click.option(
    "--instalments", type=click.IntRange(1, 12), default=1, show_default=True, help="Monthly parts."
)
@click.option("--text", default="", help="The note that goes with it.")
@actor_option(Permission.NOTES)
@localized
def cases_promise(case_id: int, amount: str, on: date, instalments: int, text: str, actor: str) -> None:
    """Take a promise to pay on a case."""
    from app.cases.actions import EventRefused
    from app.contacts.actions import ContactRefused, Entry
    from app.db import db
    from app.money import to_fen
    from app.promises.actions import PromiseRefused, Terms, take_promise
    from app.promises.rules import equal_parts

    author: Any = _actor_account(actor)
    found = _case(case_id, actor)
    try:
        fen = to_fen(amount)
    except ValueError:
        fail(T("%(amount)s is no amount in yuan.", amount=amount))
    terms = Terms(fen, equal_parts(fen, on, instalments))
    try:
        made = take_promise(db.session(), found, author, terms, Entry(text), today())
    except (PromiseRefused, ContactRefused, EventRefused) as refused:
        fail(refused.message)
    number = made.id
    db.session.commit()
    say(T("Promise %(n)s is taken.", n=number))
