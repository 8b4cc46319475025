"""The look at a workbook's XML beside calamine: marks and hidden rows, wherever the blocks end."""

import zipfile
from pathlib import Path
from typing import Any

import pytest

from app.ledger.child import scan
from app.ledger.fields import F
from app.ledger.rows import FileRefused
from tests.ledger.factory import SHEET, make_ledger, read_ledger, rebuilt, row, rows

ROWS = (
    '<row r="1"><c r="A1"><v>1</v></c></row>'
    '<row r="2" hidden="1"><c r="A2"><f>B1</f><v></v></c><c r="B2"><f>B1</f><v>5</v></c></row>'
    '<row r="3"><c r="A3" t="str"><f>IF(1,"")</f><v></v></c><c r="B3" t="e"><f>B1</f><v>#REF!</v></c></row>'
    "<row r='4' hidden='true'><c t='b' r='C4'><v>1</v></c><c r='D4'><f t=\"shared\" si=\"0\"/></c></row>"
    '<row r="5" hidden="0"><c r="E5" s="3"><f>1+1</f><v/></c><c r="AB5"><f>2</f></c></row>'
    '<row r="9" hidden="1"><c r="A9" s="1"/></row>'
)
SEEN = {
    "hidden": [2, 4, 9],
    "formulas": [(2, 0), (4, 3), (5, 4), (5, 27)],
    "errors": [(3, 1)],
    "booleans": [(4, 2)],
    "last_row": 5,
}


def workbook(path: Path, xml: str) -> Path:
    parts = {
        "xl/workbook.xml": '<workbook><sheets><sheet name="甲&amp;乙" sheetId="1" r:id="rId7"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": '<R><Relationship Id="rId7" Target="/xl/worksheets/s.xml"/></R>',
        "xl/worksheets/s.xml": xml,
    }
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


def look(path: Path) -> dict[str, Any]:
    (seen,) = scan.look(path, 1 << 30)["looks"]
    assert isinstance(seen, dict)
    return seen


@pytest.mark.parametrize("block", [64, 97, 200, 1 << 20])
def test_marks_are_seen_wherever_a_block_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr(scan, "BLOCK", block)
    path = workbook(tmp_path / "a.xlsx", f"<worksheet><sheetData>{ROWS}</sheetData></worksheet>")
    assert look(path) == {"sheet": "甲&乙", **SEEN}


def test_a_namespace_prefix_hides_nothing(tmp_path: Path) -> None:
    prefixed = ROWS.replace("</", "</x:").replace("<", "<x:").replace("<x:/x:", "</x:")
    path = workbook(tmp_path / "a.xlsx", f"<x:worksheet><x:sheetData>{prefixed}</x:sheetData></x:worksheet>")
    assert look(path) == {"sheet": "甲&乙", **SEEN}


def test_rows_without_numbers_are_counted(tmp_path: Path) -> None:
    plain = '<row><c><v>1</v></c></row><row hidden="1"><c><v>1</v></c></row>'
    seen = look(workbook(tmp_path / "a.xlsx", f"<worksheet><sheetData>{plain}</sheetData></worksheet>"))
    assert seen["hidden"] == [2] and seen["last_row"] == 2


def test_a_marked_cell_without_an_address_is_refused(tmp_path: Path) -> None:
    path = workbook(tmp_path / "a.xlsx", "<worksheet><row><c><f>1</f></c></row></worksheet>")
    with pytest.raises(scan.Refuse, match="no_references"):
        look(path)


def test_far_too_many_marks_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scan, "MAX_MARKS", 3)
    with pytest.raises(scan.Refuse, match="marks"):
        look(workbook(tmp_path / "a.xlsx", f"<worksheet>{ROWS}</worksheet>"))


def test_a_prefixed_workbook_is_read_like_any_other(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", [row(), row(贷款余额="=A1")])

    def prefix(parts: dict[str, bytes]) -> None:
        xml = parts[SHEET].decode()
        for tag in ("worksheet", "sheetData", "row", "c", "v", "f", "is", "t"):
            for end in (">", " ", "/>"):
                xml = xml.replace(f"<{tag}{end}", f"<x:{tag}{end}").replace(
                    f"</{tag}{end}", f"</x:{tag}{end}"
                )
        parts[SHEET] = xml.replace("xmlns=", "xmlns:x=").encode()

    reading = read_ledger(rebuilt(path, prefix))
    assert len(reading.rows) == 1 and [error.field for error in reading.errors] == [F.BALANCE]


def test_a_file_is_refused_as_the_looking_child_says(tmp_path: Path) -> None:
    path = make_ledger(tmp_path / "a.xlsx", rows(1))
    rebuilt(path, lambda parts: parts.pop("xl/_rels/workbook.xml.rels"))
    with pytest.raises(FileRefused, match="damaged"):
        read_ledger(path)
