"""The same work by hand. Progress goes to stderr, ``--json`` to stdout; exit 0 done, 1 not done, 2 wrong use.

One file for each kind of work, and ``terminal.py`` for how all of them speak.
"""

from flask import Flask

from app.cli import bulletins, instance, ledgers, notes, people

_COMMANDS = (
    instance.places, ledgers.ledger, ledgers.cases, bulletins.bulletin, bulletins.targets, people.users,
    instance.demo, instance.worker, instance.setup, instance.prepare,
)  # fmt: skip


# Commands in files of their own that join the group of cases.
_JOINED = (notes.cases_note,)


def init_app(app: Flask) -> None:
    for command in _COMMANDS:
        app.cli.add_command(command)
