"""Which cells of a month's tables a bulletin published elsewhere prints wrongly."""

from dataclasses import dataclass

from app.bulletin.proofread import Finding, NotABulletin, proofread
from app.places.rules import PlaceIndex


@dataclass(frozen=True, slots=True)
class PrintedErrors:
    """The proof-reader's findings in a kept text, to be looked up by region's printed name and figure."""

    findings: tuple[Finding, ...]

    def at(self, region: str, figure: str) -> Finding | None:
        return next(
            (f for f in self.findings if (f.region, f.figure, f.aspect) == (region, figure, "now")), None
        )

    def __len__(self) -> int:
        return len(self.findings)


def printed_errors(text: str, places: PlaceIndex) -> PrintedErrors:
    """Proof-read a kept text; one that is no bulletin has no findings."""
    try:
        return PrintedErrors(tuple(proofread(text, places).findings))
    except NotABulletin:
        return PrintedErrors(())
