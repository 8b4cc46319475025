"""The measures of a month as one JSON object."""

from datetime import date
from typing import Any

import click

from app.cli.cases import cases
from app.cli.terminal import Month, localized, print_json, stdout, today


@cases.command("measures")
@click.option("--month", type=Month(), required=True, help="The month, e.g. 2023-11.")
@click.option("--region", default="", help="Statistical code; else everything.")
@click.option("--json", "as_json", is_flag=True)
@localized
def cases_measures(month: date, region: str, as_json: bool) -> None:
    """How well both lines reach, agree and recover in a month, and how loans roll between days past due."""
    from app.accounts.rules import Scope
    from app.db import db, reading
    from app.measures.queries import Period, count, place_names, rolls

    period, scope = Period.of(month, today()), Scope(region=region)
    with reading():
        session = db.session()
        total, *places = count(session, period, scope)
        names = place_names(session, [c.place for c in places], by_branch=False)
        rolled = rolls(session, period, scope)
    made = {
        "month": f"{month:%Y-%m}",
        "first": period.first.isoformat(),
        "last": period.last.isoformat(),
        "total": _row(total.by_kind),
        "rows": [{"region": c.place, "name": names.get(c.place, ""), **_row(c.by_kind)} for c in places],
        "rolls": [
            {"from": r.start.value, "to": r.end.value, "loans": r.loans, "balance_fen": r.balance}
            for r in rolled
        ],
    }
    if as_json:
        print_json(made)
    else:
        stdout.print(_table(made))


def _row(counts: Any) -> dict[str, Any]:
    """The kinds as numbers, amounts in 元 as text, and the shares in percent as text (None: no whole)."""
    from app.measures.rules import MEASURES, NOTHING, Kind, rate
    from app.money import yuan

    row: dict[str, Any] = {kind.value: counts.get(kind, NOTHING).number for kind in Kind}
    for kind in (Kind.OPENING, Kind.CURED, Kind.JUDGED, Kind.KEPT):
        row[f"{kind.value}_yuan"] = yuan(counts.get(kind, NOTHING).fen)
    for measure in MEASURES:
        share = rate(measure, counts)
        row[f"{measure.code}_pct"] = None if share is None else str(share)
    return row


def _table(made: dict[str, Any]) -> Any:
    from flask_babel import gettext
    from rich.table import Table

    from app.measures.rules import MEASURES

    table = Table(title=made["month"], header_style="bold", box=None, padding=(0, 1))
    table.add_column("")
    for measure in MEASURES:
        table.add_column(f"{measure.head.render(gettext)} %", justify="right")
    for row in [*made["rows"], {"name": gettext("Total"), **made["total"]}]:
        table.add_row(row["name"], *(row[f"{m.code}_pct"] or "—" for m in MEASURES))
    return table
