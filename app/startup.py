"""The parts of starting up: all models known, all pages registered, the key that fits the database."""

import importlib
import sys
from pathlib import Path

from flask import Flask
from sqlalchemy.exc import DatabaseError, IntegrityError, OperationalError, ProgrammingError

from app.config import ConfigError
from app.db import Setting, db, get_setting, reading
from app.labels import T
from app.privacy import Keyring

SLICES = (
    "places", "accounts", "loans", "policies", "forces", "cases", "fairness", "contacts", "promises", "remedies",
    "papers", "publicity", "desk", "reminders", "ledger", "bulletin", "lines", "trail", "editions",
)  # fmt: skip
KEY_FINGERPRINT = "key_fingerprint"
UNFINISHED = "restore-unfinished"  # a file in the instance folder while a backup is restored there


def register_models() -> None:
    """Import every module with tables, so that metadata is complete for migrations. Closed months watch the loans."""
    importlib.import_module("app.audit")
    for name in SLICES:
        importlib.import_module(f"app.{name}.models")
    from app.bulletin.closing import preserve
    from app.loans.actions import before_change

    before_change(preserve)


def register_pages(app: Flask) -> None:
    """The blueprints, and the navigation in its order."""
    from app.accounts import access
    from app.accounts.rules import Permission
    from app.accounts.views import bp as accounts
    from app.bulletin.bridge_pages import bp as bulletin
    from app.bulletin.months import bp as months
    from app.cases.assignment import would_cover
    from app.cases.views import bp as cases
    from app.contacts.views import bp as contacts
    from app.dashboard.board import bp as board
    from app.dashboard.views import bp as dashboard
    from app.desk.pages import bp as desk
    from app.desk.views import case_page, overtaken
    from app.editions.bundle_pages import bp as bundles
    from app.editions.pages import bp as editions
    from app.fairness.views import bp as fairness
    from app.forces.views import bp as forces
    from app.ledger.views import bp as ledger
    from app.lines.views import bp as lines
    from app.measures.views import bp as measures
    from app.outlook.views import bp as outlook
    from app.papers.views import bp as papers
    from app.places.views import bp as places
    from app.policies.views import bp as policies
    from app.promises.views import bp as promises
    from app.publicity.views import bp as publicity
    from app.remedies.views import bp as remedies
    from app.remedies.workbook import bp as register
    from app.reminders.callbacks import bp as callbacks
    from app.reminders.views import bp as reminders
    from app.sealing import bulletin_files, known_public_key
    from app.sending import current_provider
    from app.sheets import first_sheet
    from app.trail.counties import county_of
    from app.trail.person_pages import bp as persons
    from app.trail.retention_pages import bp as retention
    from app.trail.views import bp as trail
    from app.web import NavEntry, csrf

    for blueprint in (
        dashboard, board, accounts, bulletin, months, cases, forces, contacts, fairness, desk,
        ledger, places, remedies, register,
        measures, lines, outlook, papers, promises, policies, publicity, reminders, callbacks, editions, bundles,
        trail, persons, retention,
    ):  # fmt: skip
        app.register_blueprint(blueprint)
    csrf.exempt(callbacks)  # signed by the provider instead
    if app.debug:
        from app.dashboard.styleguide import bp as styleguide

        app.register_blueprint(styleguide)
    access.mark_public(app, "static")
    app.extensions["qingshou.allowed"] = access.allowed
    app.extensions["qingshou.case_page"] = case_page
    app.extensions["qingshou.only_reads"] |= {"desk.search_page", "desk.suggest", "bundles.index"}
    app.extensions["qingshou.rule_covers"] = would_cover
    app.extensions["qingshou.overtaken"] = overtaken
    app.extensions["qingshou.bulletin_files"] = bulletin_files
    app.extensions["qingshou.first_sheet"] = first_sheet
    app.extensions["qingshou.sms_provider"] = current_provider
    app.extensions["qingshou.public_key"] = known_public_key
    app.extensions["qingshou.county_of"] = county_of
    app.extensions["qingshou.nav"] = [
        NavEntry(T("Overview"), "dashboard.overview", "home", Permission.FIGURES),
        NavEntry(T("Today"), "desk.queue", "list-check", Permission.LOANS),
        NavEntry(T("Cases"), "cases.index", "cases", Permission.LOANS),
        NavEntry(T("Bulletin"), "bulletin.show", "report", Permission.FIGURES),
        NavEntry(T("Disposal ledger"), "remedies.index", "file-spreadsheet", Permission.LOANS),
        NavEntry(T("Promises"), "promises.index", "calendar", Permission.LOANS),
        NavEntry(T("Papers"), "papers.index", "printer", Permission.PAPERS),
        NavEntry(T("Reminders"), "reminders.index", "message-2", Permission.REMINDERS),
        NavEntry(T("Publicity"), "publicity.index", "speakerphone", Permission.LOANS),
        NavEntry(T("Measures"), "measures.show", "chart-bar", Permission.FIGURES),
        NavEntry(T("Outlook"), "outlook.show", "target", Permission.FIGURES),
        NavEntry(T("Ledgers"), "ledger.index", "ledger", Permission.IMPORT),
        NavEntry(T("Townships"), "places.index", "map-pin", Permission.IMPORT),
        NavEntry(T("Task forces"), "forces.index", "users", Permission.ASSIGN),
        NavEntry(T("Rules here"), "policies.index", "adjustments-horizontal", Permission.LOANS),
        NavEntry(T("Trail"), "trail.index", "history", Permission.AUDIT),
        NavEntry(T("Accounts"), "accounts.index", "users", Permission.ACCOUNTS),
    ]


def load_key(app: Flask) -> None:
    """The instance's key, made at first start. Refused when the database was written with another one.

    A database without tables has no key yet; one whose tables are new gets the fingerprint of this key. With the
    database server away nothing is decided, and no key is made.
    """
    path = Path(app.instance_path) / "data.key"
    if {"backup", "restore"} <= set(sys.argv):
        return  # whose keys and tables are still to come
    if (path.parent / UNFINISHED).exists():
        raise ConfigError(
            f"a restore into {path.parent} was not finished: run the same flask backup restore again"
        )
    with app.app_context():
        try:
            stored, has_tables = _stored_fingerprint(), True
        except ProgrammingError:
            stored, has_tables = None, False
        except OperationalError as error:
            stored, has_tables = None, False
            if "no such table" not in str(error.orig):
                if not path.exists():
                    raise ConfigError(f"the database cannot be reached: {_first_line(error)}") from None
                app.extensions["keyring"] = Keyring.load(path, may_create=False)
                return
        except DatabaseError as error:
            raise ConfigError(f"the database cannot be read: {_first_line(error)}") from None
        finally:
            db.session.remove()
        ring = app.extensions["keyring"] = Keyring.load(path, may_create=stored is None)
        if stored is not None and stored not in ring.fingerprints:
            raise ConfigError(
                f"the key {path} is not the one this database was written with: restore the right one"
            )
        if stored is None and has_tables:
            remember_key(app)


def _first_line(error: DatabaseError) -> str:
    return str(error.orig).strip().partition("\n")[0]


def _stored_fingerprint() -> str | None:
    with reading():
        return get_setting(db.session(), KEY_FINGERPRINT)


def remember_key(app: Flask) -> None:
    """Write the key's fingerprint into a new database; of several processes that start at once, one does."""
    ring: Keyring = app.extensions["keyring"]
    if get_setting(db.session(), KEY_FINGERPRINT) is None:
        db.session.add(Setting(key=KEY_FINGERPRINT, value=ring.fingerprint))
        try:
            db.session.commit()
        except IntegrityError:
            db.session.rollback()
    db.session.remove()
