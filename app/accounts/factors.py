"""The second factor: codes of an app by RFC 6238, and recovery codes. Pure: the moment is an argument."""

import hashlib
import secrets
from datetime import datetime

import pyotp
import segno
from markupsafe import Markup

ISSUER = "Qingshou"
STEP_SECONDS = 30
DRIFT_STEPS = 1  # a telephone's clock may be that far off
RECOVERY_CODES = 10
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"  # nothing that reads like something else
_GROUPS, _GROUP = 4, 4  # about 79 bits: nothing to guess, and a fast hash is enough


def new_secret() -> str:
    """160 random bits in Base32, as every app takes them."""
    return pyotp.random_base32(32)


def address_of(secret: str, username: str) -> str:
    """``otpauth://…``, what the QR code says."""
    return pyotp.TOTP(secret).provisioning_uri(name=username, issuer_name=ISSUER)


def qr_code(text: str) -> Markup:
    """An ``<svg>`` without style or script, to stand in the page itself."""
    made = segno.make(text, error="m", micro=False)
    return Markup(made.svg_inline(scale=4, border=2, dark="#000", light="#fff"))


def matching_step(secret: str, code: str, moment: datetime, after: int) -> int | None:
    """The time step whose code this is, None when it is wrong or no later than ``after``, the last one used."""
    given = "".join(code.split())
    if not (given.isascii() and given.isdecimal()):
        return None
    totp, now = pyotp.TOTP(secret), int(moment.timestamp()) // STEP_SECONDS
    steps = [now + drift for drift in range(-DRIFT_STEPS, DRIFT_STEPS + 1)]
    found = [step for step in steps if secrets.compare_digest(totp.generate_otp(step), given)]
    return next((step for step in found if step > after), None)


def new_recovery_codes() -> list[str]:
    """Ten codes such as ``k7wm-3fzt-q2ha-x9rd``, to be printed and shown once."""
    return [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    ]


def digest(token: str) -> str:
    """What is kept of a random token or code: SHA-256, for what is too long to be guessed."""
    return hashlib.sha256(token.encode()).hexdigest()


def recovery_digest(code: str) -> str:
    """The same for a recovery code however it was typed: capitals, blanks and dashes do not matter."""
    return digest("".join(letter for letter in code.lower() if letter.isalnum()))
