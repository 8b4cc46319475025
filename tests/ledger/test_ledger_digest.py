"""Remarks put together for reading."""

from app.labels import T, Text
from app.ledger.digest import cut_names, findings, label_of, refused
from app.ledger.fields import F
from app.ledger.report import NOTICE, REFUSED, Remark, Report

NO_MOBILE, NO_NAME, NO_DAY = T("no mobile"), T("no township of this name"), T("no day")


def remark(
    kind: str, row: int | None, field: F | None, message: Text, found: str = "", **more: str
) -> Remark:
    name = field.value if field else None
    return Remark(kind, more.get("sheet", "台账"), row, name, found, message, more.get("suggestion"))


def report(*remarks: Remark) -> Report:
    counts = dict.fromkeys(
        ("accepted", "rejected", "new", "changed", "unchanged", "missing", "missing_overdue", "stock", "overdue",
         "hidden_rows", "skipped"), 0,
    )  # fmt: skip
    return Report(**counts, new_lenders=[], new_branches=[], unrecognised=[], remarks=list(remarks))


def test_nothing_remarkable_gives_nothing() -> None:
    assert (refused(report()), cut_names(report()), findings(report())) == ([], [], [])
    assert label_of(None) is None and label_of("balance") == F.BALANCE.label


def test_rows_that_wait_for_one_name_are_told_once() -> None:
    cut = [
        remark(REFUSED, row, F.TOWNSHIP, NO_NAME, found, suggestion="530324201")
        for row, found in ((3, "水井乡"), (4, " 水 井乡"), (9, "水井乡"))
    ]
    other = remark(REFUSED, 5, F.TOWNSHIP, NO_NAME, "乐镇", suggestion="530324104")
    told = report(*cut, other, remark(REFUSED, 6, F.DUE_ON, NO_DAY))
    assert [(name.name, name.code, name.rows) for name in cut_names(told)] == [
        ("水井乡", "530324201", 3), ("乐镇", "530324104", 1),
    ]  # fmt: skip
    assert [reason.row for reason in refused(told)] == [6]


def test_refused_rows_stand_as_in_the_file() -> None:
    told = report(
        remark(REFUSED, 7, F.DUE_ON, NO_DAY, sheet="二"), remark(REFUSED, 9, F.DUE_ON, NO_DAY, sheet="一"),
        remark(REFUSED, 3, F.BALANCE, NO_DAY, sheet="二"), remark(NOTICE, 1, F.PHONE, NO_MOBILE, sheet="二"),
    )  # fmt: skip
    assert [(reason.sheet, reason.row) for reason in refused(told)] == [("二", 3), ("二", 7), ("一", 9)]


def test_findings_of_one_kind_are_one_with_its_rows() -> None:
    told = report(
        remark(NOTICE, 3, F.PHONE, NO_MOBILE, "0874"), remark(NOTICE, 4, F.BALANCE, T("risen to %(x)s", x=1)),
        remark(NOTICE, 5, F.PHONE, NO_MOBILE), remark(NOTICE, 6, F.BALANCE, T("risen to %(x)s", x=2)),
        remark(NOTICE, None, None, T("hidden")), remark(REFUSED, 7, F.PHONE, NO_MOBILE),
    )  # fmt: skip
    assert [(kind.field, kind.message, len(kind.each)) for kind in findings(told)] == [
        (F.PHONE, NO_MOBILE, 2), (F.BALANCE, None, 2), (None, T("hidden"), 1),
    ]  # fmt: skip
