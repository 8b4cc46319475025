"""Figures of a month, the loans behind each, and the bridge of the overdue amount, at the terminal."""

from datetime import date
from typing import Any

import click
from sqlalchemy.orm import Session

from app.cli.bulletins import bulletin
from app.cli.terminal import Month, fail, localized, print_json, say, stdout
from app.labels import T


@bulletin.command("figures")
@click.option("--month", type=Month(), required=True)
@click.option("--region", required=True, help="Statistical code, e.g. 530324.")
@click.option(
    "--township", help="Only this one of the regions below: its name as printed, its full name or code."
)
@click.option("--drill", "figure", metavar="FIGURE", help="The loans behind a figure, e.g. stock_wan.")
@click.option("--json", "as_json", is_flag=True)
@localized
def bulletin_figures(
    month: date, region: str, township: str | None, figure: str | None, as_json: bool
) -> None:
    """The figures of a month by the regions below, or the loans behind one of them, added up."""
    from app.bulletin.queries import figures
    from app.db import db, reading

    try:
        with reading():
            code = place_named(db.session(), region, township) if township else region
            found = figures(db.session(), code, month)
            told = drill(db.session(), code, month, figure) if figure else None
    except LookupError:
        fail(T("There is no region %(code)s.", code=region))
    if as_json:
        print_json(told or found.to_json())
    elif told:
        show(told)
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


def place_named(session: Session, region: str, name: str) -> str:
    """The code of the region in ``region`` that goes by ``name``: its code, its printed or its official name."""
    from app.places.queries import place_index

    index = place_index(session, region)
    if name in index and name.startswith(region):
        return name
    found = index.find(name, region, None)
    if found is None:
        guess = index.suggest(name, region, None)
        if guess is None:
            fail(T("There is no region “%(name)s” in %(region)s.", name=name, region=region))
        fail(
            T(
                "There is no region “%(name)s” in %(region)s. Is %(guess)s meant?",
                name=name,
                region=region,
                guess=guess.short,
            )
        )
    return found.code


def drill(session: Session, region: str, month: date, figure: str) -> dict[str, Any]:
    """A figure of ``region`` and the loans behind it, added up one by one. Raises LookupError for no such region."""
    from app.bulletin.drill import FIGURES, RATES
    from app.bulletin.queries import Measure, figures

    if figure not in FIGURES and figure not in RATES:
        fail(
            T(
                "There is no figure “%(name)s”. There are: %(names)s.",
                name=figure,
                names=", ".join([*FIGURES, *RATES]),
            )
        )
    found = figures(session, region, month)
    row = found.total.to_json()
    told = {
        "region": region,
        "name": found.region_name,
        "month": f"{month:%Y-%m}",
        "as_of": found.as_of.isoformat(),
        "figure": figure,
    }
    if figure in FIGURES:
        measure = FIGURES[figure]
        return told | {"value": row.get(figure, row[f"{measure}_wan"])} | _behind(session, found, measure)
    rate, measure = RATES[figure]
    if rate == "overdue_rate":
        below = _behind(session, found, Measure.STOCK)
    elif rate == "completion":
        below = {"total": None if found.total.target_fen is None else _yuan(found.total.target_fen)}
    else:
        below = {"households": found.total.stock_households}
    return told | {
        "value": row.get(f"{rate}_pct"),
        "numerator": {"figure": str(measure), **_behind(session, found, measure)},
        "denominator": {
            "figure": {"overdue_rate": "stock", "completion": "target", "mean": "stock_households"}[rate],
            **below,
        },
    }


def _yuan(fen: Any) -> str:
    from app.money import yuan

    return yuan(fen)


def _behind(session: Session, found: Any, measure: Any) -> dict[str, Any]:
    from app.bulletin.bundles import bundles
    from app.bulletin.drill import all_behind, sums_of
    from app.privacy import mask_name

    lines = list(all_behind(session, measure, found.region_code, found.month))
    here = sums_of(found, measure, received=False)
    households = len({(line.township_code, line.household_id) for line in lines})
    total = sum(line.amount(measure) for line in lines)
    received = sums_of(found, measure, received=True)
    senders = bundles(session, {one.bundle_id for one in found.received})
    return {
        "total": _yuan(total),
        "count": len(lines),
        "households": households,
        "adds_up": (total, households) == (here.fen, here.households),
        **(
            {
                "received": {
                    "total": _yuan(received.fen),
                    "households": received.households,
                    "bundles": [
                        {
                            "region": one.region,
                            "name": one.name,
                            "number": one.number,
                            "seal": one.fingerprint,
                        }
                        for one in senders
                    ],
                }
            }
            if senders
            else {}
        ),
        "loans": [
            {
                "contract_no": line.contract_no,
                "borrower": mask_name(line.borrower),
                "household": line.household_id,
                "township": line.township,
                "village": line.village,
                "branch": line.branch,
                "disbursed_on": line.disbursed_on.isoformat(),
                "due_on": line.due_on.isoformat(),
                "principal": _yuan(line.principal),
                "balance": _yuan(line.balance),
                "overdue": _yuan(line.overdue),
                "amount": _yuan(line.amount(measure)),
                "as_of": line.as_of.isoformat(),
            }
            for line in lines
        ],
    }


def show(told: dict[str, Any]) -> None:
    """The drill-down as a table, its sum below."""
    from rich.table import Table

    for part in (told.get("numerator", told), told.get("denominator", {})):
        if "loans" not in part:
            continue
        table = Table(title=f"{told['name']} {part.get('figure', '')}", box=None, padding=(0, 1))
        for head in ("合同号", "借款人", "乡镇", "放款日", "到期日", "金额（元）"):
            table.add_column(head, justify="right" if "元" in head else "left", no_wrap=True)
        for loan in part["loans"]:
            table.add_row(
                *(loan[key] for key in ("contract_no", "borrower", "township", "disbursed_on", "due_on")),
                loan["amount"],
            )
        stdout.print(table)
        say(
            T(
                "%(n)s loans of %(h)s households: %(total)s yuan.",
                n=part["count"],
                h=part["households"],
                total=part["total"],
            )
        )


@bulletin.command("bridge")
@click.option("--month", type=Month(), required=True)
@click.option("--region", required=True, help="Statistical code, e.g. 530324.")
@click.option("--json", "as_json", is_flag=True)
@localized
def bulletin_bridge(month: date, region: str, as_json: bool) -> None:
    """From last month's overdue amount to this month's, by the regions below. Exits 1 when something is unexplained."""
    from app.accounts.rules import EVERYTHING
    from app.bulletin.bridging import bridge
    from app.db import db, reading

    try:
        with reading():
            found = bridge(db.session(), region, month, EVERYTHING)
    except LookupError:
        fail(T("There is no region %(code)s.", code=region))
    if as_json:
        print_json(_bridge_json(found))
    else:
        stdout.print(_bridge_table(found))
    if found.total.difference:
        fail(T("%(n)s yuan are not explained.", n=_yuan(found.total.difference)))


def _bridge_json(found: Any) -> dict[str, Any]:
    from app.bulletin.bridge import Term

    def row(one: Any) -> dict[str, Any]:
        terms = {
            term.value: {"yuan": _yuan(one.part(term).fen), "loans": one.part(term).loans} for term in Term
        }
        return {
            "code": one.code, "name": one.name, "opening": _yuan(one.opening), **terms,
            "closing": _yuan(one.closing), "difference": _yuan(one.difference),
        }  # fmt: skip

    return {
        "region": found.region_code,
        "month": f"{found.month:%Y-%m}",
        "before": f"{found.before:%Y-%m}",
        "total": row(found.total),
        "rows": [row(one) for one in found.rows],
        "received": list(found.received),
    }


def _bridge_table(found: Any) -> Any:
    from flask_babel import gettext
    from rich.table import Table

    from app.bulletin.bridge import Term

    table = Table(title=f"{found.region_name} {found.before} → {found.month}", box=None, padding=(0, 1))
    for head in ("", "期初", *(term.label.render(gettext) for term in Term), "期末"):
        table.add_column(head, justify="right" if head else "left", no_wrap=True)
    for one in (*found.rows, found.total):
        terms = (_yuan(one.signed(term)) for term in Term)
        table.add_row(one.name, _yuan(one.opening), *terms, _yuan(one.closing))
    return table
