"""gunicorn for one county on one machine: ``gunicorn -c python:deploy.gunicorn_config``.

More processes for more people: WEB_CONCURRENCY, gunicorn's own setting.
"""

import os

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
