"""What a visit costs on the line, gzip as plain HTTP gives it: the first page, the pages after it, the charts."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page

from tests.browser.checks import sign_in
from tests.browser.conftest import OpenBrowser, demonstration
from tests.browser.server import Site
from tests.conftest import Instances

KB = 1024
FIRST_LOAD, NEXT_PAGE, CHARTS = 150 * KB, 15 * KB, 220 * KB
CHART_CODE = ("/chart-draw-", "/chunk-")
LISTS = [
    "/", "/bulletin/?month=2023-10", "/bulletin/loans?figure=stock&month=2023-10", "/bulletin/targets",
    "/bulletin/proofread?month=2023-10&region=530324", "/cases/", "/cases/?state=closed", "/ledger/", "/ledger/missing",
    "/places/",
]  # fmt: skip


@dataclass
class Scale:
    """Weighs what comes over the line, heads and all; what comes from the browser's cache weighs nothing."""

    requests: dict[str, str] = field(default_factory=dict)
    bytes: dict[str, int] = field(default_factory=dict)
    encodings: set[str] = field(default_factory=set)

    @classmethod
    def under(cls, context: BrowserContext, page: Page) -> "Scale":
        scale, line = cls(), context.new_cdp_session(page)
        line.send("Network.enable")
        line.on(
            "Network.requestWillBeSent",
            lambda e: scale.requests.update({e["requestId"]: e["request"]["url"]}),
        )
        line.on("Network.responseReceived", scale._answered)
        line.on("Network.loadingFinished", scale._finished)
        return scale

    def _answered(self, event: dict[str, Any]) -> None:
        headers = {name.lower(): value for name, value in event["response"]["headers"].items()}
        self.encodings.add(headers.get("content-encoding", "none"))

    def _finished(self, event: dict[str, Any]) -> None:
        url = self.requests.get(event["requestId"], "")
        self.bytes[url] = self.bytes.get(url, 0) + int(event["encodedDataLength"])

    def read(self, *parts: str) -> int:
        """The weight since the last reading, of the addresses with one of the ``parts``."""
        weighed = sum(
            size for url, size in self.bytes.items() if not parts or any(part in url for part in parts)
        )
        self.bytes.clear()
        return weighed


@pytest.fixture(scope="module")
def still_site(chromium: Browser, instances: Instances) -> Iterator[Site]:
    settings = demonstration(instances)
    site = Site(settings)
    yield site
    site.stop()
    instances.drop(settings)


Record = Callable[[str, object], None]


def told(record: Record, what: str, weight: int, limit: int) -> None:
    """Printed at the end of the run."""
    record("measured", f"{what}: {weight / KB:.1f} KB of {limit // KB}")


def gzip_only(context: BrowserContext) -> None:
    context.set_extra_http_headers({"Accept-Encoding": "gzip"})


def test_the_first_page_and_those_after_it(
    still_site: Site, open_browser: OpenBrowser, record_property: Record
) -> None:
    context = open_browser(still_site)
    gzip_only(context)
    page = context.new_page()
    scale = Scale.under(context, page)
    page.goto("/login", wait_until="networkidle")
    first = scale.read()
    assert "gzip" in scale.encodings and "br" not in scale.encodings
    assert {url.rpartition(".")[2] for url in scale.requests.values()} >= {"js", "css"}, (
        "the scale missed something"
    )
    told(record_property, "first load, sign-in page", first, FIRST_LOAD)
    assert KB < first <= FIRST_LOAD
    sign_in(page, "office")
    page.goto("/cases/", wait_until="networkidle")
    scale.read()
    heavy = []
    for path in LISTS:
        page.goto(path)
        weight = sum(size for url, size in scale.bytes.items() if not any(code in url for code in CHART_CODE))
        scale.bytes.clear()
        told(record_property, f"afterwards, {path}", weight, NEXT_PAGE)
        assert weight > KB, f"{path} was not weighed"
        heavy += [path] if weight > NEXT_PAGE else []
    assert not heavy
    page.goto("/cases/")
    assert page.locator("#cases tbody tr").count() == 50


def test_charts_come_after_the_page_and_once(
    still_site: Site, open_browser: OpenBrowser, record_property: Record
) -> None:
    context = open_browser(still_site)
    gzip_only(context)
    page = context.new_page()
    sign_in(page, "office")
    scale = Scale.under(context, page)
    page.goto("/bulletin/?month=2023-10")
    chart = page.locator("figure[data-chart] canvas").first
    chart.scroll_into_view_if_needed()
    chart.wait_for()
    page.wait_for_load_state("networkidle")
    loaded, began = page.evaluate(
        """() => [performance.getEntriesByType("navigation")[0].loadEventStart,
                  performance.getEntriesByType("resource").find((e) => e.name.includes("/chart-draw-")).startTime]"""
    )
    assert began >= loaded > 0
    weight = scale.read(*CHART_CODE)
    told(record_property, "charts", weight, CHARTS)
    assert 50 * KB < weight <= CHARTS
    page.goto("/bulletin/?month=2023-09")
    page.locator("figure[data-chart] canvas").first.wait_for()
    page.wait_for_load_state("networkidle")
    assert scale.read(*CHART_CODE) == 0
