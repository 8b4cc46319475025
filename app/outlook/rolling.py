"""The overdue rate that follows if loans roll as they did, and how sure that is. Pure.

Loans are taken by where they stand at a month end: current and falling due in the next month, current otherwise, or
overdue by days past due. Of each group's balance the past months tell which share stood where a month later. These are
estimates, so they are floats here; what leaves is a rate with two decimals.
"""

import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from app.measures.rules import LATE, Flow, Stage

REPEATS = 300
CHANCE = 0.9  # of ten such intervals nine hold, as far as the past months are like those to come
MOST_CLUSTERS = 240
LEAST_MONTHS = 2
LEAST_LOANS = 30
SEED = 20_231_130
_ENDS = (Stage.CURRENT, *LATE)
_STARTS: tuple[tuple[Stage, bool], ...] = (
    (Stage.CURRENT, True), (Stage.CURRENT, False), *((stage, False) for stage in LATE)
)  # fmt: skip
_DUE, _REST = _STARTS[:2]
_WIDTH = len(_ENDS) + 1  # what each group had, then where it stood a month later


@dataclass(frozen=True, slots=True)
class Standing:
    """How the loans stand at a month end, 分: ``due`` falls due in each of the coming months, ``late`` is overdue."""

    due: tuple[int, ...]
    rest: int
    late: dict[Stage, int]


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate in percent, and the interval around it; None where there is too little to tell."""

    rate: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None


def _group(flow: Flow) -> int:
    return _STARTS.index((flow.start, flow.falls_due and flow.start is Stage.CURRENT))


def _vector(flows: Iterable[Flow]) -> list[float]:
    """Sums of the flows: of each group what it had and where it stood; then overdue amount and balance of the late."""
    sums = [0.0] * (len(_STARTS) * _WIDTH + 2)
    for flow in flows:
        at = _group(flow) * _WIDTH
        sums[at] += flow.before
        if flow.end in _ENDS:
            sums[at + 1 + _ENDS.index(flow.end)] += flow.balance
        if flow.end in LATE:
            sums[-2] += flow.overdue
            sums[-1] += flow.balance
    return sums


def _rates(standing: Standing, sums: Sequence[float], growth: float) -> list[float] | None:
    """The rate, 0 to 1, at each coming month end; None where no loan has fallen due in the past months."""
    if sums[0] <= 0:
        return None
    shares = [_shares(sums, group) for group in range(len(_STARTS))]
    overdue_share = sums[-2] / sums[-1] if sums[-1] else 1.0
    rest, late = float(standing.rest), [float(standing.late.get(stage, 0)) for stage in LATE]
    waiting, kept, found = list(map(float, standing.due)), 1.0, []
    for month, due in enumerate(waiting):
        later = sum(waiting[month + 1 :]) * kept
        parts = [due * kept, rest + later, *late]
        after = [
            sum(part * share[end] for part, share in zip(parts, shares, strict=True))
            for end in range(len(_ENDS))
        ]
        stock_before = sum(parts)
        kept *= shares[1][0]
        rest = after[0] - sum(waiting[month + 1 :]) * kept + growth * stock_before
        late = after[1:]
        stock = after[0] + growth * stock_before + sum(late)
        found.append(overdue_share * sum(late) / stock if stock > 0 else 0.0)
    return found


def _shares(sums: Sequence[float], group: int) -> list[float]:
    """Where a group's balance went. One that nobody was in stays where it is."""
    at = group * _WIDTH
    if sums[at] > 0:
        return [part / sums[at] for part in sums[at + 1 : at + _WIDTH]]
    stays = _ENDS.index(_STARTS[group][0])
    return [1.0 if end == stays else 0.0 for end in range(len(_ENDS))]


def roll(standing: Standing, months: Sequence[Sequence[Flow]], growth: float) -> list[Interval] | None:
    """The rates at the coming month ends if the ``months`` of the past repeat; None without a month that tells.

    ``growth``: new lending of a month as a share of the stock before it. The interval comes from drawing townships and
    months anew, ``REPEATS`` times, always the same draws; it needs two months, and thirty loans due or overdue.
    """
    clusters = _clusters(months)
    whole = [sum(column) for column in zip(*clusters, strict=True)]
    middle = _rates(standing, whole, growth) if whole else None
    if middle is None:
        return None
    told = sum(f.loans for month in months for f in month if f.falls_due or f.start is not Stage.CURRENT)
    if len(months) < LEAST_MONTHS or told < LEAST_LOANS:
        return [Interval(_percent(rate)) for rate in middle]
    draws = _draws(standing, clusters, growth)
    edge = int(len(draws) * (1 - CHANCE) / 2)
    found = []
    for month, rate in enumerate(middle):
        ordered = sorted(draw[month] for draw in draws)
        low, high = (ordered[edge], ordered[-1 - edge]) if ordered else (rate, rate)
        found.append(Interval(_percent(rate), _percent(min(low, rate)), _percent(max(high, rate))))
    return found


def _draws(standing: Standing, clusters: Sequence[Sequence[float]], growth: float) -> list[list[float]]:
    dice = random.Random(SEED)
    found = []
    for _ in range(REPEATS):
        chosen = dice.choices(clusters, k=len(clusters))
        rates = _rates(standing, [sum(column) for column in zip(*chosen, strict=True)], growth)
        if rates is not None:
            found.append(rates)
    return found


def _clusters(months: Sequence[Sequence[Flow]]) -> list[list[float]]:
    """One a township and month; of very many, several together."""
    parts: dict[tuple[int, str], list[Flow]] = {}
    for number, month in enumerate(months):
        for flow in month:
            parts.setdefault((number, flow.township_code), []).append(flow)
    ordered = [parts[key] for key in sorted(parts)]
    step = max(1, -(-len(ordered) // MOST_CLUSTERS))
    groups = (ordered[at : at + step] for at in range(0, len(ordered), step))
    return [_vector(flow for part in group for flow in part) for group in groups]


def _percent(rate: float) -> Decimal:
    return (Decimal(repr(rate)) * 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
