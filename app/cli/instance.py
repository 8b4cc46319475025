"""Getting an instance going: its places, the demonstration, the first questions, the worker."""

from pathlib import Path

import click
from flask import current_app
from flask.cli import AppGroup, with_appcontext

from app.accounts.rules import Permission
from app.cli.terminal import Bar, actor_option, fail, localized, print_json, say
from app.labels import T

places = AppGroup("places", help="Regions: provinces down to villages.")
demo = AppGroup("demo", help="The invented county for trying things out.")


@places.command("load")
@click.argument("source")
@actor_option(Permission.IMPORT)
@localized
def places_load(source: str, actor: str) -> None:
    """Load the shipped places of a county (its code, e.g. 530324), or those of a JSON file."""
    from app.db import db
    from app.places.actions import PlacesRefused, load_places
    from app.places.rules import SHIPPED, read_places

    path = SHIPPED / f"{source}.json" if source.isdigit() else Path(source)
    if not path.is_file():
        fail(T("There are no places for %(source)s: give a shipped county's code or a file.", source=source))
    try:
        new, changed = load_places(db.session(), read_places(path), actor)
    except PlacesRefused as refused:
        fail(refused.message)
    except ValueError as error:
        fail(str(error))
    db.session.commit()
    say(T("%(new)s new places, %(changed)s changed.", new=new, changed=changed))


@demo.command("load")
@localized
def demo_load() -> None:
    """Load the invented county with October 2023's published figures, on an empty instance."""
    from app.demo.load import NotEmpty, load_demo

    with Bar() as bar:
        try:
            load_demo(current_app, bar.tell)
        except NotEmpty as refused:
            fail(refused.message)
    say(T("The demonstration county is loaded."))


@click.command("worker")
@with_appcontext
def worker() -> None:
    """Read and take ledgers, sweep cases daily: the scheduler, in its own process."""
    from app.jobs import run

    run(current_app._get_current_object())  # type: ignore[attr-defined]


@click.command("setup")
@with_appcontext
@localized
def setup() -> None:
    """Ask for the administrator, the county and the lender of an empty instance."""
    from app.setup import ask

    ask()


@click.command("prepare")
@click.option(
    "--demo/--no-demo",
    "with_demo",
    default=True,
    help="Load the demonstration county into an empty instance.",
)
@with_appcontext
@localized
def prepare(with_demo: bool) -> None:
    """Migrate, load the demonstration into an empty instance, and print how to sign in (JSON)."""
    from app.setup import prepare_instance

    print_json(prepare_instance(current_app, with_demo))
