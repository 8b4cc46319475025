"""The Word file as LibreOffice prints it: what stands on which page, and where."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from shutil import which

import pytest

from app.bulletin.figures import FigureRow
from app.editions import word
from app.editions.document import Document
from tests.bulletin.published import october
from tests.editions.sample import bulletin, published

SOFFICE, PDFTOTEXT = which("soffice") or which("libreoffice"), which("pdftotext")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (SOFFICE and PDFTOTEXT), reason="LibreOffice or pdftotext is not installed"),
]


def printed(document: Document, folder: Path) -> list[str]:
    """The text of each page with the place of each word, in points."""
    (folder / "bulletin.docx").write_bytes(word.write(document))
    command = [
        str(SOFFICE),
        f"-env:UserInstallation=file://{folder}/profile",
        "--headless",
        "--convert-to",
        "pdf",
    ]
    subprocess.run(
        [*command, "--outdir", folder, folder / "bulletin.docx"], check=True, capture_output=True, timeout=120
    )
    out = subprocess.run(
        [str(PDFTOTEXT), "-bbox", folder / "bulletin.pdf", "-"], check=True, capture_output=True, timeout=60
    )
    return out.stdout.decode().split("<page ")[1:]


def words(page: str) -> list[tuple[float, float, str]]:
    found = re.findall(r'xMin="([\d.]+)" yMin="([\d.]+)".*?>(.*?)</word>', page)
    return [(float(x), float(y), text) for x, y, text in found]


def text(page: str) -> str:
    return "".join(word for _, _, word in words(page))


def test_pages_of_a_published_bulletin(tmp_path: Path) -> None:
    pages = printed(published(), tmp_path)
    dashes = [min(x for x, _, word in words(page) if word == "—") for page in pages if "—" in text(page)]
    assert all(
        (at > 300) is (number % 2 == 0) for number, at in enumerate(dashes[:3])
    )  # odd right, even left
    assert "抄送：" in text(pages[-1])
    assert (
        int(text(pages[-1]).partition("—")[2].partition("—")[0]) % 2 == 0
    )  # a printer leaves the page before blank
    lowest = max(y for _, y, word in words(pages[-1]) if "印发" in word)
    assert 842 - 35 / 25.4 * 72 - 40 < lowest < 842 - 35 / 25.4 * 72  # on the lower edge of the text
    lines = {
        round(y) for _, y, word in words(pages[1]) if y < 842 - 35 / 25.4 * 72
    }  # without the page's number
    assert len(lines) == 22


def test_a_draft_says_so_and_a_long_table_repeats_its_head(tmp_path: Path) -> None:
    rows = tuple(FigureRow(f"530324{100 + n}", f"第{n}乡", n, n * 1_000_000) for n in range(200))
    pages = printed(bulletin(replace(october(), rows=rows)), tmp_path)
    assert all("草稿" in text(page) for page in pages)
    tables = [page for page in pages if "存量户数" in text(page)]
    assert len(tables) > 8
    assert all("序号" in text(page) for page in tables)
