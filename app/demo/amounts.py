"""Distributing a published total over invented loans, exact to the 分 by construction."""

from collections.abc import Sequence

from app.demo.dice import Dice
from app.money import FEN_PER_WAN

WAN = FEN_PER_WAN
SMALLEST = WAN * 3 // 10
USUAL_CAP = 5 * WAN
HOUSEHOLD_CAP = 10 * WAN

# What people borrow, the common amounts more often.
USUAL = tuple(WAN * tenths // 10 for tenths in (10, 15, 20, 20, 30, 30, 30, 40, 50, 50, 50, 50))
WITH_TOP_UP = (*USUAL, 6 * WAN, 8 * WAN, 10 * WAN)


def spread(dice: Dice, total: int, parts: int, menu: Sequence[int], cap: int) -> list[int]:
    """``parts`` amounts that add up to ``total``, all but a few of them from ``menu``.

    Each is drawn so that it is on average the mean of what is left, and kept where the others can still make
    up the rest; so the last always fits. Raises ValueError where no such amounts exist.
    """
    if not parts * SMALLEST <= total <= parts * cap:
        raise ValueError(f"{total} 分 cannot be spread over {parts} loans")
    amounts, left = [], total
    for others in range(parts - 1, -1, -1):
        lowest, highest = max(SMALLEST, left - others * cap), min(cap, left - others * SMALLEST)
        amount = min(max(_around(dice, left // (others + 1), menu), lowest), highest)
        amounts.append(amount)
        left -= amount
    return dice.shuffled(amounts)


def _around(dice: Dice, mean: int, menu: Sequence[int]) -> int:
    """One of the menu's amounts; on average ``mean``, as far as the menu reaches."""
    below = [amount for amount in menu if amount <= mean] or [min(menu)]
    above = [amount for amount in menu if amount >= mean] or [max(menu)]
    low, high = dice.pick(below), dice.pick(above)
    return high if high > low and dice.below(high - low) < mean - low else low


def roughen(dice: Dice, amounts: list[int], pairs: int, cap: int) -> None:
    """Make up to ``pairs`` pairs of round amounts odd: what one gains, the other loses. The sum stays."""
    for gains in range(0, min(2 * pairs, len(amounts) - 1), 2):
        loses = gains + 1
        room = min(cap - amounts[gains], amounts[loses] - SMALLEST, WAN * 3 // 10)
        if room > 1:
            moved = 1 + dice.below(room)
            amounts[gains] += moved
            amounts[loses] -= moved


def round_up(amount: int, step: int = WAN // 10) -> int:
    """The next whole ``step`` (1,000 元) at or above ``amount``."""
    return -(-amount // step) * step
