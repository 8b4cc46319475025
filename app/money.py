"""Money is an integer number of 分 inside; 元 and 万元 exist only at the edges.

Every rounding in the program happens here, once, and half up: the way the county office rounds.
"""

from decimal import ROUND_HALF_UP, Context, Decimal, FloatOperation, InvalidOperation, Overflow

FEN_PER_YUAN = 100
FEN_PER_WAN = 10_000 * FEN_PER_YUAN

_CENT = Decimal("0.01")
_LARGEST = 2**63 - 1  # what a database column holds
_STRICT = Context(prec=40, rounding=ROUND_HALF_UP, traps=[FloatOperation, InvalidOperation, Overflow])


def to_fen(amount: Decimal | int | str, fen_per_unit: int = FEN_PER_YUAN) -> int:
    """分 for an amount given in 元 (or in 万元 with ``FEN_PER_WAN``), rounded half up to the 分.

    A float is refused with TypeError: give ``Decimal(repr(value))``, so that 5.14 stays 5.14.
    Raises ValueError for a text that is no finite number, and for an amount that no column could hold.
    """
    try:
        value = _STRICT.create_decimal(amount)
        fen = int(_STRICT.quantize(_STRICT.multiply(value, fen_per_unit), 1))
    except (InvalidOperation, Overflow, ValueError) as error:
        raise ValueError(f"no number: {amount!r}") from error
    if abs(fen) > _LARGEST:
        raise ValueError(f"no number that money has: {amount!r}")
    return fen


def _two_decimals(fen: int, fen_per_unit: int) -> str:
    return str((Decimal(fen) / fen_per_unit).quantize(_CENT, ROUND_HALF_UP) + 0)  # + 0: there is no "-0.00"


def yuan(fen: int) -> str:
    """元 with two decimals, exact: ``yuan(123456) == "1234.56"``."""
    return _two_decimals(fen, FEN_PER_YUAN)


def wan(fen: int) -> str:
    """万元 with two decimals, rounded half up: ``wan(985_920_000) == "985.92"``."""
    return _two_decimals(fen, FEN_PER_WAN)


def percent(part: int, whole: int, decimals: int) -> Decimal | None:
    """``part ÷ whole`` in percent to ``decimals`` places, rounded half up once from the exact 分.

    None where there is no whole to divide by: the reader sees "—", never a 0 that was not measured.
    """
    if whole <= 0:
        return None
    return (Decimal(part) * 100 / Decimal(whole)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
