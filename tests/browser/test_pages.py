"""Every page and state, in both languages, at a desk and on a phone. First: that the checks can find something."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page, Response

from tests.browser.checks import Watch, barriers, chinese_words, sideways, sign_in
from tests.browser.conftest import DESK, PHONE, OpenBrowser, demonstration, within
from tests.browser.server import Site
from tests.browser.states import NOBODY, States, Visit, chinese_data, visits
from tests.conftest import Instances


@dataclass(frozen=True)
class Everything:
    site: Site
    visits: list[Visit]
    chinese: list[str]


@pytest.fixture(scope="module")
def everything(
    chromium: Browser, instances: Instances, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Everything]:
    settings = demonstration(instances)

    def fill(app: Flask, folder: Path) -> tuple[list[Visit], list[str]]:
        states = States(app, folder)
        states.make()
        return list(visits(app, states.batches)), chinese_data()

    found, chinese = within(settings, lambda app: fill(app, tmp_path_factory.mktemp("ledgers")))
    site = Site(settings)
    yield Everything(site, found, chinese)
    site.stop()
    instances.drop(settings)


def open_visit(page: Page, visit: Visit) -> list[str]:
    """Go there and do what is to be done; complains of another status than expected."""
    answers: list[int] = []

    def hear(response: Response) -> None:
        if response.request.is_navigation_request():
            answers.append(response.status)

    page.on("response", hear)
    page.goto(visit.path)
    if visit.act:
        visit.act(page)
        page.wait_for_load_state()
    page.remove_listener("response", hear)
    wrong_place = visit.lands and not page.url.endswith(visit.lands)
    return [f"answered {answers} at {page.url}"] if wrong_place or answers[-1] != visit.status else []


PLANTED = {
    "image-alt": "<img src='/static/build/mark.svg'>",
    "color-contrast": "<p class='pale'>almost white on white</p>",
    "target-size": "<p><button class='tiny'>a</button><button class='tiny'>b</button></p>",
    "label": "<input type='text'>",
    "heading-order": "<h5>far too deep</h5>",
}
PALE_AND_TINY = """() => {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(
    ".pale {color: #eee} " +
    ".tiny {all: unset; display: inline-block; width: 8px; height: 8px; font-size: 8px}"
  );
  document.adoptedStyleSheets = [sheet];
}"""


@pytest.mark.parametrize("rule", PLANTED)
def test_a_planted_barrier_is_found(everything: Everything, open_browser: OpenBrowser, rule: str) -> None:
    page = open_browser(everything.site).new_page()
    page.goto("/login")
    assert barriers(page) == []
    page.evaluate(PALE_AND_TINY)
    page.evaluate(
        "(html) => document.querySelector('main').insertAdjacentHTML('beforeend', html)", PLANTED[rule]
    )
    assert any(line.startswith(f"axe {rule}:") for line in barriers(page))


def test_errors_strangers_and_widths_are_noticed(everything: Everything, open_browser: OpenBrowser) -> None:
    context = open_browser(everything.site, PHONE)
    page, watch = context.new_page(), Watch(context, everything.site.address)
    page.goto("/login?lang=en")
    assert (watch.since_last(), sideways(page), chinese_words(page, [])) == ([], [], [])
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<p style=\"color:red\">red</p>')"
    )
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<nobr>' + 'wide '.repeat(99))"
    )
    page.evaluate("document.querySelector('h1').textContent = '登录'")
    page.evaluate("setTimeout(() => { throw new Error('broken') })")
    page.evaluate("new Image().src = 'http://127.0.0.1:9/pixel.gif'")
    page.wait_for_timeout(100)
    heard = " ".join(watch.since_last())
    assert "Content Security Policy" in heard and "broken" in heard and "pixel.gif" in heard
    assert sideways(page) and chinese_words(page, []) == ["Chinese in <H1>: 登录"]
    assert chinese_words(page, ["登录"]) == []
    page.route("http://elsewhere.invalid/**", lambda route: route.fulfill(body="x"))
    page.goto("http://elsewhere.invalid/")
    assert "request to another host: http://elsewhere.invalid/" in watch.since_last()


# The markup is one in both languages: axe, which takes most of the time, looks at each page once a width.
WITH_AXE = (("zh_Hans", PHONE), ("en", DESK))


@pytest.mark.parametrize("width", [DESK, PHONE])
@pytest.mark.parametrize("language", ["zh_Hans", "en"])
def test_every_page_and_state(
    everything: Everything, open_browser: OpenBrowser, language: str, width: int
) -> None:
    wrong: list[str] = []
    for user in dict.fromkeys(visit.user for visit in everything.visits):
        context = open_browser(everything.site, width)
        watch, page = Watch(context, everything.site.address), context.new_page()
        page.goto(f"/login?lang={language}")
        if user != NOBODY:
            sign_in(page, user)
        for visit in everything.visits:
            if visit.user == user:
                found = open_visit(page, visit) + sideways(page)
                if language == "en":
                    found += chinese_words(page, everything.chinese)
                if (language, width) in WITH_AXE:
                    found += barriers(page)
                wrong += [f"{visit}: {line}" for line in [*found, *watch.since_last()]]
    wrong += [f"the server said: {everything.site.log()}"] if everything.site.log() else []
    assert not wrong, "\n" + "\n".join(dict.fromkeys(wrong))
