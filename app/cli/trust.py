"""The trail, the keys, and what is kept about borrowers."""

import json
from dataclasses import asdict
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import click
from flask import current_app
from flask.cli import AppGroup

from app import audit as trail
from app import files
from app.accounts.rules import EVERYTHING, Permission, Scope
from app.cli.terminal import Bar, actor_option, fail, localized, print_json, say, today
from app.clock import SHANGHAI
from app.db import db, reading
from app.keys import KeyRefused, rotate, status
from app.labels import T
from app.privacy import keyring
from app.trail import retention
from app.trail.entries import exported
from app.trail.verify import against_anchor, anchors_in, verify

audit = AppGroup("audit", help="The trail: who did what, chained so that a change is seen.")
keys = AppGroup("keys", help="The key of personal data.")

privacy = AppGroup("privacy", help="What is kept about borrowers, and for how long.")

DAY = click.DateTime(["%Y-%m-%d"])


@audit.command("verify")
@click.option("--anchor", "anchor_file", type=click.File("rb"), help="Anchors, or a bulletin's manifest.")
@click.option("--json", "as_json", is_flag=True)
@localized
def verify_chains(anchor_file: Any, as_json: bool) -> None:
    """Name every entry that is not as it was written; exit 1 if there is one."""
    session = db.session()
    with reading():
        ends = trail.anchors(session)
        found = verify(session)
        if anchor_file is not None:
            given = _anchors(anchor_file.read())
            found += [one for one in (against_anchor(session, a) for a in given) if one is not None]
        session.rollback()
    if as_json:
        print_json({"chains": ends, "findings": [one.to_json() for one in found]})
    for one in found:
        say(one.sentence)
    if found:
        raise SystemExit(1)
    entries = sum(end["last"] for end in ends)
    say(T("%(n)s entries in %(chains)s chains are as they were written.", n=entries, chains=len(ends)))


def _anchors(content: bytes) -> list[dict[str, Any]]:
    try:
        found = list(anchors_in(json.loads(content)))
    except ValueError:
        found = []
    if not found:
        fail(T("This file holds no anchor. Make one with flask audit anchor."))
    return found


@audit.command("anchor")
@click.option("--region", default=None, help="A county's code; by default every chain.")
@localized
def show_anchors(region: str | None) -> None:
    """Print the ends of the chains, to be kept where nobody here can change them."""
    session = db.session()
    with reading():
        found = trail.anchors(session) if region is None else [trail.anchor(session, region)]
        session.rollback()
    print_json(found)


@audit.command("export")
@click.option("--region", default=None, help="A county's code; by default every chain.")
@click.option("--from", "first", type=DAY, help="The first day.")
@click.option("--to", "last", type=DAY, help="The last day.")
@click.option("--output", type=click.File("w", encoding="utf-8"), default="-", help="By default stdout.")
@localized
def export(region: str | None, first: datetime | None, last: datetime | None, output: Any) -> None:
    """The entries as lines of JSON, in the order of their chain."""
    session, number = db.session(), 0
    with reading():
        for entry in exported(session, region, _midnight(first), _midnight(last, after=True)):
            output.write(json.dumps(entry, ensure_ascii=False, sort_keys=True) + "\n")
            number += 1
        session.rollback()
    say(T("%(n)s entries.", n=number))


def _midnight(day: datetime | None, after: bool = False) -> datetime | None:
    if day is None:
        return None
    on = date.fromordinal(day.date().toordinal() + after)
    return datetime.combine(on, time(), SHANGHAI)


@keys.command("rotate")
@actor_option(Permission.ACCOUNTS)
@click.option("--json", "as_json", is_flag=True)
@localized
def rotate_keys(actor: str, as_json: bool) -> None:
    """Seal all personal data with a new key while the program runs; goes on where a killed run ended."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    try:
        with Bar() as bar:
            done = rotate(app, actor, bar.tell)
    except KeyRefused as refused:
        fail(str(refused))
    if as_json:
        print_json(asdict(done))
    say(
        T(
            "Key %(key)s seals now; %(values)s values and %(files)s files were sealed anew in %(seconds)s s.",
            key=done.key,
            values=done.values,
            files=done.files,
            seconds=f"{done.seconds:.1f}",
        )
    )
    if done.damaged:
        say(T("%(n)s files are damaged; no key opens them.", n=done.damaged))
    say(T("Keep a copy of data.key apart. Backups made before this need the copy of the key from then."))


@keys.command("status")
@click.option("--json", "as_json", is_flag=True)
@localized
def key_status(as_json: bool) -> None:
    """How many values and files each key has sealed."""
    with reading():
        found = status(db.session(), Path(current_app.instance_path), keyring())
        db.session.rollback()
    if as_json:
        print_json(found.to_json())
        return
    for number in found.keys:
        say(T("Key %(key)s: %(n)s values and files.", key=number, n=found.under(number)))
    if len(found.keys) > 1:
        say(T("A change of the key is under way: run flask keys rotate to finish it."))


@privacy.command("retention")
@click.option("--preview", "act", flag_value="preview", help="Only count what is old enough.")
@click.option("--run", "act", flag_value="run", help="Delete it; the trail keeps how much, and a digest.")
@click.option("--region", default="", help="A county's code; by default everywhere.")
@actor_option(Permission.PRIVACY)
@click.option("--json", "as_json", is_flag=True)
@localized
def delete_old(act: str | None, region: str, actor: str, as_json: bool) -> None:
    """Contact records of cases that closed longer ago than they are kept."""
    if act is None:
        raise click.UsageError("Say --preview or --run.")
    session, mine, day = db.session(), Scope(region) if region else EVERYTHING, today()
    if act == "preview":
        with reading():
            session.rollback()
            found = retention.preview(session, mine, day)
            session.rollback()
    else:
        until = retention.limit_day(session, mine, day)
        found, unused = retention.run(session, mine, actor, until, day)
        session.commit()
        retention.remove_files(files.attachments(), unused)
    if as_json:
        print_json({**asdict(found), "until": found.until.isoformat()})
    say(
        T(
            "Cases closed until %(day)s: %(cases)s, with %(contacts)s notes, %(approaches)s calls, "
            "%(attachments)s files; %(messages)s messages and %(replies)s replies.",
            day=found.until.isoformat(),
            **{k: v for k, v in asdict(found).items() if k != "until"},
        )
    )
    say(T("Deleted.") if act == "run" else T("Nothing was changed: this was a preview."))
