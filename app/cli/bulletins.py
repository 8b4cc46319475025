"""Proof-reading, and targets; ``drills.py`` has the figures themselves."""

import sys
from pathlib import Path

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.accounts.rules import Permission
from app.cli.terminal import actor_option, fail, localized, print_json, say, today
from app.labels import T

bulletin = AppGroup("bulletin", help="Figures of a month, and proof-reading of published texts.")
targets = AppGroup("targets", help="Yearly targets of new lending.")


@bulletin.command("proofread")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@click.option(
    "--comments",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="OUT.docx",
    help="Write the Word file anew, with a comment at each finding.",
)
@localized
def bulletin_proofread(file: Path, as_json: bool, comments: Path | None) -> None:
    """Find the wrong figures of a published text (.txt, .docx, .xlsx, .html). Exits 1 when there are findings."""
    from app.bulletin.proofread import NotABulletin, commented, is_word, proofread, read_source
    from app.places.rules import shipped

    data = file.read_bytes()
    if comments and not is_word(data):
        fail(T("Comments can be written into a Word file (.docx) only."))
    try:
        read = read_source(file.name, data)
        proof = proofread(read.text, shipped(), hints=read.hints)
        if comments:
            comments.write_bytes(commented(data, proof, gettext))
    except NotABulletin as refused:
        fail(refused.message)
    if as_json:
        print_json(proof.to_json(gettext))
    else:
        for finding in proof.findings:
            change = f"{finding.printed} → {finding.expected}"
            what = finding.what.render(gettext)
            say(f"{finding.region} {what}: {change}  {finding.reason.render(gettext)}")
        say(T("%(n)s findings.", n=len(proof.findings)))
        say(T("%(n)s numbers cannot be checked.", n=len(proof.unchecked)))
    for note in proof.notes:
        say(note.text)
    sys.exit(1 if proof.findings else 0)


@targets.command("set")
@click.argument("region")
@click.argument("year", type=click.IntRange(2000, 2100))
@click.argument("wan", metavar="万元")
@actor_option(Permission.TARGETS)
@localized
def targets_set(region: str, year: int, wan: str, actor: str) -> None:
    """Set a region's target of new lending for a year, in 万元."""
    from app.bulletin.actions import set_target
    from app.db import db
    from app.money import FEN_PER_WAN, to_fen
    from app.places.models import Region

    if db.session.get(Region, region) is None:
        fail(T("There is no region %(code)s.", code=region))
    try:
        amount = to_fen(wan, FEN_PER_WAN)
    except ValueError:
        raise click.BadParameter(f"{wan!r} is not an amount") from None
    set_target(db.session(), region, year, amount, actor)
    db.session.commit()


@targets.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--year", type=click.IntRange(2000, 2100), help="By default the year of the business date.")
@click.option("--region", default="", help="Statistical code within which names are looked up.")
@actor_option(Permission.TARGETS)
@localized
def targets_import(file: Path, year: int | None, region: str, actor: str) -> None:
    """Take a year's targets from a text or .csv: a region's name and 万元 on each line. All or nothing."""
    from app.bulletin.actions import set_target
    from app.bulletin.proofread import NotABulletin, read_text
    from app.bulletin.target_text import read_targets
    from app.db import db
    from app.places.queries import place_index

    try:
        text = read_text("targets.txt", file.read_bytes())
    except NotABulletin as refused:
        fail(refused.message)
    amounts, lines = read_targets(text, place_index(db.session(), region), region)
    for line in lines:
        say(f"{line.number}: {line.text}: {line.reason.render(gettext)}")
    if lines or not amounts:
        fail(T("Nothing was taken."))
    year = year or today().year
    for code, amount in amounts.items():
        set_target(db.session(), code, year, amount, actor)
    db.session.commit()
    say(T("%(n)s targets of %(year)s are set.", n=len(amounts), year=year))
