"""Who took a file out stands in its properties, and nothing else of it has changed."""

from io import BytesIO
from zipfile import ZipFile

import pytest
from docx import Document
from openpyxl import load_workbook
from xlsxwriter import Workbook

from app.stamp import stamp

SAID = "张三 <zhang> & 2023-12-05 10:00 导出"


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 no zip", b"%PDF-1.4"])
def test_what_is_no_file_of_the_kind(content: bytes) -> None:
    with pytest.raises(ValueError, match="no workbook"):
        stamp(content, SAID)


def test_a_workbook() -> None:
    out = BytesIO()
    book = Workbook(out)
    book.add_worksheet().write_string(0, 0, "一")
    book.close()
    stamped = load_workbook(BytesIO(stamp(out.getvalue(), SAID)))
    assert (stamped.properties.description, stamped.properties.lastModifiedBy) == (SAID, SAID)
    assert stamped.active["A1"].value == "一"  # type: ignore[index]
    twice = load_workbook(BytesIO(stamp(stamp(out.getvalue(), SAID), "李四")))
    assert (twice.properties.description, twice.properties.lastModifiedBy) == ("李四", "李四")


def test_a_document() -> None:
    out = BytesIO()
    document = Document()
    document.add_paragraph("一")
    document.save(out)
    content = stamp(out.getvalue(), SAID)
    read = Document(BytesIO(content))
    assert (read.core_properties.comments, read.core_properties.last_modified_by) == (SAID, SAID)
    with ZipFile(BytesIO(out.getvalue())) as before, ZipFile(BytesIO(content)) as after:
        names = before.namelist()
        assert after.namelist() == names
        assert [n for n in names if before.read(n) != after.read(n)] == ["docProps/core.xml"]
