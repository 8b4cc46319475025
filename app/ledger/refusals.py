"""Why a file cannot be read at all, in sentences that say what to do."""

from typing import Any

from app.labels import T, Text
from app.ledger.rows import FileRefused

EMPTY = T("The file is empty. Ask for it again.")
TOO_LARGE = T("The file is larger than 100 MB. Split it, for example by township.")
TOO_LONG = T("Reading the file took too long, so it was stopped. Split it, for example by township.")
DIED = T(
    "The file needs more memory than one ledger may use, or is damaged. Copy the rows to a new workbook, "
    "or split it by township."
)
_SAVE_AS = T("Open it in Excel or WPS and save it as .xlsx.")
_NO_LEDGER = T("This is %(kind)s, not a ledger. Upload an .xlsx, .xls or .csv file.")

_REFUSED: dict[str, Text] = {
    "damaged": T(
        "The file is damaged or was not transferred completely. Open it in Excel or WPS, save it again, and "
        "upload it."
    ),
    "password": T("The workbook has a password. Remove the password, save it, and upload it again."),
    "macros": T("The workbook contains macros. Save it as .xlsx, which has none, and upload it again."),
    "inflated": T("The file unpacks to more than 1 GB. Copy the rows to a new workbook and upload that."),
    "entries": T(
        "The file holds far more parts than a workbook has. Copy the rows to a new workbook and upload that."
    ),
    "dtd": T(
        "The file contains XML entities, which no spreadsheet program writes. Copy the rows to a new "
        "workbook and upload that."
    ),
    "not_workbook": T("The file is no Excel workbook. Open it in Excel or WPS and save it as .xlsx."),
    "no_references": T(
        "The cells of sheet “%(sheet)s” carry no addresses. Open the file in Excel or WPS, save it, and "
        "upload it again."
    ),
    "marks": T(
        "Sheet “%(sheet)s” is full of errors, or of formulas without stored values. Open the file in Excel "
        "or WPS, save it, and upload it again."
    ),
    "far": T(
        "The values of sheet “%(sheet)s” lie too far apart: down to row %(row)s, over %(columns)s columns. "
        "Delete the empty rows and columns between them, or split the sheet."
    ),
    "encoding": T("The text is neither UTF-8 nor GB18030. Open it in Excel or WPS and save it as .xlsx."),
    "binary": T("The file is no text and no workbook. Upload an .xlsx, .xls or .csv file."),
    "quotes": T(
        "A quotation mark in the text file is never closed. Open it in Excel or WPS and save it as .xlsx."
    ),
    "wide": T("The text file has more than %(limit)s columns. Upload the ledger alone."),
    "rows": T("The file has more than %(limit)s rows. Split it, for example by township."),
}

_WORKBOOK, _COMPOUND = b"PK\x03\x04", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_PROGRAM = T("a program")
_KINDS: tuple[tuple[tuple[bytes, ...], Text], ...] = (
    ((b"\x7fELF", b"\xca\xfe\xba\xbe", b"\xcf\xfa\xed\xfe", b"#!"), _PROGRAM),
    ((b"%PDF",), T("a PDF document")),
    ((b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"II*\0", b"MM\0*"), T("a picture")),
    ((b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"PK\x05\x06"), T("an archive")),
    ((b"{\\rtf",), T("a text document")),
)
_HTML = (b"<html", b"<!doctype", b"<table", b"<meta", b"<head", b"<body", b"<?xml")
_BOM = b"\xef\xbb\xbf"


def sentence(refusal: dict[str, Any]) -> Text:
    """The child's code in words."""
    details = dict(refusal)
    return Text(_REFUSED[details.pop("refused")].msgid, tuple(details.items()))


def kind_of(head: bytes) -> str:
    """``xlsx``, ``xls`` or ``text``, by content and not by name. Raises FileRefused for anything else."""
    if head.startswith(_WORKBOOK):
        return "xlsx"
    if head.startswith(_COMPOUND):
        return "xls"
    if head.startswith(b"MZ") and b"\0" in head:
        raise FileRefused(T(_NO_LEDGER.msgid, kind=_PROGRAM))
    for beginnings, kind in _KINDS:
        if head.startswith(beginnings):
            raise FileRefused(T(_NO_LEDGER.msgid, kind=kind))
    if head.removeprefix(_BOM).lstrip().lower().startswith(_HTML):
        raise FileRefused(T("This is a web page with the name of a workbook. %(save)s", save=_SAVE_AS))
    return "text"
