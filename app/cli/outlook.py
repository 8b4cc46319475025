"""The lines to stay under, and what the overdue rate will be."""

from datetime import date
from pathlib import Path
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.accounts.rules import Permission
from app.cli.terminal import Day, Month, actor_option, fail, localized, print_json, say, stdout, today
from app.labels import T

lines = AppGroup("lines", help="Averages, ranks and thresholds that the overdue rate is held against.")
_KINDS = ("provincial", "prefectural", "rank", "yellow", "red")


@lines.command("show")
@click.option("--region", required=True, help="Statistical code, e.g. 530324.")
@click.option("--month", type=Month(), required=True)
@click.option("--json", "as_json", is_flag=True)
@localized
def lines_show(region: str, month: date, as_json: bool) -> None:
    """What holds for a region and a month, with its source."""
    from app.db import db, reading
    from app.lines.queries import lines_for

    with reading():
        found = lines_for(db.session(), region, month)
    if as_json:
        print_json(
            {"region": region, "month": f"{month:%Y-%m}", "lines": [_line(h) for h in found.held.values()]}
        )
        return
    for held in found.held.values():
        stdout.print(
            f"{held.kind.label.render(gettext)}: {held.text}  {held.source} ({held.dated_on})", markup=False
        )
    if not found.held:
        say(T("No line is known for %(month)s", month=f"{month:%Y-%m}"))


def _line(held: Any) -> dict[str, Any]:
    return {
        "kind": held.kind.value,
        "value": held.text,
        "region": held.region_code,
        "month": f"{held.month:%Y-%m}",
        "ongoing": held.ongoing,
        "source": held.source,
        "dated_on": held.dated_on.isoformat(),
    }


@lines.command("set")
@click.argument("region")
@click.argument("kind", type=click.Choice(_KINDS))
@click.argument("value")
@click.option("--month", type=Month(), required=True)
@click.option("--ongoing", is_flag=True, help="From this month on, not for it alone.")
@click.option("--source", required=True, help="Where the value is from.")
@click.option("--dated", type=Day(), required=True, help="Date of the source.")
@actor_option(Permission.TARGETS)
@localized
def lines_set(
    region: str, kind: str, value: str, month: date, ongoing: bool, source: str, dated: date, actor: str
) -> None:
    """Set one line: a rate in percent such as 1.08, or a rank such as 7/9."""
    from app.db import db
    from app.lines.actions import check_cards, set_line
    from app.lines.rules import Held, LineKind
    from app.lines.text import LinesRefused, read_source, read_value
    from app.places.models import Region

    session = db.session()
    if session.get(Region, region) is None:
        fail(T("There is no region %(code)s.", code=region))
    try:
        read = read_value(LineKind(kind), value)
        held = Held(
            LineKind(kind), region, month, ongoing, read_source(source), dated, read.rate, read.rank, read.of
        )
        set_line(session, held, actor, today())
        check_cards(session, region, month)
    except LinesRefused as refused:
        session.rollback()
        fail(refused.message)
    session.commit()


@lines.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--region", default="", help="Statistical code within which names are looked up.")
@actor_option(Permission.TARGETS)
@localized
def lines_import(file: Path, region: str, actor: str) -> None:
    """Take region, month, line, value, source, date of the source on each line of a text or .csv. All or nothing."""
    from app.bulletin.proofread import NotABulletin, read_text
    from app.db import db
    from app.lines.actions import take_lines
    from app.lines.text import LinesRefused, read_lines
    from app.places.queries import place_index

    session = db.session()
    try:
        text = read_text("lines.txt", file.read_bytes())
    except NotABulletin as refused:
        fail(refused.message)
    values, lines = read_lines(text, place_index(session, region), region)
    for line in lines:
        say(f"{line.number}: {line.text}: {line.reason.render(gettext)}")
    if lines or not values:
        fail(T("Nothing was taken."))
    try:
        changed = take_lines(session, values, actor, today())
    except LinesRefused as refused:
        session.rollback()
        fail(refused.message)
    session.commit()
    say(T("%(n)s lines are taken, %(changed)s of them new.", n=len(values), changed=changed))


@click.command("forecast")
@click.option("--region", required=True, help="Statistical code, e.g. 530324.")
@click.option("--json", "as_json", is_flag=True)
@localized
def forecast(region: str, as_json: bool) -> None:
    """The overdue rate at the coming month ends: if nothing is paid, if it rolls as before, if promises are kept."""
    from app.accounts.rules import EVERYTHING
    from app.db import db, reading
    from app.outlook import history
    from app.places.models import Region

    with reading():
        session = db.session()
        place = session.get(Region, region)
        if place is None:
            fail(T("There is no region %(code)s.", code=region))
        told = history.forecast(session, place, EVERYTHING, today())
    if told is None:
        fail(T("There is no ledger yet."))
    if as_json:
        print_json(told.to_json())
        return
    stdout.print(_forecast_table(told))
    say(T("Off on average in the past, in percentage points:"))
    for name, head in _WAYS:
        error = told.mean_error(name)
        say(f"  {head.render(gettext)}: {'—' if error is None else error}")


_WAYS = (
    ("nothing_paid", T("If nothing is paid")),
    ("roll", T("If it rolls as before")),
    ("promises", T("If promises are kept")),
)


def _forecast_table(told: Any) -> Any:
    from rich.table import Table

    table = Table(title=f"{told.region} {told.start}", header_style="bold", box=None, padding=(0, 1))
    table.add_column("")
    for _name, head in _WAYS:
        table.add_column(f"{head.render(gettext)} %", justify="right")
    for each in told.months:
        shown = (each.nothing_paid.rate, each.roll, each.promises)
        table.add_row(f"{each.month:%Y-%m}", *(_told(value) for value in shown))
    return table


def _told(value: Any) -> str:
    rate = getattr(value, "rate", value)
    if rate is None:
        return "—"
    low, high = getattr(value, "low", None), getattr(value, "high", None)
    return str(rate) if low is None else f"{rate} ({low}–{high})"
