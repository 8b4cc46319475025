"""A Chromium that is there already, never a download; without one all of these tests are skipped in one line."""

import os
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Playwright, expect, sync_playwright

from app import create_app
from app.config import Settings
from app.db import db
from tests.browser.server import Site
from tests.conftest import Instances

FROM_ENVIRONMENT = "QINGSHOU_CHROMIUM"
ON_PATH = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]  # fmt: skip
DESK, PHONE = 1280, 360
HEIGHT = 800
WAIT_MS = 20_000
expect.set_options(timeout=WAIT_MS)

# A desktop browser asks which program makes the call, and takes no click until it is told.
NO_DIALLER = """document.addEventListener("click", (event) => {
  if (event.target.closest("a[href^='tel:']")) event.preventDefault();
}, true)"""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here):
            item.add_marker(pytest.mark.browser)


@cache
def executable() -> str | None:
    """The Chromium that is named, else one on the path, else Playwright's own where somebody has installed it."""
    named = os.environ.get(FROM_ENVIRONMENT)
    found = [named] if named else [path for name in ON_PATH if (path := shutil.which(name))]
    if not found:
        with sync_playwright() as asked:
            found = [asked.chromium.executable_path]
    return next((path for path in found if Path(path).exists()), None)


def pytest_runtest_setup() -> None:
    if executable() is None:
        pytest.skip(
            f"no Chromium found: apt-get install chromium, or name one in {FROM_ENVIRONMENT} (/path/to/chrome)"
        )


@pytest.fixture(autouse=True)
def _loopback_only() -> None:
    """These tests open sockets of their own; --allow-hosts still keeps them on this machine."""


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=executable(), args=FLAGS)
    yield browser
    browser.close()


def demonstration(instances: Instances) -> Settings:
    """A copy of the demonstration county, loaded once a run."""

    def prepare() -> None:
        from flask import current_app

        from app.demo.load import load_demo

        load_demo(current_app, lambda *_: None)

    return instances.make("sqlite", "demo", prepare)


def within(settings: Settings, work: Callable[[Flask], Any]) -> Any:
    """Do something to an instance directly, before or while it is served."""
    app = create_app(settings)
    with app.app_context():
        done = work(app)
        db.session.commit()
        db.session.remove()
        db.engine.dispose()
    return done


@pytest.fixture
def site(chromium: Browser, instances: Instances) -> Iterator[Site]:
    """The demonstration county, for a test that changes it."""
    settings = demonstration(instances)
    served = Site(settings)
    yield served
    served.stop()
    instances.drop(settings)


OpenBrowser = Callable[..., BrowserContext]


@pytest.fixture
def open_browser(chromium: Browser) -> Iterator[OpenBrowser]:
    """``open_browser(site, width=PHONE)``: a browser without memory, as wide as a desk's or a phone's."""
    opened: list[BrowserContext] = []

    def new(site: Site, width: int = DESK, **options: Any) -> BrowserContext:
        settings: dict[str, Any] = {"locale": "zh-CN", "viewport": {"width": width, "height": HEIGHT}}
        context = chromium.new_context(base_url=site.address, **settings | options)
        context.set_default_timeout(WAIT_MS)
        context.add_init_script(NO_DIALLER)
        opened.append(context)
        return context

    yield new
    for context in opened:
        context.close()
