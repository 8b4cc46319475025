"""Ledgers in, and the cases that follow from them."""

import sys
from datetime import date
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.accounts.rules import Permission
from app.cli.terminal import (
    Bar,
    Day,
    actor_option,
    localized,
    print_json,
    say,
    stderr,
    stdout,
    today,
)
from app.labels import T

ledger = AppGroup("ledger", help="Ledgers as the banks send them.")


@ledger.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--as-of", type=Day(), help="The date of the figures; else the one in the sheet's title.")
@click.option("--lender", default="", help="The bank, where the file does not say.")
@click.option("--county", default="", help="Code of the county, where township names are not unique.")
@click.option("--accept-valid", is_flag=True, help="Take the valid rows although others are refused.")
@click.option("--dry-run", is_flag=True, help="Only say what would change.")
@click.option(
    "--refused", type=click.Path(dir_okay=False, path_type=Path), help="Write the refused rows to this .xlsx."
)
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.IMPORT)
@localized
def ledger_import(
    file: Path,
    as_of: date | None,
    lender: str,
    county: str,
    accept_valid: bool,
    dry_run: bool,
    refused: Path | None,
    as_json: bool,
    actor: str,
) -> None:
    """Import a ledger (.xlsx, .xls, .csv). Exits 1 when nothing was taken."""
    from app.intake import Request, import_file

    with Bar() as bar:
        outcome = import_file(
            Request(file, as_of, lender, county, accept_valid, dry_run),
            today=today(),
            actor=actor,
            tell=bar.tell,
        )
    if as_json:
        print_json(outcome.to_json(gettext))
    else:
        _print_outcome(outcome)
    say(outcome.sentence)
    if refused is not None and outcome.refused_rows:
        _write(refused, outcome.refused_rows)
    sys.exit(0 if outcome.ok else 1)


def _write(path: Path, content: bytes) -> None:
    try:
        path.write_bytes(content)
    except OSError as error:
        say(T("%(path)s cannot be written: %(reason)s", path=path, reason=error.strerror or ""))
    else:
        say(T("The refused rows are in %(path)s, each with its reason.", path=path))


def _print_outcome(outcome: Any) -> None:
    from rich.table import Table

    from app.ledger.report import SHOWN

    for finding in outcome.findings[:SHOWN]:
        place = " ".join(str(part) for part in (finding.sheet, finding.row, finding.field) if part)
        stderr.print(
            f"{place}: {finding.message.render(gettext)}" + (f" [{finding.found}]" if finding.found else ""),
            markup=False,
        )
    if (more := len(outcome.findings) - SHOWN) > 0:
        say(T("%(n)s more findings; --json lists them all.", n=more))
    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_column(justify="right")
    for name, value in outcome.counts.items():
        table.add_row(name, f"{value:,}")
    stdout.print(table)
