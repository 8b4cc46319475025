"""gunicorn for one county on one machine: ``gunicorn -c python:deploy.gunicorn_config``.

More processes for more people: WEB_CONCURRENCY, gunicorn's own setting.
"""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from app.db import db
from app.metrics import SHARED, meters

wsgi_app = "app:create_app()"
bind = ["127.0.0.1:8000"]
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True

timeout = 120  # seconds without a sign of life from a worker; a large upload on a slow line takes a while
# Ctrl-C promises to end within three seconds; a service that is stopped lets requests end: --graceful-timeout 30
graceful_timeout = 1
keepalive = 5

accesslog = None
loglevel = "warning"
logconfig_dict: dict[str, Any] = {  # its own messages in the form of all others; QINGSHOU_LOG decides which
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {},
    "handlers": {"ours": {"()": "app.logs.to_stderr", "kind": os.getenv("QINGSHOU_LOG", "text")}},
    "root": {"level": "WARNING", "handlers": ["ours"]},
    "loggers": {
        "gunicorn.error": {"level": "WARNING", "handlers": [], "propagate": True},
        "gunicorn.access": {"level": "WARNING", "handlers": [], "propagate": False},
    },
}
control_socket_disable = True  # it would be written to the home directory, outside of the project


_OURS = "qingshou-counts-"


def on_starting(_server: object) -> None:
    """Before any process is forked: where all of them count together."""
    if SHARED not in os.environ:
        os.environ[SHARED] = tempfile.mkdtemp(prefix=_OURS)


def on_exit(_server: object) -> None:
    folder = Path(os.environ[SHARED])
    if folder.name.startswith(_OURS):
        shutil.rmtree(folder, ignore_errors=True)


def post_fork(_server: object, worker: Any) -> None:
    """A connection that the master opened while it loaded the program must not be shared by the workers.

    Two of them reading from one connection get each other's answers. The master's own stays open to it.
    """
    app = worker.app.wsgi()
    with app.app_context():
        db.engine.dispose(close=False)
    meters()  # imported now, not while somebody waits for a page
