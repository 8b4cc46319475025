"""Figures of regions that send only their bundle: what is refused, what counts beside loans that are here."""

import copy
from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.rules import EVERYTHING, Scope
from app.audit import AuditEntry
from app.bulletin.bridging import bridge
from app.bulletin.bundles import bundles, differences
from app.bulletin.drill import Measure, all_behind, loans_here, sums_of
from app.bulletin.figures import FigureRow
from app.bulletin.incoming import ManifestRefused, differing, read_manifest
from app.bulletin.models import ReceivedBundle, ReceivedFigure
from app.bulletin.queries import figures, months, newest_month, trend
from app.bulletin.received import take_received
from app.places.models import Region
from tests.intake.world import NOVEMBER, OCTOBER, take
from tests.ledger.factory import AGANG, COUNTY, ledger_row

OTHER, PREFECTURE, PROVINCE = "530325", "5303", "53"
FIRST, SECOND = f"{OTHER}100", f"{OTHER}101"
DIGEST = "a" * 64
Manifest = dict[str, Any]


def row(code: str, name: str, stock: int, overdue: int = 0, target: int | None = None) -> dict[str, Any]:
    made = FigureRow(code, name, 2, stock, 1, stock // 2, target, int(overdue > 0), overdue, int(overdue > 0))
    raw = {key: getattr(made, key) for key in ("stock_fen", "new_fen", "target_fen", "overdue_fen")}
    return {"code": code, **made.to_json(), **raw}


def manifest(region: str, name: str, rows: list[dict[str, Any]], month: str = "2023-10") -> Manifest:
    keys = [key for key, value in rows[0].items() if isinstance(value, int) and not isinstance(value, bool)]
    total = row(region, name, 0) | {key: sum(r[key] for r in rows) for key in keys if key != "target_fen"}
    return {
        "format": 1, "region": region, "region_name": name, "month": month, "as_of": f"{month}-30", "draft": False,
        "number": "富乡振联发〔2023〕9号", "figures": {"rows": rows, "total": total}, "files": {},
        "snapshots": {}, "public_key": "a2V5", "signature": "c2ln",
    }  # fmt: skip


def fuyuan(stock: int = 700, month: str = "2023-10") -> Manifest:
    rows = [row(FIRST, "营上镇", stock, 70, target=1000), row(SECOND, "黄泥河镇", 300, target=500)]
    return manifest(OTHER, "富源县", rows, month)


# --- what is refused


def _broken(change: Callable[[Manifest], None]) -> Manifest:
    made = copy.deepcopy(fuyuan())
    change(made)
    return made


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda m: m.update(format=2), "no manifest"),
        (lambda m: m.update(draft=True), "draft"),
        (lambda m: m.pop("draft"), "draft"),
        (lambda m: m.update(region="53032510"), "no county"),
        (lambda m: m.update(region="53"), "no county"),
        (lambda m: m.update(region=530325), "“region”"),
        (lambda m: m.update(month="2023-13"), "no month"),
        (lambda m: m.update(as_of="yesterday"), "no date"),
        (lambda m: m.update(region_name=""), "no name"),
        (lambda m: m.update(number="x" * 65), "“number”"),
        (lambda m: m.update(figures=[]), "“figures”"),
        (lambda m: m["figures"]["rows"][0].update(stock_fen=-1), "“stock_fen”"),
        (lambda m: m["figures"]["rows"][0].update(stock_fen=True), "“stock_fen”"),
        (lambda m: m["figures"]["rows"][0].update(stock_fen=2**63), "“stock_fen”"),
        (lambda m: m["figures"]["rows"][0].update(stock_fen=701), "contradicts itself"),
        (lambda m: m["figures"]["rows"][0].update(code="530324101"), "just below"),
        (lambda m: m["figures"]["rows"][0].update(code=OTHER), "just below"),
        (lambda m: m["figures"]["rows"][1].update(code=FIRST), "twice"),
        (lambda m: m["figures"]["rows"].append("x"), "lacks"),
    ],
)
def test_what_is_no_manifest_is_refused_in_a_sentence(
    change: Callable[[Manifest], None], sentence: str
) -> None:
    with pytest.raises(ManifestRefused, match=sentence):
        read_manifest(_broken(change))
    assert read_manifest(fuyuan()).total.stock_fen == 1000  # the control


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_a_region_that_does_not_fit_is_refused_and_nothing_is_kept(session: Session) -> None:
    stranger = manifest("999999", "某县", [row("999999100", "某镇", 1)])
    with pytest.raises(ManifestRefused, match="not known here"):
        take_received(session, stranger, DIGEST, "office")
    twins = manifest(OTHER, "富源县", [row(FIRST, "营上镇", 1), row(SECOND, "营上镇", 1)])
    with pytest.raises(ManifestRefused, match="has this name"):
        take_received(session, twins, DIGEST, "office")
    session.rollback()
    assert session.scalars(select(ReceivedBundle)).all() == []


# --- what counts


def test_a_county_without_loans_here_shows_what_it_has_sent(session: Session) -> None:
    take(
        session,
        [ledger_row(balance=500, overdue=50, principal=5_000, disbursed_on=date(2023, 1, 1))],
        OCTOBER,
    )
    take_received(session, fuyuan(), DIGEST, "office")
    found = figures(session, PREFECTURE, OCTOBER)
    rows = {one.code: one for one in found.rows}
    assert (rows[OTHER].stock_fen, rows[OTHER].overdue_fen, rows[COUNTY].stock_fen) == (1000, 70, 500)
    assert found.total.stock_fen == 1500 and found.total.overdue_loans == 2
    assert [code for code in rows if found.is_received(code)] == [OTHER]
    assert found.to_json()["received"] == [OTHER]
    assert figures(session, PROVINCE, OCTOBER).total.stock_fen == 1500
    county = figures(session, OTHER, OCTOBER)
    assert {one.code: one.target_fen for one in county.rows} == {FIRST: 1000, SECOND: 500}
    assert figures(session, FIRST, OCTOBER).total.stock_fen == 700
    place = session.get_one(Region, PREFECTURE)
    assert trend(session, place, OCTOBER, EVERYTHING, 3)[OCTOBER].stock_fen == 1500
    assert "bulletin.receive" in session.scalars(select(AuditEntry.action)).all()


def test_what_is_received_opens_no_loans_and_says_whose_it_is(session: Session) -> None:
    take(session, [ledger_row(balance=500, overdue=50)], OCTOBER)
    take_received(session, fuyuan(), DIGEST, "office")
    found = figures(session, PREFECTURE, OCTOBER)
    lines = list(all_behind(session, Measure.STOCK, PREFECTURE, OCTOBER))
    here, theirs = (sums_of(found, Measure.STOCK, received=flag) for flag in (False, True))
    assert sum(line.balance for line in lines) == here.fen == 500
    assert here.fen + theirs.fen == found.total.stock_fen
    assert loans_here(session, found, Measure.OVERDUE, EVERYTHING) == (1, False)
    (bundle,) = bundles(session, {one.bundle_id for one in found.received})
    assert (bundle.name, bundle.number) == ("富源县", "富乡振联发〔2023〕9号") and bundle.fingerprint
    whole = bridge(session, PREFECTURE, OCTOBER, EVERYTHING)
    assert whole.received == (OTHER,) and (whole.total.closing, whole.total.difference) == (50, 0)


def test_loans_that_are_here_win_and_the_difference_is_shown(session: Session) -> None:
    take(session, [ledger_row(township_code=AGANG, balance=500)], OCTOBER)
    ours = manifest(COUNTY, "罗平县", [row(AGANG, "阿岗镇", 501)])
    take_received(session, ours, DIGEST, "office")
    found = figures(session, COUNTY, OCTOBER)
    assert found.total.stock_fen == 500 and not found.received
    told = {(one.code, one.figure): (one.here, one.received) for one in differences(session, found)}
    assert told[AGANG, "stock_fen"] == (500, 501)
    above = differences(session, figures(session, PREFECTURE, OCTOBER))
    assert ("530324", "stock_fen") in {(one.code, one.figure) for one in above}
    same = FigureRow("1", "甲", 1, 2)
    assert differing(same, same) == []


def test_a_countys_own_bundle_comes_before_its_prefectures(session: Session) -> None:
    take_received(session, manifest(PREFECTURE, "曲靖市", [row(OTHER, "富源县", 5)]), "b" * 64, "office")
    found = figures(session, OTHER, OCTOBER)
    assert [(one.code, one.stock_fen) for one in found.rows] == [(OTHER, 5)]  # only its sum has come
    take_received(session, fuyuan(), DIGEST, "office")
    assert figures(session, PREFECTURE, OCTOBER).total.stock_fen == 1000


def test_a_later_bundle_takes_the_place_of_the_one_before(session: Session) -> None:
    first = take_received(session, fuyuan(), DIGEST, "office")
    assert take_received(session, fuyuan(), DIGEST, "office") is first
    take_received(session, fuyuan(stock=900), "b" * 64, "office")
    assert figures(session, OTHER, OCTOBER).total.stock_fen == 1200
    assert len(session.scalars(select(ReceivedFigure)).all()) == 2


@pytest.mark.parametrize("db_kind", ["sqlite"])
def test_an_instance_of_bundles_alone_has_months_and_scopes(session: Session) -> None:
    take_received(session, fuyuan(), DIGEST, "office")
    take_received(session, fuyuan(month="2023-11"), "c" * 64, "office")
    assert newest_month(session) == NOVEMBER and months(session) == [NOVEMBER, OCTOBER]
    assert figures(session, OTHER, OCTOBER, Scope(region=FIRST)).total.stock_fen == 700
    with pytest.raises(LookupError):
        figures(session, OTHER, OCTOBER, Scope(region=COUNTY))
    assert figures(session, OTHER, OCTOBER, Scope(region=None, branch_id=1)).total.stock_fen == 0
