"""Reminders on the command line: planned, sent through the sandbox, and told."""

from pathlib import Path

from flask import Flask
from sqlalchemy import select, update

from app.db import db
from app.reminders.models import MessageTemplate, OutboxMessage
from tests.commands import runner, told
from tests.prove import county


def test_plan_send_status(app: Flask) -> None:
    county.fill(db.session(), 2)
    db.session.commit()
    app.config["NOW"] = f"{county.NOW}+08:00"
    run = runner(app)
    assert run("reminders", "plan").exit_code == 0
    assert told(run("reminders", "status", "--json"))["oldest_pending_s"] is not None
    assert run("reminders", "send").exit_code == run("reminders", "reconcile").exit_code == 0
    status = told(run("reminders", "status", "--json"))
    assert status["states"]["delivered"] + status["states"]["failed"] + status["states"]["review"] == 2
    assert status["spend"] == {"today": 10, "month": 10}
    assert run("reminders", "status").exit_code == 0


def test_what_goes_out_and_what_keeps_it_from_going(app: Flask) -> None:
    run = runner(app)
    county.fill(db.session(), 2)
    db.session.commit()
    app.config["NOW"] = f"{county.NOW}+08:00"
    (first, *_) = told(run("reminders", "preview", "--json"))
    assert first == {"day": "2023-12-05", "waiting": 0, "not_planned": 2}
    run("reminders", "plan")
    assert told(run("reminders", "preview", "--json"))[0]["waiting"] == 2
    (lender,) = told(run("reminders", "policy", "show", "--json"))
    assert lender["leads"] == [30, 7, 1] and lender["per_day"] == 1 and lender["text"] == 1
    assert run("reminders", "policy", "check").exit_code == 0
    db.session.execute(update(MessageTemplate).values(approved_at=None))
    db.session.commit()
    checked = run("reminders", "policy", "check")
    assert checked.exit_code == 1 and "No text is approved" in checked.output


def test_one_message_to_try_the_channel_asks_first(app: Flask) -> None:
    run = runner(app)
    assert run("sms", "test", "--to", "12345", "--yes").exit_code == 1
    assert run("sms", "test", "--to", "13800001234").exit_code == 1  # nobody answered the question
    assert run("sms", "test", "--to", "13800001234", "--yes").exit_code == 0
    assert run("sms", "test", "--to", "13800000001", "--yes").exit_code == 1  # the sandbox plays a refusal
    app.config["SMS_PROVIDER"] = "handoff"
    assert "as files" in run("sms", "test", "--to", "13800001234", "--yes").output


def test_files_for_the_lender_and_back(app: Flask, tmp_path: Path) -> None:
    run = runner(app)
    county.fill(db.session(), 2)
    db.session.commit()
    app.config |= {"NOW": f"{county.NOW}+08:00", "SMS_PROVIDER": "handoff"}
    run("reminders", "plan")
    assert run("reminders", "send").exit_code == 0
    serials = list(db.session.scalars(select(OutboxMessage.provider_id).where(OutboxMessage.batch_id > 0)))
    db.session.rollback()
    file = tmp_path / "回执.csv"
    file.write_text("流水号,状态\n" + "".join(f"{one},成功\n" for one in serials) + "X,成功\n", "utf-8")
    taken = told(run("sms", "result", str(file), "--json"))
    assert taken == {"new": 2, "known": 0, "left_count": 1, "left": [{"row": 4, "why": "no_such_message"}]}
    assert run("sms", "result", str(file)).exit_code == 1  # taken before
