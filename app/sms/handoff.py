"""The lender's own platform: the day's batch as a file for it, and its result file read back as receipts. Pure.

Nothing leaves by itself: a message is taken into a batch, and its id is the serial number in the file. Cells of a
result file come from ``app.sheets``, which reads hostile files at arm's length.
"""

import csv
import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from io import BytesIO, StringIO
from unicodedata import normalize

import xlsxwriter

from app.labels import T
from app.sms.protocol import Accepted, Callback, Found, Inbound, Outcome, Receipt
from app.sms.rules import Status, mobile, parts

SERIAL, PHONE, STATUS = "流水号", "手机号", "状态"
COLUMNS = (SERIAL, PHONE, "短信内容", "计费条数")
_WIDTHS = (34, 14, 80, 10)
_EPOCH = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)  # one for every file: the same rows are the same bytes
_AS_TEXT = str.maketrans("=+-@", "＝＋－＠")
_TITLES = {
    SERIAL: {"流水号", "消息编号", "短信编号", "业务流水号", "序列号", "msgid", "serial", "id"},
    PHONE: {"手机号", "手机号码", "接收号码", "号码", "被叫号码", "电话", "phone", "mobile"},
    STATUS: {"状态", "发送状态", "发送结果", "回执状态", "状态报告", "结果", "status", "stat"},
}
_WORDS = {
    **dict.fromkeys(("成功", "发送成功", "接收成功", "已送达", "送达", "delivrd", "delivered"), Status.DELIVERED),
    **dict.fromkeys(("已发送", "已提交", "提交成功", "发送中", "sent", "acceptd"), Status.SENT),
    **dict.fromkeys(("失败", "发送失败", "接收失败", "未送达", "空号", "停机", "关机", "黑名单", "拒收", "超时",
                     "undeliv", "rejectd", "expired", "undelivered", "failed"), Status.UNDELIVERED),
}  # fmt: skip


class Handoff:
    """Takes every message: the batch file carries it, and is kept in the same transaction (``reminders.batches``)."""

    name = "handoff"
    can_lookup = False

    def send(self, phone: str, text: str, token: str) -> Outcome:
        return Accepted(f"HO{token}")

    def lookup(self, phone: str, text: str, since: dt.datetime) -> list[Found]:
        return []

    def parse_receipt(self, callback: Callback) -> Receipt | None:
        return None

    def parse_inbound(self, callback: Callback) -> Inbound | None:
        return None


@dataclass(frozen=True, slots=True)
class BatchRow:
    """A message in a batch; ``serial`` is its provider id."""

    serial: str
    phone: str
    text: str


def write_batch(rows: Iterable[BatchRow], kind: str, bom: bool = False) -> bytes:
    """The batch as "xlsx", or as "csv" in GB18030 (``bom``: UTF-8 with its mark). The same rows give the same bytes.

    Raises ValueError for a message that is in it twice, and for another kind.
    """
    lines = [(row.serial, row.phone, row.text, parts(row.text)) for row in rows]
    if len({line[0] for line in lines}) < len(lines):
        raise ValueError("a batch never holds a message twice")
    if kind == "xlsx":
        return _workbook(lines)
    if kind != "csv":
        raise ValueError(f"no such kind of file: {kind}")
    out = StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows(
        (_plain(serial), _plain(phone), _plain(text), count) for serial, phone, text, count in lines
    )
    return out.getvalue().encode("utf-8-sig" if bom else "gb18030")


def _plain(cell: str) -> str:
    """No spreadsheet takes it for a formula; a person reads the same."""
    cell = cell.lstrip("\t\r\n ")
    return cell[:1].translate(_AS_TEXT) + cell[1:]


def _workbook(lines: list[tuple[str, str, str, int]]) -> bytes:
    out = BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    book.set_properties({"created": _EPOCH})
    sheet = book.add_worksheet("短信")
    bold = book.add_format({"bold": True})
    for column, (title, width) in enumerate(zip(COLUMNS, _WIDTHS, strict=True)):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, bold)
    sheet.freeze_panes(1, 0)
    for number, (*texts, count) in enumerate(lines, 1):
        for column, text in enumerate(texts):
            sheet.write_string(number, column, str(text))  # never a formula, a number or a link
        sheet.write_number(number, len(texts), count)
    book.close()
    return out.getvalue()


class Why(StrEnum):
    """Why a row of a result file says nothing of a message."""

    NO_SUCH_MESSAGE = "no_such_message"
    OTHER_PHONE = "other_phone"  # the serial number is another borrower's
    SEVERAL = "several"  # no serial number, and several messages went to this phone
    STATUS_UNKNOWN = "status_unknown"


WHY_LEFT = {
    Why.NO_SUCH_MESSAGE: T("no message of ours has this serial number or phone"),
    Why.OTHER_PHONE: T("the serial number is another phone's"),
    Why.SEVERAL: T("no serial number, and several messages went to this phone"),
    Why.STATUS_UNKNOWN: T("the status is none that we know"),
}


@dataclass(frozen=True, slots=True)
class Left:
    """A row that was not taken: its number in the file, from 1, and why."""

    row: int
    why: Why


@dataclass(slots=True)
class Results:
    """``unmatched``: of no message of ours; ``refused``: of one, with a status that we do not know."""

    receipts: list[Receipt] = field(default_factory=list)
    unmatched: list[Left] = field(default_factory=list)
    refused: list[Left] = field(default_factory=list)


class NotAResult(ValueError):
    """The file has no column for the status, or none that says which message a row is of."""


def read_results(rows: Sequence[Sequence[object]], sent: Mapping[str, str]) -> Results:
    """Receipts from a platform's result file; ``sent`` is the phone of each serial number. Raises NotAResult."""
    head, columns = _head(rows)
    serials: dict[str, list[str]] = defaultdict(list)
    for serial, phone in sent.items():
        serials[phone].append(serial)
    results = Results()
    for number, row in enumerate(rows[head + 1 :], head + 2):
        cells = {name: _text(row[at]) if at < len(row) else "" for name, at in columns.items()}
        if not any(cells.values()):
            continue
        found = _message(cells.get(SERIAL, ""), mobile(cells.get(PHONE, "")), sent, serials)
        status = _WORDS.get(normalize("NFKC", cells[STATUS]).lower())
        if isinstance(found, Why):
            results.unmatched.append(Left(number, found))
        elif status is None:
            results.refused.append(Left(number, Why.STATUS_UNKNOWN))
        else:
            results.receipts.append(Receipt(found, status))
    return results


def _message(
    serial: str, phone: str | None, sent: Mapping[str, str], serials: Mapping[str, list[str]]
) -> str | Why:
    if serial:
        if serial not in sent:
            return Why.NO_SUCH_MESSAGE
        return serial if phone in (None, sent[serial]) else Why.OTHER_PHONE
    there = serials.get(phone or "", [])
    if len(there) == 1:
        return there[0]
    return Why.SEVERAL if there else Why.NO_SUCH_MESSAGE


def _head(rows: Sequence[Sequence[object]]) -> tuple[int, dict[str, int]]:
    """The first row, among the first ten, that names a status and a serial number or phone."""
    for number, row in enumerate(rows[:10]):
        titles = [normalize("NFKC", _text(cell)).lower().replace(" ", "") for cell in row]
        columns = {
            name: next((at for at, title in enumerate(titles) if title in known), -1)
            for name, known in _TITLES.items()
        }
        there = {name: at for name, at in columns.items() if at >= 0}
        if STATUS in there and len(there) > 1:
            return number, there
    raise NotAResult("no column for the status")


def _text(cell: object) -> str:
    """A cell as typed: a phone number that a spreadsheet made a number of is digits again."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    return "" if cell is None else str(cell).strip()
