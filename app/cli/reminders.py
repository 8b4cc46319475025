"""Reminders by hand: what the worker's ticks do, once, and how it stands."""

from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.cli.terminal import fail, localized, print_json, say, stdout
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
    from app.sending import current_provider, send_due

    provider, sent = current_provider(), 0
    while done := send_due(provider, "command"):
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
