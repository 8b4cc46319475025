"""The page and the command with a Word file: comments to download, what cannot be checked, a broken file."""

import re
from base64 import b64encode
from io import BytesIO
from pathlib import Path

import docx
import pytest
from flask import Flask

from tests.bulletin.proofread.test_files import comments_of, word_file
from tests.bulletin.published import CORRECTED
from tests.commands import runner, told
from tests.conftest import SignIn
from tests.web.reading import read, send, token

PROOFREAD = "/bulletin/proofread"
WRONG = CORRECTED.replace("7.83%", "7.38%") + "全县逾期较上月增加3户。\n"
pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])


def test_a_word_file_is_marked_on_the_page_and_comes_back_with_comments(signed_in: SignIn) -> None:
    client = signed_in("office")
    page = send(client, PROOFREAD, 200, file=(BytesIO(word_file(WRONG)), "通报.docx"))
    assert "富乐镇 · 逾期率" in page.html and "下载带批注的 Word 文件" in page.html
    kept = re.search(r'name="word" value="([^"]+)"', page.html)
    assert kept
    answer = client.post(PROOFREAD, data={"csrf_token": token(read(client, PROOFREAD)), "word": kept[1]})
    assert answer.status_code == 200 and "attachment" in answer.headers["Content-Disposition"]
    ((author, under, said),) = comments_of(answer.data)
    assert (author, under) == ("清收校对", "7.38") and "应为7.83%" in said


def test_what_cannot_be_checked_is_listed_and_leads_to_its_place(signed_in: SignIn) -> None:
    page = send(signed_in("office"), PROOFREAD, 200, text=WRONG)
    assert "无法核对：15" in page.html  # fourteen completions without targets, and the change
    assert "较上月增减" in page.html and "文中没有用来比较的数据。" in page.html
    for number in range(1, 17):
        assert f"#place-{number}" in page.hrefs and page.ids.count(f"place-{number}") == 1
    assert re.search(r'<span class="unchecked" id="place-16">3</span>户', page.html)


@pytest.mark.parametrize("kept", ["§", b64encode(b"PK\x03\x04").decode(), b64encode(b"text").decode()])
def test_what_is_sent_back_as_a_word_file_and_is_none_is_refused(signed_in: SignIn, kept: str) -> None:
    page = send(signed_in("office"), PROOFREAD, 422, word=kept)
    assert page.html.count('class="field-error"') == 1


def test_a_text_that_is_no_bulletin_is_one_sentence(signed_in: SignIn) -> None:
    page = send(signed_in("office"), PROOFREAD, 422, file=(BytesIO(word_file("今天天气很好。")), "a.docx"))
    assert page.html.count('class="field-error"') == 1 and "未找到通报数据" in page.html


def test_the_command_writes_comments(app: Flask, tmp_path: Path) -> None:
    run, source, out = runner(app), tmp_path / "a.docx", tmp_path / "b.docx"
    source.write_bytes(word_file(WRONG))
    told_of = told(run("bulletin", "proofread", source, "--json", "--comments", out), 1)
    assert [finding["expected"] for finding in told_of["findings"]] == ["7.83"]
    assert len(told_of["unchecked"]) == 15
    assert len(list(docx.Document(str(out)).comments)) == 1


def test_the_command_writes_no_comments_into_a_text(app: Flask, tmp_path: Path) -> None:
    source, out = tmp_path / "a.txt", tmp_path / "b.docx"
    source.write_text(WRONG, "utf-8")
    result = runner(app)("bulletin", "proofread", source, "--comments", out)
    assert result.exit_code == 1 and ".docx" in result.stderr and not out.exists()
