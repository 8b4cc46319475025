"""双线: every case has a collector of its township and one of its branch, as long as there are any."""

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from app.accounts.rules import Role
from app.cases.actions import Swept, lines_wait
from app.cases.assigning import OF_PLACE, why_opened, with_slots
from app.cases.states import Event
from app.forces.rules import Line, Slot, Which
from tests.cases.sweeping import events, kinds, swept, the_case
from tests.loans.portfolio import AGANG, BANQIAO, LAOCHANG, NOVEMBER, OCTOBER, branch, collector, overdue_loan


def test_both_lines_are_assigned_by_township_and_branch(session: Session) -> None:
    agang, laochang = branch(session), branch(session, "老厂支行")
    holders = {place: collector(session, place).id for place in (AGANG, LAOCHANG)}
    at_branch = {one.id: collector(session, one).id for one in (agang, laochang)}
    loans = [
        overdue_loan(session, township_code=place, branch_id=one.id)
        for place in (AGANG, LAOCHANG)
        for one in (agang, laochang)
    ]
    assert swept(session) == Swept(opened=4, closed=0, assigned=0, open=4, unassigned=0)
    for made in loans:
        opened = the_case(session, made)
        lines = (holders[made.township_code], at_branch[made.branch_id or 0])
        assert (opened.township_user_id, opened.branch_user_id) == lines
        (event,) = events(session, opened)
        assert (event.township_user_id, event.branch_user_id) == lines


def test_who_does_not_collect(session: Session) -> None:
    """Other roles of the place, ended accounts, and collectors of the places around it."""
    at_branch = branch(session)
    collector(session, AGANG, role=Role.LEADER)
    collector(session, AGANG, role=Role.AUDITOR)
    collector(session, AGANG, active=False)
    collector(session, "530324")
    collector(session, LAOCHANG)
    collector(session, at_branch, active=False)
    collector(session, branch(session, "老厂支行"))
    made = overdue_loan(session, branch_id=at_branch.id)
    assert swept(session).unassigned == 1
    assert (the_case(session, made).township_user_id, the_case(session, made).branch_user_id) == (None, None)


def test_one_line_is_not_enough(session: Session) -> None:
    collector(session, AGANG)
    overdue_loan(session)  # without a branch
    overdue_loan(session, township_code=BANQIAO, branch_id=branch(session).id)
    collector(session, branch(session))
    assert swept(session).unassigned == 2


def test_a_collector_who_comes_later_gets_the_waiting_cases(session: Session) -> None:
    made = overdue_loan(session)
    swept(session)
    assert not lines_wait(session)
    come = collector(session, AGANG)
    assert lines_wait(session)
    assert swept(session, NOVEMBER) == Swept(opened=0, closed=0, assigned=1, open=1, unassigned=1)
    assert not lines_wait(session)
    assert the_case(session, made).township_user_id == come.id
    last = events(session, the_case(session, made))[-1]
    assert (last.kind, last.on, last.township_user_id, last.branch_user_id) == (
        *(Event.ASSIGNED, NOVEMBER),
        *(come.id, None),
    )


def test_the_reasons_of_many_rules_stay_a_short_statement() -> None:
    """Each condition is written once a line, so the statement grows with the rules, not with their square."""

    def length(rules: int) -> int:
        slots = [
            Slot(Which(min_amount=n, max_days=100), AGANG, None, (1,), OF_PLACE[Line.TOWNSHIP])
            for n in range(rules)
        ]
        new = with_slots(true(), dict.fromkeys(Line, slots), OCTOBER).c
        return len(str(select(new.id, why_opened(dict.fromkeys(Line, slots), new))))

    once = length(40) - length(20)
    assert length(80) - length(60) < 1.2 * once and length(80) < 50_000


def test_an_ended_account_is_replaced_and_a_working_one_is_not(session: Session) -> None:
    at_branch = branch(session)
    first, second = collector(session, AGANG), collector(session, AGANG)
    banker = collector(session, at_branch)
    made = overdue_loan(session, branch_id=at_branch.id)
    swept(session)
    assert the_case(session, made).township_user_id == first.id
    first.active = False
    assert swept(session, NOVEMBER).assigned == 1
    kept = the_case(session, made)
    assert (kept.township_user_id, kept.branch_user_id) == (second.id, banker.id)
    first.active = True  # back from leave: the case stays where it is
    assert swept(session, NOVEMBER).assigned == 0
    assert the_case(session, made).township_user_id == second.id


def test_an_ended_account_without_a_successor_leaves_the_line_open(session: Session) -> None:
    only = collector(session, AGANG)
    made = overdue_loan(session)
    swept(session)
    only.active = False
    swept(session, NOVEMBER)
    assert the_case(session, made).township_user_id is None
    assert kinds(session, the_case(session, made)) == [Event.OPENED, Event.ASSIGNED]
    assert swept(session, NOVEMBER).assigned == 0


def test_a_loan_that_moves_goes_to_the_collectors_of_its_new_places(session: Session) -> None:
    """Those of the old ones no longer see it."""
    agang, laochang = branch(session), branch(session, "老厂支行")
    old = [collector(session, AGANG).id, collector(session, agang).id]
    new = [collector(session, LAOCHANG).id, collector(session, laochang).id]
    made = overdue_loan(session, branch_id=agang.id)
    swept(session)
    assert [the_case(session, made).township_user_id, the_case(session, made).branch_user_id] == old
    made.township_code, made.branch_id = LAOCHANG, laochang.id
    assert swept(session, NOVEMBER).assigned == 1
    assert [the_case(session, made).township_user_id, the_case(session, made).branch_user_id] == new
    made.township_code, made.branch_id = BANQIAO, None  # where nobody collects
    assert swept(session, NOVEMBER).unassigned == 1
    assert the_case(session, made).township_user_id is None
    assert swept(session, NOVEMBER).assigned == 0


def test_closed_cases_keep_their_collectors(session: Session) -> None:
    holder = collector(session, AGANG)
    made = overdue_loan(session)
    swept(session)
    made.balance = made.overdue = 0
    swept(session, NOVEMBER)
    holder.active = False
    assert swept(session, NOVEMBER).assigned == 0
    assert the_case(session, made).township_user_id == holder.id
