"""Text out of uploaded files, good and hostile."""

import zipfile
from io import BytesIO
from time import perf_counter

import pytest

from app.bulletin.proofread import NotABulletin, proofread, read_text
from app.bulletin.proofread.documents import MAX_BYTES
from app.bulletin.proofread.packages import MAX_XML
from tests.bulletin.published import PAGE, PLACES

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
MC = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'


def docx(body: str, prolog: str = '<?xml version="1.0" encoding="UTF-8"?>') -> bytes:
    """A Word document with this body, as Word would pack it."""
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "word/document.xml", f"{prolog}<w:document {W} {MC}><w:body>{body}</w:body></w:document>"
        )
    return stream.getvalue()


def paragraphs(text: str) -> str:
    return "".join(f"<w:p><w:r><w:t>{line}</w:t></w:r></w:p>" for line in text.split("\n"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_plain_text_in_any_encoding_of_a_county_office(encoding: str) -> None:
    text = PAGE.replace("•", "·")
    assert read_text("通报.txt", text.encode(encoding)) == text


def test_word() -> None:
    text = read_text("通报.docx", docx(paragraphs(PAGE)))
    assert text.rstrip("\n") == PAGE.rstrip("\n")
    assert len(proofread(text, PLACES).findings) == 1


def test_word_runs_tabs_breaks_and_alternate_content() -> None:
    body = (
        "<w:p><w:r><w:t>阿岗</w:t></w:r><w:r><w:t>镇</w:t><w:tab/><w:t>230</w:t><w:br/><w:t>户</w:t></w:r></w:p>"
        "<mc:AlternateContent><mc:Choice><w:p><w:r><w:t>一次</w:t></w:r></w:p></mc:Choice>"
        "<mc:Fallback><w:p><w:r><w:t>两次</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent>"
        "<w:p><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    assert read_text("a.docx", docx(body)) == "阿岗镇\t230\n户\n一次\n\n"


@pytest.mark.parametrize("encoding", ["utf-8", "gb18030"])
def test_a_saved_page(encoding: str) -> None:
    charset = "gbk" if encoding == "gb18030" else encoding
    shown = "</p><p>".join(line for line in PAGE.replace("•", "·").split("\n"))
    html = (
        f'<!DOCTYPE html><html><head><meta charset="{charset}"><title>不是正文</title>'
        "<script>if (a<b) { 存量贷款情况 }</script><style>p{}</style></head>"
        f"<body><!-- 阿岗镇1户1.00万元 --><p>{shown}</p></body></html>"
    )
    text = read_text("page.html", html.encode(encoding))
    assert "不是正文" not in text and "阿岗镇1户" not in text and "{" not in text
    assert len(proofread(text, PLACES).findings) == 1


def test_entities_and_cells_of_a_page() -> None:
    html = "<table><tr><td>阿岗镇</td><td>230&#25143;</td></tr></table>甲&amp;乙 1 &lt; 2"
    assert read_text("a.htm", html.encode()) == "阿岗镇\t230户\n甲&乙 1 < 2"


def test_the_content_counts_and_not_the_name() -> None:
    assert read_text("通报.txt", docx(paragraphs("甲"))) == "甲\n"
    assert read_text("upload", b"<html><p>a</p></html>") == "a"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"x" * (MAX_BYTES + 1), "larger than 5 MB"),
        (b"%PDF-1.7 ...", "PDF and old Office files"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "PDF and old Office files"),
        (b"MZ\x90\0\3\0\0\0", "no text file|cannot be read"),
        (b"\xff\xff\xff\x80\x81", "cannot be read"),
        (b"PK\x03\x04 and no more", "no Word or Excel file"),
        (docx(paragraphs("甲"))[:-30], "no Word or Excel file"),
        (docx("<w:p>"), "no Word or Excel file"),
        (docx(" " * (MAX_XML + 1)), "too large when unpacked"),
        (docx(paragraphs("&x;"), '<!DOCTYPE d [<!ENTITY x "boo">]>'), "no Word or Excel file"),
        (docx(paragraphs("&x;"), '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "no Word or Excel file"),
    ],
    ids=[
        "large", "pdf", "doc", "exe", "no encoding", "stub", "cut", "not well formed", "bomb", "entity", "external",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_in_a_sentence(data: bytes, message: str) -> None:
    with pytest.raises(NotABulletin, match=message):
        read_text("通报.docx", data)


def test_a_zip_without_a_document_is_refused() -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as archive:
        archive.writestr("xl/workbook.xml", "<workbook/>")
    with pytest.raises(NotABulletin, match="no Word or Excel file"):
        read_text("账.xlsx", stream.getvalue())


@pytest.mark.parametrize("piece", ["<", "<!--", "<script>", "<!", "</", "<p", "&#", "<a href='"])
def test_a_hostile_page_is_read_in_bounded_time(piece: str) -> None:
    start = perf_counter()
    read_text("a.html", ("<html>" + piece * 300_000).encode())
    assert perf_counter() - start < 3
