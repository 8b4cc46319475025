"""Every setting that cannot be used stops the start with one line that says what to do."""

import os
import stat
from datetime import date
from pathlib import Path
from threading import Timer

import pytest

from app import create_app
from app.config import ConfigError, Settings, private_file


def one_line(error: BaseException) -> str:
    """The whole output of a program that stops with it."""
    message = str(error)
    assert message.startswith("qingshou: ") and "\n" not in message
    return message


def load(instance: Path, **environ: str) -> Settings:
    return Settings.load({"QINGSHOU_INSTANCE_PATH": str(instance), **environ})


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("DATABASE_URL", "mysql://localhost/x", "must start with sqlite:/// or postgresql://"),
        ("DATABASE_URL", "qingshou.db", "must start with sqlite:/// or postgresql://"),
        ("DATABASE_URL", "sqlite://", "must start with sqlite:/// or postgresql://"),
        ("DATABASE_URL", "postgresql://u@h:port/county", "must look like"),
        ("QINGSHOU_TODAY", "yesterday", "must be a date like 2023-12-05, not 'yesterday'"),
        ("QINGSHOU_TODAY", "2023-13-01", "must be a date like 2023-12-05"),
        ("QINGSHOU_TODAY", "05/12/2023", "must be a date like 2023-12-05"),
        ("QINGSHOU_NOW", "half past nine", "must be a moment like 2023-12-05T09:30, not 'half past nine'"),
        ("QINGSHOU_NOW", "2023-12-05T25:00", "must be a moment like"),
        ("QINGSHOU_SMS_PROVIDER", "pigeon", "must be one of sandbox, handoff, twilio, not 'pigeon'"),
        ("QINGSHOU_SMS_PROVIDER", "twilio", "also needs TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM"),
    ],
)
def test_a_wrong_value_is_told(tmp_path: Path, name: str, value: str, told: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, **{name: value})
    message = one_line(refused.value)
    assert name in message and told in message


ACCOUNT = {"QINGSHOU_SMS_PROVIDER": "twilio", "TWILIO_ACCOUNT_SID": "AC1", "TWILIO_AUTH_TOKEN": "t",
           "TWILIO_FROM": "MG1"}  # fmt: skip


@pytest.mark.parametrize(
    "url",
    ["http://example.com", "http://127.0.0.1.example.com", "http://127.0.0.1@example.com", "http://10.0.0.1:80", "x",
     "ftp://127.0.0.1", "http://127.0.0.1:port", "http://localhost/elsewhere"],
)  # fmt: skip
def test_a_rehearsal_s_server_is_on_this_machine(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, **ACCOUNT, TWILIO_BASE_URL=url)
    assert "TWILIO_BASE_URL may only be an address of this machine" in one_line(refused.value)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9000", "http://localhost:9000/", "http://[::1]:9000"])
def test_and_then_it_is_used(tmp_path: Path, url: str) -> None:
    account = load(tmp_path, **ACCOUNT, TWILIO_BASE_URL=url).twilio
    assert account is not None and account["base_url"] == url.rstrip("/")
    assert load(tmp_path).twilio is None


@pytest.mark.parametrize(
    ("name", "value"),
    [("QINGSHOU_PUBLIC_URL", "http://county.example"), ("QINGSHOU_PUBLIC_URL", "https://"),
     ("QINGSHOU_PUBLIC_URL", "county.example"), ("QINGSHOU_PUBLIC_URL", "https://[county"),
     ("TWILIO_REGION", "ie1.example/"), ("TWILIO_EDGE", "DUB LIN"), ("TWILIO_REGION", "ie1")],
)  # fmt: skip
def test_the_provider_s_other_settings_are_checked(tmp_path: Path, name: str, value: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load(tmp_path, **ACCOUNT, **{name: value})
    assert name in one_line(refused.value)


def test_and_taken_when_right(tmp_path: Path) -> None:
    for url in ("https://county.example", "https://county.example/qingshou/", "http://127.0.0.1:8000"):
        account = load(
            tmp_path, **ACCOUNT, QINGSHOU_PUBLIC_URL=url, TWILIO_REGION="ie1", TWILIO_EDGE="dublin"
        ).twilio
        assert account is not None and account["public_url"] == url.rstrip("/")
    assert load(tmp_path, QINGSHOU_SMS_PROVIDER="sandbox").twilio is None


def test_an_instance_folder_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(ConfigError) as refused:
            load(path)
        assert str(path) in one_line(refused.value)


@pytest.mark.parametrize("content", [b"", b"\xff\xfe\x00"], ids=["empty", "garbage"])
def test_a_spoilt_session_key(tmp_path: Path, content: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.config.FIRST_START_PAUSE", 0)
    (tmp_path / "secret.key").write_bytes(content)
    with pytest.raises(ConfigError) as refused:
        load(tmp_path)
    assert "secret.key" in one_line(refused.value)


def test_a_secret_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "secret.key").mkdir()
    with pytest.raises(ConfigError) as refused:
        load(tmp_path)
    assert "secret.key cannot be read" in one_line(refused.value)


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("sqlite:////nowhere/at/all/x.db", "database"),
        ("postgresql://nobody@127.0.0.1:1/none", "database"),
    ],
)
def test_a_database_that_cannot_be_reached_is_told_and_makes_no_key(
    tmp_path: Path, url: str, told: str
) -> None:
    with pytest.raises(ConfigError) as refused:
        create_app(load(tmp_path, DATABASE_URL=url))
    assert told in one_line(refused.value) and "written with it" not in str(refused.value)
    assert not (tmp_path / "data.key").exists()


def test_a_file_that_is_no_database_is_told(tmp_path: Path) -> None:
    (tmp_path / "qingshou.db").write_bytes(b"PK\x03\x04 certainly no database" * 100)
    with pytest.raises(ConfigError) as refused:
        create_app(load(tmp_path))
    assert "database" in one_line(refused.value)


def test_what_is_set_and_what_is_not(tmp_path: Path) -> None:
    settings = load(tmp_path / "new" / "folder", QINGSHOU_TODAY="2023-12-05")
    assert settings.instance == (tmp_path / "new" / "folder").resolve()
    assert settings.today == date(2023, 12, 5)
    assert settings.database_url == f"sqlite:///{settings.instance / 'qingshou.db'}"
    assert load(tmp_path, DATABASE_URL="", QINGSHOU_TODAY="").today is None


@pytest.mark.parametrize("prefix", ["postgres", "postgresql", "postgresql+psycopg"])
def test_one_driver_for_postgresql(tmp_path: Path, prefix: str) -> None:
    settings = load(tmp_path, DATABASE_URL=f"{prefix}://u@h/county?host=/run")
    assert settings.database_url == "postgresql+psycopg://u@h/county?host=/run"


def test_a_secret_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    previous = os.umask(0)
    try:
        made = load(tmp_path).secret_key
    finally:
        os.umask(previous)
    assert stat.S_IMODE((tmp_path / "secret.key").stat().st_mode) == 0o600
    assert len(made) == 64 and load(tmp_path).secret_key == made
    assert load(tmp_path / "other").secret_key != made


def test_a_secret_that_could_not_be_made_leaves_no_empty_file(tmp_path: Path) -> None:
    """An empty file would stop every later start."""

    def fail() -> bytes:
        raise RuntimeError("no entropy")

    with pytest.raises(RuntimeError):
        private_file(tmp_path / "some.key", fail)
    assert private_file(tmp_path / "some.key", lambda: b"made") == b"made"


def test_a_secret_that_another_process_is_writing_is_waited_for(tmp_path: Path) -> None:
    """Web and worker start at the same moment on a new instance."""
    path = tmp_path / "some.key"
    path.touch()
    writer = Timer(0.1, path.write_bytes, [b"theirs"])
    writer.start()
    assert private_file(path, lambda: b"mine") == b"theirs"
    writer.join()


def test_the_database_file_is_its_owners_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    load(tmp_path / "a")
    load(tmp_path / "b", DATABASE_URL="sqlite:///other.db")  # relative: in the instance folder
    load(tmp_path / "c", DATABASE_URL=f"sqlite:///{tmp_path}/d.db?timeout=3")
    load(tmp_path / "e", DATABASE_URL="sqlite:///:memory:")
    made = sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.suffix != ".key")
    assert made == ["a", "a/qingshou.db", "b", "b/other.db", "c", "d.db", "e"]
    for name in ("a/qingshou.db", "b/other.db", "d.db"):
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
