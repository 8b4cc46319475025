"""The seal of a bundle: an Ed25519 signature under a county's key. Pure.

Whoever holds the files can check it with the public key that stands in the manifest; whose key that is, people compare
by its fingerprint, or a database knows from before.
"""

from base64 import b64decode, b64encode
from binascii import Error
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A county's key. Its secret half never leaves this object but as the PEM file that it is kept in."""

    _private: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> "SigningKey":
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def from_pem(cls, pem: bytes) -> "SigningKey":
        """The key that a file holds. Raises ValueError for anything else."""
        try:
            key = load_pem_private_key(pem, None)
        except (TypeError, UnsupportedAlgorithm) as error:
            raise ValueError("no key that can be read") from error
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError("a key of another kind")
        return cls(key)

    def to_pem(self) -> bytes:
        return self._private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())

    @property
    def public_key(self) -> str:
        """The public half: base64 over its 32 bytes."""
        return b64encode(self._private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()

    def sign(self, message: bytes) -> str:
        """base64 over the signature, which is the same for the same message."""
        return b64encode(self._private.sign(message)).decode()


def verifies(public_key: str, signature: str, message: bytes) -> bool:
    """Was ``message`` signed with the key whose public half this is?

    Only the one spelling of key and signature counts: of base64, several can mean the same bytes.
    """
    try:
        key, sign = _exactly(public_key), _exactly(signature)
        Ed25519PublicKey.from_public_bytes(key).verify(sign, message)
    except (ValueError, InvalidSignature):
        return False
    return True


def _exactly(text: str) -> bytes:
    try:
        content = b64decode(text, validate=True)
    except Error as error:
        raise ValueError("no base64") from error
    if b64encode(content).decode() != text:
        raise ValueError("base64 in another spelling")
    return content
