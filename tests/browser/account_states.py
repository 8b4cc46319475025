"""The pages of signing in and of accounts, in the states that the walk over all routes does not meet."""

from collections.abc import Callable, Iterator

from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.actions import invite, propose_second_factor
from app.accounts.factors import new_secret
from app.accounts.models import User
from app.today import now
from tests.browser.checks import PASSWORD

WITH_FACTOR, SETTING_UP, INVITED = "zhongshan", "laochang", "changdi"
Act = Callable[[Page], None]
_tokens: list[str] = []


def _account(session: Session, username: str) -> User:
    return session.scalars(select(User).where(User.username == username)).one()


def make_accounts(session: Session) -> None:
    """Somebody with a second factor, somebody who sets it up just now, somebody with a link in hand."""
    _account(session, WITH_FACTOR).totp_secret = new_secret()
    _account(session, WITH_FACTOR).totp_since = now()
    propose_second_factor(session, _account(session, SETTING_UP))
    _tokens[:] = [invite(session, _account(session, INVITED), "admin")]


def _half_way(page: Page) -> None:
    page.fill("#username", WITH_FACTOR)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url("**/login/code*")


def _a_wrong_code(page: Page) -> None:
    page.fill("#code", "000000")
    page.click("form[action='/me/second-factor'] button[type=submit]")


def _two_that_differ(page: Page) -> None:
    page.fill("#password", "eins zwei drei vier")
    page.fill("#again", "fünf sechs sieben acht")
    page.locator("main form button[type=submit]").last.click()


def _a_link_made(page: Page) -> None:
    page.click("form[action$='/invite'] button[type=submit]")


def account_visits(session: Session) -> Iterator[tuple[str, str, int, Act | None, str | None]]:
    """Path, user ("" is nobody), status, what is done there, where it leads."""
    number = _account(session, WITH_FACTOR).id
    yield "/login/code", "", 200, None, "/login"
    yield "/login", "", 200, _half_way, None
    yield "/welcome/none", "", 404, None, None
    yield f"/welcome/{_tokens[0]}", "", 200, None, None
    yield f"/welcome/{_tokens[0]}", "", 422, _two_that_differ, None
    yield "/me/second-factor", SETTING_UP, 200, None, None
    yield "/me/second-factor", SETTING_UP, 422, _a_wrong_code, None
    yield "/me", SETTING_UP, 422, _two_that_differ, None
    yield f"/accounts/{number}", "admin", 200, None, None
    yield f"/accounts/{number}", "admin", 200, _a_link_made, None
