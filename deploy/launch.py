"""``make run``: set up what is missing, start web and worker on this machine only, stop both together.

1. Check the port and the disk, before anything takes long.
2. Set up (deploy/setup.py); the second time there is nothing to do.
3. Start the web server (deploy/serve.py), which migrates the database and, at the first start, loads the
   demonstration county; with DEMO=0 an empty database is set up by asking (``flask setup``).
4. When it answers, print the address and the sign-in, and start the worker.
5. Ctrl-C, or the end of either, ends both.

Written in the syntax of Python 3.6, like all that runs before the first import has judged the version.
"""

import deploy.gate  # noqa: F401, I001 - first, on purpose

import argparse
import json
import os
import socket
import time
from typing import Any

from deploy import setup
from deploy.ground import PYTHON, Problem, command_line, require_space
from deploy.processes import ChildEnded, Stopped, Supervisor
from deploy.words import say, words

HOST = "127.0.0.1"
NEEDED_MB = 100  # for a year of a county's ledgers and the database's own journal
START_SECONDS = 60
HEALTH_REQUEST = f"GET /healthz HTTP/1.0\r\nHost: {HOST}\r\n\r\n".encode()
YES, NO = ("1", "yes", "true", "on"), ("0", "no", "false", "off")


def main() -> int:
    parser = argparse.ArgumentParser(prog="make run", description="Run Qingshou on this machine.")
    parser.add_argument("--port", default="8000", help="PORT=8010 for another than 8000")
    parser.add_argument("--demo", default="1", help="DEMO=0 to begin with an empty county")
    options = parser.parse_args()
    demo = read_switch(options.demo)
    with reserve(read_port(options.port)) as listener:
        require_space(NEEDED_MB)
        setup.ensure()
        try:
            with Supervisor() as processes:
                run(processes, listener, demo)
        except Stopped:
            say("\nStopped.", "\n已停止。")
    return 0


def read_switch(text: str) -> bool:
    if text.lower() not in YES + NO:
        raise Problem(words(f"DEMO is 1 or 0, not {text}.", f"DEMO 应为 1 或 0，而不是 {text}。"))
    return text.lower() in YES


def read_port(text: str) -> int:
    """0 takes any free port."""
    if not text.isascii() or not text.isdigit() or int(text) > 65535:
        raise Problem(
            words(
                f"PORT is a number up to 65535, not {text}; for example: make run PORT=8010",
                f"PORT 应为不超过 65535 的数字，而不是 {text}；例如：make run PORT=8010",
            )
        )
    return int(text)


def reserve(port: int) -> socket.socket:
    """A socket that holds the port from now on, so that nobody can take it while the set-up runs."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((HOST, port))
        listener.listen(128)
    except PermissionError as refusal:
        raise Problem(
            words(
                f"Port {port} is reserved for the system; choose another one: make run PORT=8010",
                f"端口 {port} 为系统保留；请换一个：make run PORT=8010",
            )
        ) from refusal
    except OSError as refusal:
        other = 8010 if port != 8010 else 8020
        raise Problem(
            words(
                f"Port {port} is in use (by another `make run`, perhaps): stop that, or choose another port: "
                f"make run PORT={other}",
                f"端口 {port} 已被占用（可能已有一个 make run 在运行）：请先停止它，"
                f"或换一个端口：make run PORT={other}",
            )
        ) from refusal
    return listener


def run(processes: Supervisor, listener: socket.socket, demo: bool) -> None:
    """Start everything and stay until something ends."""
    report = start_web(processes, listener, demo)
    if report["empty"]:
        ask_for_county(processes)
        report = start_web(processes, listener, demo)
    if report["demo"] and not demo:
        raise Problem(
            words(
                "instance/ holds the demonstration county: move it away to begin with an empty one "
                "(mv instance/* elsewhere), or run without DEMO=0.",
                "instance/ 中是演示县数据：请先移走（mv instance/* 到别处）再从空库开始，"
                "或不带 DEMO=0 运行。",
            )
        )
    await_health(processes, listener.getsockname()[1])
    announce(listener.getsockname()[1], report)
    processes.start(words("The worker", "后台进程"), [PYTHON, "-m", "flask", "worker"])
    processes.wait()


def start_web(processes: Supervisor, listener: socket.socket, demo: bool) -> "dict[str, Any]":
    """Start the web server and wait until it has made the database ready; its report.

    It ends after reporting an empty database: there is nothing to serve then.
    """
    reading, writing = os.pipe()
    command = [str(PYTHON), "-m", "deploy.serve", "--demo" if demo else "--no-demo"]
    command += ["--listen-fd", str(listener.fileno()), "--report-fd", str(writing)]
    web = processes.start(words("The web server", "网页服务"), command, pass_fds=[listener.fileno(), writing])
    os.close(writing)
    with open(reading, encoding="utf-8") as pipe:  # noqa: PTH123 - a descriptor, not a path
        processes.wait(pipe.fileno())
        line = pipe.read()
    if not line:
        processes.wait_for(web)
        raise ChildEnded(words("The start was given up; the reason stands above.", "启动失败，原因见上。"))
    report: dict[str, Any] = json.loads(line)
    if report["empty"]:
        processes.wait_for(web)
    return report


def ask_for_county(processes: Supervisor) -> None:
    """An empty database and no demonstration: ask for what it needs at the terminal."""
    questions = processes.start("flask setup", [PYTHON, "-m", "flask", "setup"], terminal=True)
    if processes.wait_for(questions) != 0:
        raise Problem(
            words(
                "Nothing was started: the administrator, the county and the lender are needed first.",
                "未启动：需先设定管理员、县和贷款机构。",
            )
        )


def await_health(processes: Supervisor, port: int) -> None:
    """Until GET /healthz is answered with 200."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        with socket.create_connection((HOST, port), timeout=5) as connection:
            connection.sendall(HEALTH_REQUEST)
            if processes.wait(connection.fileno(), seconds=5) and b" 200 " in connection.recv(64):
                return
        processes.wait(seconds=0.05)
    raise Problem(
        words(
            f"The web server did not answer within {START_SECONDS} seconds; its messages stand above.",
            f"网页服务在 {START_SECONDS} 秒内没有响应，详见上面的信息。",
        )
    )


def announce(port: int, report: dict[str, Any]) -> None:
    say(f"\nQingshou is running:  http://{HOST}:{port}/", f"\n系统已启动：http://{HOST}:{port}/")
    if report["demo"]:
        user, password = report["username"], report["password"]
        say(f"Sign in as {user} with the password {password}", f"登录账号 {user}，密码 {password}")
    say("Ctrl-C stops it.", "按 Ctrl-C 停止。")


if __name__ == "__main__":
    command_line(main)
