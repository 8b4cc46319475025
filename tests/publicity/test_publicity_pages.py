"""The pages of the publicity log: bad input first, then an entry with its photo, its numbers, its withdrawal."""

from io import BytesIO

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select
from werkzeug.datastructures import FileStorage

from app import files
from app.db import db
from app.publicity.models import Publicity
from tests.conftest import SignIn

AGANG, BANQIAO = "530324106", "530324102"
TYPED = "独有的宣传内容"
SENT = {
    "on": "2023-12-04",
    "region": AGANG,
    "means": "meeting",
    "people": "41",
    "text": TYPED,
    "key": "one-writing",
}


@pytest.fixture(autouse=True)
def _unsigned(demo_app: Flask) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False


def picture(name: str = "IMG_1.jpg", content: bytes | None = None) -> FileStorage:
    out = BytesIO()
    if content is None:
        Image.new("RGB", (64, 48), "teal").save(out, "JPEG")
    return FileStorage(BytesIO(content if content is not None else out.getvalue()), filename=name)


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(Publicity)) or 0


def last() -> Publicity:
    return db.session.scalars(select(Publicity).order_by(Publicity.id.desc()).limit(1)).one()


@pytest.mark.parametrize(
    "changed",
    [
        {"on": ""},
        {"on": "morgen"},
        {"on": "2023-12-06"},
        {"region": BANQIAO},
        {"region": ""},
        {"means": ""},
        {"means": "drum"},
        {"people": ""},
        {"people": "viele"},
        {"people": "-3"},
        {"people": "9" * 30},
    ],
)
def test_bad_input_comes_back_as_typed(demo_app: Flask, signed_in: SignIn, changed: dict[str, str]) -> None:
    before = rows()
    answer = signed_in("agang").post("/publicity/new", data=SENT | changed)
    assert answer.status_code == 422 and "field-error" in answer.text and rows() == before
    assert TYPED in answer.text and "one-writing" in answer.text
    typed = next(iter(changed.values()))
    if "people" in changed or typed == "morgen":
        assert f'value="{typed}"' in answer.text


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("gross.jpg", b"\xff\xd8\xff" + bytes(40 * 1024 * 1024)),
        ("bild.jpg", b"<script>alert(1)</script>"),
        ("bild.svg", b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>"),
        ("leer.jpg", b""),
        ("papier.pdf", b"%PDF-1.4\n%%EOF"),
    ],
)
def test_an_unfit_photo_costs_nothing_else(
    demo_app: Flask, signed_in: SignIn, name: str, content: bytes
) -> None:
    before = rows()
    answer = signed_in("agang").post("/publicity/new", data=SENT | {"photo": picture(name, content)})
    assert answer.status_code == 422 and "field-error" in answer.text and rows() == before
    assert TYPED in answer.text and "请重新选择照片" in answer.text


def test_a_photo_is_asked_for_again_when_something_else_is_wrong(demo_app: Flask, signed_in: SignIn) -> None:
    answer = signed_in("agang").post("/publicity/new", data=SENT | {"people": "", "photo": picture()})
    assert answer.status_code == 422 and "请重新选择照片" in answer.text


def test_sent_twice_it_is_entered_once(demo_app: Flask, signed_in: SignIn) -> None:
    client, before = signed_in("agang"), rows()
    for _ in range(2):
        assert client.post("/publicity/new", data=SENT).status_code == 302
    assert rows() == before + 1
    page = client.get("/publicity/?month=2023-12")
    assert page.status_code == 200 and page.text.count(TYPED) == 1


def test_the_photo_is_served_within_the_scope_only(demo_app: Flask, signed_in: SignIn) -> None:
    assert signed_in("agang").post("/publicity/new", data=SENT | {"photo": picture()}).status_code == 302
    path = f"/publicity/{last().id}/photo"
    for query in ("", "?small=1"):
        answer = signed_in("agang").get(path + query)
        assert answer.status_code == 200 and answer.mimetype == files.JPEG
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert signed_in("office").get(path).status_code == 200
    assert signed_in("banqiao").get(path).status_code == 404
    assert signed_in("agang-bank").get(path).status_code == 404
    assert signed_in("admin").get(path).status_code == 403


def test_a_branch_enters_for_a_township_it_serves(demo_app: Flask, signed_in: SignIn) -> None:
    client = signed_in("agang-bank")
    assert AGANG in client.get("/publicity/new").text and BANQIAO not in client.get("/publicity/new").text
    assert client.post("/publicity/new", data=SENT).status_code == 302
    assert last().branch_id is not None
    assert TYPED in client.get("/publicity/?month=2023-12").text


def test_withdrawing(demo_app: Flask, signed_in: SignIn) -> None:
    client = signed_in("agang")
    client.post("/publicity/new", data=SENT)
    number = last().id
    path, field = f"/publicity/{number}/withdraw", f"withdraw-{number}-reason"
    assert client.post(path, data={field: ""}).status_code == 422
    too_long = "理" * 201
    refused = client.post(path + "?month=2023-12", data={field: too_long})
    assert refused.status_code == 422 and too_long in refused.text
    assert signed_in("banqiao").post(path, data={field: "别人的"}).status_code == 404
    assert signed_in("auditor").post(path, data={field: "别人的"}).status_code == 403
    assert last().withdrawn_on is None
    assert client.post(path, data={field: "重复登记"}).status_code == 302
    db.session.expire_all()
    assert last().withdrawn_on is not None and "重复登记" in client.get("/publicity/?month=2023-12").text


@pytest.mark.parametrize("query", ["month=2023-13", "month=x", "township=abc", "means=drum", "after=1,2"])
def test_an_address_that_names_nothing(demo_app: Flask, signed_in: SignIn, query: str) -> None:
    assert signed_in("agang").get(f"/publicity/?{query}").status_code in (400, 404)


def test_the_auditor_reads_and_does_not_write(demo_app: Flask, signed_in: SignIn) -> None:
    page = signed_in("auditor").get("/publicity/")
    assert page.status_code == 200 and "/publicity/new" not in page.text and "/withdraw" not in page.text
    assert "/publicity/new" in signed_in("office").get("/publicity/").text


@pytest.mark.parametrize(("language", "title"), [("zh-CN", "政策宣传"), ("en", "Publicity")])
def test_in_both_languages(demo_app: Flask, signed_in: SignIn, language: str, title: str) -> None:
    client = signed_in("office")
    for path in ("/publicity/", "/publicity/new", "/publicity/?month=2020-01"):
        assert title in client.get(path, headers={"Accept-Language": language}).text
