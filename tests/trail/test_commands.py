"""The commands: what they print, where, and how they end."""

import json
from itertools import pairwise
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.audit import AuditEntry, record
from tests.commands import runner, told
from tests.test_audit import triggers_away
from tests.trail.conftest import COUNTY


@pytest.fixture
def trail(session: Session, office: User) -> Session:
    for number in range(4):
        record(session, "office", "test.change", "thing", number, region=COUNTY, reason="三")
    session.commit()
    return session


def test_verify_and_anchor(app: Flask, trail: Session, tmp_path: Path) -> None:
    run = runner(app)
    found = told(run("audit", "verify", "--json"))
    assert found["findings"] == [] and {COUNTY} <= {end["region"] for end in found["chains"]}
    anchors = told(run("audit", "anchor"))
    assert anchors == found["chains"]
    kept, manifest, other = tmp_path / "anchors.json", tmp_path / "manifest.json", tmp_path / "other.json"
    kept.write_text(json.dumps(anchors))
    manifest.write_text(
        json.dumps({"audit": told(run("audit", "anchor", "--region", COUNTY))[0], "files": {}})
    )
    other.write_text('{"files": []}')
    for file in (kept, manifest):
        assert run("audit", "verify", "--anchor", str(file)).exit_code == 0
    assert run("audit", "verify", "--anchor", str(other)).exit_code == 1
    with triggers_away(trail):
        trail.execute(
            delete(AuditEntry).where(AuditEntry.entity_id == "2", AuditEntry.action == "test.change")
        )
    broken = told(run("audit", "verify", "--json"), code=1)
    assert [one["fault"] for one in broken["findings"]] == ["removed"]
    assert "removed" in run("audit", "verify").stderr


def test_export_is_what_the_digests_cover(app: Flask, trail: Session, tmp_path: Path) -> None:
    run = runner(app)
    lines = [json.loads(line) for line in run("audit", "export", "--region", COUNTY).stdout.splitlines()]
    assert [line["number"] for line in lines] == list(range(1, len(lines) + 1)) and len(lines) >= 4
    assert all(b["previous"] == a["digest"] for a, b in pairwise(lines))
    assert run("audit", "export", "--to", "2000-01-01").stdout == ""
    file = tmp_path / "trail.jsonl"
    assert run("audit", "export", "--from", "2020-01-01", "--output", str(file)).exit_code == 0
    assert len(file.read_text("utf-8").splitlines()) >= 4
    assert run("audit", "export", "--from", "soon").exit_code == 2


def test_a_changed_entry_is_named_on_the_terminal(app: Flask, trail: Session) -> None:
    with triggers_away(trail):
        trail.execute(update(AuditEntry).where(AuditEntry.entity_id == "1").values(actor="nobody"))
    result = runner(app)("audit", "verify")
    assert result.exit_code == 1 and "changed" in result.stderr and COUNTY in result.stderr


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_keys_and_retention(app: Flask, trail: Session) -> None:
    run = runner(app)
    assert told(run("keys", "status", "--json"))["keys"] == [1]
    assert told(run("keys", "rotate", "--json"))["key"] == 2
    assert "Key 2" in run("keys", "status").stderr
    assert run("privacy", "retention").exit_code == 2
    seen = told(run("privacy", "retention", "--preview", "--json"))
    assert seen["contacts"] == 0 and seen["until"] == "2018-11-08"
    assert told(run("privacy", "retention", "--run", "--region", COUNTY, "--json"))["contacts"] == 0
