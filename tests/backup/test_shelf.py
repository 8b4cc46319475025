"""Which backups stay, when the next is due, and what else lies in the folder."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.backup.refused import BackupRefused
from app.backup.shelf import YOUNG, alone, backups, is_due, kept, name_of, newest_backup, prune
from app.clock import SHANGHAI
from app.config import ConfigError, Settings

MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2024, 12, 31)).map(
    lambda at: at.replace(microsecond=0, tzinfo=UTC)
)


@given(st.lists(MOMENTS, max_size=40, unique=True), st.tuples(*[st.integers(0, 5)] * 3))
def test_what_stays(made: list[datetime], keep: tuple[int, int, int]) -> None:
    stay = kept(made, keep)
    young = {at for at in made if max(made) - at < YOUNG}
    assert young <= stay <= set(made) and len(stay - young) <= sum(keep)
    assert not made or max(made) in stay
    days = sorted({at.astimezone(SHANGHAI).date() for at in made}, reverse=True)
    for day in days[: keep[0]]:
        of_day = [at for at in made if at.astimezone(SHANGHAI).date() == day]
        assert max(of_day) in stay
    assert kept(stay, keep) == stay, "what stays, stays when nothing new has come"


def test_a_year_of_nights() -> None:
    nights = [datetime(2023, 1, 1, 2, tzinfo=SHANGHAI) + timedelta(days=n) for n in range(365)]
    held: list[datetime] = []
    for night in nights:
        held = sorted(kept([*held, night], (7, 4, 12)))
    days = [at.date() for at in held]
    assert days[-7:] == [date(2023, 12, 25) + timedelta(days=n) for n in range(7)]
    assert {day.month for day in days} == set(range(1, 13))
    assert [day for day in days if day.month == 3] == [date(2023, 3, 31)]
    assert date(2023, 12, 10) in days and date(2023, 12, 17) in days and len(days) <= 24


@pytest.mark.parametrize(
    ("newest", "now", "due"),
    [
        (None, "2023-12-05 12:00", True),
        ("2023-12-05 02:10", "2023-12-05 12:00", False),
        ("2023-12-05 01:59", "2023-12-05 02:00", True),
        ("2023-12-04 02:10", "2023-12-05 01:59", False),
        ("2023-12-04 02:10", "2023-12-05 02:00", True),
        ("2023-12-04 23:00", "2023-12-05 08:00", True),
        ("2023-11-04 23:00", "2023-12-05 01:00", True),
    ],
)
def test_when_the_next_is_due(newest: str | None, now: str, due: bool) -> None:
    def at(text: str) -> datetime:
        return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)

    assert is_due(at(newest) if newest else None, at(now)) is due


def test_only_finished_backups_count_and_only_they_are_removed(tmp_path: Path) -> None:
    settings = Settings(tmp_path, "", None, "", backup_keep=(1, 0, 0))
    assert newest_backup(settings) is None
    folder = settings.backups
    with alone(folder):
        moments = [datetime(2023, 12, day, tzinfo=UTC) for day in (1, 4, 7)]
        others = ["notes.txt", "my.backup", "qingshou-20231301T000000Z.backup", name_of(moments[2]) + ".part"]
        for name in [*map(name_of, moments), *others]:
            (folder / name).touch()
        assert newest_backup(settings) == moments[2]
        assert [one.made_at for one in backups(folder)] == moments[::-1]
        assert [path.name for path in prune(folder, settings.backup_keep)] == [
            name_of(moments[1]),
            name_of(moments[0]),
        ]
        assert {path.name for path in folder.iterdir()} == {name_of(moments[2]), *others, "lock"}
        with pytest.raises(BackupRefused, match="just now"), alone(folder):
            pass
    with alone(folder):
        assert not (folder / others[3]).exists(), "what a killed run left"


@pytest.mark.parametrize("text", ["7", "7,4", "a,b,c", "7,4,-1", "7,4,12,1", "7;4;12"])
def test_a_wrong_setting_is_told(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigError, match="three numbers"):
        Settings.load({"QINGSHOU_INSTANCE_PATH": str(tmp_path), "QINGSHOU_BACKUPS_KEPT": text})


def test_settings(tmp_path: Path) -> None:
    environ = {"QINGSHOU_INSTANCE_PATH": str(tmp_path)}
    assert Settings.load(environ).backups == tmp_path / "backups"
    environ |= {"QINGSHOU_BACKUPS": str(tmp_path / "x"), "QINGSHOU_BACKUPS_KEPT": "1, 2,3"}
    found = Settings.load(environ)
    assert (found.backups, found.backup_keep) == (tmp_path / "x", (1, 2, 3))
