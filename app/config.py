"""Settings from the environment and the instance folder. A wrong value stops the start with one clear line."""

import os
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PRIVATE = 0o600


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

    @classmethod
    def load(cls, environ: Mapping[str, str] = os.environ) -> "Settings":
        """Read ``QINGSHOU_INSTANCE_PATH``, ``DATABASE_URL`` and ``QINGSHOU_TODAY``; create the instance folder."""
        instance = Path(environ.get("QINGSHOU_INSTANCE_PATH") or ROOT / "instance").resolve()
        try:
            instance.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError(f"the instance folder {instance} cannot be made: {error.strerror}") from None
        url = _database_url(environ.get("DATABASE_URL") or f"sqlite:///{instance / 'qingshou.db'}")
        if url.startswith("sqlite:///"):
            _touch_private(Path(url.removeprefix("sqlite:///")))
        return cls(
            instance=instance,
            database_url=url,
            today=_today(environ.get("QINGSHOU_TODAY", "")),
            secret_key=private_file(instance / "secret.key", lambda: secrets.token_hex(32).encode()).decode(),
        )


def _database_url(url: str) -> str:
    """The URL with the one driver we use for each database."""
    for prefix in ("postgresql://", "postgres://"):
        if url.startswith(prefix):
            return "postgresql+psycopg://" + url.removeprefix(prefix)
    if url.startswith(("sqlite:///", "postgresql+psycopg://")):
        return url
    raise ConfigError("DATABASE_URL must start with sqlite:/// or postgresql://")


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


def private_file(path: Path, make: Callable[[], bytes]) -> bytes:
    """The content of a secret file, made at first use with mode 600 and never overwritten."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
    except FileExistsError:
        return _existing(path)
    except OSError as error:
        raise ConfigError(f"{path} cannot be written: {error.strerror}") from None
    with os.fdopen(descriptor, "wb") as file:
        file.write(content := make())
        file.flush()
        os.fsync(descriptor)
    return content


def _existing(path: Path) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}") from None
    if not content:
        raise ConfigError(
            f"{path} is empty: restore it from a backup, or delete it on an instance without data"
        )
    return content
