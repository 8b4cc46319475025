"""Qingshou: the application factory, the only place that wires the slices together."""

from flask import Flask

from app.config import ROOT, Settings

MAX_UPLOAD = 100 * 1024 * 1024
MAX_FORM = 2 * 1024 * 1024
SESSION_SECONDS = 12 * 3600


def create_app(settings: Settings | None = None) -> Flask:
    """An application for one instance folder and one database."""
    from flask_migrate import Migrate

    from app import cli, startup, web
    from app.accounts import access
    from app.db import db

    settings = settings or Settings.load()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), instance_path=str(settings.instance))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        TODAY=settings.today.isoformat() if settings.today else None,
        NOW=settings.now.isoformat() if settings.now else None,
        TWILIO=dict(settings.twilio) if settings.twilio else None,
        MAX_CONTENT_LENGTH=MAX_UPLOAD,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        PERMANENT_SESSION_LIFETIME=SESSION_SECONDS,
        WTF_CSRF_TIME_LIMIT=SESSION_SECONDS,
    )
    startup.register_models()
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    web.init_app(app)
    access.init_app(app)
    startup.register_pages(app)
    startup.load_key(app)
    cli.init_app(app)
    return app
