"""Reminders on the command line: planned, sent through the sandbox, and told."""

from flask import Flask

from app.db import db
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
    assert status["states"]["accepted"] + status["states"]["failed"] + status["states"]["review"] == 2
    assert status["spend"] == {"today": 10, "month": 10}
    assert run("reminders", "status").exit_code == 0
