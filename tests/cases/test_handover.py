"""Cases handed over in one step, on a date, and back; leave and leaving; one line by hand."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import EVERYTHING, Role
from app.cases import handover
from app.cases.actions import EventRefused, Overtaken, assign_line
from app.cases.assignment import Assigned, bulk_assign
from app.cases.handover import HandoverRefused, Order
from app.cases.models import Case
from app.cases.states import replay
from app.forces.actions import (
    AbsenceEntry,
    ForcesRefused,
    RuleEntry,
    add_absence,
    end_leavers,
    move_rule,
    save_rule,
)
from app.forces.queries import collects_for
from app.forces.rules import Line, Method, Which
from app.labels import Text
from app.loans.models import Loan
from tests.cases.sweeping import events, swept, the_case
from tests.loans.portfolio import AGANG, LAOCHANG, NOVEMBER, OCTOBER, WAN, branch, collector, overdue_loan

COUNTY = "530324"


@pytest.fixture
def office(session: Session) -> User:
    return collector(session, COUNTY, "office", role=Role.OFFICE)


@pytest.fixture
def pair(session: Session) -> tuple[User, User]:
    return collector(session, AGANG, "first"), collector(session, AGANG, "second")


@pytest.fixture
def loans(session: Session, pair: tuple[User, User]) -> list[Loan]:
    made = [overdue_loan(session, overdue=n * WAN) for n in (1, 2, 3)]
    swept(session)
    return made


def holders(session: Session) -> list[int | None]:
    return list(session.scalars(select(Case.township_user_id).order_by(Case.id)))


def why(session: Session, case: Case) -> str:
    stored = events(session, case)[-1].why
    assert stored is not None
    return str(Text.from_json(stored))


def test_everything_and_back(
    session: Session, office: User, pair: tuple[User, User], loans: list[Loan]
) -> None:
    first, second = pair
    order = Order(first, [second], OCTOBER, "调离")
    seen = handover.preview(session, order, EVERYTHING, OCTOBER)
    assert (seen.count, seen.overdue, seen.kept) == (3, 6 * WAN, 0)
    assert [(user.id, n) for user, n in seen.shares] == [(second.id, 3)]
    assert holders(session) == [first.id] * 3, "a preview changes nothing"
    made = handover.hand_over(session, order, office, OCTOBER)
    session.expire_all()
    assert holders(session) == [second.id] * 3
    case = the_case(session, loans[0])
    assert why(session, case) == "Handed over by office: 调离"
    assert (events(session, case)[-1].actor_id, case.version) == (office.id, 1)
    assign_line(session, case, Line.TOWNSHIP, first, office, OCTOBER, "先还给他")
    undone = handover.undo(session, made, office, NOVEMBER)
    session.expire_all()
    assert (undone.back, undone.kept, undone.examples) == (2, 1, [case.id])
    assert holders(session) == [first.id] * 3
    assert replay([(event.kind, event.state) for event in events(session, case)])
    with pytest.raises(HandoverRefused):
        handover.undo(session, made, office, NOVEMBER)


def test_only_what_the_filter_means(
    session: Session, office: User, pair: tuple[User, User], loans: list[Loan]
) -> None:
    first, second = pair
    which = Which(min_amount=2 * WAN, max_amount=2 * WAN)
    handover.hand_over(session, Order(first, [second], OCTOBER, "分担", which), office, OCTOBER)
    assert holders(session) == [first.id, second.id, first.id]


def test_to_several_and_by_the_rules(
    session: Session, office: User, pair: tuple[User, User], loans: list[Loan]
) -> None:
    first, second = pair
    third = collector(session, AGANG)
    handover.hand_over(session, Order(first, [second, third], OCTOBER, "分担"), office, OCTOBER)
    assert sorted(holders(session)) == [second.id, second.id, third.id]
    save_rule(
        session, COUNTY, RuleEntry(Line.TOWNSHIP, Which(AGANG), Method.ROUND_ROBIN, [second, third]), office
    )
    handover.hand_over(session, Order(second, [], OCTOBER, "病假"), office, OCTOBER)
    assert holders(session) == [third.id] * 3


def test_nobody_else_keeps_them(session: Session, office: User) -> None:
    only = collector(session, AGANG)
    overdue_loan(session)
    swept(session)
    order = Order(only, [], OCTOBER, "病假")
    assert handover.preview(session, order, EVERYTHING, OCTOBER).kept == 1
    handover.hand_over(session, order, office, OCTOBER)
    assert holders(session) == [only.id]


def test_a_later_day(session: Session, office: User, pair: tuple[User, User], loans: list[Loan]) -> None:
    first, second = pair
    handover.hand_over(session, Order(first, [second], NOVEMBER, "月底调离"), office, OCTOBER)
    assert handover.apply_due(session, NOVEMBER - timedelta(days=1)) == 0
    assert holders(session) == [first.id] * 3
    assert (handover.apply_due(session, NOVEMBER), handover.apply_due(session, NOVEMBER)) == (3, 0)
    assert holders(session) == [second.id] * 3


def test_what_cannot_be_handed_over(session: Session, office: User, pair: tuple[User, User]) -> None:
    first, second = pair
    ended = collector(session, AGANG, active=False)
    elsewhere, banker = collector(session, LAOCHANG), collector(session, branch(session))
    for field, order in (
        ("takers", Order(first, [first], OCTOBER, "自己")),
        ("takers", Order(first, [ended], OCTOBER, "停用")),
        ("takers", Order(first, [elsewhere], OCTOBER, "外乡镇")),
        ("takers", Order(first, [banker], OCTOBER, "另一条线")),
        ("on", Order(first, [second], OCTOBER - timedelta(days=1), "昨天")),
        ("reason", Order(first, [second], OCTOBER, "  ")),
        ("giver", Order(office, [second], OCTOBER, "不是责任人")),
    ):
        with pytest.raises(HandoverRefused) as refused:
            handover.hand_over(session, order, office, OCTOBER)
        assert refused.value.field == field


def test_leave(session: Session, office: User, pair: tuple[User, User], loans: list[Loan]) -> None:
    """The cases stay, the substitute sees them, new ones go to the substitute."""
    first, _ = pair
    third = collector(session, AGANG)
    entry = AbsenceEntry(first, OCTOBER, NOVEMBER, third, "产假")
    add_absence(session, entry, office, OCTOBER)
    assert collects_for(session, third, NOVEMBER) == [third.id, first.id]
    assert collects_for(session, third, NOVEMBER + timedelta(days=1)) == [third.id]
    new = overdue_loan(session)
    assert swept(session, NOVEMBER).assigned == 0
    assert the_case(session, new).township_user_id == third.id
    assert "Substitute of first" in why(session, the_case(session, new))
    assert holders(session)[:3] == [first.id] * 3
    with pytest.raises(ForcesRefused):
        add_absence(session, entry, office, OCTOBER)


def test_leaving_for_good_gives_everything_away(
    session: Session, office: User, pair: tuple[User, User], loans: list[Loan]
) -> None:
    first, second = pair
    add_absence(session, AbsenceEntry(first, NOVEMBER, None), office, OCTOBER)
    assert end_leavers(session, OCTOBER) == 0
    assert end_leavers(session, NOVEMBER) == 1
    assert not first.active
    assert swept(session, NOVEMBER).unassigned == 3  # of the other line: nobody collects at a branch
    assert holders(session) == [second.id] * 3
    assert why(session, the_case(session, loans[0])) == "Collector of the loan's township"


def test_what_is_no_absence(session: Session, office: User, pair: tuple[User, User]) -> None:
    first, _ = pair
    elsewhere = collector(session, LAOCHANG)
    for field, entry in (
        ("ends_on", AbsenceEntry(first, NOVEMBER, OCTOBER)),
        ("ends_on", AbsenceEntry(first, OCTOBER - timedelta(days=9), OCTOBER - timedelta(days=1))),
        ("starts_on", AbsenceEntry(first, OCTOBER - timedelta(days=1), None)),
        ("substitute", AbsenceEntry(first, OCTOBER, NOVEMBER, first)),
        ("substitute", AbsenceEntry(first, OCTOBER, NOVEMBER, elsewhere)),
        ("user", AbsenceEntry(office, OCTOBER, NOVEMBER)),
    ):
        with pytest.raises(ForcesRefused) as refused:
            add_absence(session, entry, office, OCTOBER)
        assert refused.value.field == field


def test_rules_that_assign_nothing_are_refused(
    session: Session, office: User, pair: tuple[User, User]
) -> None:
    first, second = pair
    banker = collector(session, branch(session))
    for field, line, which, users in (
        ("users", Line.TOWNSHIP, Which(), []),
        ("users", Line.TOWNSHIP, Which(), [banker]),
        ("users", Line.TOWNSHIP, Which(LAOCHANG), [first]),
        ("area", Line.TOWNSHIP, Which("530325"), [first]),
        ("max_days", Line.TOWNSHIP, Which(min_days=9, max_days=8), [first]),
        ("max_amount", Line.TOWNSHIP, Which(min_amount=-1), [first]),
    ):
        with pytest.raises(ForcesRefused) as refused:
            save_rule(session, COUNTY, RuleEntry(line, which, Method.LEAST_LOADED, users), office)
        assert refused.value.field == field
    rules = [
        save_rule(session, COUNTY, RuleEntry(Line.TOWNSHIP, Which(), Method.LEAST_LOADED, [one]), office)
        for one in pair
    ]
    assert move_rule(session, rules[1], True, office)
    assert not move_rule(session, rules[1], True, office)
    assert [rule.position for rule in rules] == [2, 1]
    new = overdue_loan(session)
    swept(session)
    assert the_case(session, new).township_user_id == second.id
    assert "By rule 1" in why(session, the_case(session, new))


def test_one_line_by_hand(session: Session, office: User, pair: tuple[User, User], loans: list[Loan]) -> None:
    first, second = pair
    case = the_case(session, loans[0])
    elsewhere, banker = collector(session, LAOCHANG), collector(session, branch(session))
    for wrong in (first, elsewhere, banker, collector(session, AGANG, active=False)):
        with pytest.raises(EventRefused):
            assign_line(session, case, Line.TOWNSHIP, wrong, office, OCTOBER, "换人")
    with pytest.raises(EventRefused):
        assign_line(session, case, Line.TOWNSHIP, second, office, OCTOBER, " ")
    version = case.version
    assign_line(session, case, Line.TOWNSHIP, second, office, OCTOBER, "熟悉情况", version)
    assert (case.township_user_id, why(session, case)) == (second.id, "Assigned by office: 熟悉情况")
    with pytest.raises(Overtaken):
        assign_line(session, case, Line.TOWNSHIP, first, office, OCTOBER, "慢了一步", version)


def test_in_bulk(session: Session, office: User, pair: tuple[User, User], loans: list[Loan]) -> None:
    _, second = pair
    overdue_loan(session, township_code=LAOCHANG)
    swept(session)
    chosen = select(Case.id)
    assert bulk_assign(session, chosen, Line.TOWNSHIP, second, office, OCTOBER, "集中") == Assigned(3, 0, 1)
    assert bulk_assign(session, chosen, Line.TOWNSHIP, second, office, OCTOBER, "集中") == Assigned(0, 3, 1)
    assert holders(session) == [second.id] * 3 + [None]


@pytest.mark.parametrize(
    ("which", "field"),
    [
        (Which(min_days=90, max_days=30), "max_days"),
        (Which(min_amount=2, max_amount=1), "max_amount"),
        (Which(min_days=-1), "max_days"),
    ],
)
def test_a_filter_that_fits_nothing_is_refused(
    session: Session, pair: tuple[User, User], which: Which, field: str
) -> None:
    with pytest.raises(HandoverRefused) as refused:
        handover.check(Order(pair[0], [pair[1]], OCTOBER, "调离", which), OCTOBER)
    assert refused.value.field == field
