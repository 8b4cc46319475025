"""A block in pieces: nothing lost, figures kept, findings marked where they stand."""

from hypothesis import given
from hypothesis import strategies as st

from app.editions.document import Block, Kind, Run
from app.editions.reading import behind, place_of, read

runs = st.lists(
    st.builds(Run, st.text("甲乙丙12", min_size=1, max_size=4), st.none() | st.just("530324106.overdue_wan")),
    max_size=6,
)


@given(runs, st.lists(st.text("甲乙1", min_size=1, max_size=3), max_size=3))
def test_the_pieces_are_the_block(parts: list[Run], words: list[str]) -> None:
    block = Block(Kind.BODY, tuple(parts))
    pieces = read(block, list(enumerate(words, 1)))
    assert "".join(piece.text for piece in pieces) == block.text
    told = [figure for piece in pieces for figure in [piece.figure] * len(piece.text)]
    assert told == [figure for run in parts for figure in [run.figure] * len(run.text)]
    for number, word in enumerate(words, 1):
        marked = "".join(piece.text for piece in pieces if number in piece.numbers)
        assert marked == (word if word in block.text else "")
        assert sum(number in piece.starts for piece in pieces) == (word in block.text)


def test_which_loans_stand_behind_a_figure() -> None:
    assert behind("530324106.completion_pct") == ("new", "530324106")
    assert behind("530324.overdue_rate_pct") == ("overdue", "530324")
    assert behind("530324.provincial_rate") is None


def test_a_remark_goes_with_its_words() -> None:
    blocks = [Block(Kind.BODY, (Run(text),)) for text in ("甲乙", "丙丁", "甲乙")]
    assert [place_of(n, quote, blocks) for n, quote in ((0, ""), (9, ""), (0, "丙"), (2, "甲"), (1, "戊"))] == [
        0, None, 1, 2, None,
    ]  # fmt: skip
