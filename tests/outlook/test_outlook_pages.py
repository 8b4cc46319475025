"""The outlook's pages on the demonstration county: every cell opens its loans, and lists add up to their cells."""

import json
import re

import pytest
from flask import Flask

from app.accounts.rules import EVERYTHING
from app.db import db
from app.outlook.history import forecast
from app.places.models import Region
from tests.conftest import SignIn

COUNTY, AGANG = "530324", "530324106"
pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)


def text(answer: object) -> str:
    return answer.get_data(as_text=True)  # type: ignore[attr-defined]


@pytest.mark.parametrize("by", ["township", "branch", "category"])
def test_each_cell_of_the_wave_opens_loans_that_add_up_to_it(signed_in: SignIn, by: str) -> None:
    client = signed_in("office")
    page = text(client.get(f"/outlook/?by={by}&lang=en"))
    cells = re.findall(r'<td class="num" data-value="([\d.]+)"><a href="(/outlook/loans[^"]+)"', page)
    assert len(cells) > 20
    for value, href in cells[::7]:
        listed = text(client.get(href.replace("&amp;", "&") + "&lang=en"))
        assert f">{value} " in listed, href


def test_print(signed_in: SignIn, demo_app: Flask) -> None:
    from datetime import date

    told = forecast(db.session(), db.session.get(Region, COUNTY), EVERYTHING, date(2023, 12, 5))
    print(json.dumps(told.to_json(), ensure_ascii=False, indent=1))
    for u in (
        "/outlook/forecast?lang=en",
        "/outlook/fewest?lang=en",
        f"/outlook/fewest?township={AGANG}&lang=en",
        "/lines/?lang=en",
        "/bulletin/?lang=en",
        "/board/?lang=en",
        f"/board/?region={AGANG}",
        "/board/cases?state=open",
        "/board/?branch=1&lang=en",
        "/outlook/loans?late=31-90&month=2023-11",
    ):
        a = signed_in("office").get(u)
        print(u, a.status_code)
        assert a.status_code == 200
    assert 0
