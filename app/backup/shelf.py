"""Where backups lie, what they are called, and which of them stay."""

import contextlib
import fcntl
import os
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from pathlib import Path

from app.backup.refused import BackupRefused
from app.clock import SHANGHAI
from app.config import Settings
from app.labels import T

PART = ".part"  # while it is written
AT = time(2)  # from when on a day's backup is wanted, Asia/Shanghai
YOUNG = timedelta(days=2)  # before the newest
_NAME = re.compile(r"qingshou-(\d{8}T\d{6})Z\.backup")
_FORM = "%Y%m%dT%H%M%S"


@dataclass(frozen=True, slots=True)
class Backup:
    """A finished file; ``made_at`` is the moment that it shows."""

    path: Path
    made_at: datetime


def name_of(moment: datetime) -> str:
    return f"qingshou-{moment.astimezone(UTC).strftime(_FORM)}Z.backup"


def backups(folder: Path) -> list[Backup]:
    """The finished ones, the newest first."""
    found = []
    for path in folder.glob("*.backup") if folder.is_dir() else ():
        if match := _NAME.fullmatch(path.name):
            with contextlib.suppress(ValueError):
                found.append(Backup(path, datetime.strptime(match[1], _FORM).replace(tzinfo=UTC)))
    return sorted(found, key=lambda one: one.made_at, reverse=True)


def newest_backup(settings: Settings) -> datetime | None:
    """The moment that the newest finished backup shows; None when there is none."""
    found = backups(settings.backups)
    return found[0].made_at if found else None


def is_due(newest: datetime | None, moment: datetime) -> bool:
    """Is the backup missing that became wanted last night?"""
    here = moment.astimezone(SHANGHAI)
    wanted = datetime.combine(here.date(), AT, SHANGHAI)
    if here < wanted:
        wanted -= timedelta(days=1)
    return newest is None or newest < wanted


def kept(made: Iterable[datetime], keep: tuple[int, int, int]) -> set[datetime]:
    """Those that stay: the newest of each of the last days, weeks and months that have one, and all that are young.

    Whoever made one just before something dangerous finds it the day after.
    """
    newest_first = sorted(made, reverse=True)
    stay = {one for one in newest_first if newest_first[0] - one < YOUNG}
    periods: tuple[Callable[[datetime], object], ...] = (
        lambda at: at.date(),
        lambda at: at.isocalendar()[:2],
        lambda at: (at.year, at.month),
    )
    for number, period in zip(keep, periods, strict=True):
        seen: dict[object, datetime] = {}
        for one in newest_first:
            seen.setdefault(period(one.astimezone(SHANGHAI)), one)
        stay |= set(list(seen.values())[:number])
    return stay


def prune(folder: Path, keep: tuple[int, int, int]) -> list[Path]:
    """Remove what does not stay; other files in the folder are left alone. Returns what is gone."""
    found = backups(folder)
    stay = kept([one.made_at for one in found], keep)
    gone = [one.path for one in found if one.made_at not in stay]
    for path in gone:
        path.unlink()
    return gone


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Only one backup is made at a time on this machine. Raises BackupRefused. What a killed one left is removed."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise cannot_write(folder, error) from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise BackupRefused(T("A backup is being made just now. Wait for it.")) from None
        for left in folder.glob(f"*{PART}"):
            left.unlink()
        yield
    finally:
        os.close(descriptor)


def to_disk(path: Path) -> None:
    """A file's content, or what a folder's names stand for, outlives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def cannot_write(path: Path, error: OSError) -> BackupRefused:
    """The sentence for a full disk, a missing right, a folder that is not there."""
    return BackupRefused(
        T("%(path)s cannot be written: %(reason)s", path=str(path), reason=error.strerror or str(error))
    )
