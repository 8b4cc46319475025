"""A small county with two months, and the three who make its bulletins."""

from datetime import date

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.bulletin.closing import close_month
from app.editions.actions import approve, start
from app.editions.document import Document
from app.editions.models import Edition
from app.editions.publishing import publish
from app.today import now
from tests.intake.world import OCTOBER, SEPTEMBER, TODAY, take
from tests.ledger.factory import AGANG, COUNTY, JIULONG, ledger_row

DAY = date(2023, 11, 8)
WAN = 1_000_000


def account(session: Session, username: str, role: Role = Role.OFFICE, region: str = COUNTY) -> User:
    made = User(
        username=username, name=username, role=role, region_code=region, password_hash="-", created_at=now()
    )
    session.add(made)
    session.flush()
    return made


def ledger(session: Session, as_of: date, agang_overdue: int) -> None:
    """Three loans; of the one in 阿岗镇 so much is overdue."""
    due = date(2023, 8, 1)
    take(
        session,
        [
            ledger_row(contract_no="A1", id_number="530399198001010019", head_id="530399198001010019", name="王小明",
                       head_name="王小明", township_code=AGANG, balance=5 * WAN, overdue=agang_overdue, due_on=due),
            ledger_row(contract_no="A2", id_number="530399198001010027", head_id="530399198001010027", name="高明",
                       head_name="高明", township_code=AGANG, balance=4 * WAN, overdue=WAN, due_on=due),
            ledger_row(contract_no="J1", id_number="530399198001010035", head_id="530399198001010035", name="李四方",
                       head_name="李四方", township_code=JIULONG, balance=3 * WAN, overdue=0),
        ],
        as_of,
    )  # fmt: skip


def files(document: Document) -> dict[str, bytes]:
    """What stands for the writers of the files: they say what they were given."""
    text = "\n".join(block.text for block in document.blocks)
    return {"bulletin.txt": f"{document.number}\n{text}".encode(), "manifest.json": b"{}"}


def drafted(session: Session, writer: User, month: date = OCTOBER) -> Edition:
    return start(session, COUNTY, month, writer, DAY)


def approved(session: Session, writer: User, approver: User, month: date = OCTOBER) -> Edition:
    edition = drafted(session, writer, month)
    approve(session, edition, approver)
    return edition


def published(session: Session, writer: User, approver: User, month: date = OCTOBER) -> Edition:
    edition = approved(session, writer, approver, month)
    close_month(session, COUNTY, month, "office", TODAY)
    publish(session, edition, writer, DAY, files)
    return edition


__all__ = ["AGANG", "COUNTY", "OCTOBER", "SEPTEMBER", "TODAY"]
