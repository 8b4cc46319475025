"""What happens to a county while it sends: people opt out and repay, the database is busy, the provider is angry."""

import json
import random
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace

from flask import Flask
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError
from twilio.request_validator import RequestValidator

from app.db import db, reading
from app.loans.models import Loan
from app.reminders.deciding import resume
from app.reminders.models import OutboxMessage, SmsChannel
from app.reminders.states import State
from tests.prove import county
from tests.prove.child import SECRET
from tests.sms.emulator import post

Work = Callable[[], None]
TAIL = 0.6  # of the numbers, by order, come before those to whom something happens


def listening() -> socket.socket:
    """A port that outlives every web process."""
    made = socket.socket()
    made.bind(("127.0.0.1", 0))
    made.listen(256)
    return made


def village(app: Flask, url: str, messages: int, seed: int, done: Path) -> None:
    """A process: of the last numbers some reply 退订 until they are heard, some repay, in some's name it is forged."""
    tail = list(range(int(messages * TAIL), messages))
    random.Random(seed).shuffle(tail)
    each = max(len(tail) // 8, 1)
    with app.app_context():
        for number in tail[: 3 * each]:
            kind = ("stop", "repaid", "forged")[tail.index(number) // each]
            told = {"stop": _stop, "repaid": _repay, "forged": _forge}[kind](url, number)
            with done.open("a", encoding="utf-8") as file:
                file.write(
                    json.dumps({"kind": kind, "phone": county.phone(number), "at": time.time(), **told})
                    + "\n"
                )
            db.session.remove()
            time.sleep(0.02)


def _reply(url: str, number: int, secret: str) -> int:
    form = {"MessageSid": f"IN{number}", "From": f"+86{county.phone(number)}", "Body": "退订"}
    where = f"{url}/sms/inbound"
    return post(where, form, RequestValidator(secret).compute_signature(where, form))


def _stop(url: str, number: int) -> dict[str, object]:
    while _reply(url, number, SECRET) != 200:
        time.sleep(0.1)
    return {}


def _forge(url: str, number: int) -> dict[str, object]:
    answer = 0
    while answer not in (200, 403):
        answer = _reply(url, number, "another secret")
    return {"answer": answer}


def _repay(_url: str, number: int) -> dict[str, object]:
    """Everything is repaid while the message waits, so that it ``never`` may leave; not where a worker has it."""
    while True:
        try:
            return _repaid(number)
        except OperationalError:
            db.session.rollback()
            time.sleep(0.1)


def _repaid(number: int) -> dict[str, object]:
    session = db.session()
    query = select(OutboxMessage).where(
        OutboxMessage.phone == county.phone(number), OutboxMessage.day <= county.TODAY
    )
    message = session.scalars(query.with_for_update()).first()
    never = message is not None and message.state is State.PENDING and message.fence == 0
    if never:
        session.execute(update(Loan).where(Loan.borrower_id == number + 1).values(balance=0))
    session.commit()
    return {"never": never}


def hold_database(app: Flask, seconds: float) -> None:
    """A process: somebody has the database to themselves for a while."""
    with app.app_context(), suppress(OperationalError), db.engine.connect() as connection:
        connection.begin()
        if db.engine.dialect.name == "postgresql":
            connection.execute(text("LOCK TABLE outbox_message IN EXCLUSIVE MODE"))
        time.sleep(seconds)
        connection.rollback()


def mend_channel() -> bool:
    """What the office does when the channel is paused: True when it was. A busy database: next time."""
    with reading():
        paused = (
            db.session.scalar(select(SmsChannel.paused_at).where(SmsChannel.name == "twilio")) is not None
        )
        db.session.remove()
    if paused:
        try:
            resume(db.session(), "twilio", SimpleNamespace(username="office"))  # type: ignore[arg-type]
            db.session.commit()
        except OperationalError:
            db.session.rollback()
            paused = False
        db.session.remove()
    return paused
