"""Untouched or not: one bit anywhere is seen, and which file; and every file tells the figures of the manifest."""

import json
from collections.abc import Callable
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.bulletin.figures import FigureRow, Figures
from app.editions.bundle import bundle_files
from app.editions.manifest import FILES, NAME, draw_up, read, signed_part
from app.editions.readers import READERS
from app.editions.seal import SigningKey
from app.editions.verify import check
from tests.bulletin.published import october
from tests.editions.sample import bulletin, portfolio, published

KEY = SigningKey.generate()
SEALED = bundle_files(published(), KEY)


def wrong(files: dict[str, bytes]) -> set[str]:
    return {problem.file for problem in check(files).problems}


@pytest.mark.parametrize("document", [bulletin(), published()])
def test_what_was_sealed_is_untouched(document: object) -> None:
    verdict = check(bundle_files(document, KEY))  # type: ignore[arg-type]
    assert verdict.untouched and verdict.problems == () and verdict.manifest
    assert verdict.to_json()["fingerprint"] == verdict.manifest.fingerprint


@settings(max_examples=150)
@given(st.sampled_from(sorted(SEALED)), st.data())
def test_one_bit_anywhere_is_seen_and_its_file_named(name: str, data: st.DataObject) -> None:
    content = bytearray(SEALED[name])
    at = data.draw(st.integers(0, len(content) - 1))
    content[at] ^= 1 << data.draw(st.integers(0, 7))
    assert name in wrong(SEALED | {name: bytes(content)})


def test_a_blank_more_in_the_manifest_is_seen() -> None:
    assert wrong(SEALED | {NAME: SEALED[NAME] + b"\n"}) == {NAME}
    spelled = json.dumps(json.loads(SEALED[NAME]), ensure_ascii=False).encode()
    assert wrong(SEALED | {NAME: spelled}) == {NAME}


def test_missing_added_and_alone() -> None:
    for name in FILES:
        assert wrong({key: value for key, value in SEALED.items() if key != name}) == {name}
    assert wrong(SEALED | {"more.txt": b""}) == {"more.txt"}
    assert wrong({}) == {NAME}
    assert check(SEALED | {"bulletin.pdf": b"%PDF"}).untouched
    alone = check({NAME: SEALED[NAME]})
    assert alone.untouched and alone.alone and alone.notes


def test_without_a_seal_or_under_a_forged_one() -> None:
    assert wrong(bundle_files(published(), None)) == {NAME}
    content = json.loads(SEALED[NAME]) | {"number": "罗乡振联发〔2023〕99号"}
    forged = replace(read(SEALED[NAME]), content=content)
    assert wrong(SEALED | {NAME: forged.to_bytes()}) == {NAME}
    content["public_key"] = SigningKey.generate().public_key
    content["signature"] = KEY.sign(signed_part(content))
    assert wrong(SEALED | {NAME: replace(forged, content=content).to_bytes()}) == {NAME}


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_tells_another_figure_is_named_even_under_a_good_seal(name: str) -> None:
    """As if the program that wrote it had been wrong: hashes and seal are right, the figure is not."""

    def more(row: FigureRow) -> FigureRow:
        return replace(row, overdue_fen=row.overdue_fen + 10_000) if row.name == "阿岗镇" else row

    other = bundle_files(published(figures=october(more)), KEY)
    files = {key: other[key] if key == name else SEALED[key] for key in FILES}
    files[NAME] = draw_up(published(), files, KEY).to_bytes()
    problems = check(files).problems
    assert {problem.file for problem in problems} == {name}
    assert any(
        "阿岗镇" in str(problem.message) and "overdue_wan" in str(problem.message) for problem in problems
    )


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("bulletin.txt", "阿岗镇39户118.25万元", "阿岗镇39户118.26万元"),
        ("bulletin.txt", "完成年度目标任务的134%", "完成年度目标任务的135%"),
        ("bulletin.html", "阿岗镇39户118.25万元", "阿岗镇38户118.25万元"),
        ("bulletin.html", ">4.36%</span>", ">4.37%</span>"),
    ],
)
def test_a_figure_in_the_text_is_compared_too(name: str, old: str, new: str) -> None:
    changed = SEALED[name].replace(old.encode(), new.encode(), 1)
    assert changed != SEALED[name]
    files = {key: changed if key == name else SEALED[key] for key in FILES}
    files[NAME] = draw_up(published(), files, KEY).to_bytes()
    assert wrong(files) == {name}


@pytest.mark.parametrize("name", FILES)
def test_a_file_of_another_kind_under_a_good_seal(name: str) -> None:
    for content in (b"", b"\xff\xfe\x00", b"PK\x03\x04 nothing"):
        files = {key: content if key == name else SEALED[key] for key in FILES}
        files[NAME] = draw_up(published(), files, KEY).to_bytes()
        assert wrong(files) == {name}


# ---- page, Word, Excel, text and an independent calculation


def half_up(part: int, whole: int, decimals: int) -> str | None:
    """A percentage from exact fractions, not by the program's own rounding."""
    if whole <= 0:
        return None
    scaled = Fraction(part * 100 * 10**decimals, whole)
    return str(Decimal(int(scaled + Fraction(1, 2))).scaleb(-decimals))


def wan(fen: int) -> str:
    return str((Decimal(fen) / 1_000_000).quantize(Decimal("0.01"), ROUND_HALF_UP))


def by_hand(figures: Figures) -> dict[str, dict[str, str | None]]:
    """Every printed figure of every place and of the whole, worked out from the raw rows."""
    rows: dict[str, list[FigureRow]] = {row.name: [row] for row in figures.rows} | {
        "合计": list(figures.rows)
    }
    found: dict[str, dict[str, str | None]] = {}
    for name, parts in rows.items():
        stock, new, overdue = (
            sum(getattr(p, key) for p in parts) for key in ("stock_fen", "new_fen", "overdue_fen")
        )
        targets = [p.target_fen for p in parts]
        target = sum(filter(None, targets)) if targets and None not in targets else None
        if name == "合计" and figures.own_target_fen is not None:
            target = figures.own_target_fen
        found[name] = {
            "stock_wan": wan(stock), "new_wan": wan(new), "overdue_wan": wan(overdue),
            "target_wan": None if target is None else wan(target),
            "completion_pct": half_up(new, target or 0, 0), "overdue_rate_pct": half_up(overdue, stock, 2),
            **{
                key: str(sum(getattr(p, key) for p in parts))
                for key in ("stock_households", "new_households", "overdue_households", "overdue_loans")
            },
        }  # fmt: skip
    return found


def told(name: str, content: bytes) -> dict[tuple[str, str], str]:
    """What a file's tables tell: by place and figure."""
    from app.editions.readers import columns

    found: dict[tuple[str, str], str] = {}
    for grid in READERS[name](content).grids:
        for cells in grid[1:]:
            for key, cell in zip(columns(grid), cells, strict=False):
                if key:
                    found[cells[1], key] = cell
    return found


def as_printed(cell: str, key: str) -> str:
    """An Excel cell as its number format shows it."""
    if cell == "—" or key.endswith(("_households", "_loans")):
        return cell if cell == "—" else str(int(Decimal(cell)))
    places = {"completion_pct": "1", "overdue_rate_pct": "0.01"}.get(key, "0.01")
    share = 100 if key.endswith("_pct") else 1
    return str((Decimal(cell) * share).quantize(Decimal(places), ROUND_HALF_UP))


def differences(seed: int, write: Callable[..., dict[str, bytes]] = bundle_files) -> int:
    figures = portfolio(seed)
    files = write(bulletin(figures), KEY)
    count = len(check(files).problems)
    expected = by_hand(figures)
    for name in FILES:
        seen = told(name, files[name])
        count += sum(
            (as_printed(seen.get((place, key), "?"), key) if name == "annex.xlsx" else seen.get((place, key)))
            != (value or "—")
            for place, row in expected.items()
            for key, value in row.items()
        )
    return count


@pytest.mark.parametrize("seeds", [range(12), pytest.param(range(12, 100), marks=pytest.mark.slow)])
def test_page_word_excel_and_text_agree_with_an_independent_calculation(seeds: range) -> None:
    assert sum(differences(seed) for seed in seeds) == 0


def test_a_difference_would_be_counted() -> None:
    def off(document: object, key: SigningKey) -> dict[str, bytes]:
        files = bundle_files(document, key)  # type: ignore[arg-type]
        text = files["bulletin.txt"].decode()
        place = portfolio(3).rows[0].name if portfolio(3).rows else "合计"
        head, _, tail = text.rpartition(place)
        return files | {"bulletin.txt": f"{head}{place}{tail.replace('0', '7')}".encode()}

    assert differences(3, off) > 0
