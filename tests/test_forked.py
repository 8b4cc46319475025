"""Processes forked from one that has used the database do not share its connections."""

from types import SimpleNamespace

from flask import Flask
from sqlalchemy import text

from app.db import db
from deploy.gunicorn_config import post_fork


def test_a_worker_takes_over_no_connection_and_leaves_the_masters_open(app: Flask) -> None:
    held = db.session.connection().connection.driver_connection
    db.session.rollback()
    shared = db.session.connection().connection.driver_connection
    db.session.rollback()
    assert held is shared  # the control: without it, the pool would hand out the master's
    db.session.remove()
    post_fork(None, SimpleNamespace(app=SimpleNamespace(wsgi=lambda: app)))
    assert db.session.connection().connection.driver_connection is not held
    db.session.rollback()
    assert held is not None and held.execute("SELECT 1").fetchone() == (1,)
    assert db.session.execute(text("SELECT 1")).scalar() == 1
    held.close()
