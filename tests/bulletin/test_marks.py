"""A text cut into pieces is still the same text, and every finding has its place in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.bulletin.marks import Piece, pieces


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([], [Piece("abcd")]),
        ([(1, 3)], [Piece("a"), Piece("bc", (1,), (1,)), Piece("d")]),
        ([(0, 4)], [Piece("abcd", (1,), (1,))]),
        ([(1, 3), (2, 4)], [Piece("a"), Piece("b", (1,), (1,)), Piece("c", (1, 2), (2,)), Piece("d", (2,))]),
        ([(1, 3), (1, 2)], [Piece("a"), Piece("b", (1, 2), (1, 2)), Piece("c", (1,)), Piece("d")]),
        ([(2, 2)], [Piece("ab"), Piece("", (1,), (1,)), Piece("cd")]),
        ([(4, 4)], [Piece("abcd"), Piece("", (1,), (1,))]),
    ],
)
def test_where_it_is_cut(spans: list[tuple[int, int]], expected: list[Piece]) -> None:
    assert pieces("abcd", spans) == expected


def test_no_text_has_no_pieces() -> None:
    assert pieces("", []) == []


@given(st.text(max_size=40), st.data())
def test_nothing_is_lost_and_each_finding_begins_once(text: str, data: st.DataObject) -> None:
    edge = st.integers(0, len(text))
    spans = data.draw(st.lists(st.tuples(edge, edge).map(lambda e: (min(e), max(e))), max_size=6))
    found = pieces(text, spans)
    assert "".join(piece.text for piece in found) == text
    assert sorted(n for piece in found for n in piece.starts) == list(range(1, len(spans) + 1))
    for number, (start, end) in enumerate(spans, 1):
        assert "".join(piece.text for piece in found if number in piece.numbers) == text[start:end]
