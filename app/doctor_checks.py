"""The checks of ``flask doctor``, one function each, in the order in which they are told."""

import shutil
import stat
from collections.abc import Iterator
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from sqlalchemy import func, select, text
from sqlalchemy.exc import SQLAlchemyError

from app.accounts.models import User
from app.accounts.queries import weak_points
from app.audit import AuditEntry
from app.backup import newest_backup
from app.db import get_setting
from app.demo.load import LOADED, STATE
from app.doctor import Check, Finding, Looked, Weight
from app.health import is_without_tables, newest_revision, revision
from app.heartbeat import SILENCE, last_beat
from app.labels import T, Text
from app.privacy import keyring
from app.reminders.checks import problems
from app.startup import KEY_FINGERPRINT
from app.today import business_date, local_time

MEGABYTE = 1024 * 1024
LEAST_FREE, CAREFUL_FREE = 200, 1000  # MB
CLOCKS_APART = timedelta(seconds=30)
BACKUP_AGE = timedelta(hours=36)  # a nightly one, and a morning to notice
CERTIFICATE_LEFT = timedelta(days=21)
KEYS = ("data.key", "secret.key", "backup.key")
MOST_NAMED = 5


def _bad(sentence: Text, todo: Text | None = None) -> Finding:
    return Finding(Weight.BAD, sentence, todo)


def _care(sentence: Text, todo: Text | None = None) -> Finding:
    return Finding(Weight.CARE, sentence, todo)


def configuration(looked: Looked) -> Iterator[Finding]:
    settings = looked.settings
    if settings.public_url and (settings.today or settings.now):
        yield _bad(
            T("The instance is held at a date, although others work with it."),
            T("Remove QINGSHOU_TODAY and QINGSHOU_NOW from the settings and start again."),
        )
    if settings.is_public_tls and not settings.proxies:
        yield _care(
            T(
                "Everybody seems to come from the proxy's address, so one stranger's wrong tries slow down all."
            ),
            T("Set QINGSHOU_PROXIES to the number of proxies in front, usually 1."),
        )


def database(looked: Looked) -> Iterator[Finding]:
    try:
        looked.session.execute(text("SELECT 1"))
    except SQLAlchemyError:
        looked.session.rollback()
        yield _bad(
            T("The database does not answer."),
            T("Is its server running, and are address, user and password in DATABASE_URL right?"),
        )


def migrations(looked: Looked) -> Iterator[Finding]:
    try:
        at = revision(looked.session)
    except SQLAlchemyError as error:
        looked.session.rollback()
        if not is_without_tables(error):
            raise
        yield _bad(T("The database has no tables yet."), T("Make them: flask db upgrade"))
        return
    if at != newest_revision():
        yield _bad(
            T("The tables are those of migration %(at)s; this program needs %(head)s.",
              at=at or "—", head=newest_revision()),
            T("Make a backup, stop the worker, then: flask db upgrade"),
        )  # fmt: skip


def key(looked: Looked) -> Iterator[Finding]:
    path = looked.settings.instance / KEYS[0]
    if not path.exists():
        yield _bad(
            T("The key %(path)s is gone; the running program still has it in memory.", path=str(path)),
            T("Restore it from its copy before anything is started again."),
        )
    stored = get_setting(looked.session, KEY_FINGERPRINT)
    if stored is not None and stored not in keyring().fingerprints:
        yield _bad(
            T("The key %(path)s is not the one this database was written with.", path=str(path)),
            T("Restore the right one from its copy."),
        )
    if keyring().is_changing:
        yield _care(T("A change of the key is under way."), T("Finish it: flask keys rotate"))


def files(looked: Looked) -> Iterator[Finding]:
    """Nobody else on this machine may read keys and data: the folder is closed, or every file in it is."""
    instance = looked.settings.instance
    for name in KEYS:
        path = instance / name
        if path.exists() and _mode(path) & 0o077:
            yield _bad(
                T("Others on this machine can read %(path)s.", path=str(path)),
                T("Close it: chmod 600 %(path)s", path=str(path)),
            )
    if _mode(instance) & 0o077 == 0:
        return
    if _mode(instance) & 0o022:
        yield _bad(
            T("Others on this machine can put files into %(path)s.", path=str(instance)),
            T("Close it: chmod 700 %(path)s", path=str(instance)),
        )
    loose = sorted(_open_files(instance))
    if loose:
        names = ", ".join(loose[:MOST_NAMED]) + (" …" if len(loose) > MOST_NAMED else "")
        yield _bad(
            T("Files that others on this machine can read: %(names)s.", names=names),
            T("Close the folder: chmod 700 %(path)s", path=str(instance)),
        )


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def _open_files(folder: Path) -> Iterator[str]:
    """Readable by others, and not within a folder that is closed to them."""
    for path in folder.iterdir():
        if path.is_symlink() or path.name in (*KEYS, ".gitignore"):
            continue
        if path.is_dir():
            if _mode(path) & 0o011:
                yield from (f"{path.name}/{name}" for name in _open_files(path))
        elif path.is_file() and _mode(path) & 0o044:
            yield path.name


def clock(looked: Looked) -> Iterator[Finding]:
    here, there = looked.moment, _database_time(looked)
    if there is not None and abs(there - here) > CLOCKS_APART:
        yield _bad(
            T("The clocks of this machine and of the database are %(n)s seconds apart.",
              n=int(abs(there - here).total_seconds())),
            T("Let both follow a time server: timedatectl set-ntp true"),
        )  # fmt: skip
    last = looked.session.scalar(select(func.max(AuditEntry.at)))
    if last is not None and last - here > CLOCKS_APART:
        yield _bad(
            T("The newest entry of the trail is of %(when)s, which is still to come.", when=local_time(last)),
            T("Set the clock right; a time server keeps it so: timedatectl set-ntp true"),
        )


def _database_time(looked: Looked) -> datetime | None:
    """None on SQLite, which has this machine's clock."""
    if looked.session.connection().dialect.name == "sqlite":
        return None
    found: datetime | None = looked.session.scalar(text("SELECT clock_timestamp()"))
    return found


def disk(looked: Looked) -> Iterator[Finding]:
    """Where the data lies and where the backups go."""
    todo = T("Make room: old backups to another place, other people's files away.")
    for path in (looked.settings.instance, looked.settings.backups):
        if path.is_dir() and (free := shutil.disk_usage(path).free // MEGABYTE) < CAREFUL_FREE:
            sentence = T("%(n)s MB are free at %(path)s.", n=free, path=str(path))
            yield _bad(sentence, todo) if free < LEAST_FREE else _care(sentence, todo)


def worker(looked: Looked) -> Iterator[Finding]:
    beat = last_beat(looked.session)
    todo = T("Start it: systemctl start qingshou-worker, or flask worker; its log says why it ended.")
    if beat is None:
        yield _bad(T("The worker has never run: ledgers wait, nothing is swept or sent."), todo)
    elif looked.moment - beat > SILENCE:
        yield _bad(
            T("The worker gave its last sign of life at %(when)s: ledgers wait, nothing is swept or sent.",
              when=local_time(beat)),
            todo,
        )  # fmt: skip


def backup(looked: Looked) -> Iterator[Finding]:
    made = newest_backup(looked.settings)
    if made is None:
        yield _bad(
            T("There is no backup yet."), T("Make one, and keep its key elsewhere: flask backup create")
        )
    elif looked.moment - made > BACKUP_AGE:
        yield _bad(
            T("The newest backup is of %(when)s.", when=local_time(made)),
            T("Make one: flask backup create. The worker makes them daily; look why it did not."),
        )


def certificate(looked: Looked) -> Iterator[Finding]:
    path = looked.settings.certificate
    if path is None:
        return
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        yield _bad(
            T("The certificate %(path)s cannot be read.", path=str(path)),
            T("QINGSHOU_CERTIFICATE must be a file in PEM form that this user may read."),
        )
        return
    until = found.not_valid_after_utc
    renew = T("Have it renewed, and the proxy reload it.")
    if until <= looked.moment:
        yield _bad(T("The certificate is out of date since %(when)s.", when=local_time(until)), renew)
    elif until - looked.moment < CERTIFICATE_LEFT:
        yield _care(T("The certificate ends at %(when)s.", when=local_time(until)), renew)
    host = urlsplit(looked.settings.public_url).hostname
    if host and not _is_for(found, host):
        yield _bad(
            T("The certificate is not for %(host)s.", host=host),
            T("Is QINGSHOU_PUBLIC_URL the address that people type?"),
        )


def _is_for(found: x509.Certificate, host: str) -> bool:
    try:
        named = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except x509.ExtensionNotFound:
        return False
    try:
        return ip_address(host) in named.get_values_for_type(x509.IPAddress)
    except ValueError:
        names = {name.lower() for name in named.get_values_for_type(x509.DNSName)}
        return host in names or f"*.{host.partition('.')[2]}" in names


def sms(looked: Looked) -> Iterator[Finding]:
    provider = looked.settings.sms_provider
    if looked.settings.public_url and provider == "sandbox":
        yield _care(
            T("Text messages go nowhere: the provider is the sandbox."),
            T("Set QINGSHOU_SMS_PROVIDER when the county is to send; else leave it."),
        )
    for sentence in problems(looked.session, business_date(looked.session), provider):
        yield _care(sentence, T("On the page Reminders."))


def sign_in(looked: Looked) -> Iterator[Finding]:
    for sentence in weak_points(looked.session, looked.settings):
        yield _care(sentence)


def demonstration(looked: Looked) -> Iterator[Finding]:
    """The printed password is for this machine alone."""
    if not _reached_by_others(looked):
        return
    printed = looked.session.scalar(
        select(func.count()).select_from(User).where(User.active, User.printed_since.is_not(None))
    )
    if printed:
        yield _bad(
            T("%(n)s accounts with the printed password can be reached from other machines.", n=printed),
            T("End them: flask users disable NAME; or begin with an empty instance."),
        )
    if get_setting(looked.session, STATE) == LOADED:
        yield _care(
            T("This is the invented county of the demonstration."),
            T("A real county begins with an empty one."),
        )


def _reached_by_others(looked: Looked) -> bool:
    settings = looked.settings
    host = urlsplit(settings.public_url).hostname or ""
    try:
        outside = bool(host) and host != "localhost" and not ip_address(host).is_loopback
    except ValueError:
        outside = True
    return outside or bool(settings.hosts) or settings.proxies > 0


CHECKS = (
    Check("configuration", T("Settings"), configuration),
    Check("database", T("Database"), database),
    Check("migrations", T("Tables of the database"), migrations, asks=True),
    Check("key", T("Key"), key, asks=True),
    Check("files", T("Who can read the files"), files),
    Check("clock", T("Clock"), clock, asks=True),
    Check("disk", T("Disk"), disk),
    Check("worker", T("Worker"), worker, asks=True),
    Check("backup", T("Backup"), backup),
    Check("certificate", T("Certificate"), certificate),
    Check("sms", T("Text messages"), sms, asks=True),
    Check("sign_in", T("Signing in"), sign_in, asks=True),
    Check("demonstration", T("Demonstration"), demonstration, asks=True),
)
