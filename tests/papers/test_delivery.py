"""Bad input first; then what a delivery brings about, and what printing alone does not."""

from datetime import date, time

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import AuditEntry
from app.cases.models import Case
from app.cases.rules import limitation_end
from app.cases.states import CloseReason, State
from app.contacts.models import Contact
from app.contacts.rules import Channel, Disposition, Reached
from app.fairness.actions import set_mark
from app.fairness.words import Mark
from app.papers.actions import (
    MOST_PAPERS,
    TEXT_LENGTH,
    Given,
    PapersRefused,
    deliver,
    print_for,
    take_back_delivery,
)
from app.papers.models import Paper, PrintRun
from app.papers.rules import Delivery, PaperKind
from tests.papers.conftest import LATER, TODAY, new_case, printed

SIGNED = Given(Delivery.SIGNED, TODAY)


@pytest.mark.parametrize(
    ("given", "field", "sentence"),
    [
        (Given(Delivery.SIGNED, date(2023, 11, 9)), "on", "future"),
        (Given(Delivery.SIGNED, TODAY, time(10, 45)), "at", "future"),
        (Given(Delivery.SIGNED, date(2023, 11, 5)), "on", "printed on 2023-11-06"),
        (Given(Delivery.LEFT, TODAY), "witness", "Who was it"),
        (Given(Delivery.LEFT, TODAY, witness="  "), "witness", "Who was it"),
        (Given(Delivery.LEFT, TODAY, witness="李四", by_post=True), "how", "signed for or refused"),
        (Given(Delivery.SIGNED, TODAY, text="长" * (TEXT_LENGTH + 1)), "text", "At most"),
    ],
)
def test_a_delivery_that_cannot_be(
    session: Session, paper: Paper, case: Case, author: User, given: Given, field: str, sentence: str
) -> None:
    with pytest.raises(PapersRefused, match=sentence) as refused:
        deliver(session, paper, case, author, given, TODAY)
    assert refused.value.field == field
    assert (paper.delivery, session.scalar(select(Contact.id))) == (None, None)


def test_a_paper_is_delivered_once(session: Session, paper: Paper, case: Case, author: User) -> None:
    deliver(session, paper, case, author, SIGNED, TODAY)
    with pytest.raises(PapersRefused, match="delivered on 2023-11-08 already"):
        deliver(session, paper, case, author, Given(Delivery.REFUSED, TODAY), TODAY)
    assert (paper.delivery, len(session.scalars(select(Contact)).all())) == (Delivery.SIGNED, 1)


@pytest.mark.parametrize("pay_by", [TODAY, date(2023, 11, 1), date(2033, 11, 23)])
def test_a_date_to_pay_by_that_cannot_be(session: Session, case: Case, author: User, pay_by: date) -> None:
    with pytest.raises(PapersRefused) as refused:
        print_for(session, [case.id], PaperKind.DEMAND, author, TODAY, pay_by)
    assert (refused.value.field, session.scalar(select(PrintRun.id))) == ("pay_by", None)


def close(case: Case) -> None:
    case.state, case.closed_on, case.close_reason = State.CLOSED, TODAY, CloseReason.REPAID


def test_nothing_is_printed_for_a_closed_case(session: Session, case: Case, author: User) -> None:
    other = new_case(session)
    close(case)
    session.flush()
    with pytest.raises(PapersRefused, match="closed"):
        print_for(session, [case.id], PaperKind.DEMAND, author, TODAY, LATER)
    done = print_for(session, [case.id, other.id], PaperKind.DEMAND, author, TODAY, LATER)
    assert (done.run.count, done.closed, done.marked) == (1, 1, 0)


def test_hardship_gets_no_demand(session: Session, case: Case, author: User) -> None:
    other = new_case(session)
    set_mark(session, case.borrower_id, Mark.ILLNESS, author, TODAY, "住院")
    for kind in (PaperKind.DEMAND, PaperKind.MATURITY):
        with pytest.raises(PapersRefused, match="Serious illness"):
            print_for(session, [case.id], kind, author, TODAY, LATER)
    done = print_for(session, [case.id, other.id], PaperKind.DEMAND, author, TODAY, LATER)
    assert (done.run.count, done.closed, done.marked) == (1, 0, 1)
    assert print_for(session, [case.id], PaperKind.PROMISE, author, TODAY, LATER).run.count == 1


def test_more_than_a_file_takes_is_refused(
    session: Session, case: Case, author: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_PAPERS == 500
    new_case(session)
    everything = select(Case.id)
    monkeypatch.setattr("app.papers.actions.MOST_PAPERS", 1)
    with pytest.raises(PapersRefused, match="at most 1 papers"):
        print_for(session, everything, PaperKind.DEMAND, author, TODAY, LATER)
    assert session.scalar(select(PrintRun.id)) is None
    monkeypatch.setattr("app.papers.actions.MOST_PAPERS", 2)
    assert print_for(session, everything, PaperKind.DEMAND, author, TODAY, LATER).run.count == 2


def test_printing_alone_restarts_nothing(session: Session, case: Case, author: User) -> None:
    before = case.limitation_on
    assert before == limitation_end(case.due_on, [])
    printed(session, case, author)
    assert (case.limitation_on, case.township_contact_on, case.state) == (before, None, State.OPEN)


@pytest.mark.parametrize(
    ("given", "restarts"),
    [
        (SIGNED, True),
        (Given(Delivery.SIGNED, TODAY, by_post=True), True),
        (Given(Delivery.LEFT, TODAY, witness="李四"), True),
        (Given(Delivery.REFUSED, TODAY, witness="李四"), True),
        (Given(Delivery.REFUSED, TODAY), False),
    ],
)
def test_a_demand_that_arrived_restarts_the_period(
    session: Session, paper: Paper, case: Case, author: User, given: Given, restarts: bool
) -> None:
    deliver(session, paper, case, author, given, TODAY)
    assert case.limitation_on == limitation_end(case.due_on, [TODAY] if restarts else [])


@pytest.mark.parametrize("kind", [PaperKind.PROMISE, PaperKind.MATURITY])
def test_other_papers_restart_nothing(session: Session, case: Case, author: User, kind: PaperKind) -> None:
    deliver(session, printed(session, case, author, kind), case, author, SIGNED, TODAY)
    assert case.limitation_on == limitation_end(case.due_on, [])


def test_a_period_that_has_run_out_stays_so(session: Session, author: User) -> None:
    case = new_case(session, due_on=date(2020, 9, 30), disbursed_on=date(2018, 9, 30))
    deliver(session, printed(session, case, author), case, author, SIGNED, TODAY)
    assert case.limitation_on == date(2023, 9, 30)


def test_a_delivery_is_a_contact(session: Session, paper: Paper, case: Case, author: User) -> None:
    given = Given(Delivery.REFUSED, date(2023, 11, 7), time(15, 30), witness="李四", text="不愿签字。")
    contact = deliver(session, paper, case, author, given, TODAY)
    assert (contact.channel, contact.disposition, contact.reached) == (
        Channel.VISIT,
        Disposition.DELIVERED,
        Reached.BORROWER,
    )
    assert contact.text == "催收通知书（2023年11月6日打印）：拒收。见证人：李四。不愿签字。"
    assert (contact.on, contact.breaches) == (date(2023, 11, 7), [])
    assert (paper.delivery, paper.delivered_on, paper.witness, paper.contact_id) == (
        Delivery.REFUSED,
        date(2023, 11, 7),
        "李四",
        contact.id,
    )
    assert (case.state, case.township_contact_on) == (State.WORKING, date(2023, 11, 7))
    actions = session.scalars(select(AuditEntry.action)).all()
    assert {"papers.print", "papers.deliver", "contacts.note", "cases.limitation"} <= set(actions)


def test_a_visit_at_night_is_marked(session: Session, paper: Paper, case: Case, author: User) -> None:
    late = Given(Delivery.SIGNED, date(2023, 11, 7), time(22, 30))
    assert deliver(session, paper, case, author, late, TODAY).breaches


def test_a_closed_case_keeps_the_delivery(session: Session, paper: Paper, case: Case, author: User) -> None:
    before = case.limitation_on
    close(case)
    contact = deliver(session, paper, case, author, SIGNED, TODAY)
    assert (paper.contact_id, case.state, case.limitation_on) == (contact.id, State.CLOSED, before)


# --- a delivery that was entered in error


@pytest.mark.parametrize("reason", ["", "  "])
def test_taking_back_needs_a_delivery_and_a_reason(
    session: Session, paper: Paper, case: Case, author: User, reason: str
) -> None:
    with pytest.raises(PapersRefused, match="no delivery"):
        take_back_delivery(session, paper, case, author, "x", TODAY)
    deliver(session, paper, case, author, SIGNED, TODAY)
    with pytest.raises(PapersRefused, match="what was wrong"):
        take_back_delivery(session, paper, case, author, reason, TODAY)
    assert paper.delivery is Delivery.SIGNED


def test_a_delivery_entered_in_error_is_taken_back_with_its_new_period(
    session: Session, paper: Paper, case: Case, author: User
) -> None:
    before = case.limitation_on
    contact = deliver(session, paper, case, author, SIGNED, TODAY)
    assert case.limitation_on == limitation_end(TODAY, []) != before
    correction = take_back_delivery(session, paper, case, author, "送错了人家", TODAY)
    assert (paper.delivery, paper.delivered_on, case.limitation_on) == (None, None, before)
    assert correction.corrects_id == contact.id and session.get(Contact, contact.id) is not None
    deliver(session, paper, case, author, SIGNED, TODAY)  # now to the right one
    assert case.limitation_on == limitation_end(TODAY, [])


def test_what_began_the_period_otherwise_still_counts(
    session: Session, paper: Paper, case: Case, author: User
) -> None:
    run = print_for(session, [case.id], PaperKind.DEMAND, author, TODAY, LATER).run
    other = session.scalars(select(Paper).where(Paper.run_id == run.id)).one()
    deliver(session, other, case, author, SIGNED, TODAY)
    deliver(session, paper, case, author, SIGNED, TODAY)
    take_back_delivery(session, paper, case, author, "重复登记", TODAY)
    assert case.limitation_on == limitation_end(TODAY, [])
