"""Reminders by hand: what the worker's ticks do, once, and how it stands."""

from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.cli.terminal import fail, localized, print_json, say, stdout, today
from app.labels import T

reminders = AppGroup("reminders", help="Text messages that remind borrowers of due dates.")


@reminders.command("plan")
@localized
def reminders_plan() -> None:
    """Put what is due within the coming week into the outbox; running it again changes nothing."""
    from app.sending import plan_due

    done = plan_due()
    say(
        T(
            "%(messages)s messages planned for %(reminders)s reminders; %(held)s of them wait for a person.",
            messages=done.messages,
            reminders=done.reminders,
            held=done.held,
        )
    )


@reminders.command("send")
@localized
def reminders_send() -> None:
    """Send what may leave now. Exit 1 when the channel is paused."""
    from app.db import db
    from app.reminders.outbox import channel_of
    from app.sending import current_provider, send_round

    provider, sent = current_provider(), 0
    while done := send_round(provider, "command"):
        sent += done
    say(T("%(n)s messages went out.", n=sent))
    channel = channel_of(db.session(), provider.name)
    if channel.paused_at is not None:
        fail(T("The channel is paused: %(why)s", why=channel.paused_why))


@reminders.command("reconcile")
@localized
def reminders_reconcile() -> None:
    """Look up the messages whose outcome is not known."""
    from app.sending import current_provider, reconcile_due

    say(T("%(n)s messages were looked up.", n=reconcile_due(current_provider())))


@reminders.command("status")
@click.option("--json", "as_json", is_flag=True)
@localized
def reminders_status(as_json: bool) -> None:
    """How many messages are in each state, how far behind the worker is, what was spent (JSON: seconds, fen)."""
    from app.reminders.states import State

    found = _status()
    if as_json:
        print_json(found)
        return
    for state in State:
        stdout.print(f"{found['states'][state.value]:>8}  {state.label.render(gettext)}")
    if found["heartbeat"] is None:
        say(T("The worker has never run."))


def _status() -> dict[str, Any]:
    from app.db import db, reading
    from app.heartbeat import last_beat
    from app.reminders.outbox import counts
    from app.reminders.queries import oldest_pending, spent
    from app.today import moment, now

    with reading():
        session = db.session()
        here, beat = moment(session), last_beat(session)
        return {
            "states": counts(session),
            "oldest_pending_s": oldest_pending(session, here, now()),
            "heartbeat": beat.isoformat() if beat else None,
            "spend": spent(session, here),
        }


@reminders.command("preview")
@click.option("--days", type=click.IntRange(1, 90), default=14, show_default=True)
@click.option("--region", default="", help="Statistical code; else everywhere.")
@click.option("--json", "as_json", is_flag=True)
@localized
def reminders_preview(days: int, region: str, as_json: bool) -> None:
    """What goes out in the coming days: messages in the outbox, and those not planned yet, by day."""
    from app.accounts.rules import Scope
    from app.db import db, reading
    from app.reminders.forecast import coming
    from app.reminders.lists import waiting_by_day

    with reading():
        session, scope, day = db.session(), Scope(region), today()
        waiting = waiting_by_day(session, scope, day)
        ahead = coming(session, scope, day, days)
    rows = [
        {"day": each.isoformat(), "waiting": waiting.get(each, (0, 0))[0], "not_planned": ahead.get(each, 0)}
        for each in sorted({*waiting, *ahead})
    ]
    if as_json:
        print_json(rows)
        return
    for row in rows:
        stdout.print(f"{row['day']}  {row['waiting']:>6}  +{row['not_planned']}")
    if not rows:
        say(T("Nothing goes out in these days."))


policy = AppGroup("policy", help="When and what borrowers are told.")
reminders.add_command(policy)


@policy.command("show")
@click.option("--region", default="", help="Statistical code; else what holds everywhere.")
@click.option("--json", "as_json", is_flag=True)
@localized
def policy_show(region: str, as_json: bool) -> None:
    """Lead times, hours, caps and the text in use for each lender, as they hold today (hours: minutes of the day)."""
    from sqlalchemy import select

    from app.db import db, reading
    from app.fairness.queries import limits_for
    from app.places.models import Lender
    from app.policies.queries import Policies
    from app.reminders.plan import Words, policies_of
    from app.reminders.rules import policy_at

    with reading():
        session, day, rows = db.session(), today(), []
        words, policies, numbers = Words.load(session), policies_of(session), Policies(session, day)
        for lender in session.scalars(select(Lender).order_by(Lender.id)):
            limits, template = limits_for(numbers, region, lender.id), words.of(lender.id)
            rows.append(
                {
                    "lender": lender.name,
                    "leads": list(policy_at(policies, region=region, lender_id=lender.id, on=day)),
                    "from": limits.sms_from,
                    "until": limits.sms_until,
                    "per_day": limits.sms_per_day,
                    "per_week": limits.sms_per_week,
                    "text": template.version if template else None,
                }
            )
    if as_json:
        print_json(rows)
        return
    for row in rows:
        stdout.print("  ".join(f"{key}={value}" for key, value in row.items()))


@policy.command("check")
@localized
def policy_check() -> None:
    """What keeps reminders from going out, or makes a due date uncertain. Exit 1 when there is something."""
    from app.db import db, reading
    from app.reminders.checks import problems
    from app.sending import current_provider

    with reading():
        found = problems(db.session(), today(), current_provider().name)
    for text in found:
        say(text)
    if found:
        raise SystemExit(1)
    say(T("All is in order."))
