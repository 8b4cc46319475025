"""The administrator's pages: what cannot be an account first, then making, ending and mending one."""

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.access import MIN_PASSWORD, SignIn, sign_in
from app.accounts.models import User
from app.accounts.rules import Role
from app.db import db
from app.places.models import Branch
from tests.conftest import SignIn as Open
from tests.web.browser import Browser, english_in, words
from tests.web.reading import Page

PASSWORD = "correct-horse-9"
GOOD = {
    "username": "zhang", "name": "张三", "role": "township", "region": "530324106", "branch": "", "password": PASSWORD,
}  # fmt: skip


@pytest.fixture
def admin(demo_app: Flask, signed_in: Open) -> Browser:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    return Browser(signed_in("admin"))


def account(username: str) -> User | None:
    db.session.rollback()
    return db.session.scalar(select(User).where(User.username == username))


def number_of(username: str) -> int:
    found = account(username)
    assert found is not None
    return found.id


def lets_in(username: str, password: str) -> bool:
    db.session.rollback()
    return sign_in(db.session(), username, password, remember=lambda _user: None) is SignIn.OK


BAD = [
    ({"username": ""}, "请填写用户名"),
    ({"username": "office"}, "用户名“office”已有人使用"),
    ({"username": "a" * 65}, "不超过 64 个字符"),
    ({"role": ""}, "请选择角色"),
    ({"role": "king"}, ""),
    ({"region": ""}, "该角色须选择所辖地区"),
    ({"role": "branch"}, "支行清收员须选择所属支行"),
    ({"role": "office", "region": ""}, "该角色须选择所辖地区"),
    ({"region": "999999"}, ""),
    ({"password": ""}, "请填写密码"),
    ({"password": "short-one"}, f"密码为 {MIN_PASSWORD} 至 256 位"),
]


def test_a_bad_account_says_what_to_do_and_keeps_what_was_typed(admin: Browser) -> None:
    before = db.session.scalar(select(func.count()).select_from(User))
    for changes, sentence in BAD:
        typed = GOOD | changes
        page = admin.post("/accounts/", status=422, **typed)
        assert sentence in words(page), changes
        assert f'value="{typed["name"]}"' in page and not (typed["password"] and typed["password"] in page)
        if typed["role"] in list(Role):
            assert f'<option selected value="{typed["role"]}">' in page
    assert db.session.scalar(select(func.count()).select_from(User)) == before


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_each_role_gets_the_place_it_needs_and_no_other(admin: Browser, role: Role) -> None:
    branch = db.session.scalars(select(Branch).order_by(Branch.id)).first()
    assert branch is not None
    number = branch.id
    page = admin.post("/accounts/", follow=True, **(GOOD | {"role": role.value, "branch": str(number)}))
    assert "zhang 现在可以登录" in words(page)
    made = account("zhang")
    assert made is not None and made.role is role and made.name == "张三"
    has_region, has_branch = role not in (Role.BRANCH, Role.ADMIN), role is Role.BRANCH
    assert (made.region_code, made.branch_id) == (
        "530324106" if has_region else None,
        number if has_branch else None,
    )
    assert lets_in("zhang", PASSWORD)


def test_the_list_shows_everybody_with_their_place(admin: Browser) -> None:
    rows = {line.cells[1].text: line for line in Page(admin.get("/accounts/")).tables["accounts"]}
    assert len(rows) == db.session.scalar(select(func.count()).select_from(User))
    assert rows["agang"].numbers[1:3] == ["乡镇清收员", "阿岗镇"]
    assert rows["agang-bank"].numbers[1:3] == ["支行清收员", "阿岗支行"]
    assert rows["admin"].numbers[1:3] == ["系统管理员", "—"]


def test_an_ended_account_is_out_at_once_and_can_come_back(
    demo_app: Flask, admin: Browser, signed_in: Open
) -> None:
    agang, number = Browser(signed_in("agang")), number_of("agang")
    agang.get("/cases/")
    assert "agang 已停用" in words(admin.post(f"/accounts/{number}/active", follow=True, active="0"))
    agang.get("/cases/", status=302)
    assert not lets_in("agang", "qingshou-2023")
    assert "已停用" in words(admin.get(f"/accounts/{number}"))
    assert "agang 已恢复使用" in words(admin.post(f"/accounts/{number}/active", follow=True, active="1"))
    assert lets_in("agang", "qingshou-2023")


def test_nobody_ends_their_own_account(admin: Browser) -> None:
    number = number_of("admin")
    assert "不能停用自己的账户" in words(admin.post(f"/accounts/{number}/active", follow=True, active="0"))
    found = account("admin")
    assert found is not None and found.active
    assert "停用账户" not in words(admin.get(f"/accounts/{number}"))


def test_a_new_password_replaces_the_old_one_and_ends_sessions(admin: Browser, signed_in: Open) -> None:
    agang, number = Browser(signed_in("agang")), number_of("agang")
    for bad in ("", "short-one"):
        page = admin.post(f"/accounts/{number}/password", status=422, password=bad)
        assert "密码" in words(page) and not (bad and bad in page)
    assert lets_in("agang", "qingshou-2023")
    assert "agang 的密码已更换" in words(
        admin.post(f"/accounts/{number}/password", follow=True, password=PASSWORD)
    )
    assert lets_in("agang", PASSWORD) and not lets_in("agang", "qingshou-2023")
    agang.get("/cases/", status=302)


def test_the_pages_read_in_both_languages(admin: Browser) -> None:
    ended, own = number_of("agang"), number_of("admin")
    names = sorted(db.session.scalars(select(User.username)), key=len, reverse=True)
    admin.post(f"/accounts/{ended}/active", active="0")
    for path in ("/accounts/", f"/accounts/{ended}", f"/accounts/{own}", f"/accounts/{number_of('leader')}"):
        assert len(english_in(admin.get(f"{path}?lang=en"))) > 10
        assert english_in(admin.get(f"{path}?lang=zh_Hans"), *names) == set(), path


def test_only_an_administrator_gets_there(demo_app: Flask, signed_in: Open) -> None:
    number = number_of("agang")
    for username in ("office", "leader", "auditor", "agang", "agang-bank"):
        browser = Browser(signed_in(username))
        browser.get("/accounts/", status=403)
        browser.get(f"/accounts/{number}", status=403)
