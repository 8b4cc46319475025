"""The month close in its states: open; closed, with a request to open it again and a figure that has changed since."""

from datetime import date

from sqlalchemy.orm import Session

from app.bulletin.checklist import check
from app.bulletin.closing import close_month, settle
from app.bulletin.models import Erratum
from app.bulletin.reopening import ask_to_reopen
from app.today import now
from tests.ledger.factory import AGANG, COUNTY

SEPTEMBER = date(2023, 9, 30)


def close_a_month(session: Session) -> None:
    """September is closed; the leader asks for it again, for an amount that has changed since."""
    for item in check(session, COUNTY, SEPTEMBER).open:
        settle(session, COUNTY, SEPTEMBER, item.kind, item.key, "银行已书面说明", "office")
    close = close_month(session, COUNTY, SEPTEMBER, "office", SEPTEMBER)
    changed = {"place_code": AGANG, "figure": "overdue", "old": 12_345_678, "new": 12_300_000}
    session.add(
        Erratum(close_id=close.id, region_code=COUNTY, month=SEPTEMBER, found_at=now(),
                cause={"msgid": "Loans were decided about afterwards."}, **changed)
    )  # fmt: skip
    ask_to_reopen(session, close, "农商行更正", "leader")
