"""Units, container and proxy examples name what exists: commands, modules, settings, folders, each other.

No container is built and no unit is started here; what they run is run by the tests of stopping and of set-up.
"""

import configparser
import re
import shlex
from importlib.util import find_spec
from pathlib import Path

import pytest
from flask import Flask

from app.config import ROOT, Settings

SYSTEMD = sorted((ROOT / "deploy" / "systemd").iterdir())
SERVICES = [path for path in SYSTEMD if path.suffix == ".service"]
CONTAINER = ROOT / "deploy" / "container"
EXAMPLES = ROOT / "deploy" / "examples"
PYTHON = "/opt/qingshou/.venv/bin/python"
HARDENED = {
    "NoNewPrivileges",
    "ProtectSystem",
    "ProtectHome",
    "PrivateTmp",
    "CapabilityBoundingSet",
    "SystemCallFilter",
}


def unit(path: Path) -> configparser.RawConfigParser:
    found = configparser.RawConfigParser(strict=False, interpolation=None)
    found.optionxform = str  # type: ignore[assignment,method-assign]
    found.read_string(path.read_text("utf-8"))
    return found


def check_command(app: Flask, words: list[str]) -> None:
    """``python -m flask X …`` or ``python -m gunicorn …``, with options that exist."""
    assert words[1] == "-m"
    assert find_spec(words[2])
    if words[2] == "flask":
        command = app.cli.commands.get(words[3])
        if words[3] == "db":
            return
        assert command is not None, words
        options = words[4:]
        if hasattr(command, "commands"):
            command, options = command.commands[words[4]], words[5:]
        known = {option for parameter in command.params for option in parameter.opts}
        assert {word for word in options if word.startswith("--")} <= known, words
    else:
        config = words[words.index("-c") + 1].removeprefix("python:")
        assert find_spec(config)


@pytest.mark.parametrize("db_kind", ["sqlite"])
@pytest.mark.parametrize("path", SERVICES, ids=lambda path: path.name)
def test_a_unit_runs_what_exists_and_is_hardened(app: Flask, path: Path) -> None:
    service = unit(path)["Service"]
    words = shlex.split(service["ExecStart"])
    assert words[0] == PYTHON
    check_command(app, words)
    assert set(service) >= HARDENED
    assert service["User"] == "qingshou" and service["UMask"] == "0077"
    for setting in re.findall(r"(QINGSHOU_\w+)=", service["Environment"]):
        assert setting in settings_read()


def test_units_name_each_other() -> None:
    names = {path.name for path in SYSTEMD}
    assert names == {
        "qingshou-web.socket", "qingshou-web.service", "qingshou-worker.service", "qingshou-backup.service",
        "qingshou-backup.timer",
    }  # fmt: skip
    named = {
        name for path in SYSTEMD for name in re.findall(r"^\w+=(qingshou\S+)", path.read_text(), re.MULTILINE)
    }
    assert {name for name in named if "." in name} <= names


def test_a_service_is_given_longer_than_what_it_waits_for() -> None:
    from app.jobs import LAST_ROUND_SECONDS

    web, worker = (
        unit(ROOT / "deploy/systemd" / f"qingshou-{name}.service")["Service"] for name in ("web", "worker")
    )
    assert int(web["TimeoutStopSec"]) > int(shlex.split(web["ExecStart"])[-1])
    assert int(worker["TimeoutStopSec"]) > LAST_ROUND_SECONDS


def settings_read() -> set[str]:
    read = (ROOT / "app/config.py").read_text("utf-8") + (ROOT / "deploy/gunicorn_config.py").read_text(
        "utf-8"
    )
    return set(re.findall(r"environ\.get\(\"([A-Z_]+)\"", read)) | {"QINGSHOU_LOG"}


def test_the_example_settings_are_read_and_taken(tmp_path: Path) -> None:
    lines = re.findall(r"^#?([A-Z_]+)=(.*)$", (EXAMPLES / "qingshou.env").read_text("utf-8"), re.MULTILINE)
    assert len(lines) > 5
    assert {name for name, _ in lines} - {"TZ"} <= settings_read()
    given = dict(lines) | {"QINGSHOU_INSTANCE_PATH": str(tmp_path), "QINGSHOU_METRICS_TOKEN": "x" * 24}
    taken = Settings.load(given)
    assert (
        taken.is_public_tls and taken.proxies == 1 and taken.database_url.startswith("postgresql+psycopg://")
    )


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_the_containers_run_what_exists(app: Flask) -> None:
    dockerfile = (CONTAINER / "Dockerfile").read_text("utf-8")
    compose = (CONTAINER / "compose.yaml").read_text("utf-8")
    (command,) = re.findall(r"^CMD (\[.*\])$", dockerfile, re.MULTILINE)
    check_command(app, [word.strip(' "') for word in command.strip("[]").split(",")])
    commands = re.findall(r"command: \[(.*)\]", compose)
    assert len(commands) == 2
    for words in commands:
        check_command(app, [word.strip() for word in words.split(",")])
    assert "USER qingshou" in dockerfile and dockerfile.index("USER qingshou") < dockerfile.index("CMD")
    images = re.findall(r"^FROM (\S+)", dockerfile, re.MULTILINE) + re.findall(
        r"^\s+image: (\S+)", compose, re.MULTILINE
    )
    assert images and not [image for image in images if "/" in image], "names only, no address of a registry"
    for folder in re.findall(r"(?:dockerfile|context): (\S+)|- (\.\./examples/\w+):", compose):
        named = folder[0] or folder[1]
        assert (ROOT / named).exists() or (CONTAINER / named).exists(), named


def test_what_must_not_be_in_an_image_is_left_out() -> None:
    ignored = (ROOT / ".dockerignore").read_text("utf-8").split()
    assert {".git", ".venv", "instance", "node_modules"} <= set(ignored)


@pytest.mark.parametrize("name", ["nginx.conf", "Caddyfile"])
def test_the_proxies_say_who_asks_and_hide_what_is_for_machines(name: str) -> None:
    text = (EXAMPLES / name).read_text("utf-8")
    assert "X-Request-ID" in text and "/metrics" in text and "/readyz" in text and "100" in text
    assert text.count("{") == text.count("}")
    if name == "nginx.conf":
        assert "X-Forwarded-For   $remote_addr;" in text, "one address, and not what the visitor says"
        assert "$proxy_add_x_forwarded_for" not in text
