"""What the names in a ledger's rows stand for: lenders, branches, villages; and making those that are new."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.clock import DueDateRule
from app.labels import T
from app.ledger.models import HeaderChoice
from app.ledger.rows import FileRefused, LedgerRow
from app.ledger.rules import lender_and_branch
from app.places.actions import FIRST_PROVISIONAL, LAST_PROVISIONAL, lender_named
from app.places.models import Branch, Lender, Region
from app.places.rules import Level


@dataclass(frozen=True, slots=True)
class Names:
    """Lenders by name, branches by (lender's id, name), villages by (township's code, name)."""

    lenders: Mapping[str, tuple[int, DueDateRule]]
    branches: Mapping[tuple[int, str], int]
    villages: Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class Unknown:
    """Names that this database does not know yet: lenders, (lender, branch), (township's code, village)."""

    lenders: tuple[str, ...]
    branches: tuple[tuple[str, str], ...]
    villages: tuple[tuple[str, str], ...]

    def __bool__(self) -> bool:
        return bool(self.lenders or self.branches or self.villages)


def with_lenders(rows: Iterable[LedgerRow], known: set[str], default: str) -> list[LedgerRow]:
    """Every row with its lender: its own, else the default. Raises FileRefused where there is neither."""
    known = known | {default} - {""}
    answers: dict[tuple[str | None, str | None], tuple[str, str | None]] = {}
    settled = []
    for row in rows:
        asked = (row.lender, row.branch)
        if asked not in answers:
            answers[asked] = lender_and_branch(row.lender or default, row.branch, known)
        settled.append(
            row
            if answers[asked] == asked
            else row._replace(lender=answers[asked][0], branch=answers[asked][1])
        )
    if any(not row.lender for row in settled):
        raise FileRefused(T("The file does not say which bank the loans are from. Name the lender."))
    return settled


def look_up(session: Session, rows: Sequence[LedgerRow]) -> tuple[Names, Unknown]:
    """What the database knows of the names in the rows. An unknown lender stands as the impossible id 0."""
    known = {lender.name: (lender.id, lender.due_date_rule) for lender in session.scalars(select(Lender))}
    lenders = {row.lender: (0, DueDateRule.NONE) for row in rows if row.lender} | known
    branches = {(b.lender_id, b.name): b.id for b in session.scalars(select(Branch))}
    villages = {
        (r.parent_code or "", r.name): r.code
        for r in session.scalars(select(Region).where(Region.level == Level.VILLAGE))
    }
    named = {(row.lender, row.branch) for row in rows if row.lender and row.branch}
    unknown = Unknown(
        lenders=tuple(sorted(lenders.keys() - known.keys())),
        branches=tuple(
            sorted((lender, name) for lender, name in named if (lenders[lender][0], name) not in branches)
        ),
        villages=tuple(
            sorted({(row.township_code, row.village) for row in rows if row.village} - villages.keys())
        ),
    )
    return Names(lenders, branches, villages), unknown


def make(session: Session, unknown: Unknown) -> None:
    """Make what is unknown; villages get provisional codes outside the range of real ones."""
    for name in unknown.lenders:
        lender_named(session, name)
    for lender, name in unknown.branches:
        session.add(Branch(lender_id=lender_named(session, lender).id, name=name))
    numbers: dict[str, int] = {}
    for township, name in unknown.villages:
        number = numbers[township] = numbers.get(township, _last_village(session, township)) + 1
        if number > LAST_PROVISIONAL:
            raise FileRefused(
                T("Too many unknown villages in one township. Load the county's villages first.")
            )
        session.add(
            Region(
                code=f"{township}{number}",
                parent_code=township,
                level=Level.VILLAGE,
                name=name,
                short=name,
                provisional=True,
            )
        )
    session.flush()


def _last_village(session: Session, township: str) -> int:
    last = session.scalar(
        select(func.max(Region.code)).where(Region.parent_code == township, Region.provisional)
    )
    return int(last[-3:]) if last else FIRST_PROVISIONAL - 1


def header_choices(session: Session, lender: str) -> dict[str, str]:
    """What column titles mean by earlier choice: the lender's own, or what all lenders agree on when none is named."""
    query = select(HeaderChoice)
    if lender:
        query = query.join(Lender, Lender.id == HeaderChoice.lender_id).where(Lender.name == lender)
    choices: dict[str, set[str]] = {}
    for choice in session.scalars(query):
        choices.setdefault(choice.header, set()).add(choice.field)
    return {header: next(iter(fields)) for header, fields in choices.items() if len(fields) == 1}


def remember_headers(session: Session, lender_name: str, choices: Mapping[str, str | None]) -> None:
    """Remember what a lender's own column titles mean: a field, "" for a column to ignore, None to forget."""
    lender = lender_named(session, lender_name)
    known = {
        c.header: c for c in session.scalars(select(HeaderChoice).where(HeaderChoice.lender_id == lender.id))
    }
    for header, field in choices.items():
        if field is None:
            if header in known:
                session.delete(known[header])
        elif header in known:
            known[header].field = field
        else:
            session.add(HeaderChoice(lender_id=lender.id, header=header, field=field))
