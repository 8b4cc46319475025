"""The first start of an instance: migrations, then the demonstration or a real county's first three answers."""

from dataclasses import dataclass
from typing import Any

import click
from flask import Flask
from flask_babel import gettext
from flask_migrate import upgrade
from sqlalchemy import select

from app import audit
from app.accounts.actions import AccountRefused, add_user
from app.accounts.models import User
from app.accounts.rules import Role
from app.db import db, get_setting
from app.demo.load import LOADED, PASSWORD, STATE, is_empty, load_demo
from app.places.actions import lender_named, load_places
from app.places.models import Region
from app.places.queries import counties
from app.places.rules import (
    CODE_LENGTHS,
    NAME_LENGTH,
    SHIPPED,
    Level,
    Place,
    level_of,
    parent_code,
    read_places,
)
from app.startup import remember_key


def migrate(app: Flask) -> None:
    """Bring the database to the newest migration, if it is not there; remember its key."""
    from alembic.migration import MigrationContext
    from alembic.script import ScriptDirectory

    head = ScriptDirectory(app.extensions["migrate"].directory).get_current_head()
    with db.engine.connect() as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    if current != head:
        upgrade()
    remember_key(app)


def prepare_instance(app: Flask, with_demo: bool) -> dict[str, Any]:
    """Migrate; fill an empty instance with the demonstration if asked. Says what a start prints.

    ``{"empty": …, "demo": …, "username": …, "password": …}``; the last two only for a demonstration.
    """
    migrate(app)
    session = db.session()
    empty = is_empty(session)
    if empty and with_demo:
        load_demo(app, lambda part, done, total: click.echo(f"{part} {done}/{total}", err=True))
        empty = False
    is_demo = get_setting(session, STATE) == LOADED
    answer: dict[str, Any] = {"empty": empty, "demo": is_demo}
    if is_demo:
        first = session.scalar(select(User).where(User.role == Role.OFFICE).order_by(User.id).limit(1))
        answer |= {"username": first.username if first else "", "password": PASSWORD}
    return answer


def ask() -> None:
    """Ask for the administrator, the county and the lender; all or nothing."""
    session = db.session()
    if session.scalar(select(User.id).limit(1)) is not None:
        click.echo(gettext("This instance has accounts already."), err=True)
        raise SystemExit(1)
    county = _ask_county()
    lender = _ask_text(gettext("Name of the lending bank, e.g. 罗平农商行"))
    while True:
        username = _ask_text(gettext("Administrator's user name"), default="admin")
        password = click.prompt(gettext("Password"), hide_input=True, confirmation_prompt=True)
        try:
            add_user(session, username=username, name=username, role=Role.ADMIN, password=password)
            break
        except AccountRefused as refused:
            session.rollback()
            click.echo(refused.message.render(gettext), err=True)
    load_places(session, county.places)
    lender_named(session, lender)
    audit.record(session, audit.SYSTEM, "setup", "region", county.code, lender=lender)
    session.commit()
    click.echo(
        gettext("Done. Sign in as %(name)s and make an account for the county office.", name=username),
        err=True,
    )


@dataclass(frozen=True, slots=True)
class _County:
    """The county's code, and the places to be made for it."""

    code: str
    places: tuple[Place, ...] = ()


def _ask_county() -> _County:
    """A shipped county, or code and name of another, whose townships the county office adds."""
    session = db.session()
    known = counties(session)
    session.rollback()  # no lock while somebody thinks
    if known:
        return _County(known[0].code)
    while True:
        code = _ask_text(gettext("Statistical code of the county, six digits"), default="530324")
        if not (code.isascii() and code.isdigit() and len(code) == CODE_LENGTHS[Level.COUNTY]):
            click.echo(gettext("A county's code has six digits, such as 530324."), err=True)
            continue
        path = SHIPPED / f"{code}.json"
        if path.is_file():
            return _County(code, tuple(read_places(path)))
        return _bare_county(code, _ask_text(gettext("Name of the county")))


def _bare_county(code: str, name: str) -> _County:
    """A county that is not shipped: its places above stand with their codes until they are loaded."""
    session = db.session()
    chain = [Place(code, Level.COUNTY, name, name)]
    above = parent_code(code)
    while above is not None:
        if session.get(Region, above) is None:
            chain.append(Place(above, level_of(above), above, above))
        above = parent_code(above)
    session.rollback()
    return _County(code, tuple(chain))


def _ask_text(question: str, default: str | None = None) -> str:
    """An answer that a name's column holds."""
    while True:
        answer = str(click.prompt(question, default=default)).strip()
        if 0 < len(answer) <= NAME_LENGTH:
            return answer
        click.echo(gettext("Give at most %(n)s characters.", n=NAME_LENGTH), err=True)
