"""What proof-reading gives: findings, which contradict, and notes, which do not."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from app.bulletin.proofread.checks import Figure
from app.bulletin.proofread.reading import Section
from app.labels import Text

Gettext = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One contradiction: ``text[start:end] == printed``, which should be ``expected`` ("" if open)."""

    region: str
    section: Section
    figure: Figure
    printed: str
    expected: str
    start: int
    end: int
    reason: Text

    def to_json(self, gettext: Gettext = str) -> dict[str, str | int]:
        """The finding as other programs read it."""
        return {
            "region": self.region,
            "section": self.section.value,
            "figure": self.figure.value,
            "printed": self.printed,
            "expected": self.expected,
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

    def to_json(self, gettext: Gettext = str) -> dict[str, object]:
        """The shape that ``flask bulletin proofread --json`` prints."""
        return {"findings": [finding.to_json(gettext) for finding in self.findings]}
