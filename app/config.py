"""Settings from the environment and the instance folder. A wrong value stops the start with one clear line."""

import os
import re
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from sqlalchemy import make_url
from sqlalchemy.exc import ArgumentError

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = 0o600
_SHANGHAI = ZoneInfo("Asia/Shanghai")  # as clock.SHANGHAI, which lies above this module
SMS_PROVIDERS = ("sandbox", "handoff", "twilio")
LOOPBACK_HOSTS = ("localhost", "127.0.0.1", "[::1]")
MOST_PROXIES = 5
LOGS = ("text", "json")
KEPT_BACKUPS = (7, 4, 12)  # days, weeks, months
_TOKEN = re.compile(r"[\x21-\x7e]{16,128}")
_HOST = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?")
_LABEL = re.compile(r"[a-z0-9-]{2,32}")
FIRST_START_TRIES, FIRST_START_PAUSE = 20, 0.05


class ConfigError(SystemExit):
    """A setting that cannot be used; its message is the whole output of the program."""

    def __init__(self, message: str) -> None:
        super().__init__(f"qingshou: {message}")


@dataclass(frozen=True, slots=True)
class Settings:
    """What the outside decides. Everything else is data, entered by the county."""

    instance: Path
    database_url: str
    today: date | None
    secret_key: str
    now: datetime | None = None
    sms_provider: str = SMS_PROVIDERS[0]
    twilio: Mapping[str, str] | None = None
    public_url: str = ""
    hosts: tuple[str, ...] = ()
    proxies: int = 0
    metrics_token: str = ""
    certificate: Path | None = None
    log: str = LOGS[0]
    backup_folder: Path | None = None
    backup_keep: tuple[int, int, int] = KEPT_BACKUPS

    @property
    def backups(self) -> Path:
        """Where backups are kept."""
        return self.backup_folder or self.instance / "backups"

    @property
    def is_public_tls(self) -> bool:
        """Do people reach this instance by https?"""
        return self.public_url.startswith("https://")

    @property
    def trusted_hosts(self) -> tuple[str, ...]:
        """The names this server answers to: this machine's own, and those by which it is known."""
        public = urlsplit(self.public_url).hostname
        return (*LOOPBACK_HOSTS, *self.hosts, *([public] if public else []))

    @staticmethod
    def database(url: str) -> str:
        """A database's URL as the settings have it. Raises ConfigError."""
        return _database_url(url)

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read the settings that the documents list from ``environ``; create the instance folder."""
        instance = Path(environ.get("QINGSHOU_INSTANCE_PATH") or ROOT / "instance").resolve()
        try:
            instance.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"the instance folder {instance} cannot be made: {error.strerror}") from None
        url = _database_url(environ.get("DATABASE_URL") or f"sqlite:///{instance / 'qingshou.db'}")
        if url.startswith("sqlite:///") and (path := make_url(url).database) not in (None, ":memory:"):
            _touch_private(instance / str(path))
        public_url = _public_url(environ.get("QINGSHOU_PUBLIC_URL", ""))
        hosts = _hosts(environ.get("QINGSHOU_HOSTS", ""))
        proxies = _proxies(environ.get("QINGSHOU_PROXIES", ""))
        metrics_token = _metrics_token(environ.get("QINGSHOU_METRICS_TOKEN", ""))
        certificate = environ.get("QINGSHOU_CERTIFICATE", "")
        log = _log(environ.get("QINGSHOU_LOG", ""))
        backup_folder = environ.get("QINGSHOU_BACKUPS", "")
        backup_keep = _backup_keep(environ.get("QINGSHOU_BACKUPS_KEPT", ""))
        return cls(
            instance=instance,
            database_url=url,
            today=_today(environ.get("QINGSHOU_TODAY", "")),
            now=_now(environ.get("QINGSHOU_NOW", "")),
            secret_key=private_text(instance / "secret.key", lambda: secrets.token_hex(32)),
            sms_provider=_sms_provider(environ),
            twilio=_twilio(environ, public_url) if _sms_provider(environ) == "twilio" else None,
            public_url=public_url,
            hosts=hosts,
            proxies=proxies,
            metrics_token=metrics_token,
            certificate=Path(certificate) if certificate else None,
            log=log,
            backup_folder=Path(backup_folder).resolve() if backup_folder else None,
            backup_keep=backup_keep,
        )


def _database_url(url: str) -> str:
    """The URL with the one driver we use for each database."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            url = "postgresql+psycopg://" + url.removeprefix(prefix)
    if not url.startswith(("sqlite:///", "postgresql+psycopg://")):
        raise ConfigError("DATABASE_URL must start with sqlite:/// or postgresql://")
    try:
        make_url(url)
    except (ArgumentError, ValueError):
        raise ConfigError("DATABASE_URL must look like postgresql://user:password@host:5432/name") from None
    return url


def _touch_private(path: Path) -> None:
    """Make the database file before SQLite does, so that only its owner reads it (its log inherits the mode)."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT, PRIVATE))
    except OSError as error:
        raise ConfigError(f"the database {path} cannot be written: {error.strerror}") from None


def _today(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(f"QINGSHOU_TODAY must be a date like 2023-12-05, not {text!r}") from None


def _now(text: str) -> datetime | None:
    """A moment; without a zone it is the county's clock."""
    try:
        moment = datetime.fromisoformat(text) if text else None
    except ValueError:
        raise ConfigError(f"QINGSHOU_NOW must be a moment like 2023-12-05T09:30, not {text!r}") from None
    return moment.replace(tzinfo=_SHANGHAI) if moment and moment.tzinfo is None else moment


def _sms_provider(environ: Mapping[str, str]) -> str:
    provider = environ.get("QINGSHOU_SMS_PROVIDER") or SMS_PROVIDERS[0]
    if provider not in SMS_PROVIDERS:
        raise ConfigError(
            f"QINGSHOU_SMS_PROVIDER must be one of {', '.join(SMS_PROVIDERS)}, not {provider!r}"
        )
    return provider


def _twilio(environ: Mapping[str, str], public_url: str) -> dict[str, str]:
    """The account, as ``app.sms.twilio.Account`` takes it."""
    account = {
        "sid": environ.get("TWILIO_ACCOUNT_SID", ""),
        "token": environ.get("TWILIO_AUTH_TOKEN", ""),
        "sender": environ.get("TWILIO_FROM", ""),
        "public_url": public_url,
        "base_url": environ.get("TWILIO_BASE_URL", "").rstrip("/"),
        "region": environ.get("TWILIO_REGION", ""),
        "edge": environ.get("TWILIO_EDGE", ""),
    }
    names = {"sid": "TWILIO_ACCOUNT_SID", "token": "TWILIO_AUTH_TOKEN", "sender": "TWILIO_FROM"}
    if missing := [name for key, name in names.items() if not account[key]]:
        raise ConfigError(f"QINGSHOU_SMS_PROVIDER=twilio also needs {', '.join(missing)}")
    for key, name in (("region", "TWILIO_REGION"), ("edge", "TWILIO_EDGE")):
        if account[key] and not _LABEL.fullmatch(account[key]):
            raise ConfigError(f"{name} must be a word like ie1 or dublin, not {account[key]!r}")
    if account["region"] and not account["edge"]:
        raise ConfigError("TWILIO_REGION also needs TWILIO_EDGE")
    if account["base_url"] and not _is_loopback(account["base_url"]):
        raise ConfigError(
            "TWILIO_BASE_URL may only be an address of this machine, like http://127.0.0.1:9000"
        )
    return account


def _public_url(text: str) -> str:
    url = text.rstrip("/")
    if url and not (_is_https(url) or _is_loopback(url)):
        raise ConfigError("QINGSHOU_PUBLIC_URL must be an address like https://qingshou.example")
    return url


def _hosts(text: str) -> tuple[str, ...]:
    """More names by which people reach this instance: ``10.1.2.3,qingshou.county``."""
    names = tuple(name.strip().lower() for name in text.split(",") if name.strip())
    if wrong := [name for name in names if not _HOST.fullmatch(name)]:
        raise ConfigError(f"QINGSHOU_HOSTS must be names like 10.1.2.3,qingshou.county, not {wrong[0]!r}")
    return names


def _proxies(text: str) -> int:
    """How many proxies of ours a request passes, each adding to X-Forwarded-For."""
    if text and not (text.isascii() and text.isdecimal() and int(text) <= MOST_PROXIES):
        raise ConfigError(f"QINGSHOU_PROXIES must be a number from 0 to {MOST_PROXIES}, not {text!r}")
    return int(text or 0)


def _metrics_token(text: str) -> str:
    """What a collector of metrics on another machine must show."""
    if text and not _TOKEN.fullmatch(text):
        raise ConfigError("QINGSHOU_METRICS_TOKEN must have 16 to 128 letters, digits and signs, no spaces")
    return text


def _backup_keep(text: str) -> tuple[int, int, int]:
    """Of how many days, weeks and months a backup is kept: ``7,4,12``."""
    parts = [part.strip() for part in text.split(",")] if text else [str(number) for number in KEPT_BACKUPS]
    if len(parts) != len(KEPT_BACKUPS) or not all(
        p.isascii() and p.isdecimal() and len(p) <= 4 for p in parts
    ):
        raise ConfigError(f"QINGSHOU_BACKUPS_KEPT must be three numbers like 7,4,12, not {text!r}")
    days, weeks, months = map(int, parts)
    return days, weeks, months


def _log(text: str) -> str:
    if text and text not in LOGS:
        raise ConfigError(f"QINGSHOU_LOG must be one of {', '.join(LOGS)}, not {text!r}")
    return text or LOGS[0]


def _is_https(url: str) -> bool:
    try:
        where = urlsplit(url)
        return where.scheme == "https" and bool(where.hostname) and not (where.query or where.fragment)
    except ValueError:
        return False


def _is_loopback(url: str) -> bool:
    try:
        where = urlsplit(url)
        _ = where.port
        host = where.hostname or ""
        return (
            where.scheme in ("http", "https")
            and not where.username
            and not where.path.strip("/")
            and (host == "localhost" or ip_address(host).is_loopback)
        )
    except ValueError:
        return False


def private_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a secret file, made at first use with mode 600 and never overwritten."""
    if path.exists():
        return _existing(path)
    content = make()
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        return _existing(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return content


def private_text(path: Path, make: Callable[[], str]) -> str:
    """The same for a secret of plain letters and digits."""
    try:
        return private_file(path, lambda: make().encode()).decode("ascii").strip()
    except UnicodeDecodeError:
        raise ConfigError(f"{path} is damaged: restore it from a backup") from None


def _existing(path: Path) -> bytes:
    """What the file holds; another process that starts at the same moment may be writing it just now."""
    try:
        for _ in range(FIRST_START_TRIES):
            if content := path.read_bytes():
                return content
            time.sleep(FIRST_START_PAUSE)
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    raise ConfigError(f"{path} is empty: restore it from a backup, or delete it on an instance without data")
