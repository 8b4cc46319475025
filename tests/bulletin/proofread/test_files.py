"""Word, Excel and web files: what is read of them and in which order, and the findings as comments."""

from io import BytesIO

import docx
import openpyxl
import pytest
import xlsxwriter

from app.bulletin.proofread import NotABulletin, commented, is_word, proofread, read_source, read_text
from app.bulletin.proofread.workbook import as_shown
from tests.bulletin.published import CORRECTED, PAGE, PLACES
from tests.bulletin.test_documents import docx as packed
from tests.bulletin.test_documents import paragraphs

RUN = "<w:r><w:t>{}</w:t></w:r>"


def p(*inner: str) -> str:
    return f"<w:p>{''.join(inner)}</w:p>"


def run(text: str) -> str:
    return RUN.format(text)


# Word


def test_deleted_text_is_not_read_inserted_is_and_it_says_so() -> None:
    body = p(
        run("老厂乡2户5.38万元，逾期率"),
        '<w:del w:id="1" w:author="a"><w:r><w:delText>0</w:delText></w:r></w:del>',
        f'<w:ins w:id="2" w:author="a">{run("0.84")}</w:ins>',
        f'<w:moveFrom w:id="3" w:author="a">{run("搬走")}</w:moveFrom>',
        run("%"),
    )
    source = read_source("a.docx", packed(body))
    assert source.text == "老厂乡2户5.38万元，逾期率0.84%\n"
    assert [str(hint) for hint in source.hints] == [
        "The file has tracked changes: deleted text was not read, inserted text was."
    ]
    notes = proofread(CORRECTED, PLACES, hints=source.hints).notes
    assert "tracked changes" in str(notes[0].text)


def test_a_deleted_paragraph_mark_joins_two_paragraphs() -> None:
    body = (
        '<w:p><w:pPr><w:rPr><w:del w:id="1" w:author="a"/></w:rPr></w:pPr>'
        + run("逾期")
        + "</w:p>"
        + p(run("率"))
    )
    assert read_text("a.docx", packed(body)) == "逾期率\n"


def test_a_text_box_follows_its_paragraph_and_a_table_keeps_its_cells() -> None:
    box = f"<w:r><w:pict><w:txbxContent>{p(run('框内'))}</w:txbxContent></w:pict></w:r>"
    cells = "".join(f"<w:tc>{p(run(text))}</w:tc>" for text in ("乡镇", "户数"))
    wide = f'<w:tc><w:tcPr><w:gridSpan w:val="2"/></w:tcPr>{p(run("合"))}{p(run("并"))}</w:tc>'
    body = (
        p(run("正"), box, run("文"))
        + f"<w:tbl><w:tr>{wide}</w:tr><w:tr>{cells}</w:tr></w:tbl>"
        + p(run("后"))
    )
    assert read_text("a.docx", packed(body)) == "正文\n框内\n合 并\t\n乡镇\t户数\n后\n"


def test_pictures_are_said_to_be_unread() -> None:
    body = p('<w:r><w:drawing><a:blip xmlns:a="urn:a"/></w:drawing></w:r>')
    assert "Pictures in the file (1)" in str(read_source("a.docx", packed(body)).hints[0])


# Comments


def word_file(text: str) -> bytes:
    document = docx.Document()
    for line in text.split("\n"):
        document.add_paragraph(line)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def comments_of(data: bytes) -> list[tuple[str, str, str]]:
    """Author, the text under the comment's range, and what it says."""
    document = docx.Document(BytesIO(data))
    found = []
    for comment in document.comments:
        inside, text = False, ""
        for element in document.element.body.iter():
            name = element.tag.rpartition("}")[2]
            number = element.get("{http://schemas.openxmlformats.org/wordprocessingml/2006/main}id")
            if name == "commentRangeStart" and number == str(comment.comment_id):
                inside = True
            elif name == "commentRangeEnd" and number == str(comment.comment_id):
                inside = False
            elif inside and name == "t":
                text += element.text or ""
        found.append((comment.author, text, comment.text))
    return found


def test_each_finding_is_a_comment_at_its_figure() -> None:
    wrong = CORRECTED.replace("7.83%", "7.38%").replace("1047户4551.98", "1046户4551.98")
    data = word_file(wrong)
    text = read_text("a.docx", data)
    proof = proofread(text, PLACES)
    written = commented(data, proof)
    first, second = comments_of(written)
    assert first[:2] == ("Qingshou proof-reader", "1046")
    assert first[2].startswith(
        "罗平县 · Households with new loans 1046 → 1047\nThe rows add up to 1047, the total says 1046."
    )
    assert second == (
        "Qingshou proof-reader",
        "7.38",
        "富乐镇 · Overdue rate 7.38% → 7.83%\n29.34 ÷ 374.69 is 7.83%, not 7.38%.",
    )
    assert read_text("a.docx", written) == text


def test_comments_speak_the_readers_language_and_the_rest_stays() -> None:
    data = word_file(PAGE)
    written = commented(data, proofread(read_text("a.docx", data), PLACES), lambda msgid: f"译{msgid}")
    ((author, under, said),) = comments_of(written)
    assert (author, under) == ("译Qingshou proof-reader", "0") and "译" in said
    nothing = commented(data, proofread(CORRECTED, PLACES))
    assert comments_of(nothing) == []


def test_a_comment_in_a_table_an_insertion_and_a_text_box_stays_well_formed() -> None:
    figures = "全县存量3户6.00万元，其中：石桥镇1户2.00万元，清溪镇1户4.00万元。"
    ins = f'<w:ins w:id="2" w:author="a">{run(figures)}</w:ins>'
    box = f"<w:r><w:pict><w:txbxContent>{p(run(figures))}</w:txbxContent></w:pict></w:r>"
    for body in (p(ins), p(run("见下"), box)):
        bare = packed(p(run("（一）存量贷款情况")) + body)
        document = docx.Document()
        made = document.element.body
        for element in docx.oxml.parse_xml(
            f'<w:body xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
            f"{p(run('（一）存量贷款情况')) + body}</w:body>"
        ):
            made.insert(len(made) - 1, element)
        stream = BytesIO()
        document.save(stream)
        data = stream.getvalue()
        proof = proofread(read_text("a.docx", data), PLACES)
        assert [finding.printed for finding in proof.findings] == ["3"]
        ((_, under, _),) = comments_of(commented(data, proof))
        assert "3" in under
        assert is_word(bare)


def test_what_is_no_word_file_gets_no_comments() -> None:
    with pytest.raises(NotABulletin):
        commented(b"PK\x03\x04 no", proofread(PAGE, PLACES))
    with pytest.raises(NotABulletin):  # a document without what Word needs around it
        commented(packed(paragraphs(PAGE)), proofread(PAGE, PLACES))


# Excel


@pytest.mark.parametrize(
    ("number", "style", "shown"),
    [
        ("0.11993824", "0.00%", "11.99%"), ("0.83", "0%", "83%"), ("985.91999999999996", "", "985.92"),
        ("985.92", "0.00_ ", "985.92"), ("5390.04", "#,##0.00", "5,390.04"), ("230", '0"户"', "230户"),
        ("1234567", "General", "1234567"), ("-3.5", "0.00;[Red]-0.00", "-3.50"), ("x", "0", "x"), ("0", "", "0"),
        ("2.5", "0", "3"), ("1e300", "0", "1e300"), ("nan", "0", "nan"),
    ],
)  # fmt: skip
def test_a_number_as_its_format_shows_it(number: str, style: str, shown: str) -> None:
    assert as_shown(number, style) == shown


def test_hidden_rows_columns_and_sheets_are_not_read_and_it_says_so() -> None:
    stream = BytesIO()
    book = xlsxwriter.Workbook(stream, {"in_memory": True})
    sheet, other = book.add_worksheet("表"), book.add_worksheet("底稿")
    for y, row in enumerate([["乡镇", "暗", "户数"], ["甲镇", 1, 2], ["乙镇", 3, 4]]):
        sheet.write_row(y, 0, row)
    sheet.set_row(1, None, None, {"hidden": True})
    sheet.set_column(1, 1, None, None, {"hidden": True})
    other.write(0, 0, "不读")
    other.hide()
    book.close()
    source = read_source("a.xlsx", stream.getvalue())
    assert source.text == "表\n乡镇\t户数\n乙镇\t4\n\n"
    assert [str(hint) for hint in source.hints] == [
        "Hidden sheets, rows and columns of the file were not read."
    ]


def test_formulas_without_a_value_are_counted() -> None:
    book = openpyxl.Workbook()
    book.active.append(["乡镇", "=1+1"])
    stream = BytesIO()
    book.save(stream)
    assert "Formulas in the file hold no value yet (1 cells)" in str(
        read_source("a.xlsx", stream.getvalue()).hints[0]
    )


# Web pages and .csv


def test_a_table_that_lays_out_a_page_is_text_and_one_in_it_is_a_table() -> None:
    long = "切实加强组织领导" * 12
    page = (
        f"<table><tr><td><p>一、基本情况</p><p>{long}</p>"
        "<table><tr><th rowspan=2>乡镇</th><th colspan=2>存量</th></tr><tr><th>户数</th><th>金额</th></tr>"
        "<tr><td>甲镇<td>1<td>2.00</tr></table></td></tr></table>尾"
    )
    assert read_text("a.html", f"<html>{page}</html>".encode()) == (
        f"一、基本情况\n{long}\n乡镇\t存量\t\n\t户数\t金额\n甲镇\t1\t2.00\n尾"
    )


def test_a_csv_file_is_lines_of_cells() -> None:
    data = '乡镇,存量户数,存量金额\n甲镇,"1,120",2.00\n'.encode("gb18030")
    assert read_text("a.csv", data) == "乡镇\t存量户数\t存量金额\n甲镇\t1,120\t2.00"
