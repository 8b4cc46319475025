"""The site as it is run: gunicorn on a free loopback port and, when asked, the worker; both are ended with the test."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

from app.config import ROOT, Settings

HOST = "127.0.0.1"
START_SECONDS, STOP_SECONDS = 30, 5


class Site:
    """One instance behind a web server of its own."""

    def __init__(self, settings: Settings, **environment: str) -> None:
        self.settings = settings
        self._environment = environment
        self._children: list[subprocess.Popen[bytes]] = []
        self._log = (settings.instance / "server.log").open("ab")
        with socket.create_server((HOST, 0)) as listener:
            self.address = f"http://{HOST}:{listener.getsockname()[1]}"
            self._start(
                ["gunicorn", "-c", "python:deploy.gunicorn_config", "-b", f"fd://{listener.fileno()}"],
                pass_fds=[listener.fileno()],
            )
        self._await_answer()

    def _start(self, module: list[str], pass_fds: list[int]) -> None:
        environment = os.environ | {
            "QINGSHOU_INSTANCE_PATH": str(self.settings.instance),
            "FLASK_APP": "app:create_app",
            "WEB_CONCURRENCY": "1",
            **self._environment,
        }
        self._children.append(
            subprocess.Popen(
                [sys.executable, "-m", *module], cwd=ROOT, env=environment, pass_fds=pass_fds,
                stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log,
            )
        )  # fmt: skip

    def _await_answer(self) -> None:
        deadline = time.monotonic() + START_SECONDS
        while True:
            try:
                urllib.request.urlopen(f"{self.address}/healthz", timeout=START_SECONDS).close()
            except (urllib.error.URLError, ConnectionError):
                if time.monotonic() > deadline or self._children[0].poll() is not None:
                    raise RuntimeError(f"the site did not start:\n{self.log()}") from None
                time.sleep(0.05)
            else:
                return

    def start_worker(self) -> None:
        self._start(["flask", "worker"], pass_fds=[])

    def log(self) -> str:
        """What both have said; silence is how it should be."""
        return Path(self._log.name).read_text("utf-8")

    def stop(self) -> None:
        for child, quickly in zip(self._children, (signal.SIGQUIT, signal.SIGTERM), strict=False):
            child.send_signal(quickly)
        for child in self._children:
            try:
                child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self._log.close()
