"""The page of sealed bundles: what was given is judged, and the figures of another county taken after a look."""

import re
from io import BytesIO

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.test import TestResponse

from app.bulletin.models import ReceivedBundle
from app.editions.bundle import archive
from app.editions.manifest import NAME
from app.editions.seal import SigningKey
from app.sealing import bulletin_files
from tests.conftest import enter
from tests.editions.sample import bulletin
from tests.editions.test_bundle_commands import neighbour
from tests.editions.world import COUNTY, account

pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
PAGE = "/bulletin/bundles/?lang=en"
KEY = SigningKey.generate()


@pytest.fixture
def city(app: Flask, session: Session) -> FlaskClient:
    """The office of the prefecture, which adds up its counties."""
    found = account(session, "city", region="5303")
    session.commit()
    return enter(app.test_client(), found)


def give(client: FlaskClient, content: bytes, name: str = "bundle.zip") -> TestResponse:
    token = re.search(r'name="csrf_token" value="([^"]+)"', client.get(PAGE).text)
    assert token
    return client.post(PAGE, data={"csrf_token": token[1], "file": (BytesIO(content), name)})


def take(client: FlaskClient, page: str, **more: str) -> TestResponse:
    fields = {name: re.search(rf'name="{name}" value="([^"]+)"', page) for name in ("csrf_token", "manifest")}
    data = {name: found[1] for name, found in fields.items() if found} | more
    return client.post("/bulletin/bundles/take?lang=en", data=data)


@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b'{"format": 1}'])
def test_what_is_no_bundle(city: FlaskClient, content: bytes) -> None:
    answer = give(city, content)
    assert answer.status_code in (200, 422)
    assert "no bundle" in answer.text or "damaged" in answer.text or "Choose the .zip" in answer.text
    assert "Untouched" not in answer.text


def test_another_county_s_figures_are_looked_at_then_taken(city: FlaskClient, session: Session) -> None:
    shown = give(city, archive(neighbour(KEY)))
    assert (
        "Untouched" in shown.text and "中安街道" in shown.text and "first bundle under this key" in shown.text
    )
    assert session.scalar(select(func.count()).select_from(ReceivedBundle)) == 0
    done = take(city, shown.text)
    assert done.status_code == 302
    assert session.scalars(select(ReceivedBundle)).one().received_by == "city"
    assert "here already" in give(city, archive(neighbour(KEY))).text
    other = give(city, neighbour(SigningKey.generate(), stock=5)[NAME], NAME)
    assert "Only the manifest is here" in other.text and "I have asked" in other.text
    assert take(city, other.text).status_code == 422
    assert take(city, other.text, new_key="1").status_code == 302


def test_a_changed_bundle_and_a_draft_are_not_taken(city: FlaskClient, session: Session) -> None:
    changed = give(city, archive(neighbour(KEY) | {"bulletin.txt": b"x"}))
    assert "bulletin.txt was changed" in changed.text and "Take these figures" not in changed.text
    draft = give(city, archive(neighbour(KEY, draft=True)))
    assert "Only a published one can be taken" in draft.text and "Take these figures" not in draft.text
    forged = give(city, archive(neighbour(KEY))).text
    assert take(city, forged, manifest="AAAA").status_code == 400
    assert take(city, forged, manifest="eJyrrgUAAXUA+Q==").status_code == 422  # {}
    assert session.scalar(select(func.count()).select_from(ReceivedBundle)) == 0


def test_a_county_takes_nothing_of_another(app: Flask, session: Session, city: FlaskClient) -> None:
    office = account(session, "office2", region=COUNTY)
    session.commit()
    client = enter(app.test_client(), office)
    shown = give(client, archive(neighbour(KEY)))
    assert "outside your own" in shown.text and "Take these figures" not in shown.text
    assert take(client, give(city, archive(neighbour(KEY))).text).status_code in (400, 404)


def test_a_bundle_of_our_own_is_known(city: FlaskClient, app: Flask) -> None:
    shown = give(city, archive(bulletin_files(bulletin())))
    assert "of this instance" in shown.text and "Draft" in shown.text
    assert "Take these figures" not in shown.text
