"""The recovery key: what opens backups. It lies beside the data and on paper, and in no backup.

As text it is 14 groups of four letters and digits (base32) with a check, so that a slip of the pen is told from
a wrong key: ``7K2M-…``. Whoever has a backup and this key has everything, the key of personal data included.
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from app.backup.refused import BackupRefused
from app.config import private_text
from app.labels import T

FILE = "backup.key"
_BYTES, _CHECK_LETTERS, _GROUP = 32, 4, 4
_LETTERS = 52  # 32 bytes in base32, without padding
_SLIPS = str.maketrans({"0": "O", "1": "I", "8": "B", "9": "G"})  # digits that base32 lacks


@dataclass(frozen=True, slots=True, repr=False)
class RecoveryKey:
    """256 bits that were never typed by a person, so nothing has to be slow."""

    secret: bytes

    @classmethod
    def generate(cls) -> "RecoveryKey":
        return cls(secrets.token_bytes(_BYTES))

    @classmethod
    def parse(cls, text: str) -> "RecoveryKey":
        """A key as somebody typed it: small letters, blanks and other dashes do not matter. Raises BackupRefused."""
        letters = "".join(c for c in text.upper() if c.isalnum()).translate(_SLIPS)
        try:
            secret = base64.b32decode(letters[:_LETTERS] + "====")
        except ValueError:
            secret = b""
        key = cls(secret)
        if len(secret) != _BYTES or key._letters() != letters:
            raise BackupRefused(
                T(
                    "This is no recovery key: it has 14 groups of four letters and digits. Look for a slip in typing."
                )
            )
        return key

    def _letters(self) -> str:
        check = base64.b32encode(hashlib.sha256(self.secret).digest()).decode()[:_CHECK_LETTERS]
        return base64.b32encode(self.secret).decode().rstrip("=") + check

    @property
    def text(self) -> str:
        """The groups, as they are printed."""
        letters = self._letters()
        return "-".join(letters[i : i + _GROUP] for i in range(0, len(letters), _GROUP))

    @property
    def name(self) -> str:
        """By which a backup says whose it is; tells nothing about the key."""
        return self.derive(b"", b"name")[:4].hex()

    def derive(self, salt: bytes, purpose: bytes) -> bytes:
        """A key of 256 bits for one purpose."""
        return HKDF(SHA256(), _BYTES, salt, b"qingshou backup " + purpose).derive(self.secret)


def own_key(instance: Path) -> tuple[RecoveryKey, bool]:
    """The instance's key, made at its first backup; True when it was made just now."""
    path = instance / FILE
    is_new = not path.exists()
    return RecoveryKey.parse(private_text(path, lambda: RecoveryKey.generate().text)), is_new


def known_key(instance: Path) -> RecoveryKey | None:
    """The instance's key, if it has one."""
    path = instance / FILE
    return RecoveryKey.parse(path.read_text("ascii", "replace")) if path.is_file() else None
