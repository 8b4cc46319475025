"""The same contract more than once in a file: equal rows count once, contradicting rows are all refused."""

from collections.abc import Sequence

from app.labels import T
from app.ledger.fields import F
from app.ledger.rows import Finding, LedgerRow, RowError

_NAMED = 20  # other rows named in one sentence


def sift(rows: Sequence[LedgerRow]) -> tuple[set[int], list[RowError], list[Finding]]:
    """The positions of the rows that do not count; errors for contradicting rows, findings for equal ones."""
    first: dict[tuple[str | None, str], int] = {}
    groups: dict[int, list[int]] = {}
    for at, row in enumerate(rows):
        before = first.setdefault((row.lender, row.contract_no), at)
        if before != at:
            groups.setdefault(before, [before]).append(at)
    out: set[int] = set()
    errors: list[RowError] = []
    findings: list[Finding] = []
    for group in groups.values():
        members = [rows[at] for at in group]
        if all(member.said == members[0].said for member in members[1:]):
            out.update(group[1:])
            findings += [_double(member, members[0]) for member in members[1:]]
        else:
            out.update(group)
            errors += [_contradiction(member, members) for member in members]
    return out, errors, findings


def _double(row: LedgerRow, first: LedgerRow) -> Finding:
    message = T("The same row as %(row)s; it counts once.", row=_place(first, row))
    return Finding(row.sheet, row.row_no, F.CONTRACT_NO, row.contract_no, message)


def _contradiction(row: LedgerRow, members: list[LedgerRow]) -> RowError:
    others = [_place(other, row) for other in members if other is not row]
    named = "、".join(others[:_NAMED]) + ("…" if len(others) > _NAMED else "")
    reason = T(
        "The contract is also in row %(rows)s, with other data. Keep the right row and delete the others.",
        rows=named,
    )
    return RowError(row.sheet, row.row_no, F.CONTRACT_NO, row.contract_no, reason)


def _place(row: LedgerRow, seen_from: LedgerRow) -> str:
    return str(row.row_no) if row.sheet == seen_from.sheet else f"{row.sheet}!{row.row_no}"
