"""What proof-reading gives: findings, which contradict, and notes, which do not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.bulletin.proofread.figures import AVERAGES, COUNTED, Aspect, Figure, meaning
from app.bulletin.proofread.printed import Section
from app.labels import Text

Gettext = Callable[[str], str]


def _unit(figure: Figure, aspect: Aspect) -> str:
    """% for a percentage, nothing for a rank or a difference of two."""
    return "%" if figure.value.endswith("_pct") and aspect in COUNTED | AVERAGES else ""


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: ``text[start:end] == printed``, which should be ``expected`` ("" if open).

    ``rounding``: the figures behind it are rounded, and that alone could explain it; such a one blocks nothing.
    """

    region: str
    section: Section
    figure: Figure
    printed: str
    expected: str
    start: int
    end: int
    reason: Text
    aspect: Aspect = Aspect.NOW
    rounding: bool = False

    @property
    def unit(self) -> str:
        """What is printed behind it."""
        return _unit(self.figure, self.aspect)

    @property
    def blocks(self) -> bool:
        """Whether a text that has it must not be approved as it is."""
        return not self.rounding

    @property
    def what(self) -> Text:
        """The figure's name, with its aspect where it is not the month's own."""
        return meaning(self.figure, self.aspect)

    def to_json(self, gettext: Gettext = str) -> dict[str, str | int | bool]:
        """The finding as other programs read it; ``aspect`` and ``rounding`` only where they say something."""
        found: dict[str, str | int | bool] = {
            "region": self.region,
            "section": self.section.value,
            "figure": self.figure.value,
            "printed": self.printed,
            "expected": self.expected,
            "start": self.start,
            "end": self.end,
            "reason": self.reason.render(gettext),
        }
        if self.aspect is not Aspect.NOW:
            found["aspect"] = self.aspect.value
        if self.rounding:
            found["rounding"] = True
        return found


@dataclass(frozen=True, slots=True)
class Unchecked:
    """A printed number that nothing in the text confirms or contradicts: ``text[start:end] == printed``.

    ``figure`` is None where the text does not even tell which figure it is.
    """

    region: str
    figure: Figure | None
    aspect: Aspect
    printed: str
    start: int
    end: int
    reason: Text

    @property
    def unit(self) -> str:
        """What is printed behind it."""
        return _unit(self.figure, self.aspect) if self.figure else ""

    @property
    def what(self) -> Text | None:
        """The figure's name; None where the text does not tell."""
        return meaning(self.figure, self.aspect) if self.figure else None

    def to_json(self, gettext: Gettext = str) -> dict[str, str | int]:
        """The number as other programs read it."""
        return {
            "region": self.region,
            "figure": self.figure.value if self.figure else "",
            "aspect": self.aspect.value,
            "printed": self.printed,
            "start": self.start,
            "end": self.end,
            "reason": self.reason.render(gettext),
        }


@dataclass(frozen=True, slots=True)
class Note:
    """What a reader should know though it contradicts nothing: a repaired name, a split that stays open."""

    text: Text
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Proof:
    """The outcome, over so many ``figures``. Region and date are None if the text does not tell."""

    region_code: str | None
    region_name: str
    as_of: date | None
    figures: int
    findings: tuple[Finding, ...]
    notes: tuple[Note, ...]
    unchecked: tuple[Unchecked, ...] = ()

    @property
    def blocks(self) -> bool:
        """Whether any finding stands against an approval."""
        return any(finding.blocks for finding in self.findings)

    @property
    def places(self) -> list[tuple[int, int]]:
        """Where everything stands: the findings, then what cannot be checked."""
        return [
            *((finding.start, finding.end) for finding in self.findings),
            *((number.start, number.end) for number in self.unchecked),
        ]

    def unchecked_by_reason(self) -> list[tuple[Text, list[tuple[int, Unchecked]]]]:
        """What cannot be checked, numbered from 1, under its reason."""
        found: dict[Text, list[tuple[int, Unchecked]]] = {}
        for number, each in enumerate(self.unchecked, 1):
            found.setdefault(each.reason, []).append((number, each))
        return list(found.items())

    def to_json(self, gettext: Gettext = str) -> dict[str, object]:
        """The shape that ``flask bulletin proofread --json`` prints."""
        return {
            "findings": [finding.to_json(gettext) for finding in self.findings],
            "unchecked": [number.to_json(gettext) for number in self.unchecked],
        }
