"""The page of the county's numbers: read by all who work with loans, set by the office."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.db import db
from app.policies.models import PolicyValue
from tests.conftest import SignIn

SENT = {
    "key": "calls_per_day", "region": "530324", "value": "2", "starts_on": "2099-01-01", "reason": "群众反映",
}  # fmt: skip


def rows() -> int:
    return db.session.scalar(select(func.count()).select_from(PolicyValue)) or 0


@pytest.fixture(autouse=True)
def _unsigned(demo_app: Flask) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False


@pytest.mark.parametrize(
    "changed",
    [
        {"value": "77"},
        {"value": ""},
        {"starts_on": "2023-01-01"},
        {"starts_on": "x"},
        {"reason": ""},
        {"region": "530325"},
        {"key": "speed"},
    ],
)
def test_bad_input_comes_back_as_typed(demo_app: Flask, signed_in: SignIn, changed: dict[str, str]) -> None:
    before = rows()
    answer = signed_in("office").post("/policies", data=SENT | {"reason": "独有的原因"} | changed)
    assert answer.status_code == 422 and "field-error" in answer.text and rows() == before
    assert "reason" in changed or "独有的原因" in answer.text


def test_the_office_sets_a_number(demo_app: Flask, signed_in: SignIn) -> None:
    client, before = signed_in("office"), rows()
    assert client.post("/policies", data=SENT).status_code == 302
    assert rows() == before + 1 and "2099-01-01" in client.get("/policies").text


@pytest.mark.parametrize("name", ["agang", "agang-bank", "leader"])
def test_others_read_and_do_not_set(demo_app: Flask, signed_in: SignIn, name: str) -> None:
    client, before = signed_in(name), rows()
    page = client.get("/policies")
    assert page.status_code == 200 and "GB/T 45251-2025" in page.text and 'name="value"' not in page.text
    assert client.post("/policies", data=SENT).status_code == 403 and rows() == before


@pytest.mark.parametrize(
    ("language", "title"), [("zh_Hans", "本地适用规则"), ("en", "Rules that apply here")]
)
def test_in_both_languages(demo_app: Flask, signed_in: SignIn, language: str, title: str) -> None:
    answer = signed_in("office").get("/policies", headers={"Accept-Language": language.replace("_", "-")})
    assert title in answer.text


def test_a_value_is_ended_with_a_reason_and_only_within_the_area(demo_app: Flask, signed_in: SignIn) -> None:
    client = signed_in("office")
    client.post("/policies", data=SENT)
    made = db.session.scalars(select(PolicyValue).order_by(PolicyValue.id.desc()).limit(1)).one()
    path, on, reason = f"/policies/{made.id}/end", f"end-{made.id}-on", f"end-{made.id}-reason"
    assert client.post(path, data={on: "2023-12-06", reason: ""}).status_code == 422
    past = client.post(path, data={on: "2023-01-01", reason: "独有的原因"})
    assert past.status_code == 422 and "独有的原因" in past.text
    assert client.post("/policies/999999/end", data={on: "2023-12-06", reason: "x"}).status_code == 404
    assert client.post(path, data={on: "2023-12-06", reason: "取消"}).status_code == 302
    db.session.expire_all()
    assert made.until == made.starts_on
