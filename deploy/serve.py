"""The web server's process: make the database ready, tell the launcher how it stands, then serve.

One process does all of it, because importing the application is most of what a start costs. The work itself
is ``flask prepare`` (app/cli/instance.py); this runs the same command on the application that then serves.
"""

import argparse
import contextlib
import gc
import io
import json
import os
import sys

import click
from flask import Flask
from flask.cli import ScriptInfo
from gunicorn.app.wsgiapp import WSGIApplication

from app import create_app
from app.db import db


class PreparedApplication(WSGIApplication):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn, serving an application that already exists."""

    def __init__(self, app: Flask) -> None:
        self.prepared = app
        super().__init__(prog="qingshou")

    def load(self) -> Flask:
        return self.prepared


def prepare(app: Flask, demo: bool) -> str:
    """Run ``flask prepare`` on this very application; its report, one line of JSON."""
    report = io.StringIO()
    arguments = ["prepare", "--demo" if demo else "--no-demo"]
    with contextlib.redirect_stdout(report):
        status = app.cli.main(
            args=arguments,
            prog_name="flask",
            obj=ScriptInfo(create_app=lambda: app),
            standalone_mode=False,
        )
    if status:
        sys.exit(status)
    return report.getvalue()


def make_ready(demo: bool) -> tuple[Flask, str]:
    """The application on a migrated database, and the report. Refusals become their own sentence."""
    try:
        app = create_app()
        report = prepare(app, demo)
    except click.ClickException as refusal:
        sys.exit(refusal.format_message())
    with app.app_context():
        db.engine.dispose()  # a connection must not be shared by the processes forked from this one
    return app, report


def main() -> None:
    parser = argparse.ArgumentParser(description="Serve; called by deploy/launch.py.")
    parser.add_argument("--listen-fd", type=int, required=True, help="a bound socket")
    parser.add_argument("--report-fd", type=int, required=True, help="a pipe for the report")
    parser.add_argument("--demo", action=argparse.BooleanOptionalAction, default=True)
    options = parser.parse_args()

    gc.disable()  # collecting while thousands of classes are being imported finds nothing and costs a tenth
    app, report = make_ready(options.demo)
    with os.fdopen(options.report_fd, "w") as pipe:
        pipe.write(report)
    if json.loads(report)["empty"]:
        return
    gc.freeze()  # what exists now is for good: collections in the workers need not touch, and copy, it
    gc.enable()
    sys.argv = ["gunicorn", "-c", "python:deploy.gunicorn_config", "-b", f"fd://{options.listen_fd}"]
    PreparedApplication(app).run()


if __name__ == "__main__":
    main()
