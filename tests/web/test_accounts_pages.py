"""The administrator's pages: what cannot be an account first, then making, ending and mending one."""

import re

import pytest
from flask import Flask
from sqlalchemy import func, select

from app.accounts.devices import Source
from app.accounts.models import User
from app.accounts.rules import Role
from app.accounts.signing import attempt, matches
from app.db import db
from app.places.models import Branch
from app.today import now
from tests.conftest import SignIn as Open
from tests.web.browser import Browser, english_in, words
from tests.web.reading import Page

PASSWORD = "correct-horse-9"
GOOD = {
    "username": "zhang", "name": "张三", "role": "township", "region": "530324106", "branch": "",
}  # fmt: skip


pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])


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
    return matches(attempt(db.session(), username, Source()), password)


def link_in(page: str) -> str:
    found = re.search(r"/welcome/[\w-]+", page)
    assert found is not None
    return found[0]


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
    ({"branch": "999999", "role": "branch"}, ""),
]


def test_a_bad_account_says_what_to_do_and_keeps_what_was_typed(admin: Browser) -> None:
    before = db.session.scalar(select(func.count()).select_from(User))
    for changes, sentence in BAD:
        typed = GOOD | changes
        page = admin.post("/accounts/", status=422, **typed)
        assert sentence in words(page), changes
        assert f'value="{typed["name"]}"' in page
        if typed["role"] in list(Role):
            assert f'<option selected value="{typed["role"]}">' in page
    assert db.session.scalar(select(func.count()).select_from(User)) == before


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_each_role_gets_the_place_it_needs_and_no_other(demo_app: Flask, admin: Browser, role: Role) -> None:
    branch = db.session.scalars(select(Branch).order_by(Branch.id)).first()
    assert branch is not None
    number = branch.id
    link = link_in(
        admin.post("/accounts/", status=200, **(GOOD | {"role": role.value, "branch": str(number)}))
    )
    made = account("zhang")
    assert made is not None and made.role is role and made.name == "张三" and made.password_hash == ""
    has_region, has_branch = role not in (Role.BRANCH, Role.ADMIN), role is Role.BRANCH
    assert (made.region_code, made.branch_id) == (
        "530324106" if has_region else None,
        number if has_branch else None,
    )
    assert not lets_in("zhang", "")
    Browser(demo_app.test_client()).post(link, password=PASSWORD, again=PASSWORD)
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


def test_a_link_lets_its_holder_set_a_new_password_and_ends_sessions(
    demo_app: Flask, admin: Browser, signed_in: Open
) -> None:
    agang, number = Browser(signed_in("agang")), number_of("agang")
    page = admin.post(f"/accounts/{number}/invite", status=200)
    assert "<svg" in page and "只能用一次" in words(page)
    assert lets_in("agang", "qingshou-2023"), "the old one holds until the link is used"
    agang.get("/cases/")
    Browser(demo_app.test_client()).post(link_in(page), password=PASSWORD, again=PASSWORD)
    assert lets_in("agang", PASSWORD) and not lets_in("agang", "qingshou-2023")
    agang.get("/cases/", status=302)


def test_the_administrator_sees_who_is_signed_in_and_ends_it(admin: Browser, signed_in: Open) -> None:
    one, two, number = Browser(signed_in("agang")), Browser(signed_in("agang")), number_of("agang")
    assert "同时在多处登录" in words(admin.get(f"/accounts/{number}"))
    assert "登录已全部结束" in words(admin.post(f"/accounts/{number}/sessions/end", follow=True))
    one.get("/cases/", status=302)
    two.get("/cases/", status=302)
    assert "目前没有登录" in words(admin.get(f"/accounts/{number}"))


def test_a_lost_second_factor_is_removed(admin: Browser) -> None:
    found = account("office")
    assert found is not None
    found.totp_secret, found.totp_since = "A" * 32, now()
    db.session.commit()
    number = found.id
    assert "手机遗失时" in words(admin.get(f"/accounts/{number}"))
    admin.post(f"/accounts/{number}/second-factor/remove")
    found = account("office")
    assert found is not None and found.totp_since is None and found.totp_secret is None


def test_the_pages_read_in_both_languages(admin: Browser) -> None:
    ended, own = number_of("agang"), number_of("admin")
    names = [*sorted(db.session.scalars(select(User.username)), key=len, reverse=True), "FreeOTP", "Aegis"]
    admin.post(f"/accounts/{ended}/active", active="0")
    for path in (
        "/accounts/",
        "/me",
        "/me/confirm",
        "/me/second-factor",
        "/permissions",
        f"/accounts/{ended}",
        f"/accounts/{own}",
        f"/accounts/{number_of('leader')}",
    ):
        assert len(english_in(admin.get(f"{path}?lang=en"))) > 10
        assert english_in(admin.get(f"{path}?lang=zh_Hans"), *names) == set(), path


def test_only_an_administrator_gets_there(demo_app: Flask, signed_in: Open) -> None:
    number = number_of("agang")
    for username in ("office", "leader", "auditor", "agang", "agang-bank"):
        browser = Browser(signed_in(username))
        browser.get("/accounts/", status=403)
        browser.get(f"/accounts/{number}", status=403)
