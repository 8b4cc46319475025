"""Codes, recovery codes, passphrases and what is told of a device: over values alone."""

import base64
from datetime import UTC, datetime, timedelta

import pyotp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.devices import device_name, short_address
from app.accounts.factors import (
    address_of,
    matching_step,
    new_recovery_codes,
    new_secret,
    qr_code,
    recovery_digest,
)
from app.accounts.passphrases import COMMON, MIN_PASSWORD, TOO_LONG, TOO_SHORT, weakness
from app.accounts.rules import wait_after

# RFC 6238, appendix B, SHA-1: the secret, and the last six of the eight digits at each moment.
SECRET = base64.b32encode(b"12345678901234567890").decode()
VECTORS = [
    (59, "287082"),
    (1111111109, "081804"),
    (1111111111, "050471"),
    (1234567890, "005924"),
    (2000000000, "279037"),
]


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


@pytest.mark.parametrize(("seconds", "code"), VECTORS)
def test_the_vectors_of_the_rfc(seconds: int, code: str) -> None:
    assert matching_step(SECRET, code, at(seconds), 0) == seconds // 30
    assert matching_step(SECRET, f" {code[:3]} {code[3:]} ", at(seconds), 0) == seconds // 30


@pytest.mark.parametrize(
    "code", ["", "28708", "2870822", "abcdef", "２８７０８２", "²87082", "28708\x00", "-87082", "287083"]
)
def test_what_is_no_code(code: str) -> None:
    assert matching_step(SECRET, code, at(59), 0) is None


@pytest.mark.parametrize(("drift", "counts"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_a_clock_may_be_one_step_off(drift: int, counts: bool) -> None:
    code = pyotp.TOTP(SECRET).at(1111111111 + drift)
    assert (matching_step(SECRET, code, at(1111111111), 0) is not None) is counts


def test_the_same_code_counts_once() -> None:
    step = matching_step(SECRET, "287082", at(59), 0)
    assert step is not None and matching_step(SECRET, "287082", at(59), step) is None
    assert matching_step(SECRET, pyotp.TOTP(SECRET).at(89), at(89), step) == step + 1


def test_secrets_and_recovery_codes_are_long_and_never_the_same() -> None:
    assert len({new_secret() for _ in range(50)}) == 50
    codes = new_recovery_codes()
    assert len(set(codes)) == 10 and all(len(code) == 19 for code in codes)
    assert (
        recovery_digest(codes[0].upper().replace("-", " "))
        == recovery_digest(codes[0])
        != recovery_digest(codes[1])
    )


def test_the_picture_is_svg_that_the_content_security_policy_lets_through() -> None:
    svg = qr_code(address_of(SECRET, "office"))
    assert svg.startswith("<svg") and "style=" not in svg and "<script" not in svg and "href" not in svg


# Passphrases
@pytest.mark.parametrize(
    ("given_", "why"),
    [
        ("", TOO_SHORT), ("a" * (MIN_PASSWORD - 1), TOO_SHORT), ("x" * 257, TOO_LONG),
        ("123456789012", COMMON), ("passwordpassword", COMMON), ("qwertyuiop12", COMMON), ("aaaaaaaaaaaa", COMMON),
        ("密码密码密码密码密码密码", COMMON), ("qingshou-2023", COMMON), ("luoping530324", COMMON),
        ("罗平县罗平县罗平县罗平县", COMMON),
        ("chenxiaoming1990", COMMON), ("陈小明陈小明陈小明陈小明", COMMON), ("ChenXM-ChenXM", COMMON),
        ("Agang-2023-12", COMMON),
        ("drei alte Kühe am Bach", None), ("我家门口有三棵核桃树", TOO_SHORT),
        ("我家门口有三棵老核桃树呢", None), ("correct-horse-9", None),
    ],
)  # fmt: skip
def test_which_passphrases_are_taken(given_: str, why: object) -> None:
    assert weakness(given_, ("chenxm", "陈小明", "agang")) == why


@given(st.text(max_size=300))
def test_any_text_is_judged_and_quickly(text: str) -> None:
    assert weakness(text) in (None, TOO_SHORT, TOO_LONG, COMMON)


# Throttling and devices
@given(st.integers(0, 10**6), st.integers(1, 100))
def test_waits_grow_and_end(failures: int, free: int) -> None:
    wait = wait_after(failures, free)
    assert (wait > timedelta(0)) is (failures >= free) and wait <= timedelta(minutes=15)
    assert wait_after(failures + 1, free) >= wait


def test_a_device_is_told_by_its_browser_and_system() -> None:
    windows = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/120.0 Safari/537.36"
    assert device_name(windows) == "Chrome · Windows"
    assert device_name(windows + " Edg/120.0") == "Edge · Windows"
    assert (
        device_name("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Version/17.0 Safari/604.1")
        == "Safari · iOS"
    )
    assert device_name("curl/8") == device_name("") == ""


@pytest.mark.parametrize(
    ("address", "short"),
    [
        ("10.2.3.4", "10.2.3.*"),
        ("2001:db8::1", "2001:0db8:0000:0000:*"),
        ("", ""),
        ("unix:", ""),
        ("<b>", ""),
    ],
)
def test_an_address_is_shortened(address: str, short: str) -> None:
    assert short_address(address) == short
