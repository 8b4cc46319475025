"""Messages in the browser: a campaign that waits for its approval, and a form that was refused."""

from collections.abc import Callable, Iterator

from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.reminders.campaigns import Order, draft
from app.reminders.rules import CampaignKind
from app.reminders.texts import Wording
from app.reminders.wording import YEAR_END
from app.today import business_date
from tests.ledger.factory import COUNTY


def reminder_values(session: Session) -> dict[str, object]:
    """What stands in the paths of messages."""
    author = session.scalars(select(User).where(User.username == "leader")).one()
    wording = Wording(YEAR_END, "【罗平农商行】", "0874-8220001")
    today = business_date(session)
    made = draft(session, Order(CampaignKind.YEAR_END, "年底提醒", COUNTY, wording, today), author, today)
    session.commit()
    return {"campaign_id": made.id, "kind": "publicity"}


def _price(page: Page) -> None:
    page.fill("[name=price]", "five")
    page.fill("form[action$='/channel'] [name=reason]", "新合同")
    page.click("form[action$='/channel'] button")


def reminder_visits() -> Iterator[tuple[str, str, int, Callable[[Page], None] | None]]:
    """States of pages that no address alone leads to."""
    yield "/reminders/channel", "office", 422, _price
    yield "/reminders/campaigns/new/year_end", "leader", 200, None
