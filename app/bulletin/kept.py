"""What people have entered for bulletins: the year's targets, texts published elsewhere; and who these people are."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.bulletin.models import PublishedText, Target
from app.clock import month_end
from app.places.models import Region
from app.places.rules import Level


@dataclass(frozen=True, slots=True)
class TargetRow:
    region: Region
    amount: int | None


def target_rows(session: Session, region: str, year: int) -> list[TargetRow]:
    """The region and its children with their own targets (分) of a year."""
    query = (
        select(Region, Target.amount)
        .outerjoin(Target, (Target.region_code == Region.code) & (Target.year == year))
        .where(
            Region.level != Level.VILLAGE,
            or_(Region.code == region, Region.parent_code == region),
        )
    )
    return [TargetRow(*row) for row in session.execute(query.order_by(Region.code))]


def published_text(session: Session, region: str, month: date) -> PublishedText | None:
    query = select(PublishedText).where(
        PublishedText.region_code == region, PublishedText.month == month_end(month)
    )
    return session.scalar(query)


def people_named(session: Session, usernames: set[str]) -> dict[str, str]:
    """Names by username; whoever is no account (the system) is not among them."""
    query = select(User.username, User.name).where(User.username.in_(usernames))
    return {row[0]: row[1] for row in session.execute(query)}
