"""A restored instance is the one that was backed up, whichever of the two databases it was in and goes into."""

import random
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from flask_migrate import downgrade
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import DatabaseError
from sqlalchemy.orm import Session

from app import audit, create_app, keys
from app.accounts import sessions
from app.accounts.devices import Source
from app.accounts.models import Invitation, SignedIn, User
from app.audit import AuditEntry
from app.backup.contents import verify
from app.backup.create import create
from app.backup.lines import BYTES, JSON, TEXT, blocks, kind_of, shapes, tally, unescaped
from app.backup.restore import RESTORED_FROM, restore
from app.db import Base, db, get_setting, put_setting
from app.files import FileStore
from app.loans.models import Borrower, Loan
from app.privacy import keyring
from app.reminders.models import SmsChannel
from app.today import now
from app.trail.verify import verify as verify_trail
from tests.backup.conftest import Blank, back_up, key_of, settings_at, settings_of
from tests.conftest import POSTGRES

NEW = "530399199001010013"
NASTY = {
    "nasty tab": "a\tb",
    "nasty lines": "a\nb\r\nc\x0b\x0c\x08",
    "nasty backslash": r"\N \\N \t \x41 \\",
    "nasty nothing": "\\N",
    "nasty empty": "",
    "nasty Chinese": "岗位“补助”，𠮷",
}


def _fill(app: Flask) -> bytes:
    for key, value in NASTY.items():
        put_setting(db.session(), key, value)
    content = random.Random(1).randbytes(5 << 19)  # two frames and a half
    FileStore(Path(app.instance_path), keyring(), "attachments").keep(content)
    (Path(app.instance_path) / "signing-530324.pem").write_bytes(b"a key")
    office = db.session.scalars(select(User).where(User.username == "office")).one()
    sessions.begin(db.session(), office, Source())
    later = now() + timedelta(days=3)
    db.session.add(Invitation(user_id=office.id, digest="0" * 64, made_at=now(), until=later))
    db.session.add(SmsChannel(name="twilio", price=5, daily_limit=0, monthly_limit=0))
    db.session.commit()
    return content


@pytest.mark.parametrize("to", ["sqlite", POSTGRES])
def test_what_was_there_is_there(demo_app: Flask, db_kind: str, to: str, blank: Blank) -> None:
    content = _fill(demo_app)
    made = back_up(demo_app)
    assert made.manifest.rows > 10_000 and made.header.database == db_kind
    assert verify(made.path, key_of(demo_app)).manifest == made.manifest
    with db.engine.connect() as connection:
        before = {shape.name: tally(connection, shape).rows for shape in shapes(connection)}
    before["audit_entry"] -= 1  # the entry of the backup itself came after it
    numbers = sorted(db.session.scalars(select(Borrower.id_number)))
    db.session.rollback()

    target = blank(to)
    done = restore(made.path, key_of(demo_app), target)
    assert done.manifest == made.manifest and not done.aside
    assert {name: rows for name, (rows, _) in done.manifest.tables.items()} == before
    _look(create_app(settings_at(target)), numbers, content, made.path.name)


def _look(app: Flask, numbers: list[str], content: bytes, name: str) -> None:
    with app.app_context():
        session = db.session()
        assert sorted(session.scalars(select(Borrower.id_number))) == numbers
        assert {key: get_setting(session, key) for key in NASTY} == NASTY
        assert (get_setting(session, RESTORED_FROM) or "").startswith(name)
        store = FileStore(Path(app.instance_path), keyring(), "attachments")
        assert content in {store.read(path.name) for path in store.folder.iterdir()}
        assert (Path(app.instance_path) / "signing-530324.pem").read_bytes() == b"a key"
        assert (Path(app.instance_path) / "data.key").stat().st_mode & 0o777 == 0o600
        assert all(channel.paused_at for channel in session.scalars(select(SmsChannel)))
        assert [one.ended_at is not None for one in session.scalars(select(SignedIn))] == [True]
        assert [one.until < now() for one in session.scalars(select(Invitation))] == [True]
        _goes_on(session)
        db.session.remove()
        db.engine.dispose()


def _goes_on(session: Session) -> None:
    """New rows get new numbers, the trail is whole and still cannot be changed."""
    highest = session.scalar(select(Borrower.id).order_by(Borrower.id.desc()).limit(1)) or 0
    borrower = Borrower(id_number=NEW, name="新来")
    session.add(borrower)
    session.flush()
    assert borrower.id > highest
    audit.record(session, "system", "keys.added", "key", 1)
    session.commit()
    assert verify_trail(session) == []
    restored = session.scalars(select(AuditEntry).where(AuditEntry.action == "backup.restored")).one()
    assert restored.entity_id.startswith("qingshou-")
    session.rollback()
    with pytest.raises(DatabaseError, match=r"audit|trail|append"):
        session.execute(text("UPDATE audit_entry SET actor = 'nobody'"))
    session.rollback()
    with pytest.raises(DatabaseError, match=r"(?i)foreign key"):
        session.execute(text("UPDATE loan SET lender_id = 999999 WHERE id = (SELECT min(id) FROM loan)"))
    session.rollback()


def test_all_of_one_moment(app: Flask, session: Session, blank: Blank) -> None:
    """Somebody commits while the backup is made: rows in a table that is already read, and in one still to come."""
    put_setting(session, "before", "yes")
    session.commit()
    written = []

    def tell(part: str, done: int, _total: int) -> None:
        if part == "tables" and done == 20 and not written:
            written.append(done)
            audit.record(
                session, "system", "keys.added", "key", 1
            )  # audit_entry comes first, setting comes late
            put_setting(session, "meanwhile", "yes")
            session.commit()

    made = create(settings_of(app), "system", tell)
    assert written
    target = blank("sqlite")
    restore(made.path, key_of(app), target)
    with create_app(settings_at(target)).app_context():
        assert get_setting(db.session(), "before") == "yes"
        assert get_setting(db.session(), "meanwhile") is None
        actions = set(db.session.scalars(select(AuditEntry.action)))
        assert "keys.added" not in actions and "backup.restored" in actions
        db.session.remove()
        db.engine.dispose()
    assert get_setting(session, "meanwhile") == "yes"


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_file_that_goes_and_one_that_comes_meanwhile(app: Flask, session: Session, blank: Blank) -> None:
    store = FileStore(Path(app.instance_path), keyring(), "attachments")
    going = store.keep(b"going")
    coming = ""

    def tell(part: str, done: int, _total: int) -> None:
        nonlocal coming
        if part == "tables" and not coming:
            (store.folder / going).unlink()
            coming = store.keep(b"coming")

    made = create(settings_of(app), "system", tell)
    assert {f"attachments/{going}", f"attachments/{coming}"} <= made.manifest.files.keys()
    restore(made.path, key_of(app), target := blank("sqlite"))
    assert FileStore(target.folder, keyring(), "attachments").read(going) == b"going"


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_key_that_is_changed_meanwhile(
    app: Flask, session: Session, blank: Blank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows were read under the old key, which is gone when the backup ends: it opens nevertheless."""
    monkeypatch.setattr(keys, "_PAUSE", 0)
    session.add(Borrower(id_number=NEW, name="某人"))
    session.commit()
    changed = []

    def tell(part: str, done: int, _total: int) -> None:
        if part == "tables" and done == 30 and not changed:
            changed.append(keys.rotate(app, "system").key)

    made = create(settings_of(app), "system", tell)
    assert changed == [2]
    restore(made.path, key_of(app), target := blank("sqlite"))
    restored = create_app(settings_at(target))
    with restored.app_context():
        assert restored.extensions["keyring"].numbers == (1, 2)
        assert db.session.scalars(select(Borrower.id_number)).one() == NEW
        db.session.remove()
        assert keys.rotate(restored, "system").key == 2, "goes on with the change that was under way"
        assert db.session.scalars(select(Borrower.id_number)).one() == NEW
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_an_older_database_is_backed_up_before_its_migration(
    app: Flask, session: Session, blank: Blank
) -> None:
    """The new program makes it, and a restore brings it to the newest migration."""
    session.rollback()
    db.session.remove()
    downgrade(revision="0019")
    made = back_up(app)
    assert made.header.revision == "0019"
    target = blank("sqlite")
    restore(made.path, key_of(app), target)
    with create_app(settings_at(target)).app_context():
        assert db.session.scalar(text("SELECT version_num FROM alembic_version")) > "0019"
        assert db.session.scalar(select(Loan.id).limit(1)) is None
        db.session.remove()
        db.engine.dispose()


def test_every_column_has_a_form() -> None:
    for table in Base.metadata.sorted_tables:
        for column in table.columns:
            type_ = getattr(column.type, "impl_instance", column.type)
            assert kind_of(type_) in ("int", "bool", "date", "instant", TEXT, JSON, BYTES), column
        assert table.primary_key.columns, table.name


def test_a_line_is_written_as_it_is_told(app: Flask, session: Session) -> None:
    """On both databases the same; that it is read back as it was, the round trip shows."""
    for key, value in NASTY.items():
        put_setting(session, key, value)
    session.commit()
    with db.engine.connect() as connection:
        shape = next(shape for shape in shapes(connection) if shape.name == "setting")
        lines = b"".join(blocks(connection, shape)).decode()
    assert "nasty tab\ta\\tb\n" in lines
    assert "nasty nothing\t\\\\N\n" in lines and "nasty empty\t\n" in lines
    assert "nasty lines\ta\\nb\\r\\nc\\v\\f\\b\n" in lines


ESCAPES = {"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r", "\b": "\\b", "\f": "\\f", "\v": "\\v"}


@given(st.text(st.sampled_from("\\tnrbfvNxa\t\n\r\b\f\v")))
def test_an_escaped_text_is_the_same_again(value: str) -> None:
    assert unescaped("".join(ESCAPES.get(letter, letter) for letter in value)) == value
