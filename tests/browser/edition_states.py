"""A bulletin in each state of its page: a draft with findings and a comment, a published one, its successor."""

from collections.abc import Callable, Iterator
from datetime import timedelta

from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.bulletin import checklist
from app.bulletin.closing import close_month, settle
from app.bulletin.rules import Standing
from app.clock import month_end
from app.editions import actions, publishing
from app.editions.drafting import written_of
from app.editions.models import Comment, Edition
from app.editions.rules import Written
from app.editions.states import State
from app.sealing import bulletin_files
from app.today import business_date

COUNTY = "530324"
# What may stand in Chinese on an English page besides names: parts of numbers, fields, what was typed.
WORDS = ["罗乡振联发", "号", "逾期率", "逾期率率", "（一）", "请核对", "漏写一个乡镇"]
Act = Callable[[Page], None]


def make_editions(session: Session, writer: User) -> None:
    """Of the month before last one that is published with a successor, of the last a draft with everything wrong."""
    approver = session.scalars(select(User).where(User.username == "leader")).one()
    today = business_date(session)
    last = month_end(today.replace(day=1) - timedelta(days=1))
    earlier = month_end(last.replace(day=1) - timedelta(days=1))
    public = actions.start(session, COUNTY, earlier, writer, today)
    actions.approve(session, public, approver)
    for item in checklist.check(session, COUNTY, earlier).items:
        if item.standing is Standing.OPEN:
            settle(session, COUNTY, earlier, item.kind, item.key, "已核实。", writer.username)
    close_month(session, COUNTY, earlier, writer.username, today)
    publishing.publish(session, public, writer, today, bulletin_files)
    actions.replace(session, public, writer, WORDS[-1])
    draft = actions.start(session, COUNTY, last, writer, today)
    typed = written_of(draft)
    wrong = typed.problems + "\n阿岗镇逾期率99.99%。"
    actions.save(
        session, draft, Written(typed.title, typed.opening, wrong, typed.demands), writer, draft.version
    )
    actions.comment(session, draft, approver, 0, "", "请核对")
    settled = actions.comment(session, draft, approver, 1, "", "请核对")
    actions.resolve_comment(session, draft, settled, writer)


def edition_values(session: Session) -> dict[str, object]:
    """The draft of the walk over all routes."""
    newest = select(Edition.id).where(Edition.state == State.DRAFT).order_by(Edition.month.desc(), Edition.id)
    return {
        "edition_id": session.scalars(newest.limit(1)).one(),
        "comment_id": session.scalars(select(Comment.id).limit(1)).one(),
    }


def _an_unknown_field(page: Page) -> None:
    page.fill("#problems", "全县{逾期率率}。")
    page.click("main form.form button[type=submit]")


def _an_empty_comment(page: Page) -> None:
    page.click("#comment > summary")
    page.click("#comment button[type=submit]")


def edition_visits(session: Session) -> Iterator[tuple[str, str, int, Act | None]]:
    """Path, account, status, what to do there."""
    draft = edition_values(session)["edition_id"]
    public = session.scalars(select(Edition.id).where(Edition.state == State.PUBLISHED).limit(1)).one()
    yield f"/editions/{public}", "office", 200, None
    yield f"/editions/{public}", "agang", 200, None
    yield f"/editions/{public + 1}", "leader", 200, None
    yield f"/editions/{draft}/text", "office", 422, _an_unknown_field
    yield f"/editions/{draft}", "office", 422, _an_empty_comment
    yield "/editions/letterhead", "leader", 200, None
