"""Personal data at rest: sealed, still found by equality, masked on screen; and no start with the wrong key."""

import stat
from collections.abc import Callable
from pathlib import Path

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import create_app
from app.config import ConfigError, Settings
from app.db import db
from app.loans.models import Borrower, Household
from app.privacy import ID_NUMBER, PHONE, Keyring, mask_id, mask_phone

NUMBER, OTHER = "530399199001011234", "530399199001011235"
KEY = bytes(range(64))
RING, OTHER_RING = Keyring(KEY), Keyring(KEY[::-1])
WRITTEN = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


@pytest.mark.parametrize(
    "spoil",
    [
        lambda sealed: sealed[:-1],
        lambda sealed: sealed[:-1] + bytes([sealed[-1] ^ 1]),
        lambda sealed: sealed[:1],
        lambda sealed: b"",
        lambda sealed: sealed[:1] + b"\0" * 16 + sealed[17:],
    ],
    ids=["cut", "a bit changed", "only the version", "nothing", "another tag"],
)
def test_what_was_tampered_with_does_not_open(spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(ValueError, match="sealed with another key"):
        RING.open(spoil(RING.seal(NUMBER, ID_NUMBER)), ID_NUMBER)
    with pytest.raises(ValueError, match="sealed with another key"):
        RING.open_file(spoil(RING.seal_file(b"a ledger")))


def test_another_key_or_another_kind_of_column_does_not_open_it() -> None:
    sealed = RING.seal(NUMBER, ID_NUMBER)
    for ring, context in ((OTHER_RING, ID_NUMBER), (RING, PHONE)):
        with pytest.raises(ValueError, match="sealed with another key"):
            ring.open(sealed, context)
    with pytest.raises(ValueError, match="sealed with another key"):
        OTHER_RING.open_file(RING.seal_file(b"a ledger"))


@given(WRITTEN, st.sampled_from([ID_NUMBER, PHONE]))
def test_what_is_sealed_opens_again_and_shows_nothing(written: str, context: str) -> None:
    sealed = RING.seal(written, context)
    assert RING.open(sealed, context) == written
    assert len(written) < 6 or written.encode() not in sealed
    assert sealed == RING.seal(written, context)  # what makes a look-up by equality possible


@given(st.binary(max_size=300).filter(bool))
def test_files_are_sealed_differently_every_time(content: bytes) -> None:
    first, second = RING.seal_file(content), RING.seal_file(content)
    assert first != second
    assert RING.open_file(first) == RING.open_file(second) == content


def test_the_fingerprint_tells_keys_apart() -> None:
    assert RING.fingerprint == Keyring(KEY).fingerprint != OTHER_RING.fingerprint
    assert KEY.hex() not in RING.fingerprint


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        (None, ""),
        ("", ""),
        ("530324199001011234", "530324********1234"),
        ("53032419900101123X", "530324********123X"),
        ("530324900101123", "530324*****1123"),  # of the 15 digits of before 1999
        ("5303241990", "**********"),  # too short to show anything of it
        ("53032419901", "***********"),
        ("1", "*"),
    ],
)
def test_an_id_number_is_masked(number: str | None, masked: str) -> None:
    assert mask_id(number) == masked


@pytest.mark.parametrize(
    ("number", "masked"),
    [
        (None, ""),
        ("", ""),
        ("13800001234", "138****1234"),
        ("087482123456", "087*****3456"),
        ("8212345", "*******"),
        ("82123456", "********"),  # a local number: three and four of eight would be nearly all of it
        ("12", "**"),
    ],
)
def test_a_phone_is_masked(number: str | None, masked: str) -> None:
    assert mask_phone(number) == masked


@given(st.text("0123456789X", max_size=24), st.sampled_from([mask_id, mask_phone]))
def test_a_mask_keeps_the_length_and_hides_four_at_least(number: str, mask: Callable[[str], str]) -> None:
    masked = mask(number)
    assert len(masked) == len(number)
    assert masked.count("*") >= min(4, len(number))


# In the database.
def borrower(session: Session, number: str, phone: str | None = None) -> Borrower:
    made = Borrower(id_number=number, name="张三", phone=phone)
    session.add(made)
    session.flush()
    return made


def test_the_database_holds_no_number_and_finds_it_by_equality(session: Session) -> None:
    borrower(session, OTHER, "13900001234")
    made = borrower(session, NUMBER, "13800001234")
    session.commit()
    assert session.scalars(select(Borrower).where(Borrower.id_number == NUMBER)).one() is made
    assert session.scalars(select(Borrower).where(Borrower.phone == "13800001234")).one() is made
    assert session.scalars(select(Borrower).where(Borrower.phone.in_(["13800001234"]))).one() is made
    assert session.scalar(select(Borrower).where(Borrower.id_number == "13800001234")) is None
    rows = session.execute(text("SELECT id_number, phone FROM borrower")).all()
    for column in (bytes(value) for row in rows for value in row):
        assert NUMBER.encode() not in column and b"1380000" not in column
    session.expire_all()
    assert (made.id_number, made.phone) == (NUMBER, "13800001234")


def test_a_person_is_there_once(session: Session) -> None:
    borrower(session, NUMBER)
    with pytest.raises(IntegrityError):
        borrower(session, NUMBER)
    session.rollback()
    session.add_all([Household(head_id_number=NUMBER, head_name="张三") for _ in range(2)])
    with pytest.raises(IntegrityError):
        session.flush()


def test_no_phone_is_no_phone(session: Session) -> None:
    made = borrower(session, NUMBER, None)
    session.commit()
    assert made.phone is None
    assert session.scalars(select(Borrower).where(Borrower.phone.is_(None))).one() is made


# The start.
def start(settings: Settings) -> Flask:
    app = create_app(settings)
    with app.app_context():
        db.engine.dispose()
    return app


def settings_of(app: Flask) -> Settings:
    return Settings.load(
        {"QINGSHOU_INSTANCE_PATH": app.instance_path, "DATABASE_URL": app.config["SQLALCHEMY_DATABASE_URI"]}
    )


def test_the_key_is_made_once_for_its_owner_outside_the_database(app: Flask) -> None:
    key = Path(app.instance_path) / "data.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert len(bytes.fromhex(key.read_text())) == 64
    before = key.read_bytes()
    assert start(settings_of(app)).extensions["keyring"].fingerprint == app.extensions["keyring"].fingerprint
    assert key.read_bytes() == before


@pytest.mark.parametrize("db_kind", ["sqlite"])
@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (lambda key: key.unlink(), "is missing, and this database was written with it"),
        (lambda key: key.write_text(KEY.hex()), "is not the one this database was written with"),
        (lambda key: key.write_bytes(b""), "is empty"),
        (lambda key: key.write_text(KEY.hex()[:-1]), "is damaged"),
        (lambda key: key.write_text(KEY.hex()[:-2]), "is damaged"),
        (lambda key: key.write_bytes(KEY + b"\xff"), "is damaged"),
    ],
    ids=["missing", "another", "empty", "a digit short", "a byte short", "binary"],
)
def test_no_start_with_a_key_that_does_not_fit(
    app: Flask, spoil: Callable[[Path], object], told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.config.FIRST_START_PAUSE", 0)
    settings = settings_of(app)
    key = settings.instance / "data.key"
    spoil(key)
    left = key.read_bytes() if key.exists() else None
    with pytest.raises(ConfigError) as refused:
        start(settings)
    message = str(refused.value)
    assert told in message and str(key) in message and "\n" not in message
    assert (key.read_bytes() if key.exists() else None) == left, "a refused start must not touch the key"


def test_a_key_with_a_line_end_is_the_same_key(app: Flask) -> None:
    """An editor, or a copy from paper, ends the file with a line."""
    key = Path(app.instance_path) / "data.key"
    key.write_text(key.read_text() + "\n")
    assert start(settings_of(app)).extensions["keyring"].fingerprint == app.extensions["keyring"].fingerprint
