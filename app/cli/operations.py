"""``flask doctor``: what an IT officer runs first, and after every change."""

from typing import Any

import click
from flask import current_app
from flask.cli import with_appcontext
from flask_babel import gettext

from app.cli.terminal import localized, print_json, say, stderr
from app.labels import T, Text

_SIGNS = {"good": ("✓", "green"), "care": ("!", "yellow"), "bad": ("✗", "red")}


@click.command("doctor")
@click.option("--json", "as_json", is_flag=True)
@with_appcontext
@localized
def doctor(as_json: bool) -> None:
    """Is everything in order, and what to do where it is not. Exit 1 when something is wrong."""
    from app.db import db, reading
    from app.doctor import Weight, examine, passed
    from app.doctor_checks import CHECKS

    app: Any = current_app._get_current_object()  # type: ignore[attr-defined]
    with reading():
        outcomes = examine(app, db.session(), CHECKS)
        db.session.rollback()
    good = passed(outcomes)
    if as_json:
        print_json({"good": good, "checks": [outcome.to_json(_spoken) for outcome in outcomes]})
    else:
        for outcome in outcomes:
            _tell(outcome.weight, outcome.check.title)
            for finding in outcome.findings:
                say("    " + _spoken(finding.sentence))
                if finding.todo:
                    say("    → " + _spoken(finding.todo))
        bad = sum(outcome.weight is Weight.BAD for outcome in outcomes)
        say(T("All is in order.") if good else T("%(n)s of these must be put right.", n=bad))
    if not good:
        raise SystemExit(1)


def _spoken(text: Text) -> str:
    return text.render(gettext)


def _tell(weight: str, title: Text) -> None:
    sign, colour = _SIGNS[weight]
    stderr.print(f"[{colour}]{sign}[/{colour}] {_spoken(title)}")
