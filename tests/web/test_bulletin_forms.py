"""What somebody types into the bulletin's pages: targets, and texts to be proof-read."""

import re
from io import BytesIO
from typing import Any

import pytest
from sqlalchemy import select

from app.bulletin.models import Target
from app.db import db
from tests.bulletin.published import CORRECTED, CORRECTED_PAGE, PAGE
from tests.conftest import SignIn
from tests.web.reading import read, send

COUNTY, AGANG, BANQIAO, LAOCHANG = "530324", "530324106", "530324102", "530324206"
OCTOBER = "month=2023-10"
SHOW, TARGETS, PROOFREAD = "/bulletin/", "/bulletin/targets", "/bulletin/proofread"


# Targets


def stored(year: int) -> dict[str, int]:
    return {t.region_code: t.amount for t in db.session.scalars(select(Target).where(Target.year == year))}


def test_a_wrong_target_saves_nothing_and_loses_nothing(signed_in: SignIn) -> None:
    path = f"{TARGETS}?region={COUNTY}&year=2024"
    page = send(signed_in("office"), path, 422, **{AGANG: "12x<", BANQIAO: "-3", LAOCHANG: "550"})
    assert 'value="12x&lt;"' in page.html and 'value="550"' in page.html and 'value="-3"' in page.html
    assert page.html.count('aria-invalid="true"') == 2 and {f"#t{AGANG}", f"#t{BANQIAO}"} <= set(page.hrefs)
    assert f"t{AGANG}-error" in page.ids and stored(2024) == {}


def test_targets_are_saved_changed_and_removed(signed_in: SignIn) -> None:
    office, path = signed_in("office"), f"{TARGETS}?region={COUNTY}&year=2024"
    send(office, path, 302, **{AGANG: "1,050", BANQIAO: "127.5"})
    assert stored(2024) == {AGANG: 1_050_000_000, BANQIAO: 127_500_000}
    assert 'value="127.5"' in read(office, path).html
    send(office, path, 302, **{AGANG: "", BANQIAO: "１３０万元"})
    assert stored(2024) == {BANQIAO: 130_000_000}


def test_an_untouched_form_changes_no_target(signed_in: SignIn) -> None:
    office, path, before = signed_in("office"), f"{TARGETS}?region={COUNTY}&year=2023", stored(2023)
    page = read(office, path)
    values = dict(re.findall(r'name="(530324\d*)" value="([^"]*)"', page.html))
    assert len(values) == 14
    send(office, path, 302, **values)
    assert stored(2023) == before != {}


def test_a_pasted_sheet_fills_the_form_and_saves_nothing(signed_in: SignIn) -> None:
    pasted = "乡镇\t目标\n阿岗\t1050\n不存在镇\t3\n合计\t9999"
    path = f"{TARGETS}?region={COUNTY}&year=2024"
    page = send(signed_in("office"), path, 422, fill="1", pasted=pasted, **{BANQIAO: "77"})
    values = dict(re.findall(r'name="(530324\d*)" value="([^"]*)"', page.html))
    assert values[AGANG] == "1050" and values[BANQIAO] == "77" and values[LAOCHANG] == ""
    assert "不存在镇" in page.html and "9999" in page.html, "the pasted text is lost"
    assert stored(2024) == {}


@pytest.mark.parametrize("who", ["leader", "auditor", "agang", "agang-bank"])
def test_only_the_office_sets_targets(signed_in: SignIn, who: str) -> None:
    assert signed_in(who).get(TARGETS).status_code == 403
    assert not any(TARGETS in href for href in read(signed_in(who), f"{SHOW}?{OCTOBER}").hrefs)


def test_targets_are_set_only_where_the_whole_region_is_seen(signed_in: SignIn) -> None:
    office = signed_in("office")
    assert office.get(f"{TARGETS}?region=5303").status_code == 404
    assert not any(TARGETS in href for href in read(office, f"{SHOW}?{OCTOBER}&region=5303").hrefs)


# The proof-reader


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"text": ""}, "请粘贴通报文字，或选择文件"),
        ({"text": "今天天气不错"}, "未找到通报数据"),
        ({"text": "字" * 200_001}, "文字过长"),
        ({"file": (b"%PDF-1.4", "a.pdf")}, "PDF"),
        ({"file": (b"PK\x03\x04broken", "a.docx")}, "docx"),
    ],
)
def test_what_cannot_be_proof_read_is_refused_in_a_sentence(
    signed_in: SignIn, given: dict[str, Any], said: str
) -> None:
    if "file" in given:
        content, name = given["file"]
        given = {"file": (BytesIO(content), name)}
    page = send(signed_in("office"), PROOFREAD, 422, **given)
    errors = " ".join(re.findall(r'class="field-error".*?</p>', page.html, re.DOTALL))
    assert said in errors and "marked" not in page.ids


def test_the_real_page_has_one_finding_that_leads_to_its_place(signed_in: SignIn) -> None:
    page = send(signed_in("agang"), PROOFREAD, 200, text=PAGE)
    assert page.html.count('<li class="finding">') == 1 and "老厂乡 · 逾期率" in page.html
    assert "#place-1" in page.hrefs and "#finding-1" in page.hrefs
    assert page.ids.count("place-1") == page.ids.count("finding-1") == 1
    assert re.search(r'逾期率<mark id="place-1">0<', page.html)
    assert "<del>0%</del>" in page.html and "<ins>0.84%</ins>" in page.html


def test_a_right_text_is_told_to_be_right(signed_in: SignIn) -> None:
    page = send(signed_in("office"), PROOFREAD, 200, text=CORRECTED_PAGE)
    assert "未发现差错" in page.html and "<mark" not in page.html and 'class="finding"' not in page.html


def test_a_file_is_read_and_its_text_stays_to_be_corrected(signed_in: SignIn) -> None:
    page = send(
        signed_in("office"),
        PROOFREAD,
        200,
        file=(BytesIO(CORRECTED.replace("118.25", "118.35").encode("gb18030")), "a.txt"),
    )
    area = page.html.partition("<textarea")[2].partition("</textarea>")[0]
    assert "118.35" in area and "place-1" in page.ids


def test_markup_in_a_text_stays_text(signed_in: SignIn) -> None:
    page = send(signed_in("office"), PROOFREAD, 200, text=PAGE + "</textarea><script>alert(1)</script>")
    assert "<script>alert" not in page.html and page.html.count("&lt;script&gt;alert(1)") == 2


def test_a_kept_text_is_shown_only_to_who_sees_the_whole_region(signed_in: SignIn) -> None:
    path = f"{PROOFREAD}?region={COUNTY}&{OCTOBER}"
    assert "place-1" in read(signed_in("office"), path).ids
    for who in ("agang", "agang-bank"):
        assert "老厂乡" not in read(signed_in(who), path).html
