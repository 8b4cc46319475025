"""The rate of the past months against the line, as the points of a small picture. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

WIDTH, HEIGHT, EDGE = 300, 90, 6


@dataclass(frozen=True, slots=True)
class Curve:
    """One line of the picture: ``points`` as SVG has them, in pieces where a month has no value."""

    pieces: tuple[str, ...]
    dots: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Picture:
    """The curves over the same months; ``top`` is the value at the upper edge, percent."""

    curves: tuple[Curve, ...]
    top: Decimal


def picture(series: Sequence[Sequence[Decimal | None]]) -> Picture | None:
    """Curves from 0 up over equally many months; None with fewer than two months or no value at all."""
    known = [value for values in series for value in values if value is not None]
    months = max((len(values) for values in series), default=0)
    if months < 2 or not known:
        return None
    top = max(*known, Decimal("0.01")) * Decimal("1.1")
    return Picture(tuple(_curve(values, months, top) for values in series), top)


def _curve(values: Sequence[Decimal | None], months: int, top: Decimal) -> Curve:
    pieces: list[list[str]] = [[]]
    dots = []
    for number, value in enumerate(values):
        if value is None:
            pieces.append([])
            continue
        x = EDGE + Decimal(number) * (WIDTH - 2 * EDGE) / (months - 1)
        y = HEIGHT - EDGE - value * (HEIGHT - 2 * EDGE) / top
        dots.append((f"{x:.1f}", f"{y:.1f}"))
        pieces[-1].append(f"{x:.1f},{y:.1f}")
    return Curve(tuple(" ".join(piece) for piece in pieces if len(piece) > 1), tuple(dots))
