"""Overdue loans being collected: lists, the assignment of lines, handovers, the declared table of states."""

from datetime import date
from typing import Any

import click
from flask.cli import AppGroup
from flask_babel import gettext

from app.accounts.rules import Permission
from app.cli.terminal import Day, Yuan, actor_option, fail, localized, print_json, say, stdout, today
from app.forces.rules import Line
from app.labels import T

cases = AppGroup("cases", help="Overdue loans being collected.")
forces = AppGroup("forces", help="Task forces and the places they answer for.")


@cases.command("sweep")
@click.option("--as-of", type=Day(), help="The date to sweep for; by default the business date.")
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.IMPORT)
@localized
def cases_sweep(as_of: date | None, as_json: bool, actor: str) -> None:
    """Open a case for every overdue loan, close those no longer overdue, fill empty lines."""
    from app.db import db
    from app.intake import settle

    if as_of is not None and as_of > today():
        fail(T("The date %(date)s lies in the future.", date=as_of.isoformat()))
    swept = settle(db.session(), as_of or today(), actor)
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


@cases.command("states")
@click.option("--mermaid", is_flag=True, help="Only the diagram.")
def cases_states(mermaid: bool) -> None:
    """The declared table of states and events, as docs/cases.md has it."""
    from app.cases import states

    click.echo(states.mermaid() if mermaid else states.document(), nl=False)


def _actor_account(username: str) -> Any:
    """The account on whose behalf something changes; the commands that ask for one cannot do without."""
    from sqlalchemy import select

    from app.accounts.models import User
    from app.db import db

    found = db.session.scalar(select(User).where(User.username == username))
    if found is None:
        fail(T("There is no account %(name)s.", name=username))
    return found


def _scope_of(actor: str) -> Any:
    from app import audit
    from app.accounts.rules import EVERYTHING

    return EVERYTHING if actor == audit.SYSTEM else _actor_account(actor).scope


def _described(case: Any) -> dict[str, Any]:
    """A case without what names the borrower."""
    return {
        "case": case.id,
        "contract": case.loan.contract_no,
        "state": case.state.value,
        "township": case.township_code,
        "village": case.village_code,
        "due_on": case.due_on.isoformat(),
        "overdue": case.overdue,
        "opened_on": case.opened_on.isoformat(),
        "closed_on": case.closed_on.isoformat() if case.closed_on else None,
        "township_user": case.township_user.username if case.township_user else None,
        "branch_user": case.branch_user.username if case.branch_user else None,
    }


@cases.command("list")
@click.option(
    "--state",
    type=click.Choice(["open", "unassigned", "closed"]),
    default="open",
    show_default=True,
    help="Which cases.",
)
@click.option("--township", help="Statistical code.")
@click.option("--collector", help="User name of a collector.")
@click.option(
    "--limit", type=click.IntRange(1, 10_000), default=50, show_default=True, help="How many at most."
)
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.LOANS)
@localized
def cases_list(
    state: str, township: str | None, collector: str | None, limit: int, as_json: bool, actor: str
) -> None:
    """Cases in the scope of --as, longest overdue first. Amounts in JSON are 分."""
    from rich.table import Table

    from app.cases.queries import Filter, Listed, list_cases
    from app.db import db
    from app.money import yuan

    if township and not (township.isascii() and township.isdigit() and len(township) <= 12):
        fail(T("%(code)s is no statistical code.", code=township))
    chosen = Filter(
        state=Listed(state),
        township=township,
        collector_id=_actor_account(collector).id if collector else None,
    )
    found = list_cases(db.session(), _scope_of(actor), chosen, today(), None, limit)
    if as_json:
        print_json([_described(case) for case in found])
        return
    table = Table(box=None, header_style="bold")
    for head in (
        gettext("Case"),
        gettext("Contract"),
        gettext("State"),
        gettext("Due"),
        gettext("Overdue (yuan)"),
    ):
        table.add_column(head)
    for case in found:
        row = (str(case.id), case.loan.contract_no, case.state.label.render(gettext), case.due_on.isoformat())
        table.add_row(*row, yuan(case.overdue))
    stdout.print(table)


def _case(case_id: int, actor: str) -> Any:
    from app.cases.queries import find_case
    from app.db import db

    found = find_case(db.session(), case_id, _scope_of(actor))
    if found is None:
        fail(T("There is no case %(n)s.", n=case_id))
    return found


@cases.command("show")
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.LOANS)
@localized
def cases_show(case_id: int, as_json: bool, actor: str) -> None:
    """One case and its history."""
    from app.cases.queries import events_of
    from app.db import db
    from app.labels import Text

    found = _case(case_id, actor)
    events = [
        {
            "on": event.on.isoformat(),
            "event": event.kind.value,
            "state": event.state.value,
            "by": event.actor.username if event.actor else None,
            "why": Text.from_json(event.why).render(gettext) if event.why else None,
        }
        for event in events_of(db.session(), found)
    ]
    described = {**_described(found), "version": found.version, "events": events}
    if as_json:
        print_json(described)
        return
    for name, value in described.items():
        if name != "events":
            click.echo(f"{name}: {'—' if value is None else value}")
    for event in events:
        click.echo("  ".join(str(value) for value in event.values() if value))


@cases.command("assign")
@click.argument("case_id", metavar="CASE", type=int)
@click.option("--line", type=click.Choice([line.value for line in Line]), required=True, help="Which line.")
@click.option("--to", "taker", metavar="USER", required=True, help="Who collects from now on.")
@click.option("--reason", required=True, help="Why; it stands in the history of the case.")
@click.option("--as", "username", metavar="USER", required=True, help="On whose behalf: leader or office.")
@localized
def cases_assign(case_id: int, line: str, taker: str, reason: str, username: str) -> None:
    """Give one line of a case to another collector."""
    from app.cases.actions import EventRefused, assign_line
    from app.db import db

    actor, to = _allowed(username), _actor_account(taker)
    try:
        assign_line(db.session(), _case(case_id, username), Line(line), to, actor, today(), reason)
    except EventRefused as refused:
        db.session.rollback()
        fail(refused.message)
    db.session.commit()
    say(T("%(name)s has the case now.", name=to.name))


def _allowed(username: str) -> Any:
    from app.accounts.rules import Permission, may

    actor = _actor_account(username)
    if not actor.active or not may(actor.role, Permission.ASSIGN):
        fail(T("%(name)s may not assign cases.", name=username))
    return actor


@cases.command("handover")
@click.option("--from", "giver", metavar="USER", required=True, help="Whose cases.")
@click.option("--to", "takers", metavar="USER", multiple=True, help="May be repeated; without: by the rules.")
@click.option("--township", "area", metavar="CODE", help="Only cases of this township or village.")
@click.option("--min-days", type=click.IntRange(0), help="Only cases so many days past due, or more.")
@click.option("--max-days", type=click.IntRange(0), help="Only cases so many days past due, or fewer.")
@click.option("--min-amount", type=Yuan(), help="Only cases of so many yuan overdue, or more.")
@click.option("--max-amount", type=Yuan(), help="Only cases of so many yuan overdue, or less.")
@click.option("--on", type=Day(), help="From which day on; by default today.")
@click.option("--reason", required=True, help="Why; it stands in the history of the case.")
@click.option("--dry-run", is_flag=True, help="Only say what would happen.")
@click.option("--json", "as_json", is_flag=True)
@click.option("--as", "username", metavar="USER", required=True, help="On whose behalf: leader or office.")
@localized
def cases_handover(
    giver: str,
    takers: tuple[str, ...],
    area: str | None,
    min_days: int | None,
    max_days: int | None,
    min_amount: int | None,
    max_amount: int | None,
    on: date | None,
    reason: str,
    dry_run: bool,
    as_json: bool,
    username: str,
) -> None:
    """Hand the cases of a collector to others: all of them, or those that the filters leave."""
    from app.cases.handover import HandoverRefused, Order, hand_over, preview
    from app.db import db
    from app.forces.queries import collectors_in
    from app.forces.rules import Which
    from app.places.models import Region

    session, actor = db.session(), _allowed(username)
    people = [_actor_account(giver), *map(_actor_account, takers)]
    if area and session.get(Region, area) is None:
        fail(T("There is no place with the code %(code)s.", code=area))
    which = Which(area, None, min_days, max_days, min_amount, max_amount)
    order = Order(people[0], people[1:], on or today(), reason, which)
    if order.giver.id not in {one.id for one in collectors_in(session, actor.scope, active=False)}:
        fail(T("%(name)s is not within your area.", name=giver))
    try:
        seen = preview(session, order, actor.scope, today())
        made = None if dry_run else hand_over(session, order, actor, today())
    except HandoverRefused as refused:
        session.rollback()
        fail(refused.message)
    shares = {user.username: count for user, count in seen.shares}
    result = {
        "handover": made.id if made else None,
        "cases": seen.count,
        "overdue": seen.overdue,
        "kept": seen.kept,
        "shares": shares,
        "on": order.on.isoformat(),
    }
    session.rollback() if dry_run else session.commit()
    if as_json:
        print_json(result)
        return
    if dry_run:
        say(T("%(n)s cases would change hands.", n=seen.count - seen.kept))
    else:
        say(T("%(n)s cases change hands on %(day)s.", n=seen.count - seen.kept, day=order.on.isoformat()))
    if seen.kept:
        say(T("%(n)s have nobody else to go to and stay with %(name)s.", n=seen.kept, name=order.giver.name))


@forces.command("list")
@click.option("--json", "as_json", is_flag=True)
@actor_option(Permission.LOANS)
@localized
def forces_list(as_json: bool, actor: str) -> None:
    """Task forces with their leader, members and areas."""
    from app.db import db
    from app.forces.queries import forces_of

    scope = _scope_of(actor)
    found = forces_of(db.session(), scope.region[:6] if scope.region else "")
    described = [
        {
            "name": force.name,
            "county": force.county_code,
            "active": force.active,
            "leader": force.leader.username if force.leader else None,
            "members": [{"user": one.user.username, "line": one.line.value} for one in force.members],
            "areas": [area.region_code or (area.branch.name if area.branch else "") for area in force.areas],
        }
        for force in found
    ]
    if as_json:
        print_json(described)
        return
    for force in found:
        click.echo(f"{force.name}: {force.leader.name if force.leader else '—'}")
