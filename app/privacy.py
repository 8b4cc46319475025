"""Personal data: encrypted columns that can still be looked up by equality, and the masks shown by default.

AES-SIV is deterministic: the same number under the same key and context gives the same ciphertext. That is what
makes an equality look-up (and a UNIQUE constraint) possible without a second column. What it gives away is only
which rows hold the same value, which the foreign keys show anyway. The key lives in a file outside the database.
"""

import contextlib
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from flask import current_app, has_app_context
from sqlalchemy import Connection, Dialect, LargeBinary, bindparam, type_coerce, update
from sqlalchemy.sql import operators
from sqlalchemy.types import TypeDecorator

from app.config import PRIVATE, ConfigError, private_text

_KEY_BITS = 512
FIRST, MOST_KEYS = 1, 255  # a key's number is the first byte of all that it sealed
_NONCE = 16
_FINGERPRINT = "qingshou"


class Keyring:
    """Seals with the instance's newest key, opens with whichever a value names; ``context`` keeps equal texts apart.

    It follows its file: while keys are changed (see app.keys) every process learns of the new one before it seals
    again, and of the old one's end. A key that it has known it can still open with, for as long as it lives.
    """

    def __init__(self, key: bytes) -> None:
        self._path: Path | None = None
        self._stamp: object = None
        self._known: dict[int, AESSIV] = {}
        self._use({FIRST: key})

    def _use(self, keys: Mapping[int, bytes]) -> None:
        ciphers = {number: AESSIV(key) for number, key in keys.items()}
        self._known = {**self._known, **ciphers}
        self.numbers = tuple(sorted(ciphers))  # what may stand in the database; the last one seals

    @classmethod
    def load(cls, path: Path, may_create: bool) -> "Keyring":
        """The keys in ``path``, made at first start. Refused when data exists that no key here can open."""
        if not may_create and not path.exists():
            raise ConfigError(
                f"the key {path} is missing, and this database was written with it: restore it from its backup"
            )
        text = private_text(path, new_key)
        try:
            keys = read_keys(text)
            ring = cls(keys[min(keys)])
            ring._known = {}
            ring._use(keys)
        except ValueError:
            raise ConfigError(f"{path} is damaged, it holds no key: restore it from its backup") from None
        ring._path, ring._stamp = path, _stamp_of(path)
        return ring

    def refresh(self) -> None:
        """Look whether the file has changed; costs one call of the system."""
        if self._path is None or (stamp := _stamp_of(self._path)) == self._stamp or stamp is None:
            return
        with contextlib.suppress(OSError, ValueError):  # unreadable just now: as it was
            self._use(read_keys(self._path.read_text("ascii")))
            self._stamp = stamp

    @property
    def current(self) -> int:
        """The number of the key that seals."""
        return self.numbers[-1]

    @property
    def is_changing(self) -> bool:
        """May a value stand in the database under more than one key?"""
        return len(self.numbers) > 1

    def seal(self, text: str, context: str) -> bytes:
        """Ciphertext, the same for the same text and context."""
        return self._sealed(self.current, text, context)

    def all_seals(self, text: str, context: str) -> list[bytes]:
        """Every ciphertext under which a text may stand in the database, one for each key."""
        return [self._sealed(number, text, context) for number in self.numbers]

    def _sealed(self, number: int, text: str, context: str) -> bytes:
        return bytes([number]) + self._known[number].encrypt(text.encode() or b"\0", [context.encode()])

    def open(self, sealed: bytes, context: str) -> str:
        """The text again. Raises ValueError when the key or the context is another."""
        try:
            body = self._cipher(sealed).decrypt(bytes(sealed[1:]), [context.encode()])
            return body.decode().removeprefix("\0")
        except InvalidTag:
            raise ValueError("sealed with another key") from None

    def _cipher(self, sealed: bytes) -> AESSIV:
        number = sealed[0] if sealed else 0
        if number not in self._known:
            self.refresh()
        if number not in self._known:
            raise ValueError("sealed with another key")
        return self._known[number]

    def seal_file(self, content: bytes) -> bytes:
        """Ciphertext of a whole file, different every time."""
        nonce = os.urandom(_NONCE)
        body = self._known[self.current].encrypt(content or b"\0", [b"file", nonce])
        return bytes([self.current]) + nonce + body

    def open_file(self, sealed: bytes) -> bytes:
        """The content again. Raises ValueError when the key is another or the file is damaged."""
        nonce, body = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        try:
            return self._cipher(sealed).decrypt(body, [b"file", nonce])
        except InvalidTag:
            raise ValueError("sealed with another key, or damaged") from None

    @property
    def fingerprint(self) -> str:
        """What a database keeps to know its key again; tells nothing about the key."""
        return self.seal(_FINGERPRINT, "fingerprint").hex()

    @property
    def fingerprints(self) -> list[str]:
        """Those of every key."""
        return [sealed.hex() for sealed in self.all_seals(_FINGERPRINT, "fingerprint")]


def new_key() -> str:
    """A key as text, as its file holds it."""
    return AESSIV.generate_key(_KEY_BITS).hex()


def read_keys(text: str) -> dict[int, bytes]:
    """The keys in a file by their numbers: one a line, ``2:…``; the first of all stood there without a number.

    Raises ValueError.
    """
    keys: dict[int, bytes] = {}
    for line in text.split():
        number, colon, key = line.rpartition(":")
        keys[int(number) if colon else FIRST] = bytes.fromhex(key)
    if not keys or not all(FIRST <= number <= MOST_KEYS for number in keys):
        raise ValueError("no key")
    for content in keys.values():
        AESSIV(content)
    return keys


def write_keys(path: Path, keys: Mapping[int, bytes]) -> None:
    """Put keys into the file, whole or not at all."""
    temporary = path.with_suffix(".new")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, PRIVATE)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.writelines(f"{number}:{key.hex()}\n" for number, key in sorted(keys.items()))
        file.flush()
        os.fsync(descriptor)
    temporary.replace(path)


def _stamp_of(path: Path) -> object:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_mtime_ns, found.st_ino, found.st_size


def keyring() -> Keyring:
    """The running app's keys, as they are now."""
    ring: Keyring = current_app.extensions["keyring"]
    ring.refresh()
    return ring


class _Found(TypeDecorator.Comparator[str]):
    """Equality under every key that a value may be sealed with; with one key it is an ordinary comparison."""

    def operate(self, op: Any, *other: Any, **kwargs: Any) -> Any:
        manifold = _MANIFOLD.get(op)
        if manifold is None or not has_app_context() or not keyring().is_changing:
            return super().operate(op, *other, **kwargs)
        texts = [other[0]] if isinstance(other[0], str) else other[0]
        if not isinstance(texts, list | tuple | set | frozenset) or not all(
            isinstance(t, str) for t in texts
        ):
            return super().operate(op, *other, **kwargs)
        context = self.type.context  # type: ignore[attr-defined]
        sealed = [one for text in texts for one in keyring().all_seals(text, context)]
        return super().operate(manifold, sealed, **kwargs)


_MANIFOLD = {
    operators.eq: operators.in_op,
    operators.in_op: operators.in_op,
    operators.ne: operators.not_in_op,
    operators.not_in_op: operators.not_in_op,
}


class Sealed(TypeDecorator[str]):
    """A text column encrypted at rest; ``Borrower.phone == "13800000000"`` still works."""

    impl = LargeBinary
    cache_ok = True
    comparator_factory = _Found

    def __init__(self, context: str) -> None:
        super().__init__()
        self.context = context

    def process_bind_param(self, value: str | bytes | None, dialect: Dialect) -> bytes | None:
        if value is None or isinstance(value, bytes):  # bytes: sealed already, by the bulk import
            return value
        return keyring().seal(value, self.context)

    def process_result_value(self, value: Any, dialect: Dialect) -> str | None:
        return None if value is None else keyring().open(value, self.context)


def lift(connection: Connection, ring: Keyring, column: Any, texts: Iterable[str]) -> None:
    """While keys change: bring values to the newest key, before a statement compares ciphertexts with ciphertexts."""
    raw, context = type_coerce(column, LargeBinary()), column.type.context
    moved = [
        {"old": old, "new": ring.seal(text, context)}
        for text in texts
        for old in ring.all_seals(text, context)[:-1]
    ]
    if moved:
        old, new = (bindparam(name, type_=LargeBinary()) for name in ("old", "new"))
        connection.execute(update(column.class_).where(raw == old).values({column.key: new}), moved)


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
