"""The trail: append-only in the database, chained so that a change is found, and without personal numbers."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app import audit
from app.audit import AuditEntry, AuditHead, beginning, digest_of, record
from app.db import db
from app.trail.verify import Fault, against_anchor, anchors_in, first_broken, verify
from tests.loans.portfolio import AGANG, collector

PERSONAL = re.compile(r"(?<!\d)\d{17}[\dX](?!\d)|(?<!\d)1\d{10}(?!\d)")


@pytest.fixture
def trail(session: Session) -> list[int]:
    """The numbers of the entries of a trail that the loading of the places has begun."""
    for number in range(3):
        record(session, "office", "test.change", "thing", number, before={"n": number}, after={"n": "三"})
    session.commit()
    return list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id)))


@contextmanager
def triggers_away(session: Session) -> Iterator[None]:
    """What somebody with all rights on the database could do; the table's own refusal is not asked."""
    if session.connection().dialect.name == "sqlite":
        named = "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = 'audit_entry'"
        triggers = session.execute(text(named)).all()
        assert triggers
        for trigger in triggers:
            session.execute(text(f"DROP TRIGGER {trigger.name}"))
        yield
        for trigger in triggers:
            session.execute(text(trigger.sql))
    else:
        session.execute(text("ALTER TABLE audit_entry DISABLE TRIGGER USER"))
        yield
        session.execute(text("ALTER TABLE audit_entry ENABLE TRIGGER USER"))
    session.commit()
    session.expire_all()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_entry SET actor = 'nobody'",
        "UPDATE audit_entry SET digest = digest",
        "DELETE FROM audit_entry",
        "DELETE FROM audit_entry WHERE id = (SELECT max(id) FROM audit_entry)",
    ],
)
def test_the_database_refuses_to_change_the_trail(session: Session, trail: list[int], statement: str) -> None:
    with pytest.raises(DatabaseError, match="append-only"):
        session.execute(text(statement))
    session.rollback()
    assert list(session.scalars(select(AuditEntry.id).order_by(AuditEntry.id))) == trail
    assert first_broken(session) is None


def test_the_database_refuses_the_ways_round_it(session: Session, trail: list[int], db_kind: str) -> None:
    replacing = (
        "INSERT OR REPLACE INTO audit_entry SELECT id, at, 'nobody', action, entity, entity_id, detail, "
        "previous, digest, region_code, number FROM audit_entry"
    )
    with pytest.raises(DatabaseError, match="append-only"):
        session.execute(text(replacing if db_kind == "sqlite" else "TRUNCATE audit_entry CASCADE"))
    session.rollback()
    assert first_broken(session) is None


COLUMNS = ("at", "actor", "action", "entity", "entity_id", "detail")


def faults(session: Session) -> list[tuple[Fault, int, int]]:
    return [(one.fault, one.first, one.last) for one in verify(session)]


def number_of(session: Session, entry_id: int) -> int:
    return session.scalars(select(AuditEntry.number).where(AuditEntry.id == entry_id)).one()


@pytest.mark.parametrize(
    "change",
    [
        {"actor": "nobody"},
        {"action": "test.other"},
        {"entity_id": "9"},
        {"detail": {"before": {"n": 1}, "after": {"n": "四"}}},
        {"at": datetime(2023, 1, 1, tzinfo=UTC)},
        {"previous": "0" * 64},
        {"digest": "f" * 64},
    ],
    ids=lambda change: next(iter(change)),
)
def test_a_changed_entry_is_named(session: Session, trail: list[int], change: dict[str, object]) -> None:
    number = number_of(session, trail[-2])
    with triggers_away(session):
        session.execute(update(AuditEntry).where(AuditEntry.id == trail[-2]).values(**change))
    assert faults(session)[0] == (Fault.CHANGED, number, number)


def test_a_changed_entry_with_a_digest_to_fit_is_named(session: Session, trail: list[int]) -> None:
    """Who knows how a digest is made still cannot make the next entry continue another one."""
    entry = session.get_one(AuditEntry, trail[-2])
    content = {name: getattr(entry, name) for name in COLUMNS} | {"actor": "nobody"}
    digest, number = digest_of(entry.previous, *content.values()), entry.number  # type: ignore[arg-type]
    with triggers_away(session):
        changed = update(AuditEntry).where(AuditEntry.id == trail[-2]).values(actor="nobody", digest=digest)
        session.execute(changed)
    assert faults(session) == [(Fault.CHANGED, number, number)]


def test_a_removed_entry_is_named(session: Session, trail: list[int]) -> None:
    number = number_of(session, trail[-2])
    with triggers_away(session):
        session.execute(delete(AuditEntry).where(AuditEntry.id == trail[-2]))
    assert faults(session) == [(Fault.REMOVED, number, number)]


def test_a_removed_entry_with_the_rest_numbered_anew_is_found(session: Session, trail: list[int]) -> None:
    number = number_of(session, trail[-2])
    with triggers_away(session):
        session.execute(delete(AuditEntry).where(AuditEntry.id == trail[-2]))
        session.execute(update(AuditEntry).where(AuditEntry.id == trail[-1]).values(number=number))
    assert (Fault.REMOVED, number - 1, number - 1) in faults(session)


def test_a_cut_off_end_is_named(session: Session, trail: list[int]) -> None:
    number = number_of(session, trail[-2])
    with triggers_away(session):
        session.execute(delete(AuditEntry).where(AuditEntry.id >= trail[-2]))
    assert faults(session) == [(Fault.CUT_OFF, number, number + 1)]


def test_a_cut_off_end_with_its_head_set_back_is_told_by_an_anchor(
    session: Session, trail: list[int]
) -> None:
    kept = json.loads(json.dumps({"manifest": 1, "audit": audit.anchors(session)}))
    last = session.get_one(AuditEntry, trail[-2])
    before, number, region = last.previous, last.number, last.region_code
    assert [against_anchor(session, one) for one in anchors_in(kept)] == [None] * len(kept["audit"])
    with triggers_away(session):
        session.execute(delete(AuditEntry).where(AuditEntry.id >= trail[-2]))
        head = update(AuditHead).where(AuditHead.region_code == region)
        session.execute(head.values(number=number - 1, digest=before))
    assert faults(session) == []  # the database alone cannot tell
    (found,) = [one for one in (against_anchor(session, a) for a in anchors_in(kept)) if one]
    assert (found.fault, found.first, found.last) == (Fault.CUT_OFF, number, number + 1)
    record(session, "office", "test.change", "thing", 1, region=region)
    record(session, "office", "test.change", "thing", 2, region=region)
    (found,) = [one for one in (against_anchor(session, a) for a in anchors_in(kept)) if one]
    assert found.fault is Fault.CHANGED  # written on as if nothing had been


def test_an_inserted_entry_is_named(session: Session, trail: list[int]) -> None:
    """At the end, and between two, with all numbers after it moved on and a digest that fits."""
    last = session.get_one(AuditEntry, trail[-1])
    forged = {name: getattr(last, name) for name in COLUMNS} | {"previous": last.previous, "actor": "nobody"}
    digest = digest_of(last.previous, *(forged[name] for name in COLUMNS))
    forged |= {"digest": digest, "region_code": last.region_code, "number": last.number + 1}
    number, region = last.number, last.region_code
    session.execute(insert(AuditEntry).values(id=trail[-1] + 1, **forged))
    assert faults(session) == [(Fault.INSERTED, number + 1, number + 1)]
    session.rollback()
    with triggers_away(session):
        session.execute(update(AuditEntry).where(AuditEntry.id == trail[-1]).values(number=number + 1))
        session.execute(insert(AuditEntry).values(id=trail[-1] + 1, **forged | {"number": number}))
        session.execute(update(AuditHead).where(AuditHead.region_code == region).values(number=number + 1))
    assert faults(session) == [(Fault.INSERTED, number, number)]


def test_reordered_entries_are_named(session: Session, trail: list[int]) -> None:
    one, two = (number_of(session, entry_id) for entry_id in trail[-3:-1])
    with triggers_away(session):
        for entry_id, number in ((trail[-3], 999), (trail[-2], one), (trail[-3], two)):
            session.execute(update(AuditEntry).where(AuditEntry.id == entry_id).values(number=number))
    ((fault, first, last),) = faults(session)
    assert fault is Fault.REORDERED and first <= one and last >= two


def test_a_forged_end_does_not_hide_behind_a_lost_head(session: Session, trail: list[int]) -> None:
    """The last entries cut away, and the row that remembers the end with them."""
    with triggers_away(session):
        session.execute(delete(AuditHead))
        session.execute(delete(AuditEntry).where(AuditEntry.id >= trail[-2]))
    assert first_broken(session) is not None


def test_each_county_has_its_own_chain(session: Session, trail: list[int]) -> None:
    """By the actor's account, by what is said, and beside somebody's act; what is moved to another is found."""
    agang = collector(session, AGANG, "agang")
    mine = record(session, agang.username, "test.change", "thing", 1)
    beside = record(session, audit.SYSTEM, "test.change", "thing", 2)
    other = record(session, agang.username, "test.change", "thing", 3, region="530302001000")
    assert (mine.region_code, beside.region_code, other.region_code) == ("530324", "530324", "530302")
    assert (beside.number, other.number) == (mine.number + 1, 1)
    assert other.previous == beginning("530302") and other.detail == {"region": "530302001000"}
    session.commit()
    assert faults(session) == []
    assert audit.anchor(session, "530302001000") == {"region": "530302", "last": 1, "digest": other.digest}
    moved = other.id
    with triggers_away(session):
        session.execute(update(AuditEntry).where(AuditEntry.id == moved).values(region_code="530399"))
    assert {one.region for one in verify(session)} == {"530302", "530399"}


def test_the_chain_is_whole_and_says_what_happened(session: Session, trail: list[int]) -> None:
    assert first_broken(session) is None
    entries = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert len({entry.region_code for entry in entries[-3:]}) == 1
    assert [entry.previous for entry in entries[-2:]] == [entry.digest for entry in entries[-3:-1]]
    last = entries[-1]
    assert (last.actor, last.action, last.entity, last.entity_id) == ("office", "test.change", "thing", "2")
    assert last.detail == {"before": {"n": 2}, "after": {"n": "三"}}
    assert last.at.tzinfo is not None and abs(datetime.now(UTC) - last.at).total_seconds() < 60


def test_an_empty_trail_is_whole(session: Session) -> None:
    with triggers_away(session):
        session.execute(delete(AuditHead))
        session.execute(delete(AuditEntry))
    assert first_broken(session) is None


def test_what_is_rolled_back_leaves_no_trace_and_no_gap_in_the_chain(
    session: Session, trail: list[int]
) -> None:
    record(session, "office", "test.undone", "thing", 1)
    session.rollback()
    record(session, "office", "test.done", "thing", 1)
    session.commit()
    assert session.scalar(select(func.count()).where(AuditEntry.action == "test.undone")) == 0
    assert first_broken(session) is None


def test_what_cannot_be_stored_is_refused_before_the_chain_moves(session: Session, trail: list[int]) -> None:
    with pytest.raises(TypeError):
        record(session, "office", "test.change", "thing", 1, when=datetime(2023, 1, 1, tzinfo=UTC))
    session.rollback()
    assert first_broken(session) is None


def test_two_processes_make_one_chain(app: Flask, session: Session, trail: list[int]) -> None:
    """The second writer waits for the first, or would chain to the same entry."""
    with Session(db.engine) as other:
        record(session, "one", "test.change", "thing", 1)
        session.commit()
        record(other, "two", "test.change", "thing", 2)
        other.commit()
        record(session, "one", "test.change", "thing", 3)
        session.commit()
    assert first_broken(session) is None


@pytest.mark.slow  # loads the demonstration
def test_the_demonstrations_trail_is_whole_and_without_personal_numbers(demo_app: Flask) -> None:
    session = db.session()
    assert first_broken(session) is None
    entries = session.scalars(select(AuditEntry)).all()
    assert {"places.load", "accounts.add", "cases.sweep", "contacts.note"} <= {
        entry.action for entry in entries
    }
    for entry in entries:
        told = json.dumps([entry.actor, entry.entity_id, entry.detail], ensure_ascii=False)
        assert not PERSONAL.search(told), told
    assert PERSONAL.search("530399199001011234") and PERSONAL.search("x13800001234 ")  # the search can find


def test_the_same_entry_gives_the_same_digest() -> None:
    moment = datetime(2023, 11, 8, 9, 30, tzinfo=UTC)
    one = audit.digest_of("0" * 64, moment, "office", "a", "e", "1", {"b": 1, "a": "三"})
    assert one == audit.digest_of("0" * 64, moment, "office", "a", "e", "1", {"a": "三", "b": 1})
    assert one != audit.digest_of("0" * 64, moment, "office", "a", "e", "1", {"a": "三", "b": 2})
