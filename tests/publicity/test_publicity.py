"""What the publicity log takes, what it refuses, and how it counts."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import EVERYTHING, NOTHING, Role, Scope
from app.audit import AuditEntry
from app.files import PDF, Cleaned, FileStore
from app.publicity.actions import Entry, add_entry, withdraw
from app.publicity.models import Publicity
from app.publicity.queries import Chosen, Count, counts, find, listed, townships_of
from app.publicity.rules import MOST_PEOPLE, REASON_LENGTH, TEXT_LENGTH, Means, PublicityRefused
from tests.loans.portfolio import AGANG, BANQIAO, LAOCHANG, collector
from tests.publicity.conftest import FOREIGN_VILLAGE, VILLAGE

TODAY = date(2023, 11, 8)
SOUND = Entry(VILLAGE, TODAY, Means.BROCHURE, 35, "发放宣传册")


@pytest.mark.parametrize(
    ("field", "changed"),
    [
        ("on", {"on": TODAY + timedelta(days=1)}),
        ("on", {"on": date(203, 11, 8)}),
        ("people", {"people": -1}),
        ("people", {"people": MOST_PEOPLE + 1}),
        ("people", {"people": 10**30}),
        ("text", {"text": "宣" * (TEXT_LENGTH + 1)}),
        ("region", {"region": FOREIGN_VILLAGE}),
        ("region", {"region": BANQIAO}),
        ("region", {"region": "530324"}),
        ("region", {"region": f"{AGANG}999"}),
        ("region", {"region": ""}),
        ("photo", {"photo": Cleaned("a.pdf", PDF, b"%PDF-")}),
    ],
)
def test_bad_input_is_refused_at_its_field(
    session: Session, author: User, store: FileStore, field: str, changed: dict[str, object]
) -> None:
    with pytest.raises(PublicityRefused) as refused:
        add_entry(session, author, replace(SOUND, **changed), TODAY, store)  # type: ignore[arg-type]
    assert refused.value.field == field and refused.value.message.msgid
    assert session.scalar(select(func.count()).select_from(Publicity)) == 0


@pytest.mark.parametrize(
    "changed", [{}, {"people": 0}, {"people": MOST_PEOPLE}, {"region": AGANG}, {"on": date(2023, 1, 1)}]
)
def test_what_is_sound_is_kept(
    session: Session, author: User, store: FileStore, changed: dict[str, object]
) -> None:
    made = add_entry(session, author, replace(SOUND, **changed), TODAY, store)  # type: ignore[arg-type]
    assert made.author_id == author.id and made.branch_id is None
    assert session.scalars(select(AuditEntry.action)).all()[-1] == "publicity.add"


def test_one_writing_is_entered_once(session: Session, author: User, store: FileStore) -> None:
    sent = replace(SOUND, key="k1")
    first, again = (add_entry(session, author, sent, TODAY, store) for _ in range(2))
    other = add_entry(session, author, replace(SOUND, key="k2"), TODAY, store)
    assert first.id == again.id != other.id


def test_a_branch_enters_where_it_lends_and_nowhere_else(
    session: Session, banker: User, store: FileStore
) -> None:
    assert [one.code for one in townships_of(session, banker.scope)] == [AGANG]
    assert add_entry(session, banker, SOUND, TODAY, store).branch_id == banker.branch_id
    with pytest.raises(PublicityRefused):
        add_entry(session, banker, replace(SOUND, region=BANQIAO), TODAY, store)
    assert townships_of(session, NOTHING) == []


def test_a_withdrawn_entry_stays_and_counts_no_more(session: Session, author: User, store: FileStore) -> None:
    made = add_entry(session, author, SOUND, TODAY, store)
    assert counts(session, TODAY).of() == Count(1, 35)
    withdraw(session, made, author, " 重复登记 ", TODAY)
    withdraw(session, made, author, "又一次", TODAY)
    assert counts(session, TODAY).of() == Count() and made.withdraw_reason == "重复登记"
    assert listed(session, EVERYTHING, Chosen(TODAY), None, 9) == [made]


@pytest.mark.parametrize("reason", ["", "  ", "字" * (REASON_LENGTH + 1)])
def test_withdrawing_needs_a_reason(session: Session, author: User, store: FileStore, reason: str) -> None:
    made = add_entry(session, author, SOUND, TODAY, store)
    with pytest.raises(PublicityRefused):
        withdraw(session, made, author, reason, TODAY)
    assert made.withdrawn_on is None


@pytest.mark.parametrize(("role", "may"), [(Role.TOWNSHIP, False), (Role.LEADER, True), (Role.OFFICE, True)])
def test_who_withdraws_what_another_wrote(
    session: Session, author: User, store: FileStore, role: Role, may: bool
) -> None:
    made = add_entry(session, author, SOUND, TODAY, store)
    other = collector(session, AGANG, role=role)
    if may:
        withdraw(session, made, other, "有误", TODAY)
    else:
        with pytest.raises(PublicityRefused):
            withdraw(session, made, other, "有误", TODAY)
    assert (made.withdrawn_on is not None) is may


def test_a_month_is_counted_by_township_and_means(
    session: Session, author: User, banker: User, store: FileStore
) -> None:
    laochang = collector(session, LAOCHANG)
    for who, changed in (
        (author, {}),
        (author, {"region": AGANG, "people": 5}),
        (banker, {"means": Means.WECHAT, "people": 200, "on": date(2023, 11, 1)}),
        (laochang, {"region": LAOCHANG, "people": 7}),
        (author, {"on": date(2023, 10, 31)}),
    ):
        add_entry(session, who, replace(SOUND, **changed), TODAY, store)  # type: ignore[arg-type]
    found = counts(session, TODAY)
    assert found.townships == [AGANG, LAOCHANG] and found.means == [Means.BROCHURE, Means.WECHAT]
    assert found.of(AGANG) == Count(3, 240) and found.of(AGANG, Means.BROCHURE) == Count(2, 40)
    assert found.of() == Count(4, 247) and found.of("530324101") == Count()
    assert counts(session, TODAY, region=LAOCHANG).of() == Count(1, 7)
    assert counts(session, date(2023, 10, 2)).of() == Count(1, 35)
    assert counts(session, TODAY, author.scope).of() == Count(3, 240)
    assert counts(session, TODAY, banker.scope).of() == Count(1, 200)
    assert counts(session, TODAY, NOTHING).of() == Count()


def test_a_number_opens_exactly_its_entries(session: Session, author: User, store: FileStore) -> None:
    for number in range(5):
        means = Means.MEETING if number % 2 else Means.BROCHURE
        add_entry(
            session, author, replace(SOUND, means=means, on=TODAY - timedelta(days=number // 2)), TODAY, store
        )
    for means in (None, Means.MEETING, Means.BROCHURE):
        chosen = Chosen(TODAY, AGANG, means)
        every = listed(session, author.scope, chosen, None, 9)
        assert len(every) == counts(session, TODAY).of(AGANG, means).events
    paged, after = [], None
    while rows := listed(session, author.scope, Chosen(TODAY), after, 2):
        paged += rows
        after = (rows[-1].on, rows[-1].id)
    assert paged == listed(session, author.scope, Chosen(TODAY), None, 9) and len(paged) == 5


def test_what_is_foreign_is_not_found(session: Session, author: User, store: FileStore) -> None:
    made = add_entry(session, author, SOUND, TODAY, store)
    assert find(session, made.id, author.scope) is made
    assert find(session, made.id, Scope(region=BANQIAO)) is None
    assert find(session, made.id, Scope(region=None, branch_id=10**6)) is None
