"""The desk in all its states: a queue with every reason, a household with a past, a case changed meanwhile."""

from collections.abc import Iterator
from datetime import timedelta

from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.cases.models import Case
from app.desk.models import Presence
from app.forces.models import AssignmentRule, TaskForce
from app.papers.actions import facts_of
from app.papers.models import Paper, PrintRun
from app.papers.rules import Delivery, PaperKind
from app.promises.models import Promise
from app.promises.rules import PromiseState
from app.reminders.models import MessageTemplate, OutboxMessage
from app.today import business_date, now


def make_desk(session: Session, officer: User, case_id: int) -> None:
    found, today = session.get_one(Case, case_id), business_date(session)
    mine = (Case.branch_user_id == found.branch_user_id, Case.closed_on.is_(None), Case.id != case_id)
    loud = list(session.scalars(select(Case).where(*mine).order_by(Case.id).limit(5)))
    loud[0].promise_broken_on, loud[0].limitation_on = today, today + timedelta(days=20)
    loud[1].replied_on, loud[2].promise_due_on, loud[3].branch_action_on = today, today, today
    loud[4].due_on = today - timedelta(days=3)
    for kind, state in ((1, PromiseState.OPEN), (2, PromiseState.BROKEN)):
        session.add(
            Promise(
                case_id=case_id,
                loan_id=found.loan_id,
                taken_by_id=officer.id,
                taken_on=today,
                amount=kind * 123_456,
                last_due_on=today + timedelta(days=9),
                state=state,
            )
        )
    run = PrintRun(
        kind=PaperKind.DEMAND, printed_on=today, printed_by_id=officer.id, printed_at=now(), count=2
    )
    session.add(run)
    session.flush()
    for delivery in (None, Delivery.SIGNED):
        day = today if delivery else None
        session.add(
            Paper(
                run_id=run.id,
                case_id=case_id,
                kind=PaperKind.DEMAND,
                balance=1,
                overdue=1,
                facts=facts_of(found, today, today + timedelta(days=15)).to_json(),
                delivery=delivery,
                delivered_on=day,
            )
        )
    watching = session.scalars(select(User).where(User.username == "leader")).one()
    later = now() + timedelta(days=1)  # however long the tests take, the leader is still there
    session.add(Presence(case_id=case_id, user_id=watching.id, seen_at=later))
    session.add(Presence(case_id=loud[0].id, user_id=officer.id, seen_at=later))


def desk_values(session: Session, case_id: int) -> dict[str, object]:
    run = select(Paper.run_id).where(Paper.case_id == case_id).limit(1)
    return {
        "household_id": session.get_one(Case, case_id).loan.household_id,
        "run_id": session.scalars(run).one(),
    }


def force_values(session: Session) -> dict[str, object]:
    """The first of each that the demonstration has."""
    first = {
        "force_id": TaskForce.id,
        "rule_id": AssignmentRule.id,
        "template_id": MessageTemplate.id,
        "message_id": OutboxMessage.id,
    }
    return {name: session.scalars(select(column).order_by(column)).first() for name, column in first.items()}


def a_case_changed_meanwhile(page: Page) -> None:
    page.locator("details.more-moves summary").click()
    page.locator("#move-move input").first.check()
    page.fill("#move-reason", "I had not seen what the others did.")
    page.evaluate("document.querySelector('#move-version').value = '0'")
    page.locator("details.more-moves button[type=submit]").click()
    page.wait_for_selector(".overtaken")


def no_move_chosen(page: Page) -> None:
    page.locator("details.more-moves summary").click()
    page.locator("details.more-moves button[type=submit]").click()
    page.wait_for_selector(".field-error")


def the_keys_explained(page: Page) -> None:
    page.keyboard.press("?")
    page.wait_for_selector("#keys[open]")


def a_promise_without_an_amount(page: Page) -> None:
    page.locator("#promises details.act > summary").first.click()
    page.fill("#promise-amount", "")
    page.locator("#promises details.act button[type=submit]").first.click()
    page.wait_for_selector("#promise-amount-error")


def a_repayment_without_evidence(page: Page) -> None:
    page.locator("#reported details.act > summary").last.click()
    page.fill("#repayment-amount", "100")
    page.locator("#reported details.act button[type=submit]").last.click()
    page.wait_for_selector("#repayment-evidence-error")


def desk_visits(session: Session, case_id: int) -> Iterator[tuple[str, str, int, object]]:
    """(path, user, status, act)."""
    collector = session.get_one(Case, case_id).branch_user_id
    yield from ((f"/papers/?part={part}", "office", 200, None) for part in ("waiting", "runs"))
    for path in ("/queue", "/queue?show=done", f"/cases/{case_id}?via=queue", "/overview"):
        yield path, "agang-bank", 200, None
    yield f"/queue?collector={collector}", "office", 200, None
    yield f"/cases/{case_id}", "office", 422, a_promise_without_an_amount
    yield f"/cases/{case_id}", "office", 422, a_repayment_without_evidence
    for path in ("?show=kept", "?show=week&township=530324106", "kept?month=2023-12&by=line"):
        yield f"/promises/{path}", "office", 200, None
    yield f"/cases/{case_id}", "office", 409, a_case_changed_meanwhile
    yield f"/cases/{case_id}", "office", 422, no_move_chosen
    yield "/queue", "office", 200, the_keys_explained
    yield "/cases/?neglected=branch&promise=broken", "office", 200, None
