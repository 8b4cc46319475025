"""gunicorn for one county on one machine: ``gunicorn -c python:deploy.gunicorn_config``.

More processes for more people: WEB_CONCURRENCY, gunicorn's own setting.
"""

import os
from typing import Any

from app.db import db

wsgi_app = "app:create_app()"
bind = ["127.0.0.1:8000"]
worker_class = "gthread"
workers = int(os.environ.get("WEB_CONCURRENCY", "2"))
threads = 4
preload_app = True

timeout = 120  # seconds without a sign of life from a worker; a large upload on a slow line takes a while
graceful_timeout = 1  # Ctrl-C promises to end within three seconds
keepalive = 5

accesslog = None
loglevel = "warning"
control_socket_disable = True  # it would be written to the home directory, outside of the project


def post_fork(_server: object, worker: Any) -> None:
    """A connection that the master opened while it loaded the program must not be shared by the workers.

    Two of them reading from one connection get each other's answers. The master's own stays open to it.
    """
    app = worker.app.wsgi()
    with app.app_context():
        db.engine.dispose(close=False)
