"""``flask doctor``: all green on an instance in order, and for each check one trouble that it finds."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from flask import Flask
from sqlalchemy import text, update
from sqlalchemy.exc import OperationalError

from app import create_app
from app.accounts.models import User
from app.audit import AuditEntry
from app.backup.shelf import name_of
from app.config import Settings
from app.db import db, put_setting
from app.doctor import Outcome, Weight, examine, passed
from app.doctor_checks import CHECKS
from app.heartbeat import beat
from app.privacy import Keyring, new_key
from app.startup import KEY_FINGERPRINT
from app.today import now
from tests.commands import runner
from tests.conftest import Instances

SQLITE = pytest.mark.parametrize("db_kind", ["sqlite"])
PUBLIC = "https://qingshou.example"


@pytest.fixture
def healthy(app: Flask) -> Flask:
    """An instance in order: a worker that lives, a backup of this night, closed files."""
    Path(app.instance_path).chmod(0o700)
    settings = app.extensions["qingshou.settings"] = Settings.load(_environ(app))
    settings.backups.mkdir(exist_ok=True)
    (settings.backups / name_of(now() - timedelta(hours=5))).touch()
    beat(db.session(), now())
    db.session.commit()
    return app


def _environ(app: Flask) -> dict[str, str]:
    url = db.engine.url.render_as_string(hide_password=False).replace("+psycopg", "")
    return {"QINGSHOU_INSTANCE_PATH": app.instance_path, "DATABASE_URL": url}


def looked_at(app: Flask) -> dict[str, Outcome]:
    db.session.rollback()
    found = {outcome.check.name: outcome for outcome in examine(app, db.session(), CHECKS)}
    db.session.rollback()
    return found


def setting(app: Flask, **changes: Any) -> None:
    app.extensions["qingshou.settings"] = replace(app.extensions["qingshou.settings"], **changes)


def test_all_is_in_order(healthy: Flask) -> None:
    found = looked_at(healthy)
    assert {name: outcome.findings for name, outcome in found.items() if outcome.findings} == {}
    assert passed(list(found.values()))


# One trouble for each check: how it is made, and how much it matters.


def held_at_a_date(app: Flask) -> None:
    setting(app, public_url=PUBLIC, proxies=1, today=now().date())


def no_proxy_told(app: Flask) -> None:
    setting(app, public_url=PUBLIC)


def older_tables(app: Flask) -> None:
    db.session.execute(text("UPDATE alembic_version SET version_num = '0003'"))


def another_key(app: Flask) -> None:
    put_setting(db.session(), KEY_FINGERPRINT, Keyring(bytes.fromhex(new_key())).fingerprint)


def key_gone(app: Flask) -> None:
    (Path(app.instance_path) / "data.key").unlink()


def key_open(app: Flask) -> None:
    (Path(app.instance_path) / "data.key").chmod(0o640)


def folder_open(app: Flask) -> None:
    Path(app.instance_path).chmod(0o777)


def file_open(app: Flask) -> None:
    Path(app.instance_path).chmod(0o755)
    (Path(app.instance_path) / "imports").mkdir(exist_ok=True)
    (Path(app.instance_path) / "imports").chmod(0o755)
    (Path(app.instance_path) / "imports" / "copy.xlsx").touch(0o644)


def clock_ran_back(app: Flask) -> None:
    moment = now() + timedelta(hours=1)
    db.session.add(
        AuditEntry(
            at=moment,
            actor="system",
            action="x",
            entity="x",
            entity_id="1",
            detail={},
            previous="",
            digest="d" * 64,
            region_code="",
            number=10**6,
        )
    )


def worker_silent(app: Flask) -> None:
    beat(db.session(), now() - timedelta(minutes=5))


def worker_never(app: Flask) -> None:
    db.session.execute(text("DELETE FROM setting WHERE key = 'worker_heartbeat'"))


def _shelf(app: Flask) -> Path:
    folder: Path = app.extensions["qingshou.settings"].backups
    for path in folder.iterdir():
        path.unlink()
    return folder


def backup_none(app: Flask) -> None:
    _shelf(app)


def backup_old(app: Flask) -> None:
    (_shelf(app) / name_of(now() - timedelta(days=3))).touch()


def reminders_paused(app: Flask) -> None:
    db.session.execute(text("INSERT INTO lender (name, due_date_rule) VALUES ('某农商行', 'none')"))


def sandbox_in_use(app: Flask) -> None:
    setting(app, public_url=PUBLIC, proxies=1)


def only_one_administrator(app: Flask) -> None:
    _account(app, "admin", "admin")


def printed_password(app: Flask) -> None:
    _account(app, "office", "admin")
    db.session.execute(update(User).values(printed_since=now()))
    setting(app, public_url=PUBLIC, proxies=1)


def _account(app: Flask, name: str, role: str) -> None:
    from app.accounts.actions import add_user
    from app.accounts.rules import Role

    add_user(db.session(), username=name, name="", role=Role(role), password="a long enough one")


def certificate(days: int, *names: str) -> Callable[[Flask], None]:
    def make(app: Flask) -> None:
        key, moment = ec.generate_private_key(ec.SECP256R1()), now()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "x")])
        hosts = [x509.IPAddress(ip_address(n)) if n[0].isdigit() else x509.DNSName(n) for n in names]
        made = (
            x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
            .not_valid_before(moment - timedelta(days=90))
            .not_valid_after(moment + timedelta(days=days))
            .add_extension(x509.SubjectAlternativeName(hosts), critical=False)
            .sign(key, hashes.SHA256())
        )
        path = Path(app.instance_path) / "site.pem"
        path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        setting(app, public_url=PUBLIC, proxies=1, certificate=path)

    return make


def no_certificate(app: Flask) -> None:
    setting(app, certificate=Path("/nowhere.pem"))


TROUBLES: list[tuple[str, Callable[[Flask], None], Weight]] = [
    ("configuration", held_at_a_date, Weight.BAD),
    ("configuration", no_proxy_told, Weight.CARE),
    ("migrations", older_tables, Weight.BAD),
    ("key", another_key, Weight.BAD),
    ("key", key_gone, Weight.BAD),
    ("files", key_open, Weight.BAD),
    ("files", folder_open, Weight.BAD),
    ("files", file_open, Weight.BAD),
    ("clock", clock_ran_back, Weight.BAD),
    ("worker", worker_silent, Weight.BAD),
    ("worker", worker_never, Weight.BAD),
    ("backup", backup_none, Weight.BAD),
    ("backup", backup_old, Weight.BAD),
    ("certificate", no_certificate, Weight.BAD),
    ("certificate", certificate(-1, "qingshou.example"), Weight.BAD),
    ("certificate", certificate(10, "qingshou.example"), Weight.CARE),
    ("certificate", certificate(60, "other.example", "10.1.2.3"), Weight.BAD),
    ("sms", reminders_paused, Weight.CARE),
    ("sms", sandbox_in_use, Weight.CARE),
    ("sign_in", only_one_administrator, Weight.CARE),
    ("demonstration", printed_password, Weight.BAD),
]


@SQLITE
@pytest.mark.parametrize(("name", "make", "weight"), TROUBLES)
def test_a_trouble_is_found(healthy: Flask, name: str, make: Callable[[Flask], None], weight: Weight) -> None:
    make(healthy)
    db.session.commit()
    found = looked_at(healthy)
    assert found[name].weight is weight
    assert passed(list(found.values())) is (weight is not Weight.BAD)


@SQLITE
@pytest.mark.parametrize("names", [("qingshou.example",), ("*.example",)])
def test_a_certificate_that_fits(healthy: Flask, names: tuple[str, ...]) -> None:
    certificate(60, *names)(healthy)
    assert looked_at(healthy)["certificate"].weight is Weight.GOOD


@SQLITE
@pytest.mark.parametrize(("free", "weight"), [(100, Weight.BAD), (500, Weight.CARE), (5000, Weight.GOOD)])
def test_the_disk(healthy: Flask, monkeypatch: pytest.MonkeyPatch, free: int, weight: Weight) -> None:
    class Usage:
        def __init__(self, _path: object) -> None:
            self.free = free * 1024 * 1024

    monkeypatch.setattr("shutil.disk_usage", Usage)
    assert looked_at(healthy)["disk"].weight is weight


def test_the_clock_is_behind(healthy: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen by the database's clock, and where it has none of its own by the trail, which is ahead then."""
    monkeypatch.setattr("app.doctor.now", lambda: now() - timedelta(minutes=2))
    assert looked_at(healthy)["clock"].weight is Weight.BAD


def test_the_database_is_away(healthy: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said once; what needs it says that it was not looked at, and the rest is looked at."""

    def away(*_: object, **__: object) -> None:
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr("sqlalchemy.orm.Session.execute", away)
    monkeypatch.setattr("sqlalchemy.orm.Session.scalar", away)
    found = looked_at(healthy)
    assert [name for name, outcome in found.items() if outcome.weight is Weight.BAD] == ["database"]
    assert found["worker"].weight is found["migrations"].weight is Weight.CARE
    assert found["backup"].weight is found["files"].weight is Weight.GOOD


def test_no_tables(instances: Instances, db_kind: str) -> None:
    app = create_app(Settings.load(instances.blank(db_kind)))
    with app.app_context():
        found = looked_at(app)
        db.engine.dispose()
    assert found["database"].weight is Weight.GOOD and found["migrations"].weight is Weight.BAD
    assert found["worker"].weight is Weight.CARE


@SQLITE
def test_the_command(healthy: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    run = runner(healthy)
    good = run("doctor")
    assert good.exit_code == 0 and "All is in order." in good.stderr and "✓ Worker" in good.stderr
    backup_none(healthy)
    bad = run("doctor")
    assert bad.exit_code == 1 and "flask backup create" in bad.stderr and "✗ Backup" in bad.stderr
    told = run("doctor", "--json")
    report = json.loads(told.stdout)
    assert told.exit_code == 1 and report["good"] is False
    (found,) = [check for check in report["checks"] if check["findings"]]
    assert found["check"] == "backup" and found["weight"] == "bad" and found["findings"][0]["todo"]
    monkeypatch.setenv("LC_ALL", "zh_CN.UTF-8")
    assert "还没有备份" in run("doctor").stderr


def test_every_check_has_a_trouble_that_it_finds() -> None:
    tried = {name for name, _, _ in TROUBLES} | {"disk", "database"}
    assert tried == {check.name for check in CHECKS}
