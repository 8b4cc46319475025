"""Qingshou: the application factory, the only place that wires the slices together."""

from flask import Flask

from app.config import ROOT, Settings

MAX_UPLOAD = 100 * 1024 * 1024
MAX_FORM = 2 * 1024 * 1024
FORM_SECONDS = 12 * 3600


def create_app(settings: Settings | None = None) -> Flask:
    """An application for one instance folder and one database."""
    from flask_migrate import Migrate
    from werkzeug.middleware.proxy_fix import ProxyFix

    from app import cli, health, logs, startup, web
    from app.accounts import access
    from app.accounts.rules import LONGEST
    from app.db import db, engine_options

    settings = settings or Settings.load()
    app = Flask(__name__, template_folder=str(ROOT / "templates"), instance_path=str(settings.instance))
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SQLALCHEMY_ENGINE_OPTIONS=engine_options(settings.database_url),
        TODAY=settings.today.isoformat() if settings.today else None,
        NOW=settings.now.isoformat() if settings.now else None,
        SMS_PROVIDER=settings.sms_provider,
        TWILIO=dict(settings.twilio) if settings.twilio else None,
        MAX_CONTENT_LENGTH=MAX_UPLOAD,
        MAX_FORM_MEMORY_SIZE=MAX_FORM,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_NAME="__Host-session" if settings.is_public_tls else "session",
        SESSION_COOKIE_SECURE=settings.is_public_tls,
        SESSION_REFRESH_EACH_REQUEST=False,
        PERMANENT_SESSION_LIFETIME=LONGEST,
        WTF_CSRF_TIME_LIMIT=FORM_SECONDS,
        PUBLIC_URL=settings.public_url,
        TRUSTED_HOSTS=list(settings.trusted_hosts),
    )
    app.extensions["qingshou.settings"] = settings
    logs.init_app(app, settings.log)
    if settings.proxies:  # whose word on address and scheme is taken, and nobody else's
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    startup.register_models()
    db.init_app(app)
    Migrate(app, db, directory=str(ROOT / "migrations"), render_as_batch=True)
    web.init_app(app)
    access.init_app(app)
    web.csrf.init_app(app)  # after the gate: no body is read before it is known who sends it
    startup.register_pages(app)
    health.init_app(app)
    startup.load_key(app)
    cli.init_app(app)
    return app
