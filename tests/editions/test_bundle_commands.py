"""``flask bulletin export | verify | receive`` on a small county: files, exits, sentences, the database."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.bulletin.closing import close_month
from app.bulletin.figures import FigureRow, Figures
from app.bulletin.models import ReceivedBundle
from app.bulletin.queries import figures
from app.db import db
from app.editions.bundle import archive, bundle_files, write_files
from app.editions.manifest import FILES, NAME, read
from app.editions.publishing import publish
from app.editions.queries import bundle_of
from app.editions.seal import SigningKey
from app.loans.models import Snapshot
from app.sealing import bulletin_files, key_path
from tests.commands import Run, runner, told, trail
from tests.editions.sample import published as sample
from tests.editions.world import COUNTY, DAY, OCTOBER, SEPTEMBER, TODAY, WAN, account, approved, ledger

ELSEWHERE = "530325"
MONTH = ("--month", "2023-10", "--region", COUNTY)


@pytest.fixture
def run(app: Flask, session: Session, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    monkeypatch.setenv("LC_ALL", "C")
    app.config["TODAY"] = DAY.isoformat()
    ledger(session, SEPTEMBER, WAN)
    ledger(session, OCTOBER, 2 * WAN)
    account(session, "office")
    account(session, "leader", Role.LEADER)
    session.commit()
    return runner(app)


def put_out(session: Session) -> dict[str, bytes]:
    """Publish October; the files that went out."""
    names = ("office", "leader")
    writer, approver = (session.scalars(select(User).where(User.username == n)).one() for n in names)
    edition = approved(session, writer, approver)
    close_month(session, COUNTY, OCTOBER, "office", TODAY)
    publish(session, edition, writer, DAY, bulletin_files)
    kept = bundle_of(session, edition)
    session.commit()
    return kept


def neighbour(key: SigningKey, draft: bool = False, stock: int = 3 * WAN) -> dict[str, bytes]:
    """The bundle of a county whose loans are not here."""
    rows = (FigureRow("530325101", "中安街道", 2, stock, 1, WAN, 2 * WAN, 1, WAN, 1),)
    there = Figures(ELSEWHERE, "富源县", OCTOBER, OCTOBER, rows)
    number = None if draft else "富乡振联发〔2023〕9号"
    return bundle_files(sample(figures=there, number=number, draft=draft), key)


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_a_draft_is_exported_without_a_close_and_verifies(run: Run, app: Flask, tmp_path: Path) -> None:
    folder = tmp_path / "some" / "where"
    done = told(run("bulletin", "export", *MONTH, "--out", folder, "--zip", "--json"))
    assert done["draft"] is True and done["folder"] == str(folder)
    assert sorted(path.name for path in folder.iterdir()) == sorted([*FILES, NAME])
    assert (
        read((folder / NAME).read_bytes()).figures.to_json()
        == figures(db.session(), COUNTY, OCTOBER).to_json()
    )
    assert key_path(COUNTY).exists()
    for bundle in (folder, folder / NAME, f"{folder}.zip"):
        assert told(run("bulletin", "verify", bundle, "--json"))["untouched"] is True
    assert run("bulletin", "export", *MONTH, "--out", folder).exit_code == 0  # the same again
    assert run("bulletin", "export", *MONTH).exit_code == 0
    assert (Path(app.instance_path) / "exports" / f"{COUNTY}-2023-10" / NAME).exists()


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_a_changed_byte_a_missing_and_an_added_file(run: Run, tmp_path: Path) -> None:
    folder = tmp_path / "b"
    run("bulletin", "export", *MONTH, "--out", folder)
    for name in (*FILES, NAME):
        whole = (folder / name).read_bytes()
        (folder / name).write_bytes(whole[:-2] + bytes([whole[-2] ^ 1]) + whole[-1:])
        changed = told(run("bulletin", "verify", folder, "--json"), 1)
        assert name in {problem["file"] for problem in changed["problems"]}
        (folder / name).write_bytes(whole)
    (folder / "more.txt").write_bytes(b"x")
    assert "more.txt was added" in run("bulletin", "verify", folder).stderr
    refused = run("bulletin", "export", *MONTH, "--out", folder)
    assert refused.exit_code == 1 and "holds other files: more.txt" in refused.stderr
    (folder / "more.txt").unlink()
    (folder / "annex.xlsx").unlink()
    assert "annex.xlsx is missing" in run("bulletin", "verify", folder).stderr
    (folder / "bulletin.txt").write_bytes(b"changed")
    assert run("bulletin", "export", *MONTH, "--out", folder).exit_code == 1
    assert run("bulletin", "export", *MONTH, "--out", folder, "--force").exit_code == 0
    assert run("bulletin", "verify", folder).exit_code == 0


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--month", "2023-10", "--region", "999999"), "There is no region 999999."),
        (("--month", "2024-05", "--region", COUNTY), "There are no figures of 2024-05."),
        (("--month", "2023-10", "--region", f"{COUNTY}106201"), "no region"),
    ],
)
def test_what_cannot_be_exported(run: Run, arguments: tuple[str, ...], words: str, tmp_path: Path) -> None:
    done = run("bulletin", "export", *arguments, "--out", tmp_path / "x")
    assert done.exit_code == 1 and words in done.stderr
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
@pytest.mark.parametrize("content", [b"", b"hello", b"PK\x03\x04", b"{", b'{"format": 9}'])
def test_what_is_no_bundle_is_a_sentence(run: Run, content: bytes, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_bytes(content)
    done = run("bulletin", "verify", tmp_path / "x.zip")
    assert done.exit_code == 1 and done.stderr
    assert run("bulletin", "receive", tmp_path / "x.zip", "--as", "office").exit_code == 1
    assert run("bulletin", "verify", tmp_path / "none").exit_code == 1
    assert told(run("bulletin", "verify", tmp_path / "none", "--json"), 1)["untouched"] is False


def test_a_published_bundle_against_the_database(run: Run, session: Session, tmp_path: Path) -> None:
    kept = put_out(session)
    folder = tmp_path / "out"
    assert run("bulletin", "export", *MONTH, "--out", folder).exit_code == 0
    assert {name: (folder / name).read_bytes() for name in kept} == kept  # byte for byte
    sealed = read(kept[NAME])
    assert not sealed.draft and sealed.number == "罗乡振联发〔2023〕1号"
    assert set(sealed.snapshots) >= {f"{COUNTY}106"} and sealed.content["audit"]["last"] > 0
    assert told(run("bulletin", "verify", folder, "--json"))["untouched"] is True
    bare = json.loads(kept[NAME])
    for name in ("signature", "public_key"):
        bare.pop(name)
    forged = replace(read(kept[NAME]), content=bare)
    (folder / NAME).write_bytes(forged.to_bytes())
    assert "carries no seal" in run("bulletin", "verify", folder).stderr
    (folder / NAME).write_bytes(kept[NAME])
    session.execute(update(Snapshot).where(Snapshot.overdue > 0).values(overdue=Snapshot.overdue + 1))
    session.commit()
    seen = told(run("bulletin", "verify", folder, "--json"), 1)["problems"]
    assert any("snapshots" in problem["message"] for problem in seen)
    assert run("bulletin", "verify", folder, "--alone").exit_code == 0


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_a_figure_that_no_longer_recomputes_and_a_foreign_key(
    run: Run, session: Session, tmp_path: Path
) -> None:
    folder = tmp_path / "b"
    run("bulletin", "export", *MONTH, "--out", folder)
    fingerprint = read((folder / NAME).read_bytes()).fingerprint
    assert run("bulletin", "verify", folder, "--key", fingerprint.lower()).exit_code == 0
    assert run("bulletin", "verify", folder, "--key", "0000").exit_code == 1
    ledger(session, OCTOBER, 3 * WAN)
    session.commit()
    done = run("bulletin", "verify", folder)
    assert done.exit_code == 1
    assert "阿岗镇, overdue_wan: 3.00 in the bundle, 4.00 in the database" in done.stderr
    run("bulletin", "export", *MONTH, "--out", folder, "--force")
    key_path(COUNTY).write_bytes(SigningKey.generate().to_pem())
    assert "The key is not the one of 罗平县" in run("bulletin", "verify", folder).stderr


def test_a_bundle_of_another_county_is_taken_once(run: Run, session: Session, tmp_path: Path) -> None:
    key, other = SigningKey.generate(), SigningKey.generate()
    path = tmp_path / "there.zip"
    path.write_bytes(archive(neighbour(key)))
    unknown = run("bulletin", "verify", path)
    assert unknown.exit_code == 0 and "key of this region is not known here" in unknown.stderr
    assert run("bulletin", "receive", path, "--as", "leader").exit_code == 2  # may not import
    assert told(run("bulletin", "receive", path, "--as", "office", "--json"))["rows"] == 1
    assert trail("bulletin.receive") == ["office"]
    assert "富源县" in [row.name for row in figures(db.session(), "5303", OCTOBER).rows]
    assert told(run("bulletin", "receive", path, "--as", "office", "--json"))["same"] is True
    path.write_bytes(archive(neighbour(other, stock=4 * WAN)))
    refused = run("bulletin", "receive", path, "--as", "office")
    assert refused.exit_code == 1 and "another key so far" in refused.stderr
    assert run("bulletin", "verify", path).exit_code == 1  # of this region another key is known
    assert run("bulletin", "receive", path, "--new-key", "--as", "office").exit_code == 0
    session.expire_all()
    assert session.scalars(select(ReceivedBundle)).one().public_key == other.public_key
    changed = neighbour(other) | {"bulletin.txt": b"x"}
    write_files(changed, tmp_path / "changed")
    refused = run("bulletin", "receive", tmp_path / "changed", "--as", "office")
    assert refused.exit_code == 1 and "bulletin.txt was changed" in refused.stderr
    path.write_bytes(archive(neighbour(other, draft=True)))
    assert "draft" in run("bulletin", "receive", path, "--as", "office").stderr


@pytest.mark.parametrize("db_kind", ["sqlite"], indirect=True)
def test_the_demonstration_county_is_exported_in_time(
    demo_app: Flask, tmp_path: Path, record_property: object
) -> None:
    done = told(runner(demo_app)("bulletin", "export", *MONTH, "--out", tmp_path / "d", "--json"))
    record_property("measured", f"export of a county's five files: {done['seconds']} s of 3")  # type: ignore[operator]
    assert done["seconds"] < 3
    assert "1048户5390.04万元" in (tmp_path / "d" / "bulletin.txt").read_text("utf-8")
    assert run_verify(demo_app, tmp_path / "d") == 0


def run_verify(app: Flask, folder: Path) -> int:
    return runner(app)("bulletin", "verify", folder).exit_code
