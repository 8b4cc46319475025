"""Personal data: encrypted columns that can still be looked up by equality, and the masks shown by default.

AES-SIV is deterministic: the same number under the same key and context gives the same ciphertext. That is what
makes an equality look-up (and a UNIQUE constraint) possible without a second column. What it gives away is only
which rows hold the same value, which the foreign keys show anyway. The key lives in a file outside the database.
"""

import os
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from flask import current_app
from sqlalchemy import Dialect, LargeBinary
from sqlalchemy.types import TypeDecorator

from app.config import ConfigError, private_text

_KEY_BITS = 512
_VERSION = b"\x01"  # names the key, so that a later key can be told apart
_NONCE = 16
_FINGERPRINT = "qingshou"


class Keyring:
    """Seals and opens with the instance's key. ``context`` keeps equal texts of different kinds apart."""

    def __init__(self, key: bytes) -> None:
        self._siv = AESSIV(key)

    @classmethod
    def load(cls, path: Path, may_create: bool) -> "Keyring":
        """The key in ``path``, made at first start. Refused when data exists that no key here can open."""
        if not may_create and not path.exists():
            raise ConfigError(
                f"the key {path} is missing, and this database was written with it: restore it from its backup"
            )
        text = private_text(path, lambda: AESSIV.generate_key(_KEY_BITS).hex())
        try:
            return cls(bytes.fromhex(text))
        except ValueError:
            raise ConfigError(f"{path} is damaged, it holds no key: restore it from its backup") from None

    def seal(self, text: str, context: str) -> bytes:
        """Ciphertext, the same for the same text and context."""
        return _VERSION + self._siv.encrypt(text.encode() or b"\0", [context.encode()])

    def open(self, sealed: bytes, context: str) -> str:
        """The text again. Raises ValueError when the key or the context is another."""
        try:
            return self._siv.decrypt(bytes(sealed[1:]), [context.encode()]).decode().removeprefix("\0")
        except InvalidTag:
            raise ValueError("sealed with another key") from None

    def seal_file(self, content: bytes) -> bytes:
        """Ciphertext of a whole file, different every time."""
        nonce = os.urandom(_NONCE)
        return _VERSION + nonce + self._siv.encrypt(content or b"\0", [b"file", nonce])

    def open_file(self, sealed: bytes) -> bytes:
        """The content again. Raises ValueError when the key is another or the file is damaged."""
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._siv.decrypt(body, [b"file", nonce])
        except InvalidTag:
            raise ValueError("sealed with another key, or damaged") from None

    @property
    def fingerprint(self) -> str:
        """What a database keeps to know its key again; tells nothing about the key."""
        return self.seal(_FINGERPRINT, "fingerprint").hex()


def keyring() -> Keyring:
    """The running app's key."""
    ring: Keyring = current_app.extensions["keyring"]
    return ring


class Sealed(TypeDecorator[str]):
    """A text column encrypted at rest; ``Borrower.phone == "13800000000"`` still works."""

    impl = LargeBinary
    cache_ok = True

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | bytes | None, dialect: Dialect) -> bytes | None:
        if value is None or isinstance(value, bytes):  # bytes: sealed already, by the bulk import
            return value
        return keyring().seal(value, self.context)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else keyring().open(value, self.context)


ID_NUMBER = "id_number"
PHONE = "phone"
_HIDDEN_AT_LEAST = 4


def _masked(number: str, first: int, last: int) -> str:
    hidden = len(number) - first - last
    if hidden < _HIDDEN_AT_LEAST:
        return "*" * len(number)
    return number[:first] + "*" * hidden + number[-last:]


def mask_id(number: str | None) -> str:
    """``530324********1234``: where from, and enough to tell two people apart on a list."""
    return _masked(number or "", 6, 4)


def mask_phone(number: str | None) -> str:
    """``138****1234``."""
    return _masked(number or "", 3, 4)


def mask_name(name: str) -> str:
    """``陈●●``: the surname, for lists that are read over a shoulder."""
    return name[:1] + "●" * (len(name) - 1)
