"""What is asked of every page: no barrier, no error, no stranger, no scrolling sideways, no word left untranslated."""

import re
from typing import Any
from urllib.parse import urlsplit

from playwright.sync_api import BrowserContext, ConsoleMessage, Page, Request

from app.config import ROOT

AXE = (ROOT / "node_modules/axe-core/axe.min.js").read_text("utf-8")
AXE_OPTIONS = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
    "rules": {"target-size": {"enabled": True}},
    "resultTypes": ["violations"],
}
HAN = re.compile(r"[\u3400-\u9fff]")
MASKED_NAME = re.compile(r"[\u3400-\u9fff]●+")
ROWS_LOOKED_AT = 6  # of a table; those below come from the same line of the template
PASSWORD = "qingshou-2023"

# Runs of text with the element they stand in, but for what says itself that it is Chinese and what a person typed.
TEXTS = """() => {
  const found = [[document.title.split(" · ").at(-1), "title"]];
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const home = walk.currentNode.parentElement;
    if (!home.closest("[lang^=zh], script, textarea, datalist")) found.push([walk.currentNode.data, home.tagName]);
  }
  for (const element of document.querySelectorAll("[aria-label], [data-label], [data-unit], [placeholder], [title]"))
    for (const name of ["aria-label", "data-label", "data-unit", "placeholder", "title"])
      if (element.hasAttribute(name)) found.push([element.getAttribute(name), name]);
  return found;
}"""


class Watch:
    """Listens to a browser from its first page on: what its pages complain of, and whom they ask for something."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.heard: list[str] = []
        self._host = urlsplit(address).netloc
        context.on("console", self._said)
        context.on("weberror", lambda thrown: self.heard.append(f"exception: {thrown.error}"))
        context.on("request", self._asked)

    def _said(self, message: ConsoleMessage) -> None:
        # The browser itself notes an answer of 4xx; the tests look at each page's status.
        answered = message.text.startswith("Failed to load resource: the server responded with a status of 4")
        own = (
            bool(message.page)
            and message.location["url"].partition("#")[0] == message.page.url.partition("#")[0]
        )
        if message.type in ("error", "warning") and not (answered and own):
            self.heard.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        where = urlsplit(request.url)
        if where.scheme in ("http", "https", "ws", "wss") and where.netloc != self._host:
            self.heard.append(f"request to another host: {request.url}")

    def since_last(self) -> list[str]:
        heard, self.heard = self.heard, []
        return heard


def barriers(page: Page) -> list[str]:
    """What axe finds on the page as it stands, folded parts unfolded and long tables cut short."""
    page.evaluate("document.querySelectorAll('details:not(.menu)').forEach((part) => (part.open = true))")
    page.evaluate(
        f"document.querySelectorAll('tbody tr:nth-child(n+{ROWS_LOOKED_AT + 1})').forEach((row) => row.remove())"
    )
    window = page.viewport_size or {"width": 0, "height": 0}
    tall = max(window["height"], page.evaluate("document.documentElement.scrollHeight"))
    page.set_viewport_size(
        window | {"height": tall}
    )  # so that the dock covers nothing that scrolling would free
    if page.evaluate("window.axe === undefined"):
        page.evaluate(AXE)
    found: list[dict[str, Any]] = page.evaluate(
        "async (o) => (await axe.run(document, o)).violations", AXE_OPTIONS
    )
    page.set_viewport_size(window)
    return [
        f"axe {rule['id']}: {node['target']} {' '.join(node['failureSummary'].split())}"
        for rule in found
        for node in rule["nodes"][:2]
    ]


def sideways(page: Page) -> list[str]:
    """By how much the page is wider than its window, and what sticks out."""
    wide, seen = page.evaluate(
        "(({scrollWidth, clientWidth}) => [scrollWidth, clientWidth])(document.documentElement)"
    )
    if wide <= seen:
        return []
    widest = page.evaluate(
        """(seen) => [...document.body.querySelectorAll("*")].filter((e) => e.getBoundingClientRect().right > seen + 1
          && !e.parentElement.closest(".table-scroll")).slice(0, 3).map((e) => e.outerHTML.slice(0, 120))""",
        seen,
    )
    return [f"{wide} px wide in a window of {seen}: {widest}"]


def chinese_words(page: Page, data: list[str]) -> list[str]:
    """Chinese left on an English page once the ``data`` is taken out: names, places, what the banks wrote."""
    left = []
    for text, where in page.evaluate(TEXTS):
        rest = MASKED_NAME.sub("", text)
        for name in data if HAN.search(text) else ():
            rest = rest.replace(name, "")
        if HAN.search(rest):
            left.append(f"Chinese in <{where}>: {' '.join(text.split())[:60]}")
    return list(dict.fromkeys(left))


def sign_in(page: Page, username: str) -> None:
    """Through the form, as a person does it."""
    page.goto("/login")
    page.fill("#username", username)
    page.fill("#password", PASSWORD)
    page.click("main button[type=submit]")
    page.wait_for_url(lambda url: "/login" not in url)
