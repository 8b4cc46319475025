"""A bulletin's files: exported, verified, received."""

import subprocess
import sys
from datetime import date
from pathlib import Path
from shutil import which
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import TYPE_CHECKING

import click
from flask import current_app
from flask_babel import gettext

from app.accounts.rules import Permission
from app.cli.bulletins import bulletin
from app.cli.terminal import Month, actor_option, fail, localized, print_json, say, today
from app.labels import T, Text

if TYPE_CHECKING:
    from app.editions.manifest import Manifest
    from app.editions.verify import Problem

_OFFICE = ("soffice", "libreoffice")
_PDF_SECONDS = 120


@bulletin.command("export")
@click.option("--month", type=Month(), required=True)
@click.option("--region", required=True, help="Statistical code, e.g. 530324.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), help="The folder; made if need be.")
@click.option("--force", is_flag=True, help="Replace other files that lie there.")
@click.option("--zip", "zipped", is_flag=True, help="Also one archive beside the folder, to be sent.")
@click.option(
    "--pdf", is_flag=True, help="Also bulletin.pdf, where LibreOffice is installed; it is under no seal."
)
@click.option("--json", "as_json", is_flag=True)
@localized
def bulletin_export(
    month: date, region: str, out: Path | None, force: bool, zipped: bool, pdf: bool, as_json: bool
) -> None:
    """Write bulletin.docx, annex.xlsx, bulletin.txt, bulletin.html and manifest.json.

    A published bulletin as it went out, byte for byte; else what is being worked on, else a draft of the month.
    """
    from app.editions.bundle import archive, differing, write_files

    begun = perf_counter()
    files = _files(region, month)
    folder = out or Path(current_app.instance_path) / "exports" / f"{region}-{month:%Y-%m}"
    other = [name for name in differing(files, folder) if name != "bulletin.pdf"]
    if other and not force:
        fail(
            T(
                "%(folder)s holds other files: %(names)s. Give another folder, or --force to replace them.",
                folder=folder,
                names=", ".join(other),
            )
        )
    try:
        write_files(files, folder)
        written = [folder / name for name in files]
        if zipped:
            written.append(folder.with_name(folder.name + ".zip"))
            written[-1].write_bytes(archive(files))
        if pdf:
            written.append(_pdf(folder))
    except OSError as error:
        fail(T("%(path)s cannot be written: %(reason)s", path=folder, reason=error.strerror))
    _tell(written, files, round(perf_counter() - begun, 2), as_json)


def _tell(written: list[Path], files: dict[str, bytes], seconds: float, as_json: bool) -> None:
    from app.editions.manifest import NAME, read

    manifest = read(files[NAME])
    if as_json:
        print_json(
            {
                "folder": str(written[0].parent),
                "files": [str(path) for path in written],
                "draft": manifest.draft,
                "number": manifest.number,
                "fingerprint": manifest.fingerprint,
                "seconds": seconds,
            }
        )
        return
    for path in written:
        say(str(path))
    if manifest.draft:
        say(T("This is a draft, and says so on every page."))
    say(T("Sealed with the key %(key)s, in %(n)s seconds.", key=manifest.fingerprint, n=seconds))


def _files(region: str, month: date) -> dict[str, bytes]:
    """The published files, else those of the draft as it is now."""
    from app.bulletin.queries import months
    from app.clock import month_end
    from app.db import db, reading
    from app.editions.drafting import document_of, draft_document
    from app.editions.queries import bundle_of, open_one, published
    from app.places.models import Region
    from app.places.rules import Level
    from app.sealing import bulletin_files

    session = db.session()
    with reading():
        place = session.get(Region, region)
        if place is None:
            fail(T("There is no region %(code)s.", code=region))
        if place.level is Level.VILLAGE:
            fail(
                T(
                    "A village has no bulletin of its own. Give the code of a township or of what lies above it."
                )
            )
        if edition := published(session, region, month):
            return bundle_of(session, edition)
        if month_end(month) not in months(session):
            fail(T("There are no figures of %(month)s. Import its ledger first.", month=f"{month:%Y-%m}"))
        working = open_one(session, region, month)
        document = (
            document_of(session, working) if working else draft_document(session, region, month, today())
        )
        return bulletin_files(document)


def _pdf(folder: Path) -> Path:
    """The Word file as LibreOffice prints it, which embeds the fonts that this machine has."""
    program = next(filter(None, map(which, _OFFICE)), None)
    if program is None:
        fail(T("LibreOffice is not installed here: the other files are written, bulletin.pdf is not."))
    with TemporaryDirectory() as profile:
        command = [program, f"-env:UserInstallation=file://{profile}", "--headless", "--convert-to", "pdf"]
        try:
            subprocess.run(
                [*command, "--outdir", str(folder), str(folder / "bulletin.docx")],
                check=True,
                capture_output=True,
                timeout=_PDF_SECONDS,
            )
        except subprocess.SubprocessError:
            fail(T("LibreOffice could not make bulletin.pdf; the other files are written."))
    return folder / "bulletin.pdf"


@bulletin.command("verify")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--key", default="", help="The fingerprint that the key must have.")
@click.option("--alone", is_flag=True, help="Look at the bundle alone, and ask no database.")
@click.option("--json", "as_json", is_flag=True)
@localized
def bulletin_verify(bundle: Path, key: str, alone: bool, as_json: bool) -> None:
    """Say whether a bundle (folder, .zip, manifest.json) is untouched. Exits 1 when it is not."""
    from dataclasses import replace

    from app.editions.bundle import read_path
    from app.editions.manifest import NAME, BundleUnfit
    from app.editions.verify import Problem, check

    try:
        files = read_path(bundle)
    except BundleUnfit as unfit:
        if as_json:
            print_json(
                {
                    "untouched": False,
                    "problems": [{"file": str(bundle), "message": unfit.message.render(gettext)}],
                }
            )
        fail(unfit.message)
    verdict = check(files)
    found = verdict.manifest
    if found and key and key.replace(" ", "").upper() != found.fingerprint.replace(" ", ""):
        wrong = T("The key is %(have)s, not %(want)s.", have=found.fingerprint, want=key)
        verdict = replace(verdict, problems=(*verdict.problems, Problem(NAME, wrong)))
    if found and not alone:
        problems, notes = _against_database(found, files[NAME], verdict.untouched)
        verdict = replace(verdict, problems=(*verdict.problems, *problems), notes=(*verdict.notes, *notes))
    if as_json:
        print_json(verdict.to_json(gettext))
    else:
        for problem in verdict.problems:
            say(problem.message)
        for note in verdict.notes:
            say(note)
        if found:
            say(T("%(name)s, %(month)s, sealed with the key %(key)s", name=found.figures.region_name,
                  month=found.content["month"], key=found.fingerprint or "—"))  # fmt: skip
        say(T("The bundle is untouched.") if verdict.untouched else T("The bundle is not as it was sealed."))
    sys.exit(0 if verdict.untouched else 1)


def _against_database(found: "Manifest", data: bytes, intact: bool) -> "tuple[list[Problem], list[Text]]":
    """What the database and the key here say; where there is none, or it knows nothing of the region, a note."""
    from sqlalchemy.exc import SQLAlchemyError

    from app.db import db, reading
    from app.editions.manifest import NAME
    from app.editions.receiving import keys_of
    from app.editions.recount import knows, recount
    from app.editions.verify import Problem
    from app.sealing import known_public_key

    region, problems = found.figures.region_code, []
    ours = known_public_key(region)
    try:
        with reading():
            session = db.session()
            keys = {ours} if ours else keys_of(session, region)
            if not knows(session, found):
                notes = [
                    T("This database holds no figures of the region and month: none was compared with it.")
                ]
            else:
                problems = recount(session, found, data) if intact else []
                notes = (
                    []
                    if intact
                    else [T("The figures were not compared with the database: the bundle was changed.")]
                )
    except SQLAlchemyError:
        return [], [T("There is no database here that could be asked: the bundle was looked at alone.")]
    if keys and found.public_key not in keys:
        name = found.figures.region_name
        foreign = T("The key is not the one of %(name)s that is known here.", name=name)
        problems.insert(0, Problem(NAME, foreign))
    elif not keys:
        notes.append(
            T("The key of this region is not known here. Compare its fingerprint with the sender's.")
        )
    return problems, notes


@bulletin.command("receive")
@click.argument("bundle", type=click.Path(path_type=Path))
@click.option("--new-key", is_flag=True, help="The region has a new key, and somebody has asked there.")
@actor_option(Permission.IMPORT)
@click.option("--json", "as_json", is_flag=True)
@localized
def bulletin_receive(bundle: Path, new_key: bool, actor: str, as_json: bool) -> None:
    """Take the figures of a published bundle of a region whose loans are not here."""
    from app.bulletin.incoming import ManifestRefused
    from app.db import db
    from app.editions.bundle import read_path
    from app.editions.manifest import NAME, BundleUnfit
    from app.editions.receiving import examine, receive
    from app.editions.verify import check

    try:
        files = read_path(bundle)
        verdict = check(files, reread=False)
        if verdict.manifest is None or not verdict.untouched:
            for problem in verdict.problems:
                say(problem.message)
            fail(T("Nothing was taken."))
        arrival = examine(db.session(), verdict, files)
        receive(db.session(), verdict.manifest, files[NAME], actor, new_key)
    except (BundleUnfit, ManifestRefused) as refused:
        db.session.rollback()
        fail(refused.message)
    db.session.commit()
    found = verdict.manifest
    if as_json:
        print_json(
            {
                "region": found.figures.region_code,
                "month": found.content["month"],
                "rows": len(found.figures.rows),
                "fingerprint": found.fingerprint,
                "same": arrival.same,
            }
        )
    elif arrival.same:
        say(T("These figures are here already."))
    else:
        say(T("%(n)s rows of %(name)s for %(month)s are taken, under the key %(key)s.", n=len(found.figures.rows),
              name=found.figures.region_name, month=found.content["month"], key=found.fingerprint))  # fmt: skip
