"""Files that are damaged, dressed up or made to do harm end in a sentence, soon and within bounded memory."""

import io
import os
import zipfile
from pathlib import Path

import openpyxl
import pytest

from app.ledger import sheets
from app.ledger.rows import FileRefused
from tests.ledger.factory import SHEET, grid, make_file, make_ledger, read_ledger, rebuilt, rows

pytestmark = pytest.mark.slow


def refused(path: Path) -> str:
    with pytest.raises(FileRefused) as refusal:
        read_ledger(path)
    return str(refusal.value.message)


@pytest.fixture
def ledger(tmp_path: Path) -> Path:
    return make_ledger(tmp_path / "a.xlsx", rows(2))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "empty"),
        (b"MZ\x90\0\3\0\0\0", "a program"),
        (b"\x7fELF\2", "a program"),
        (b"#!/bin/sh\n", "a program"),
        (b"%PDF-1.7", "a PDF"),
        (b"\x89PNG\r\n\x1a\n", "a picture"),
        (b"\xff\xd8\xff\xe0", "a picture"),
        (b"GIF89a", "a picture"),
        (b"Rar!\x1a\7", "an archive"),
        (b"7z\xbc\xaf\x27\x1c", "an archive"),
        (b"PK\5\6" + b"\0" * 18, "an archive"),
        (b"<html><table>", "a web page"),
        (b"\xef\xbb\xbf \n<?xml version='1.0'?><Workbook>", "a web page"),
        (b"PK\3\4rubbish", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1rubbish", "damaged"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096, "damaged"),
    ],
)
def test_what_is_no_ledger_is_named(tmp_path: Path, content: bytes, sentence: str) -> None:
    (tmp_path / "a.xlsx").write_bytes(content)
    assert sentence in refused(tmp_path / "a.xlsx")


def test_a_file_above_the_limit_is_not_even_opened(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with path.open("wb") as file:
        file.truncate(200 * 1024 * 1024)
    assert "100 MB" in refused(path)


@pytest.mark.parametrize("share", [0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(ledger: Path, share: float) -> None:
    content = ledger.read_bytes()
    ledger.write_bytes(content[: int(len(content) * share)])
    assert "damaged" in refused(ledger)


def test_a_bomb_that_tells_its_size_is_refused(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_INFLATED", 20 << 20)
    rebuilt(ledger, lambda parts: parts.update({"xl/media/x.xml": b" " * (21 << 20)}))
    assert ledger.stat().st_size < 1 << 20
    assert "1 GB" in refused(ledger)


def test_a_bomb_that_hides_its_size_is_refused(ledger: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "MAX_INFLATED", 1 << 20)
    size = 30 << 20
    rebuilt(ledger, lambda parts: parts.update({"xl/sharedStrings.xml": b" " * size}))
    content = ledger.read_bytes()
    ledger.write_bytes(content.replace(size.to_bytes(4, "little"), (10).to_bytes(4, "little")))
    assert "damaged" in refused(ledger) or "1 GB" in refused(ledger)


@pytest.mark.slow
def test_the_reading_of_a_bomb_ends_at_the_limit_of_memory(
    ledger: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheets, "CHILD_MEMORY", 128 << 20)
    cell = b'<c r="A%d" t="inlineStr"><is><t>' + b"x" * 30_000 + b"</t></is></c>"
    sheet_rows = b"".join(b'<row r="%d">' % n + cell % n + b"</row>" for n in range(1, 6000))
    bomb = b"<worksheet><sheetData>" + sheet_rows + b"</sheetData></worksheet>"
    rebuilt(ledger, lambda parts: parts.update({SHEET: bomb}), compresslevel=1)
    assert "more memory" in refused(ledger)


def test_entities_are_refused(ledger: Path) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'
    for part in (SHEET, "xl/workbook.xml", "xl/styles.xml", "[Content_Types].xml"):
        rebuilt(ledger, lambda parts, part=part: parts.update({part: bomb + parts[part].replace(bomb, b"")}))
        assert "XML entities" in refused(ledger)


def test_an_entity_across_the_border_of_two_blocks_is_refused(ledger: Path) -> None:
    padding = b"<!--" + b"x" * ((1 << 20) - 12) + b"-->"
    rebuilt(ledger, lambda parts: parts.update({SHEET: padding + b'<!ENTITY a "a">' + parts[SHEET]}))
    assert "XML entities" in refused(ledger)


def test_a_part_in_utf_16_is_refused(ledger: Path) -> None:
    rebuilt(ledger, lambda parts: parts.update({SHEET: parts[SHEET].decode().encode("utf-16")}))
    assert "damaged" in refused(ledger)


@pytest.mark.parametrize("part", ["xl/vbaProject.bin", "xl/macrosheets/sheet1.xml"])
def test_macros_are_refused(ledger: Path, part: str) -> None:
    rebuilt(ledger, lambda parts: parts.update({part: b"x"}))
    assert "macros" in refused(ledger)


def test_ten_million_claimed_rows_are_refused_or_cost_nothing(ledger: Path) -> None:
    rebuilt(
        ledger,
        lambda parts: parts.update({SHEET: parts[SHEET].replace(b'ref="A1:P3"', b'ref="A1:XFD10000000"')}),
    )
    assert len(read_ledger(ledger).rows) == 2
    far = b'<row r="10000000"><c r="A10000000"><v>1</v></c></row></sheetData>'
    rebuilt(ledger, lambda parts: parts.update({SHEET: parts[SHEET].replace(b"</sheetData>", far)}))
    assert "row 10000000" in refused(ledger)


def test_a_stated_dimension_of_a_million_empty_rows_costs_nothing(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", rows(2))
    book = openpyxl.load_workbook(path)
    for number in (500, 1_048_576):
        book.active.cell(number, 1).number_format = "0.00"
    book.save(path)
    reading = read_ledger(path)
    assert len(reading.rows) == 2 and not reading.errors


def test_values_far_apart_are_refused_with_their_place(tmp_path: Path) -> None:
    places = ((1_048_576, 1, "row 1048576"), (400_000, 700, "700 columns"), (3000, 16_384, "16384 columns"))
    for number, column, said in places:
        path = make_ledger(tmp_path / "a.xlsx", rows(1))
        book = openpyxl.load_workbook(path)
        book.active.cell(number, column).value = "x"
        book.save(path)
        assert said in refused(path)


def test_a_far_cell_of_a_small_sheet_is_just_ignored(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", rows(2))
    book = openpyxl.load_workbook(path)
    book.active.cell(2, 16_384).value = "x"
    book.save(path)
    assert len(read_ledger(path).rows) == 2


def test_an_archive_of_very_many_parts_is_refused(ledger: Path) -> None:
    rebuilt(ledger, lambda parts: parts.update({f"x/{n}": b"" for n in range(6000)}))
    assert "far more parts" in refused(ledger)


def test_an_encrypted_workbook_asks_for_the_password_to_be_removed(tmp_path: Path) -> None:
    (tmp_path / "a.xlsx").write_bytes(compound_document("EncryptedPackage"))
    assert "Remove the password" in refused(tmp_path / "a.xlsx")


def test_old_workbooks_with_macros_and_other_documents_are_refused(tmp_path: Path) -> None:
    (tmp_path / "a.xls").write_bytes(compound_document("_VBA_PROJECT_CUR"))
    assert "macros" in refused(tmp_path / "a.xls")
    (tmp_path / "a.xls").write_bytes(compound_document("WordDocument"))
    assert "no Excel workbook" in refused(tmp_path / "a.xls")


def test_a_sheet_chain_without_end_is_refused(tmp_path: Path) -> None:
    content = bytearray(compound_document("Workbook"))
    content[512 : 512 + 12] = b"\xfd\xff\xff\xff" + (1).to_bytes(4, "little") * 2  # sector 1 follows itself
    (tmp_path / "a.xls").write_bytes(bytes(content))
    assert "damaged" in refused(tmp_path / "a.xls")


def test_another_office_document_is_refused(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    (tmp_path / "a.xlsx").write_bytes(buffer.getvalue())
    assert "no Excel workbook" in refused(tmp_path / "a.xlsx")


@pytest.mark.slow
def test_reading_that_takes_too_long_is_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheets, "CHILD_SECONDS", 0.01)
    assert "too long" in refused(make_file(tmp_path / "a.xlsx", {"表": grid(rows(3000))}))


def test_no_child_survives_a_reader_that_stops_early(ledger: Path) -> None:
    items = sheets.read_raw(ledger)
    next(items)
    items.close()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


def compound_document(stream: str) -> bytes:
    """The smallest compound document with a stream of this name."""
    header = bytearray(512)
    header[:8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
    header[0x1E:0x22] = (9).to_bytes(2, "little") + (6).to_bytes(2, "little")
    header[0x2C:0x34] = (1).to_bytes(4, "little") + (1).to_bytes(
        4, "little"
    )  # one table sector; directory in sector 1
    header[0x38:0x48] = (4096).to_bytes(4, "little") + b"\xfe\xff\xff\xff" + b"\0" * 4 + b"\xfe\xff\xff\xff"
    header[0x4C:0x200] = b"\0\0\0\0" + b"\xff\xff\xff\xff" * 108
    table = (b"\xfd\xff\xff\xff" + b"\xfe\xff\xff\xff" * 2).ljust(512, b"\xff")
    directory = b"".join(
        name.encode("utf-16-le").ljust(64, b"\0")
        + (2 * len(name) + 2).to_bytes(2, "little")
        + bytes([kind])
        + b"\0" * 49
        + b"\2\0\0\0"
        + (5000).to_bytes(8, "little")
        + b"\0" * 0
        for name, kind in (("Root Entry", 5), (stream, 2))
    )
    return bytes(header) + table + directory.ljust(512, b"\0") + b"\0" * 512
