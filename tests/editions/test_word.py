"""The Word file measured by a reader of its own: GB/T 9704-2012 in twips, sections, heads, and the same bytes twice."""

import zipfile
from datetime import date
from io import BytesIO

import pytest
from lxml import etree

from app.editions import word
from app.editions.document import Document
from tests.editions.sample import CORRECTION, NUMBER, OFFICE, bulletin, published

W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
MM = 1440 / 25.4


class Read:
    """The parts of a Word file, and what its XML says."""

    def __init__(self, document: Document) -> None:
        self.content = word.write(document)
        with zipfile.ZipFile(BytesIO(self.content)) as archive:
            self.entries = archive.infolist()
            self.parts = {entry.filename: archive.read(entry) for entry in self.entries}
        self.body = self.xml("word/document.xml")
        self.styles = self.xml("word/styles.xml")

    def xml(self, name: str) -> etree._Element:
        return etree.fromstring(self.parts[name])

    def sections(self) -> list[etree._Element]:
        return list(self.body.iter(W + "sectPr"))

    def style(self, name: str) -> etree._Element:
        (found,) = self.styles.xpath(f"//w:style[w:name/@w:val='{name}']", namespaces={"w": W[1:-1]})
        return found

    def paragraphs(self, style: str) -> list[str]:
        return [
            "".join(p.itertext(W + "t")) for p in self.body.iter(W + "p") if value(p, "pPr/pStyle") == style
        ]

    def heads(self) -> list[str]:
        return [
            "".join(self.xml(name).itertext(W + "t")) for name in self.parts if name.startswith("word/header")
        ]


def value(element: etree._Element, path: str, attribute: str = "val") -> str | None:
    found = element.find("/".join(W + step for step in path.split("/")))
    return None if found is None else found.get(W + attribute)


def mm(element: etree._Element, attribute: str) -> int:
    return round(int(element.get(W + attribute)) / MM)


def test_page_margins_and_grid() -> None:
    text, annexes, imprint = Read(published()).sections()
    for section in (text, imprint):
        page, edges, grid = (section.find(W + tag) for tag in ("pgSz", "pgMar", "docGrid"))
        assert (mm(page, "w"), mm(page, "h")) == (210, 297)
        assert [mm(edges, side) for side in ("top", "left", "right", "bottom")] == [37, 28, 26, 35]
        assert (grid.get(W + "type"), grid.get(W + "linePitch")) == ("linesAndChars", "579")
        assert 22 * 579 <= 225 * MM < 23 * 579
        pitch = 16 + int(grid.get(W + "charSpace")) / 4096
        assert int(156 * 72 / 25.4 / pitch + 0.01) == 28
    assert value(imprint, "type") == "evenPage"
    page = annexes.find(W + "pgSz")
    assert (page.get(W + "orient"), mm(page, "w"), mm(page, "h")) == ("landscape", 297, 210)
    assert [mm(annexes.find(W + "pgMar"), side) for side in ("top", "bottom", "left", "right")] == [
        28,
        26,
        35,
        37,
    ]


@pytest.mark.parametrize(
    ("style", "font", "half_points", "pitch"),
    [
        ("BulletinTitle", "方正小标宋简体", "44", None),
        ("Part", "黑体", "32", "579"),
        ("Section", "楷体_GB2312", "32", "579"),
        ("Item", "仿宋_GB2312", "32", "579"),
        ("Text", "仿宋_GB2312", "32", "579"),
        ("Signed", "仿宋_GB2312", "32", "579"),
        ("PageNumber", "宋体", "28", None),
        ("Imprint", "仿宋_GB2312", "28", None),
    ],
)
def test_fonts_sizes_and_pitch(style: str, font: str, half_points: str, pitch: str | None) -> None:
    found = Read(bulletin()).style(style)
    assert value(found, "rPr/rFonts", "eastAsia") == font
    assert value(found, "rPr/sz") == half_points
    assert value(found, "pPr/spacing", "lineRule") == "exact"
    assert pitch in (None, value(found, "pPr/spacing", "line"))
    if style == "Text":
        assert value(found, "pPr/ind", "firstLineChars") == "200"
        tight = 16 + int(value(found, "rPr/spacing") or 0) / 20
        assert int(156 * 72 / 25.4 / tight) == 28


def test_fonts_name_what_to_take_instead() -> None:
    fonts = Read(bulletin()).xml("word/fontTable.xml")
    instead = {
        font.get(W + "name"): value(font, "altName") for font in fonts if font.find(W + "altName") is not None
    }
    assert instead["方正小标宋简体"] == "宋体"
    assert (instead["仿宋_GB2312"], instead["楷体_GB2312"], instead["黑体"]) == ("仿宋", "楷体", "SimHei")


def test_page_numbers_stand_right_on_odd_and_left_on_even_pages() -> None:
    read = Read(published())
    assert read.xml("word/settings.xml").find(W + "evenAndOddHeaders") is not None
    relations = etree.fromstring(read.parts["word/_rels/document.xml.rels"])
    targets = {relation.get("Id"): relation.get("Target") for relation in relations}
    key = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
    for section in read.sections():
        feet = {
            foot.get(W + "type"): read.xml(f"word/{targets[foot.get(key)]}")
            for foot in section.iter(W + "footerReference")
        }
        assert value(feet["default"], "p/pPr/jc") == "right"
        assert value(feet["default"], "p/pPr/ind", "rightChars") == "100"
        assert value(feet["even"], "p/pPr/jc") in (None, "left")
        assert "".join(feet["even"].itertext(W + "t")) == "— 1 —"


def test_a_draft_says_so_on_every_page_and_a_published_one_nowhere() -> None:
    draft, out = Read(bulletin()), Read(published())
    assert len(draft.heads()) == 2 and all("草稿" in head for head in draft.heads())
    assert all(len(list(section.iter(W + "headerReference"))) == 2 for section in draft.sections())
    assert not any("草稿" in part.decode() for name, part in out.parts.items() if name.endswith(".xml"))


def test_number_salutation_signature_and_imprint() -> None:
    read = Read(published(red_head=f"{OFFICE}文件"))
    assert read.paragraphs("Number") == [NUMBER]
    assert read.paragraphs("RedHead") == [f"{OFFICE}文件"]
    assert 'w:color w:val="FF0000"' in read.parts["word/document.xml"].decode()
    assert (
        next(line for line in read.paragraphs("Line") if "：" in line) == "各乡镇（街道），县农商行各支行："
    )
    assert read.paragraphs("Signed") == [OFFICE, "2023年11月8日"]
    date_line = next(p for p in read.body.iter(W + "p") if "".join(p.itertext(W + "t")) == "2023年11月8日")
    assert value(date_line, "pPr/ind", "rightChars") == "400"
    assert [line[:3] for line in read.paragraphs("Imprint")] == ["抄送：", "罗平县"]
    assert read.paragraphs("Imprint")[1].endswith("2023年11月8日印发")


def test_attachments_are_tables_whose_head_comes_again_on_each_page() -> None:
    read = Read(published(corrections=(CORRECTION,)))
    assert read.paragraphs("AnnexNumber") == ["附件1", "附件2", "附件3", "附件4"]
    tables = [table for table in read.body.iter(W + "tbl") if table.find(f".//{W}tblHeader") is not None]
    assert len(tables) == 4
    for table in tables:
        head, *rows = table.iter(W + "tr")
        assert head.find(f"{W}trPr/{W}tblHeader") is not None
        assert not any(row.find(f"{W}trPr/{W}tblHeader") is not None for row in rows)
        assert all(row.find(f"{W}trPr/{W}cantSplit") is not None for row in rows)
    cells = ["".join(cell.itertext(W + "t")) for cell in tables[0].iter(W + "tc")]
    assert cells[:8] == [
        "序号",
        "乡镇（街道）",
        "存量户数（户）",
        "存量金额（万元）",
        "1",
        "阿岗镇",
        "230",
        "985.92",
    ]
    assert cells[-4:] == ["", "合计", "1048", "5390.04"]
    amount = next(c for c in tables[0].iter(W + "tc") if "".join(c.itertext(W + "t")) == "985.92")
    assert value(amount, "p/pPr/pStyle") == "TableFigure"
    assert value(read.style("TableFigure"), "pPr/jc") == "right"


def test_the_same_document_gives_the_same_bytes() -> None:
    read, again = Read(bulletin()), word.write(bulletin())
    assert read.content == again
    assert {entry.date_time for entry in read.entries} == {(1980, 1, 1, 0, 0, 0)}
    assert b"2023-10-31T00:00:00Z" in read.parts["docProps/core.xml"]
    assert word.write(bulletin(signatory="别处")) != again


@pytest.mark.parametrize(
    "title", ["", "短", "无词可断" * 30, f"{OFFICE}关于2023年10月份脱贫人口小额信贷工作情况的通报"]
)
def test_a_title_loses_nothing_where_it_is_broken(title: str) -> None:
    from app.editions.setting import title_lines, width

    lines = title_lines(title)
    assert "".join(lines) == title
    assert all(width(line) <= 20 for line in lines) or len(lines) == 1


def test_what_xml_cannot_hold_is_left_out() -> None:
    read = Read(bulletin(title="甲\x00乙\ud800<&>", signatory="\x0b丙", issued_on=date(2023, 11, 8)))
    assert read.paragraphs("BulletinTitle") == ["甲乙<&>"]
    assert read.paragraphs("Signed")[0] == "丙"
