"""The worker's ticks: what they do, and that doing nothing is what they mostly do."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app import jobs
from app.accounts.actions import add_user, set_active
from app.accounts.rules import Role
from app.audit import AuditEntry
from app.cases.models import Case, CaseEvent
from app.cases.states import Event
from app.intake import is_settled
from app.today import business_date
from tests.intake import world
from tests.intake.world import OCTOBER
from tests.ledger.factory import AGANG, id_number, ledger_row

PASSWORD = "a long enough one"


def overdue_case(session: Session) -> Case:
    overdue = ledger_row(
        contract_no="HT-1",
        id_number=id_number(1),
        township_code=AGANG,
        principal=500,
        balance=500,
        overdue=500,
    )
    world.take(session, [overdue], OCTOBER)
    session.commit()
    jobs.follow_up()
    return session.scalars(select(Case)).one()


def test_an_idle_tick_changes_nothing(session: Session) -> None:
    overdue_case(session)
    before = session.scalar(select(func.count()).select_from(AuditEntry))
    assert is_settled(session, business_date(session))
    session.rollback()
    jobs.follow_up()
    assert session.scalar(select(func.count()).select_from(AuditEntry)) == before


def test_a_new_collector_has_the_cases_that_wait_at_the_next_tick(session: Session) -> None:
    found = overdue_case(session)
    assert found.township_user_id is None
    account = add_user(
        session, username="agang", name="", role=Role.TOWNSHIP, password=PASSWORD, region_code=AGANG
    )
    session.commit()
    jobs.follow_up()
    session.expire_all()
    assert found.township_user_id == account.id
    kinds = list(session.scalars(select(CaseEvent.kind).order_by(CaseEvent.id)))
    assert kinds == [Event.OPENED, Event.ASSIGNED]


def test_a_case_goes_on_to_the_next_collector_when_an_account_ends(session: Session) -> None:
    found = overdue_case(session)
    first, second = (
        add_user(session, username=name, name="", role=Role.TOWNSHIP, password=PASSWORD, region_code=AGANG)
        for name in ("first", "second")
    )
    session.commit()
    jobs.follow_up()
    set_active(session, first, False, "system")
    session.commit()
    jobs.follow_up()
    session.expire_all()
    assert found.township_user_id == second.id
