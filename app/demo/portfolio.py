"""The loans of one township: October exact by construction, the months around it plausible."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta

from app.clock import add_months
from app.demo import dates
from app.demo.amounts import (
    HOUSEHOLD_CAP,
    SMALLEST,
    USUAL,
    USUAL_CAP,
    WAN,
    WITH_TOP_UP,
    roughen,
    round_up,
    spread,
)
from app.demo.dice import Dice
from app.demo.life import DueChange, Loan
from app.demo.people import Household, Registry
from app.demo.plan import NOVEMBER, OCTOBER, BranchPlan, TownshipPlan

_VILLAGES = 5
_YUAN = 100
_ROUND = WAN // 10
_PURPOSES = (
    "烤烟种植",
    "油菜种植",
    "小黄姜种植",
    "玉米种植",
    "蔬菜种植",
    "水果种植",
    "肉牛养殖",
    "生猪养殖",
    "山羊养殖",
    "土鸡养殖",
    "中华蜂养殖",
    "农家乐经营",
    "农产品收购",
    "农机购置",
    "小型加工",
)

# One thing each of what happens rarely, by the stem of the township it happens in.
_AGED_66 = {"阿岗", "富乐"}
_LANDLINE = {"九龙", "罗雄"}
_PART_DEFERRED = {"阿岗", "九龙", "富乐"}
_DEFERRED_CATCHES_UP = {"九龙"}
_RENEGOTIATED = {"阿岗", "九龙", "富乐"}
_RENEGOTIATED_IN_VAIN = {"阿岗", "富乐"}
_EXTENDED = {"马街"}
_LIMITATION_NEAR = {"阿岗"}
_MISSING_IN_NOVEMBER = {"阿岗", "板桥"}


class Township:
    """Builds one township's loans; ``loans`` is the result."""

    def __init__(self, plan: TownshipPlan, branch: BranchPlan, dice: Dice, registry: Registry) -> None:
        self.plan, self.branch, self.dice, self.registry = plan, branch, dice, registry
        self.villages = registry.villages(_VILLAGES)
        self.loans: list[Loan] = []

    def build(self) -> list[Loan]:
        """All loans of the township.

        1. New lending of the year adds up to the published amount; some of it is repaid again.
        2. Overdue loans add up to the published amount.
        3. Older loans in good order make up what is then lacking to the published stock.
        4. Loans without a balance, and loans lent in November, change no figure of October.
        """
        kept = self._lend_this_year()
        late = self._fall_overdue(kept[: self.plan.mixed])
        renewable = self._older_stock(kept[self.plan.mixed :])
        self._clear_in_october()
        self._renew(renewable)
        self._november(late, kept)
        return self.loans

    # 1. New lending

    def _lend_this_year(self) -> list[Household]:
        """Lend this year's amounts; the households that keep their loans, those with at most 5万 first."""
        plan, dice = self.plan, self.dice
        amounts = spread(dice, plan.new, plan.new_households, WITH_TOP_UP, HOUSEHOLD_CAP)
        for amount in amounts[: plan.repaid]:
            for loan in self._lend(self._household(), amount, dates.TO_BE_REPAID_EARLY):
                early = (loan.disbursed_on + timedelta(days=40), date(2023, 9, 29))
                loan.pay(dice.day(*(dates.PAYING_IN_OCTOBER if dice.chance(15) else early)), loan.principal)
        households = []
        for n, amount in enumerate(sorted(amounts[plan.repaid :], key=lambda amount: amount > USUAL_CAP)):
            household = self._household(
                aged_66=n == 0 and plan.stem in _AGED_66, landline=n == 1 and plan.stem in _LANDLINE
            )
            households.append(household)
            window = dates.SPRING if n < plan.mixed else dates.THIS_YEAR
            for loan in self._lend(household, amount, window, by_head=n < 2):
                self._pay_a_part(loan)
        return households

    def _lend(
        self, household: Household, amount: int, window: dates.Window, *, by_head: bool = False
    ) -> list[Loan]:
        """One loan, or for more than 5万 usually 5万 and a top-up on a later day."""
        split = amount >= USUAL_CAP + SMALLEST and self.dice.chance(90)
        first, last = window
        loans = []
        for part in [USUAL_CAP, amount - USUAL_CAP] if split else [amount]:
            day = dates.lent_on(self.dice, first, last)
            term = dates.this_years_term(self.dice, day)
            loan = self._loan(household, part, day, add_months(day, term), term, by_head=by_head or split)
            loans.append(loan)
            first = min(day, last - timedelta(days=14))
        if split:
            loans[1].is_top_up, loans[1].remark = True, "追加贷款"
        return loans

    def _pay_a_part(self, loan: Loan) -> None:
        """One in eight of this year's loans is already paid back in part."""
        first, last = loan.disbursed_on + timedelta(days=25), dates.PAYING_IN_OCTOBER[1]
        if first > date(2023, 10, 1) or not self.dice.chance(12):
            return
        odd = self.dice.below(1000 * _YUAN) if self.dice.chance(40) else 0
        amount = round_up(loan.principal * (10 + self.dice.below(35)) // 100, 100 * _YUAN) + odd
        loan.pay(self.dice.day(dates.PAYING_IN_OCTOBER[0] if self.dice.chance(35) else first, last), amount)

    # 2. Overdue

    def _fall_overdue(self, mixed: list[Household]) -> list[Loan]:
        """October's overdue loans; those of ``mixed`` households, who have a newer loan too, come last."""
        plan, dice = self.plan, self.dice
        if not plan.overdue_households:
            return []
        amounts = spread(dice, plan.overdue, plan.overdue_households, USUAL, USUAL_CAP)
        roughen(dice, amounts, len(amounts) // 4, USUAL_CAP)
        amounts.sort(reverse=True)
        amounts[plan.doubled :] = dice.shuffled(amounts[plan.doubled :])
        fresh = len(amounts) - len(mixed)
        late: list[Loan] = []
        for n, amount in enumerate(amounts):
            household = self._household() if n < fresh else mixed[n - fresh]
            first = round_up(amount // 2) if n < plan.doubled else 0
            for part in (first, amount - first):
                if part:
                    late.append(self._late_loan(household, part, len(late), mixed=n >= fresh))
        return late

    def _late_loan(self, household: Household, amount: int, n: int, *, mixed: bool) -> Loan:
        """The township's ``n``th overdue loan."""
        stem, window = self.plan.stem, dates.OVERDUE_WINDOWS[n % len(dates.OVERDUE_WINDOWS)]
        if n == 7 and stem in _LIMITATION_NEAR:
            loan = self._loan(household, amount, date(2020, 11, 10), date(2021, 5, 10), 6, by_head=True)
            loan.remark = "借款人长期外出务工"
            return loan
        deferred = WAN if n == 5 and stem in _PART_DEFERRED else 0
        loan = self._earlier(household, amount + deferred, dates.RECENT if mixed or deferred else window)
        if deferred:
            loan.deferred, loan.remark = deferred, "部分余额已签订分期还款协议"
        return loan

    # 3. The rest of the stock

    def _older_stock(self, kept: list[Household]) -> list[Household]:
        """Older loans in good order: of households of their own, then as second loans of ``kept`` ones.

        Returns the households of ``kept`` that got none.
        """
        plan, dice = self.plan, self.dice
        lacking = plan.stock - sum(loan.balance(OCTOBER) for loan in self.loans)
        fresh = plan.stock_households - len(kept) - plan.overdue_households
        count = max(fresh + 1, -(-lacking // (WAN * 42 // 10)))
        amounts = spread(dice, lacking, count, USUAL, USUAL_CAP)
        roughen(dice, amounts, count // 6, USUAL_CAP)
        second = count - fresh
        households = [self._household() for _ in range(fresh)] + kept[:second]
        special = self._special_dues()
        for n, (household, amount) in enumerate(zip(households, amounts, strict=True)):
            if n < len(special):
                special[n](household, amount)
            else:
                self._in_good_order(household, amount)
        return kept[second:]

    def _special_dues(self) -> Sequence[Callable[[Household, int], None]]:
        """What becomes of the township's first older loans; all the others are in good order."""
        stem = self.plan.stem
        return (
            [self._to_default_in_november] * self.plan.defaulting
            + [self._renegotiated] * (stem in _RENEGOTIATED)
            + [self._extended] * (stem in _EXTENDED)
        )

    def _in_good_order(self, household: Household, amount: int) -> None:
        """Due later; or due in November, paid in time, and more often than not lent anew a few days later."""
        loan = self._earlier(household, amount, dates.good_window(self.dice))
        if loan.first_due_on > NOVEMBER:
            return
        repaid = loan.first_due_on - timedelta(days=self.dice.below(3))
        loan.pay(repaid, amount)
        if self.dice.chance(65):
            day = dates.lent_on(self.dice, repaid, repaid + timedelta(days=9))
            self._loan(household, loan.principal, day, add_months(day, 12), 12)

    def _to_default_in_november(self, household: Household, amount: int) -> None:
        self._earlier(household, amount, dates.DEFAULTING)

    def _renegotiated(self, household: Household, amount: int) -> None:
        """Overdue in September; in October a part was paid and the rest put off to November.

        Then it is paid, or overdue again.
        """
        signed, due_again = date(2023, 10, 16), date(2023, 11, 20)
        lent, due, term = dates.earlier_loan(self.dice, *dates.RENEGOTIATED)
        loan = self._loan(household, round_up(amount + WAN), lent, due, term)
        loan.pay(date(2023, 3, 15), loan.principal - amount - WAN)
        loan.pay(signed, WAN)
        loan.due_change = DueChange(signed, due_again, f"逾期后协商分期，余额于{_chinese(due_again)}前还清")
        if self.plan.stem not in _RENEGOTIATED_IN_VAIN:
            loan.pay(due_again - timedelta(days=2), amount)

    def _extended(self, household: Household, amount: int) -> None:
        """Extended by half a year, asked for before it fell due in October."""
        loan = self._earlier(household, amount, dates.EXTENDED)
        until = add_months(loan.first_due_on, 6)
        asked = loan.first_due_on - timedelta(days=9)
        loan.due_change = DueChange(asked, until, f"展期至{_chinese(until)}")

    # 4. No balance in October, or not lent yet

    def _clear_in_october(self) -> None:
        for _ in range(self.plan.cleared):
            loan = self._earlier(self._household(), 0, dates.CLEARED)
            loan.pay(self.dice.day(*dates.PAYING_IN_OCTOBER), loan.balance(OCTOBER))

    def _renew(self, households: list[Household]) -> None:
        """One in eight households repaid an older loan a few days before this year's first."""
        first_lent = {loan.household.head.id_number: loan.disbursed_on for loan in reversed(self.loans)}
        for household in households:
            lent = first_lent[household.head.id_number]
            if lent < date(2023, 2, 1) or not self.dice.chance(12):
                continue
            repaid = lent - timedelta(days=2 + self.dice.below(9))
            loan = self._earlier(household, 0, (repaid, repaid + timedelta(days=25)))
            loan.pay(repaid, loan.principal)

    def _november(self, late: list[Loan], kept: list[Household]) -> None:
        """What is paid and lent in November, and the one loan that its ledger forgets."""
        plan, dice = self.plan, self.dice
        recovering = late[::2][: plan.recovering]
        for loan in late:
            if loan in recovering:
                loan.pay(dice.day(*dates.PAYING_IN_NOVEMBER), loan.balance(OCTOBER))
            elif loan.deferred and plan.stem in _DEFERRED_CATCHES_UP:
                loan.pay(date(2023, 11, 14), loan.overdue(OCTOBER))
            elif not loan.deferred and dice.chance(25):
                self._pay_some_in_november(loan)
        kept_ids = {household.head.id_number for household in kept}
        for loan in self.loans:
            if loan.household.head.id_number in kept_ids and loan.first_due_on > NOVEMBER and dice.chance(4):
                self._pay_some_in_november(loan)
        for _ in range(plan.arriving):
            day = dates.lent_on(dice, *dates.PAYING_IN_NOVEMBER)
            term = dates.this_years_term(dice, day)
            self._loan(self._household(), dice.pick(USUAL), day, add_months(day, term), term)
        if plan.stem in _MISSING_IN_NOVEMBER:
            untouched = (loan for loan in self.loans if loan.first_due_on > NOVEMBER and not loan.payments)
            next(untouched).missing_from = NOVEMBER

    def _pay_some_in_november(self, loan: Loan) -> None:
        amount = loan.balance(OCTOBER) * (10 + self.dice.below(40)) // 100
        loan.pay(self.dice.day(*dates.PAYING_IN_NOVEMBER), amount // _YUAN * _YUAN)

    # Parts

    def _household(self, *, aged_66: bool = False, landline: bool = False) -> Household:
        return self.registry.household(self.villages, aged_66=aged_66, landline=landline)

    def _earlier(self, household: Household, owed: int, window: dates.Window) -> Loan:
        """A loan of an earlier year of which ``owed`` is left in October, due in ``window``.

        With nothing owed the payments are left to the caller.
        """
        lent, due, term = dates.earlier_loan(self.dice, *window)
        principal = self.dice.pick(USUAL) if owed == 0 else owed
        if owed and (owed % _ROUND or self.dice.chance(25)):
            higher = round_up(owed + (3 + self.dice.below(12)) * _ROUND)
            principal = max(round_up(owed), min(USUAL_CAP, higher))
        loan = self._loan(household, principal, lent, due, term)
        if owed:
            self._pay_down(loan, principal - owed)
        return loan

    def _pay_down(self, loan: Loan, paid: int) -> None:
        """``paid`` in one payment, or in two when it is much; the last one sometimes in October."""
        first = paid // 2 // _ROUND * _ROUND if paid > WAN and self.dice.chance(50) else 0
        loan.pay(self.dice.day(date(2023, 2, 6), date(2023, 5, 30)), first)
        window = dates.PAYING_IN_OCTOBER if self.dice.chance(40) else (date(2023, 6, 5), date(2023, 9, 26))
        loan.pay(self.dice.day(*window), paid - first)

    def _loan(
        self, household: Household, principal: int, lent: date, due: date, term: int, *, by_head: bool = False
    ) -> Loan:
        head = by_head or self.dice.chance(85)
        loan = Loan(
            township=self.plan,
            branch=self.branch,
            household=household,
            borrower=household.head if head else household.member,
            relation="户主" if head else household.member_relation,
            principal=principal,
            disbursed_on=lent,
            first_due_on=due,
            term_months=term,
            rate=dates.rate(term, lent),
            purpose=self.dice.pick(_PURPOSES),
        )
        self.loans.append(loan)
        return loan


def _chinese(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
