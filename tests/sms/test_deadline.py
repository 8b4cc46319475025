"""One exchange over TLS: with whom, and for how long at most."""

import ipaddress
import ssl
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from app.sms import deadline
from app.sms.deadline import Lost, NeverSent, exchange
from tests.sms.emulator import Book, Emulator

pytestmark = pytest.mark.usefixtures("socket_enabled")  # loopback only: --allow-hosts


@pytest.fixture
def secured(tmp_path: Path) -> Iterator[Emulator]:
    """The emulator behind a certificate that nobody knows but ``tmp_path / cert``."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    day = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(),
                                      day - timedelta(days=1), day + timedelta(days=1))  # fmt: skip
    address = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    ca = x509.BasicConstraints(ca=True, path_length=None)
    made = builder.add_extension(address, False).add_extension(ca, True).sign(key, hashes.SHA256())
    (tmp_path / "cert").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    (tmp_path / "key").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert", tmp_path / "key")
    server = Emulator(Book(hang=1.0))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True, kwargs={"poll_interval": 0.02}).start()
    yield server
    server.shutdown()
    server.server_close()


def ask(server: Emulator, seconds: float = 1.0) -> deadline.Answer:
    body = b"To=%2B8613812345678&Body=x"
    return exchange("POST", server.url.replace("http:", "https:") + "/Messages.json", {}, body, seconds)


def test_a_stranger_s_certificate_is_given_nothing(secured: Emulator) -> None:
    with pytest.raises(NeverSent):
        ask(secured)
    assert secured.book.taken == []


def test_over_tls_in_time_or_lost(secured: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deadline, "_trust", lambda: ssl.create_default_context(cafile=tmp_path / "cert"))
    assert ask(secured).status == 201
    for fault in ("dribble", "hang_taken"):
        secured.book.script = [fault]
        begun = time.monotonic()
        with pytest.raises(Lost):
            ask(secured, 0.4)
        assert time.monotonic() - begun < 0.8
    assert len(secured.book.taken) == 3
