"""What came of reading a ledger, in the shape that the preview shows, the batch keeps and the command prints.

ID numbers and phones appear only masked: whoever has the file finds them by sheet and row.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from app.labels import T, Text
from app.ledger.compare import Comparison, RisenBalance
from app.ledger.fields import LedgerField
from app.ledger.names import Unknown
from app.ledger.rows import Finding, Reading, RowError
from app.money import yuan

SHOWN = 500
REFUSED, NOTICE = "refused", "notice"


@dataclass(frozen=True, slots=True)
class Remark:
    """One line about the file or a row of it; ``kind`` is ``refused`` or ``notice``."""

    kind: str
    sheet: str
    row: int | None
    field: str | None
    found: str
    message: Text
    suggestion: str | None = None

    def to_json(self) -> dict[str, Any]:
        return {**{name: getattr(self, name) for name in self.__slots__}, "message": self.message.to_json()}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Remark":
        return cls(**{**stored, "message": Text.from_json(stored["message"])})


@dataclass(frozen=True, slots=True)
class Report:
    """Counts of rows (amounts in 分) and all remarks, of which the first SHOWN are kept."""

    accepted: int
    rejected: int
    new: int
    changed: int
    unchanged: int
    missing: int
    missing_overdue: int
    stock: int
    overdue: int
    hidden_rows: int
    skipped: int
    new_lenders: list[str]
    new_branches: list[str]
    unrecognised: list[str]
    refused_contracts: list[str] = field(default_factory=list)
    remarks: list[Remark] = field(default_factory=list)

    def counts(self) -> dict[str, int]:
        names = ("accepted", "rejected", "new", "changed", "unchanged", "missing", "missing_overdue")
        return {name: getattr(self, name) for name in names}

    def news(self, filename: str) -> list[Remark]:
        """The names that are new and the columns not read, which the preview's page lists by themselves."""
        named: tuple[tuple[list[str], LedgerField | None, Text], ...] = (
            (self.new_lenders, LedgerField.LENDER, T("Lenders that are new here.")),
            (self.new_branches, LedgerField.BRANCH, T("Branches that are new here.")),
            (self.unrecognised, None, T("Columns that are not recognised, and were not read.")),
        )
        return [
            Remark(NOTICE, filename, None, about.value if about else None, "、".join(names), message)
            for names, about, message in named
            if names
        ]

    def to_json(self) -> dict[str, Any]:
        kept = [remark.to_json() for remark in self.remarks[:SHOWN]]
        return {**asdict(replace(self, remarks=[])), "remarks": kept}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Report":
        return cls(**{**stored, "remarks": [Remark.from_json(remark) for remark in stored["remarks"]]})


def build_report(
    reading: Reading,
    comparison: Comparison,
    *,
    accepted: int,
    unknown: Unknown,
    risen: Sequence[RisenBalance],
    split: Sequence[tuple[str, int]],
    loose: bool,
) -> Report:
    """Everything there is to say about an examined file. ``loose``: it supplements one that was not taken."""
    remarks = [_refused(error) for error in reading.errors]
    if loose:
        message = T("These rows belong to a ledger that has not been taken. Take its valid rows too.")
        remarks.append(Remark(NOTICE, reading.sheets[0].name, None, None, "", message))
    remarks += [
        Remark(
            NOTICE,
            r.sheet,
            r.row_no,
            LedgerField.BALANCE.value,
            yuan(r.after),
            T(
                "The balance has risen from %(before)s yuan to %(after)s yuan.",
                before=yuan(r.before),
                after=yuan(r.after),
            ),
        )
        for r in risen
    ]
    remarks += [
        Remark(
            NOTICE,
            sheet,
            row,
            None,
            "",
            T("This household has loans in more than one township; each counts it."),
        )
        for sheet, row in split
    ]
    remarks += [_notice(finding) for finding in reading.findings]  # last: there may be one a row
    refused_rows = {(error.sheet, error.row_no) for error in reading.errors}
    return Report(
        accepted=accepted,
        rejected=len(refused_rows),
        **asdict(comparison),
        hidden_rows=reading.hidden_rows,
        skipped=reading.skipped,
        new_lenders=list(unknown.lenders),
        new_branches=[f"{lender} {branch}" for lender, branch in unknown.branches],
        unrecognised=list(dict.fromkeys(column.header for _, column in reading.unrecognised)),
        refused_contracts=sorted(set(reading.refused_contracts)),
        remarks=remarks,
    )


def _refused(error: RowError) -> Remark:
    return Remark(
        REFUSED, error.sheet, error.row_no, error.field.value, error.found, error.reason, error.suggestion
    )


def _notice(finding: Finding) -> Remark:
    return Remark(
        NOTICE,
        finding.sheet,
        finding.row_no,
        finding.field.value if finding.field else None,
        finding.found,
        finding.message,
    )
