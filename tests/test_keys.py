"""Changing the key: nothing is lost or doubled meanwhile, wherever it is killed, and the old key ends with it."""

import ast
import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import LargeBinary, func, select, type_coerce
from sqlalchemy.orm import Session

from app import create_app, keys
from app.config import ConfigError
from app.db import Base, db, get_setting
from app.fairness.models import BorrowerPhone
from app.files import FileStore
from app.keys import KeyRefused, rotate, sealed_columns, status
from app.loans.models import Borrower, Household
from app.privacy import ID_NUMBER, Keyring, keyring, read_keys, write_keys
from app.startup import KEY_FINGERPRINT
from app.today import now
from tests.intake.world import OCTOBER, SEPTEMBER, people, take
from tests.ledger.factory import ledger_row
from tests.test_privacy import settings_of

APP = Path(keys.__file__).parent
COUNT = 12
PHONE = "15400001234"


class Killed(BaseException):
    """What ends a process in the middle."""


def number(of: int) -> str:
    return f"5303991990010{of:05d}"


@pytest.fixture
def filled(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Session:
    """People, a further number of one of them, and three files."""
    monkeypatch.setattr(keys, "_PAUSE", 0)
    session.add_all(
        [Borrower(id_number=number(n), name="张三", phone=f"1540000{n:04d}") for n in range(COUNT)]
    )
    session.add_all([Household(head_id_number=number(n), head_name="张三") for n in range(COUNT)])
    session.flush()
    first = session.scalars(select(Borrower.id).order_by(Borrower.id).limit(1)).one()
    session.add(BorrowerPhone(borrower_id=first, number=PHONE, added_at=now()))
    session.commit()
    store = FileStore(Path(app.instance_path), keyring(), "attachments")
    for content in (b"one", b"two", b"three"):
        store.keep(content)
    return session


def values(session: Session) -> dict[str, str | None]:
    session.expire_all()
    return {one.id_number: one.phone for one in session.scalars(select(Borrower))}


def versions(session: Session) -> set[int]:
    """The keys under which anything stands in the database."""
    found: set[int] = set()
    for column in sealed_columns():
        first = func.substr(type_coerce(column, LargeBinary()), 1, 1, type_=LargeBinary())
        found |= {
            bytes(one)[0] for one in session.scalars(select(first).where(column.is_not(None)).distinct())
        }
    return found


def test_the_key_is_changed_and_everything_still_opens(app: Flask, filled: Session) -> None:
    before, old = values(filled), (Path(app.instance_path) / "data.key").read_text()
    done = rotate(app, "system", batch=5)
    assert (done.key, done.values, done.files, done.damaged) == (2, 3 * COUNT + 1, 3, 0)
    assert values(filled) == before and versions(filled) == {2}
    file = Path(app.instance_path) / "data.key"
    assert list(read_keys(file.read_text())) == [2] and old.strip() not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600
    assert get_setting(filled, KEY_FINGERPRINT) == keyring().fingerprint
    store = FileStore(Path(app.instance_path), keyring(), "attachments")
    assert {store.read(path.name) for path in store.folder.iterdir()} == {b"one", b"two", b"three"}
    found = status(filled, Path(app.instance_path), keyring())
    assert (found.keys, found.older, found.under(2)) == ((2,), 0, 3 * COUNT + 4)
    assert rotate(app, "system").key == 3 and values(filled) == before
    with contextlib.closing(db.engine.connect()):
        again = create_app(settings_of(app))
    assert again.extensions["keyring"].fingerprint == keyring().fingerprint
    file.write_text(old)
    with pytest.raises(ConfigError, match="not the one"):
        create_app(settings_of(app))


@pytest.mark.parametrize("after", range(12))
def test_killed_after_any_batch_it_goes_on(app: Flask, filled: Session, db_kind: str, after: int) -> None:
    """In between, whoever looks for somebody finds them under either key, and nobody can be added twice."""
    if db_kind == "postgresql" and after % 4:
        pytest.skip("a sample on PostgreSQL")
    before, told = values(filled), 0

    def tell(*_: object) -> None:
        nonlocal told
        told += 1
        if told > after:
            raise Killed

    with contextlib.suppress(Killed):
        rotate(app, "system", tell, batch=5)
    db.session.rollback()
    assert values(filled) == before
    for n in range(COUNT):
        assert filled.scalars(select(Borrower).where(Borrower.id_number == number(n))).one().phone
        assert filled.scalars(select(Borrower).where(Borrower.phone.in_([f"1540000{n:04d}"]))).one()
    others = select(func.count()).select_from(Borrower).where(Borrower.id_number != number(0))
    assert filled.scalar(others) == COUNT - 1
    assert filled.scalars(select(BorrowerPhone).where(BorrowerPhone.number == PHONE)).one()
    filled.rollback()
    assert rotate(app, "system", batch=5).key == 2
    assert values(filled) == before and versions(filled) == {2} and not keyring().is_changing


@pytest.mark.parametrize("db_kind", ["sqlite"])
@pytest.mark.parametrize("step", [1, 2])
def test_killed_around_the_keys_file(
    app: Flask, filled: Session, step: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before the new key is in the file, and before the old one leaves it."""
    before, calls = values(filled), 0

    def write(path: Path, content: dict[int, bytes]) -> None:
        nonlocal calls
        calls += 1
        if calls == step:
            raise Killed
        write_keys(path, content)

    monkeypatch.setattr(keys, "write_keys", write)
    with pytest.raises(Killed):
        rotate(app, "system")
    db.session.rollback()
    with app.app_context():
        create_app(settings_of(app))  # starts with either state
    assert rotate(app, "system").key == 2
    assert values(filled) == before and versions(filled) == {2}


@pytest.mark.slow  # another process, killed for real
def test_killed_by_the_system(app: Flask, filled: Session, db_kind: str) -> None:
    before = values(filled)
    filled.rollback()
    db.engine.dispose()
    child = os.fork()
    if not child:
        with contextlib.suppress(BaseException):
            rotate(app, "system", lambda *_: time.sleep(0.02), batch=1)
        os._exit(0)
    time.sleep(0.3)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert keyring().is_changing and versions(filled) == {1, 2}
    assert values(filled) == before
    filled.rollback()
    rotate(app, "system")
    assert values(filled) == before and versions(filled) == {2}


def test_an_import_in_the_middle_knows_everybody_again(
    app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same people under the old key are the same people; their phones have not changed."""
    monkeypatch.setattr(keys, "_PAUSE", 0)
    rows = [
        ledger_row(
            contract_no=f"HT-{n}", id_number=number(n), head_id=number(n - n % 2), phone=f"1540000{n:04d}"
        )
        for n in range(8)
    ]
    take(session, rows, SEPTEMBER)
    session.commit()
    before, told = people(session), 0
    homes = session.scalar(select(func.count()).select_from(Household))
    session.rollback()

    def tell(*_: object) -> None:
        nonlocal told
        told += 1
        if told == 3:
            raise Killed

    with contextlib.suppress(Killed):
        rotate(app, "system", tell, batch=2)
    session.rollback()
    assert keyring().is_changing and versions(session) == {1, 2}
    session.rollback()
    report = take(session, rows, OCTOBER)
    session.commit()
    assert (report.counts()["new"], people(session)) == (0, before)
    assert session.scalar(select(func.count()).select_from(Household)) == homes
    session.rollback()
    rotate(app, "system")
    assert people(session) == before and versions(session) == {2}


def test_another_process_learns_of_the_new_key_before_it_seals(app: Flask, filled: Session) -> None:
    file = Path(app.instance_path) / "data.key"
    other = Keyring.load(file, may_create=False)
    sealed = other.seal(number(1), ID_NUMBER)
    rotate(app, "system")
    assert other.open(keyring().seal(number(1), ID_NUMBER), ID_NUMBER) == number(1)
    other.refresh()
    assert other.seal(number(1), ID_NUMBER) == keyring().seal(number(1), ID_NUMBER) != sealed
    assert other.open(sealed, ID_NUMBER) == number(1)  # a page that began before
    file.write_text("nonsense")
    other.refresh()
    assert other.seal(number(1), ID_NUMBER) == keyring().seal(number(1), ID_NUMBER)


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_damaged_file_is_told_and_does_not_hinder(app: Flask, filled: Session) -> None:
    (Path(app.instance_path) / "attachments" / "broken").write_bytes(b"\x01nothing that opens")
    assert rotate(app, "system").damaged == 1


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_the_last_number(app: Flask, filled: Session) -> None:
    file = Path(app.instance_path) / "data.key"
    (key,) = read_keys(file.read_text()).values()
    write_keys(file, {255: key})
    with pytest.raises(KeyRefused, match="255 keys"):
        rotate(app, "system")


@pytest.mark.parametrize(
    "text", ["", "x", "1:", ":" + "00" * 64, "0:" + "00" * 64, "256:" + "00" * 64, "1:00"]
)
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError, match=r"key|hex|bit|int|bytes|Key"):
        read_keys(text)


def test_everything_that_is_sealed_takes_part() -> None:
    """Columns by their type; folders by name: each that a slice keeps sealed files in must be known here."""
    assert {
        "borrower.id_number",
        "household.head_id_number",
        "borrower_phone.number",
        "outbox_message.phone",
    } <= {str(column) for column in sealed_columns()}
    for table in Base.metadata.tables.values():
        assert len(table.primary_key.columns) == 1 or not [c for c in sealed_columns() if c.table is table]
    folders, seals = set(), set()
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "FileStore":
                folders |= {a.value for a in node.args if isinstance(a, ast.Constant)}
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in ("seal", "seal_file"):
                seals.add(str(path.relative_to(APP)))
    assert folders and folders | {"imports"} == set(keys.SEALED_FOLDERS)
    known = {"privacy.py", "keys.py", "files.py", "ledger/store.py", "ledger/stage.py"}
    assert seals <= known, f"sealed beside the columns: teach app/keys.py to rotate it too: {seals - known}"
