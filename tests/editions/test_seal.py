"""The seal: what was signed, under which key, in one spelling only; and where the key lies."""

import stat
from pathlib import Path

import pytest
from flask import Flask

from app.config import ConfigError
from app.editions.seal import SigningKey, verifies
from app.sealing import key_path, known_public_key, signing_key

MESSAGE = "罗平县".encode()


def test_only_what_was_signed_verifies() -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    signature = key.sign(MESSAGE)
    assert verifies(key.public_key, signature, MESSAGE)
    assert not verifies(key.public_key, signature, MESSAGE + b" ")
    assert not verifies(other.public_key, signature, MESSAGE)
    assert not verifies(key.public_key, other.sign(MESSAGE), MESSAGE)


def test_the_same_bytes_in_another_spelling_do_not_verify() -> None:
    key = SigningKey.generate()
    signature = key.sign(MESSAGE)  # 64 bytes: the last sign but two has bits that say nothing
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    last = alphabet[alphabet.index(signature[-3]) ^ 1]
    assert not verifies(key.public_key, f"{signature[:-3]}{last}==", MESSAGE)
    assert not verifies(key.public_key + "\n", signature, MESSAGE)


@pytest.mark.parametrize("junk", ["", "x", "é", "AAAA", "=" * 44, "\ud800"])
def test_junk_verifies_nothing(junk: str) -> None:
    key = SigningKey.generate()
    assert not verifies(junk, key.sign(MESSAGE), MESSAGE)
    assert not verifies(key.public_key, junk, MESSAGE)


def test_a_key_comes_back_from_its_file() -> None:
    key = SigningKey.generate()
    assert SigningKey.from_pem(key.to_pem()).sign(MESSAGE) == key.sign(MESSAGE)
    for pem in (b"", b"-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"):
        with pytest.raises(ValueError, match=r".*"):
            SigningKey.from_pem(pem)


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_a_county_has_one_key_that_only_its_owner_reads(app: Flask) -> None:
    assert known_public_key("530324") is None
    key = signing_key("530324")
    path: Path = key_path("530324")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert known_public_key("530324") == signing_key("530324").public_key == key.public_key
    assert signing_key("530325").public_key != key.public_key
    path.write_bytes(b"damaged")
    with pytest.raises(ConfigError, match="holds no signing key"):
        signing_key("530324")
