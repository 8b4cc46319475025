"""The same work by hand. Progress goes to stderr, ``--json`` to stdout; exit 0 done, 1 not done, 2 wrong use.

One file for each kind of work, and ``terminal.py`` for how all of them speak.
"""

from flask import Flask

from app.cli import (
    backups,
    bulletins,
    bundles,
    cases,
    drills,
    editions,
    instance,
    ledgers,
    measures,
    months,
    notes,
    operations,
    outlook,
    people,
    policies,
    promises,
    reminders,
    sms,
    trust,
)

_COMMANDS = (
    instance.places, ledgers.ledger, cases.cases, cases.forces, bulletins.bulletin, bulletins.targets, people.users,
    months.month, instance.demo, instance.worker, instance.setup, instance.prepare,
    policies.policies, reminders.reminders, sms.sms, outlook.lines, outlook.forecast,
    operations.doctor, backups.backup, trust.audit, trust.keys, trust.privacy,
)  # fmt: skip


# Commands in files of their own that join a group.
_JOINED = (
    bundles.bulletin_export, editions.bulletin_draft, drills.bulletin_figures, notes.cases_note,
    measures.cases_measures, promises.cases_promise,
)  # fmt: skip


def init_app(app: Flask) -> None:
    for command in _COMMANDS:
        app.cli.add_command(command)
