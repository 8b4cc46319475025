"""What does not agree in a month, before it is closed: each item in order by itself, settled by a person, or open.

Everything is counted by the database, in a handful of statements whatever the number of loans; the loans behind an item
are read a page at a time by the same condition (``doubts``).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import date
from typing import NamedTuple

from sqlalchemy import case, func, or_, select
from sqlalchemy.orm import Session, joinedload

from app.accounts.rules import EVERYTHING
from app.bulletin import closed, queries
from app.bulletin.doubts import OF_LOANS, condition
from app.bulletin.models import CheckSettled, LenderTotal
from app.bulletin.rules import ItemKind, Standing, ledger_standing
from app.clock import month_end
from app.labels import T, Text
from app.ledger.models import BatchState, ImportBatch
from app.loans.models import Loan, Snapshot
from app.money import yuan
from app.places.models import Lender, Region
from app.places.queries import within
from app.places.rules import CODE_LENGTHS, Level

_COUNTY = CODE_LENGTHS[Level.COUNTY]
NAMED = 5  # lenders that a refusal names


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to agree on. ``seen`` is what it says as values: a reason holds only while that stays the same.

    ``key`` tells it from others of its kind: a lender and county, a batch. ``number`` is the lender's or batch's.
    """

    kind: ItemKind
    key: str
    standing: Standing
    says: Text
    seen: str = ""
    number: int | None = None
    settled: CheckSettled | None = None

    @property
    def in_order(self) -> bool:
        return self.standing in (Standing.SETTLED, Standing.REASONED)


@dataclass(frozen=True, slots=True)
class CheckList:
    """All items of a region's month."""

    items: tuple[Item, ...]
    lenders: tuple[
        tuple[int, str, str, str], ...
    ] = ()  # with loans there: number, county, name, county's name

    @property
    def open(self) -> list[Item]:
        """Those that stop the close."""
        return [item for item in self.items if not item.in_order]

    def of(self, kind: ItemKind) -> list[Item]:
        return [item for item in self.items if item.kind is kind]

    def item(self, kind: ItemKind, key: str) -> Item:
        """One of them; LookupError when there is none."""
        for item in self.of(kind):
            if item.key == key:
                return item
        raise LookupError(key)

    def hindrance(self) -> Text | None:
        """Why the month cannot be closed: which ledgers are missing first, then how much is open."""
        blocked = [item.says for item in self.items if item.standing is Standing.BLOCKED]
        if blocked:
            which, more = _joined(blocked[:NAMED]), len(blocked) - NAMED
            if more > 0:
                return T("Ledgers are missing. %(which)s And %(n)s more.", which=which, n=more)
            return T("A ledger is missing. %(which)s", which=which)
        if self.open:
            return T("Of the check list, %(n)s items are open: settle each of them first.", n=len(self.open))
        return None


def _joined(texts: list[Text]) -> Text:
    first, *rest = texts
    return T("%(one)s %(next)s", one=first, next=_joined(rest)) if rest else first


def check(session: Session, region: str, month: date) -> CheckList:
    """The check list of a region's month as it stands now."""
    day = month_end(month)
    parts = closed.not_closed(session, region, day)
    sums = _sums(session, region, day, parts)
    items: list[Item] = [*_ledgers(sums, day, parts), *_refused(session, day, parts)]
    if not sums and not queries.counted(
        session, day, EVERYTHING, region, closed.governing(session, region, day)
    ):
        says = T("No loan is known here at the end of the month.")
        items.insert(0, Item(ItemKind.LEDGER, "", Standing.BLOCKED, says))
    items += [_of_loans(session, kind, region, day, parts) for kind in OF_LOANS]
    items += _totals(session, day, sums, parts)
    query = select(CheckSettled).where(CheckSettled.region_code == region, CheckSettled.month == day)
    settled = {(s.kind, s.key, s.seen): s for s in session.scalars(query)}
    lenders = tuple((lender, county, s.lender, s.county) for (lender, county), s in sums.items())
    return CheckList(tuple(_with_reason(item, settled) for item in items), lenders)


def _with_reason(item: Item, settled: dict[tuple[ItemKind, str, str], CheckSettled]) -> Item:
    found = settled.get((item.kind, item.key, item.seen))
    if found is None or item.standing is not Standing.OPEN:
        return item
    return replace(item, standing=Standing.REASONED, settled=found)


# --- lenders: their ledgers, their own sums


class Sums(NamedTuple):
    """What the snapshots say of a lender in a county at the month's end, 分; ``newest`` ledger date there."""

    lender: str
    county: str
    newest: date
    loans: int
    stock: int
    overdue: int


_BY = dict[tuple[int, str], Sums]


def _sums(session: Session, region: str, day: date, parts: closed.Parts) -> _BY:
    at = closed.snapshots_at(session, region, day)
    of = at.of
    county = func.substr(of.township_code, 1, _COUNTY)
    query = (
        select(
            Loan.lender_id, county, func.max(of.as_of), func.count(case((of.balance > 0, 1))),
            func.sum(of.balance), func.sum(of.overdue),
        )
        .join(Loan, Loan.id == of.loan_id)
        .where(at.where, parts.have(of.township_code))
        .group_by(Loan.lender_id, county)
    )  # fmt: skip
    rows = session.execute(query).all()
    lenders = {row[0]: row[1] for row in session.execute(select(Lender.id, Lender.name))}
    names = _names(session, {row[1] for row in rows})
    found = {
        (lender, code): Sums(lenders[lender], names.get(code, code), newest, int(n), int(stock), int(overdue))
        for lender, code, newest, n, stock, overdue in rows
    }
    return dict(sorted(found.items(), key=lambda one: (one[0][1], one[0][0])))


def _names(session: Session, codes: set[str]) -> dict[str, str]:
    query = select(Region.code, Region.short).where(Region.code.in_(codes))
    return {row[0]: row[1] for row in session.execute(query)}


def _ledgers(sums: _BY, day: date, parts: closed.Parts) -> Iterator[Item]:
    if parts.closed:
        says = T("%(n)s counties are closed, and were checked then.", n=parts.closed)
        yield Item(ItemKind.LEDGER, "", Standing.SETTLED, says)
    for (lender, county), found in sums.items():
        standing = ledger_standing(found.newest, day, found.stock)
        who = {"lender": found.lender, "county": found.county}
        if found.stock == 0:
            says = T("%(lender)s has no stock in %(county)s.", **who)
        elif standing is Standing.SETTLED:
            says = T("%(lender)s, %(county)s: the ledger of %(day)s is taken.", day=day.isoformat(), **who)
        elif standing is Standing.OPEN:
            says = T("%(lender)s, %(county)s: the newest ledger is of %(day)s, not of the month's last day.",
                     day=found.newest.isoformat(), **who)  # fmt: skip
        else:
            says = T("%(lender)s, %(county)s: no ledger of this month is taken; the newest is of %(day)s.",
                     day=found.newest.isoformat(), **who)  # fmt: skip
        yield Item(
            ItemKind.LEDGER, f"{lender}-{county}", standing, says, found.newest.isoformat(), number=lender
        )


def _totals(session: Session, day: date, sums: _BY, parts: closed.Parts) -> Iterator[Item]:
    given = [kept for code in parts.codes for kept in totals_given(session, code, day)]
    for kept in given:
        mine = sums.get((kept.lender_id, kept.county_code))
        name = kept.lender.name
        pairs: list[tuple[Text, int | None, int, Callable[[int], str]]] = [
            (T("loans"), kept.loans, mine.loans if mine else 0, str),
            (T("stock"), kept.stock, mine.stock if mine else 0, yuan),
            (T("overdue"), kept.overdue, mine.overdue if mine else 0, yuan),
        ]
        wrong = [
            T("%(what)s %(ours)s here, %(theirs)s there;", what=what, ours=show(ours), theirs=show(theirs))
            for what, theirs, ours, show in pairs
            if theirs is not None and theirs != ours
        ]
        says = T("%(lender)s: the sums agree with its own.", lender=name)
        if wrong:
            says = T("%(lender)s says otherwise: %(what)s", lender=name, what=_joined(wrong))
        seen = "|".join(f"{theirs}/{ours}" for _, theirs, ours, _ in pairs)
        yield Item(ItemKind.TOTALS, f"{kept.lender_id}-{kept.county_code}",
                   Standing.OPEN if wrong else Standing.SETTLED, says, seen, number=kept.lender_id)  # fmt: skip
    if not given:
        yield Item(ItemKind.TOTALS, "", Standing.SETTLED, T("No lender has given sums of its own."))


def totals_given(session: Session, region: str, day: date) -> list[LenderTotal]:
    """What lenders themselves say of the counties of a region at a month end."""
    query = (
        select(LenderTotal)
        .where(LenderTotal.as_of == day, within(LenderTotal.county_code, region))
        .options(joinedload(LenderTotal.lender))
    )
    return list(session.scalars(query.order_by(LenderTotal.county_code, LenderTotal.lender_id)))


# --- refused rows


def _refused(session: Session, day: date, parts: closed.Parts) -> Iterator[Item]:
    """The batches of the month with refused rows; in order when every refused contract has come since."""
    there = (within(ImportBatch.county_code, code[:_COUNTY]) for code in parts.codes)
    query = (
        select(ImportBatch)
        .where(
            ImportBatch.state == BatchState.TAKEN,
            ImportBatch.as_of.between(day.replace(day=1), day),
            or_(ImportBatch.county_code == "", *there),
            ImportBatch.report["rejected"].as_integer() > 0,
        )
        .order_by(ImportBatch.id)
    )
    batches = session.scalars(query).all()
    for batch in batches:
        rejected = int(batch.report["rejected"])
        left = rejected - _come_since(session, batch)
        name = {"file": batch.filename, "n": rejected, "left": left}
        says = T("%(file)s: %(left)s of %(n)s refused rows have not come since.", **name)
        if left <= 0:
            says = T("%(file)s: all of the %(n)s refused rows have come since.", **name)
        standing = Standing.OPEN if left > 0 else Standing.SETTLED
        yield Item(ItemKind.REFUSED, str(batch.id), standing, says, str(left), number=batch.id)
    if not batches:
        yield Item(ItemKind.REFUSED, "", Standing.SETTLED, T("No row of this month's ledgers was refused."))


def _come_since(session: Session, batch: ImportBatch) -> int:
    """How many of a batch's refused contracts a ledger of its date lists."""
    contracts = batch.report.get("refused_contracts", [])
    query = (
        select(func.count())
        .select_from(Snapshot)
        .join(Loan, Loan.id == Snapshot.loan_id)
        .where(Loan.contract_no.in_(contracts), Snapshot.as_of == batch.as_of)
    )
    return int(session.scalar(query) or 0) if contracts else 0


# --- loans


_SAYS = {
    ItemKind.MISSING: T(
        "%(n)s loans with a balance of %(fen)s yuan are no longer listed, and nobody has decided."
    ),
    ItemKind.RISEN: T("The balances of %(n)s loans have risen, to %(fen)s yuan together."),
    ItemKind.NO_CASE: T("%(n)s overdue loans of %(fen)s yuan have no case."),
    ItemKind.REPORTED: T("%(n)s repayments of %(fen)s yuan were reported that no ledger has confirmed."),
}
_GOOD = {
    ItemKind.MISSING: T("Every loan is listed, or somebody has decided about it."),
    ItemKind.RISEN: T("No balance has risen since the ledger before."),
    ItemKind.NO_CASE: T("Every overdue loan has its case."),
    ItemKind.REPORTED: T("No report waits for a ledger, and none is contradicted."),
}


def _of_loans(session: Session, kind: ItemKind, region: str, day: date, parts: closed.Parts) -> Item:
    found = condition(session, kind, region, day)
    amount = found.before if kind is ItemKind.MISSING else found.now
    query = found.source.with_only_columns(func.count(), func.coalesce(func.sum(amount), 0))
    n, fen = map(int, session.execute(query.where(parts.have(found.township))).one())
    if n == 0:
        return Item(kind, "", Standing.SETTLED, _GOOD[kind])
    return Item(kind, "", Standing.OPEN, T(_SAYS[kind].msgid, n=n, fen=yuan(fen)), f"{n}|{fen}")
