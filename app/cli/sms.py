"""The channel itself: one message to try it, and the result file of a lender's own platform."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup
from flask_babel import gettext

from app.accounts.rules import Permission
from app.cli.terminal import actor_option, fail, localized, print_json, say
from app.labels import T, Text

sms = AppGroup("sms", help="The channel that messages go out by.")


@sms.command("test")
@click.option("--to", "phone", required=True, help="A mobile number of your own.")
@click.option("--text", default="【清收】测试短信，请忽略。", show_default=True)
@click.option("--yes", is_flag=True, help="Do not ask.")
@actor_option(Permission.REMINDERS)
@localized
def sms_test(phone: str, text: str, yes: bool, actor: str) -> None:
    """Send one message through the provider in use, outside the outbox. Exit 1 when it was not taken."""
    from app import audit
    from app.db import db
    from app.privacy import mask_phone
    from app.sending import current_provider
    from app.sms.handoff import Handoff
    from app.sms.protocol import Accepted
    from app.sms.rules import mobile, parts

    provider, number = current_provider(), mobile(phone)
    if number is None:
        fail(T("%(phone)s is no mobile number.", phone=phone))
    if provider.name == Handoff.name:
        fail(T("Messages are handed over as files here: there is nothing to send by itself."))
    if not yes:
        asked = T(
            "Send %(n)s part through %(provider)s to %(phone)s?",
            n=parts(text),
            provider=provider.name,
            phone=number,
        )
        click.confirm(asked.render(gettext), abort=True, err=True)
    audit.record(
        db.session(), actor, "sms.test", "channel", provider.name, phone=mask_phone(number), parts=parts(text)
    )
    db.session.commit()
    outcome = provider.send(number, text, "test")
    if isinstance(outcome, Accepted):
        say(T("The provider has taken it: %(id)s", id=outcome.id))
    else:
        fail(T("It was not taken: %(what)s", what=repr(outcome)))


@sms.command("result")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--region", default="", help="Statistical code of the county whose batches are meant.")
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.REMINDERS)
@localized
def sms_result(file: Path, region: str, as_json: bool, actor: str) -> None:
    """Read a platform's result file as receipts. Exit 1 when nothing was taken."""
    from app.db import db
    from app.reminders.batches import ResultRefused, take_results
    from app.reminders.moves import Clocks
    from app.sms.handoff import WHY_LEFT, Why
    from app.today import moment, now

    session, content = db.session(), file.read_bytes()
    rows = current_app.extensions["qingshou.first_sheet"](content)
    if isinstance(rows, Text):
        fail(rows)
    try:
        clocks = Clocks(moment(session), now())
        taken = take_results(session, region, file.name, content, rows, actor, clocks)
    except ResultRefused as refused:
        session.rollback()
        fail(refused.message)
    session.commit()
    if as_json:
        left = [{"row": row, "why": why} for row, why in taken.left]
        print_json({"new": taken.new, "known": taken.known, "left_count": taken.left_count, "left": left})
        return
    say(T("%(new)s receipts are new, %(known)s were known.", new=taken.new, known=taken.known))
    for row, why in taken.left:
        say(T("Row %(n)s: %(why)s", n=row, why=WHY_LEFT[Why(why)]))
