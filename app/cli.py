"""The same work by hand. Progress goes to stderr, ``--json`` to stdout; exit 0 done, 1 not done, 2 wrong use."""

import json
import os
import sys
from collections.abc import Callable
from datetime import date
from functools import update_wrapper
from pathlib import Path
from typing import Any, NoReturn, ParamSpec, TypeVar

import click
from flask import Flask, current_app
from flask.cli import AppGroup, with_appcontext
from flask_babel import force_locale, gettext
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from app import audit
from app.labels import T, Text

P = ParamSpec("P")
R = TypeVar("R")

stderr = Console(stderr=True, highlight=False, soft_wrap=True)
stdout = Console(highlight=False, soft_wrap=True)


class Month(click.ParamType[date]):
    """A month written 2023-10, as the date of its last day."""

    name = "month"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        from app.clock import parse_month

        if isinstance(value, date):
            return value
        try:
            return parse_month(value)
        except ValueError:
            self.fail(f"{value!r} is not a month like 2023-10", param, ctx)


class Day(click.ParamType[date]):
    """A date written 2023-10-31."""

    name = "date"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(value)
        except ValueError:
            self.fail(f"{value!r} is not a date like 2023-10-31", param, ctx)


def reader_locale() -> str:
    """Chinese where the terminal's locale is, else English: the rule of the set-up's sentences too."""
    spoken = os.environ.get("LC_ALL") or os.environ.get("LC_MESSAGES") or os.environ.get("LANG") or ""
    return "zh_Hans" if spoken.startswith("zh") else "en"


def say(text: Text | str) -> None:
    """A sentence for the person at the terminal."""
    stderr.print(text.render(gettext) if isinstance(text, Text) else text, markup=False)


def fail(text: Text | str) -> NoReturn:
    """Say why nothing was done, and exit 1."""
    say(text)
    sys.exit(1)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def localized(function: Callable[P, R]) -> Callable[P, R]:
    """Run a command in the language of the terminal."""

    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        with force_locale(reader_locale()):
            return function(*args, **kwargs)

    return update_wrapper(run, function)


def actor_option(function: Callable[P, R]) -> Callable[P, R]:
    """``--as USER``: on whose behalf; must be an active account when given."""
    return click.option(
        "--as", "actor", metavar="USER", help="On whose behalf; by default the system.", callback=_actor
    )(function)


def _actor(_context: click.Context, _parameter: click.Parameter, value: str | None) -> str:
    if value is None:
        return audit.SYSTEM
    from sqlalchemy import select

    from app.accounts.models import User
    from app.db import db

    if db.session.scalar(select(User.id).where(User.username == value, User.active)) is None:
        raise click.BadParameter(f"there is no active account {value!r}")
    return value


def today() -> date:
    from app.db import db
    from app.today import business_date

    return business_date(db.session())


class Bar:
    """Progress of long work on stderr."""

    def __init__(self) -> None:
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.percentage:>3.0f}%"),
            console=stderr,
            transient=True,
        )
        self._tasks: dict[str, Any] = {}

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._progress.stop()

    def tell(self, part: str, done: int, total: int) -> None:
        if part not in self._tasks:
            self._tasks[part] = self._progress.add_task(part, total=total or None)
        self._progress.update(self._tasks[part], completed=done, total=total or None)


places = AppGroup("places", help="Regions: provinces down to villages.")
ledger = AppGroup("ledger", help="Ledgers as the banks send them.")
cases = AppGroup("cases", help="Overdue loans being collected.")
bulletin = AppGroup("bulletin", help="Figures of a month, and proof-reading of published texts.")
targets = AppGroup("targets", help="Yearly targets of new lending.")
users = AppGroup("users", help="Accounts.")
demo = AppGroup("demo", help="The invented county for trying things out.")


@places.command("load")
@click.argument("source")
@actor_option
@localized
def places_load(source: str, actor: str) -> None:
    """Load the shipped places of a county (its code, e.g. 530324), or those of a JSON file."""
    from app.db import db
    from app.places.actions import PlacesRefused, load_places
    from app.places.rules import SHIPPED, read_places

    path = SHIPPED / f"{source}.json" if source.isdigit() else Path(source)
    if not path.is_file():
        fail(T("There are no places for %(source)s: give a shipped county's code or a file.", source=source))
    try:
        new, changed = load_places(db.session(), read_places(path), actor)
    except PlacesRefused as refused:
        fail(refused.message)
    except ValueError as error:
        fail(str(error))
    db.session.commit()
    say(T("%(new)s new places, %(changed)s changed.", new=new, changed=changed))


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
@actor_option
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
    if refused is not None and outcome.refused_rows:
        refused.write_bytes(outcome.refused_rows)
    if as_json:
        print_json(outcome.to_json(gettext))
    else:
        _print_outcome(outcome)
    sys.exit(0 if outcome.ok else 1)


def _print_outcome(outcome: Any) -> None:
    from rich.table import Table

    for finding in outcome.findings:
        place = " ".join(str(part) for part in (finding.sheet, finding.row, finding.field) if part)
        stderr.print(
            f"{place}: {finding.message.render(gettext)}" + (f" [{finding.found}]" if finding.found else ""),
            markup=False,
        )
    table = Table(show_header=False, box=None)
    table.add_column()
    table.add_column(justify="right")
    for name, value in outcome.counts.items():
        table.add_row(name, f"{value:,}")
    stdout.print(table)
    say(outcome.sentence)


@cases.command("sweep")
@click.option("--as-of", type=Day(), help="The date to sweep for; by default the business date.")
@click.option("--json", "as_json", is_flag=True)
@actor_option
@localized
def cases_sweep(as_of: date | None, as_json: bool, actor: str) -> None:
    """Open a case for every overdue loan, close those no longer overdue, fill empty lines."""
    from app.cases.actions import sweep
    from app.db import db

    swept = sweep(db.session(), as_of or today(), actor)
    db.session.commit()
    if as_json:
        print_json(swept.to_json())
    else:
        say(
            T(
                "%(opened)s opened, %(closed)s closed, %(assigned)s assigned; %(open)s open, "
                "%(unassigned)s without a collector on one line.",
                **swept.to_json(),
            )
        )


@bulletin.command("figures")
@click.option("--month", type=Month(), required=True)
@click.option("--region", required=True, help="Statistical code, e.g. 530324.")
@click.option("--json", "as_json", is_flag=True)
@localized
def bulletin_figures(month: date, region: str, as_json: bool) -> None:
    """The figures of a month by the regions below."""
    from app.bulletin.queries import figures
    from app.db import db, reading

    try:
        with reading():
            found = figures(db.session(), region, month)
    except LookupError:
        fail(T("There is no region %(code)s.", code=region))
    if as_json:
        print_json(found.to_json())
    else:
        stdout.print(_figure_table(found))


def _figure_table(found: Any) -> Any:
    from rich.table import Table

    table = Table(title=f"{found.region_name} {found.as_of}", header_style="bold", box=None, padding=(0, 1))
    for head in ("", "存量户", "存量万元", "新增户", "新增万元", "完成%", "逾期户", "逾期万元", "逾期率%"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True, overflow="fold")
    for row in (*found.by_stock(), found.total):
        values = row.to_json()
        table.add_row(
            *(
                "—" if values[key] is None else str(values[key])
                for key in (
                    "name",
                    "stock_households",
                    "stock_wan",
                    "new_households",
                    "new_wan",
                    "completion_pct",
                    "overdue_households",
                    "overdue_wan",
                    "overdue_rate_pct",
                )
            )
        )
    return table


@bulletin.command("proofread")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True)
@localized
def bulletin_proofread(file: Path, as_json: bool) -> None:
    """Find the wrong figures of a published text (.txt, .docx, .html). Exits 1 when there are findings."""
    from app.bulletin.proofread import NotABulletin, proofread, read_text
    from app.places.rules import shipped

    try:
        proof = proofread(read_text(file.name, file.read_bytes()), shipped())
    except NotABulletin as refused:
        fail(refused.message)
    if as_json:
        print_json(proof.to_json(gettext))
    else:
        for finding in proof.findings:
            say(
                f"{finding.region} {finding.figure}: {finding.printed} → {finding.expected}  {finding.reason.render(gettext)}"
            )
        say(T("%(n)s findings.", n=len(proof.findings)))
    sys.exit(1 if proof.findings else 0)


@targets.command("set")
@click.argument("region")
@click.argument("year", type=click.IntRange(2000, 2100))
@click.argument("wan", metavar="万元")
@actor_option
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
@click.option("--year", type=click.IntRange(2000, 2100), required=True)
@click.option("--region", default="", help="Statistical code within which names are looked up.")
@actor_option
@localized
def targets_import(file: Path, year: int, region: str, actor: str) -> None:
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
    for code, amount in amounts.items():
        set_target(db.session(), code, year, amount, actor)
    db.session.commit()
    say(T("%(n)s targets of %(year)s are set.", n=len(amounts), year=year))


@users.command("add")
@click.argument("username")
@click.option("--name", default="", help="The person's name.")
@click.option(
    "--role", type=click.Choice(["office", "leader", "township", "branch", "auditor", "admin"]), required=True
)
@click.option("--region", help="Statistical code of the region the account is for.")
@click.option("--branch", help="Name of the branch a branch collector is for.")
@click.option("--password", help="Asked for when not given.")
@actor_option
@localized
def users_add(
    username: str,
    name: str,
    role: str,
    region: str | None,
    branch: str | None,
    password: str | None,
    actor: str,
) -> None:
    """Make an account."""
    from app.accounts.actions import AccountRefused, add_user
    from app.accounts.rules import Role
    from app.db import db

    branch_id = _branch_id(branch) if branch else None
    if password is None:
        password = click.prompt(gettext("Password"), hide_input=True, confirmation_prompt=True)
    try:
        add_user(
            db.session(),
            username=username,
            name=name,
            role=Role(role),
            password=password,
            region_code=region,
            branch_id=branch_id,
            actor=actor,
        )
    except AccountRefused as refused:
        fail(refused.message)
    db.session.commit()
    say(T("%(name)s can sign in now.", name=username))


def _branch_id(name: str) -> int:
    from sqlalchemy import select

    from app.db import db
    from app.places.models import Branch

    found = db.session.scalars(select(Branch.id).where(Branch.name == name)).all()
    if len(found) != 1:
        fail(T("There is no one branch named %(name)s.", name=name))
    return found[0]


@demo.command("load")
@localized
def demo_load() -> None:
    """Load the invented county with October 2023's published figures, on an empty instance."""
    from app.demo.load import NotEmpty, load_demo

    with Bar() as bar:
        try:
            load_demo(current_app, bar.tell)
        except NotEmpty as refused:
            fail(refused.message)
    say(T("The demonstration county is loaded."))


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Read and take ledgers, sweep cases daily: the scheduler, in its own process."""
    from app.jobs import run

    run(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command("setup")
@with_appcontext
@localized
def setup() -> None:
    """Ask for the administrator, the county and the lender of an empty instance."""
    from app.setup import ask

    ask()


@click.command("prepare")
@click.option(
    "--demo/--no-demo",
    "with_demo",
    default=True,
    help="Load the demonstration county into an empty instance.",
)
@with_appcontext
@localized
def prepare(with_demo: bool) -> None:
    """Migrate, load the demonstration into an empty instance, and print how to sign in (JSON)."""
    from app.setup import prepare_instance

    print_json(prepare_instance(current_app, with_demo))


def init_app(app: Flask) -> None:
    for command in (places, ledger, cases, bulletin, targets, users, demo, worker, setup, prepare):
        app.cli.add_command(command)
