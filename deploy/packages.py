"""The project's own .venv, and the locked packages in it."""

import importlib.util
import shutil
import sys
from pathlib import Path

from deploy.ground import (
    MEGABYTE,
    NO_SPACE_LEFT,
    PYTHON,
    ROOT,
    VENV,
    Problem,
    last_lines,
    no_space_sentence,
    require_space,
    run,
)
from deploy.stamps import Stamps, fingerprint
from deploy.words import say, words

APP, DEV = "app", "dev"
LOCKS = {APP: ("app.txt", "assets.txt"), DEV: ("dev.txt",)}
NEEDED_MB = {APP: 700, DEV: 1100}  # with node_modules and what pip holds meanwhile
NEEDED_TO_CHANGE_MB = 250
PIP_INSTALL = ("install", "--quiet", "--no-input", "--require-hashes", "--no-deps")
# What pip says, whatever its version, when no registry answers.
NO_NETWORK = (
    *("NewConnectionError", "Failed to establish", "Name or service", "name resolution", "timed out"),
    *("ProxyError", "Network is unreachable", "Connection refused", "ConnectTimeout", "Could not fetch"),
)


def lock_files(profile: str) -> list[Path]:
    return [ROOT / "requirements" / name for name in LOCKS[profile]]


def profile(stamps: Stamps, dev: bool) -> str:
    """Who once had the development packages keeps them, whatever command comes next."""
    return DEV if dev or stamps.get("profile") == DEV else APP


def are_current(stamps: Stamps, dev: bool) -> bool:
    """Is .venv whole, made here, and installed from these very locks?"""
    wanted = profile(stamps, dev)
    return (
        stamps.get("root") == str(ROOT)
        and stamps.get("profile") == wanted
        and stamps.get("packages") == fingerprint(lock_files(wanted))
        and interpreter_is_whole()
    )


def interpreter_is_whole() -> bool:
    """Does .venv's Python still exist? It may not, after the system went on to another Python."""
    if not PYTHON.exists():
        return False
    lines = (VENV / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    settings = dict(line.split(" = ", 1) for line in lines if " = " in line)
    return Path(settings.get("executable", PYTHON)).exists()


def install(stamps: Stamps, dev: bool) -> None:
    """Make .venv where it is missing or broken, and install what the locks say."""
    wanted = profile(stamps, dev)
    needed = NEEDED_TO_CHANGE_MB if PYTHON.exists() else NEEDED_MB[wanted]
    require_space(needed)
    make_venv(stamps)
    say("Installing the packages (a minute or so) …", "正在安装软件包（约一分钟）……")
    arguments = [argument for path in lock_files(wanted) for argument in ("-r", str(path))]
    done = run(
        [PYTHON, "-m", "pip", *PIP_INSTALL, *arguments],
        PIP_DISABLE_PIP_VERSION_CHECK="1",
        PIP_USER="0",
    )
    if done.returncode != 0:
        raise pip_problem(done.stdout, needed)
    stamps.put(profile=wanted, packages=fingerprint(lock_files(wanted)))


def make_venv(stamps: Stamps) -> None:
    """Create .venv; from the ground up where the old one was moved here or lost its Python."""
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        raise Problem(
            words(
                "This Python lacks its venv module: install it (on Debian and Ubuntu: "
                "sudo apt install python3-venv) and run the same command again.",
                "此 Python 缺少 venv 模块：请先安装（Debian、Ubuntu：sudo apt install python3-venv），"
                "再重新运行同一命令。",
            )
        )
    moved = stamps.get("root") not in (None, str(ROOT))
    broken = VENV.exists() and not interpreter_is_whole()
    if moved or broken:
        shutil.rmtree(VENV)
        stamps.values.clear()
    if not PYTHON.exists():
        say("Creating .venv …", "正在创建 .venv ……")
        # Outside of any virtual environment that happens to be active, .venv itself included.
        interpreter = getattr(sys, "_base_executable", sys.executable)
        done = run([interpreter, "-m", "venv", VENV])
        if done.returncode != 0:
            sentence = words(".venv could not be created:", "无法创建 .venv：")
            raise Problem(f"{sentence}\n{last_lines(done.stdout)}")
    stamps.put(root=str(ROOT))


def pip_problem(output: str, needed: int) -> Problem:
    """The sentence for what pip could not do."""
    if NO_SPACE_LEFT in output:
        return Problem(no_space_sentence(needed, shutil.disk_usage(ROOT).free // MEGABYTE))
    if "DO NOT MATCH THE HASHES" in output:
        return Problem(
            words(
                "A downloaded package is not the one that was locked (its hash differs), so it was not "
                "installed: try again, or from another mirror.",
                "下载的软件包与锁定的不一致（哈希不符），未予安装：请重试，或换用其他镜像。",
            )
        )
    if any(sign in output for sign in NO_NETWORK):
        return Problem(
            words(
                "The packages could not be downloaded: check the network (on a slow line, choose a mirror "
                "with: pip config set global.index-url ADDRESS) and run the same command again.",
                "软件包下载失败：请检查网络（网速慢时可用 pip config set global.index-url 地址 设置镜像），"
                "然后重新运行同一命令。",
            )
        )
    sentence = words("The packages could not be installed:", "软件包安装失败：")
    return Problem(f"{sentence}\n{last_lines(output)}")
