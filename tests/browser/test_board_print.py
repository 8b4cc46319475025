"""A dashboard on paper: one A4 page in either language, with 13 months of trend as well as with three."""

import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import insert, select

from app.bulletin.models import FigureCache
from app.clock import add_months, month_end
from app.db import db
from tests.browser.checks import sign_in
from tests.browser.conftest import DESK, OpenBrowser, within
from tests.browser.server import Site

PAGES = re.compile(rb"/Type\s*/Page\b(?!s)")
A4 = re.compile(rb"/MediaBox\s*\[\s*0\s+0\s+59[45][.\d]*\s+84[12][.\d]*\s*\]")


def _a_year_of_figures(_app: Flask) -> None:
    """The months before the first ledger, as if there had been ledgers."""
    columns = [column.key for column in FigureCache.__table__.columns]
    first = db.session.execute(
        select(FigureCache.__table__).where(FigureCache.month == date(2023, 9, 30))
    ).all()
    for back in range(1, 11):
        month = month_end(add_months(date(2023, 9, 30), -back))
        rows = [dict(zip(columns, row, strict=True)) | {"month": month} for row in first]
        db.session.execute(insert(FigureCache), rows)


@pytest.mark.slow
def test_a_dashboard_is_one_page_of_paper(site: Site, open_browser: OpenBrowser) -> None:
    within(site.settings, _a_year_of_figures)
    page = open_browser(site, DESK).new_page()
    sign_in(page, "office")
    for path in ("/board/", "/board/?region=530324106", "/board/?branch=1"):
        for lang in ("zh_Hans", "en"):
            page.goto(f"{path}{'&' if '?' in path else '?'}lang={lang}")
            if path == "/board/":
                assert page.locator(".months dd").count() == 13
                assert page.locator(".tile").count() == 13
            paper = page.pdf(prefer_css_page_size=True)
            assert len(PAGES.findall(paper)) == 1, (path, lang)
            assert A4.search(paper), (path, lang)
    page.goto("/bulletin/?month=2023-10")  # a control: what is longer than a page has more of them
    assert len(PAGES.findall(page.pdf(format="A4"))) > 1
