"""What a bulletin may not go out with: a wrong number, a field that prints nothing, a person's name or number. Pure.

A finding that ``blocks`` stops the approval. One that rounding alone could explain is listed and stops nothing; a
borrower's name of two characters may be an ordinary word, and a person may set it aside with a reason.
"""

from collections.abc import Iterator
from itertools import accumulate

from app.bulletin.proofread import Finding as Contradiction
from app.bulletin.proofread import NotABulletin, proofread
from app.editions.document import Block
from app.editions.facts import Facts
from app.editions.findings import Found, Kinds
from app.editions.persons import People, names_of_people, numbers_of_people
from app.editions.rules import Written, field_errors
from app.editions.typed import typed_figures
from app.labels import T
from app.places.rules import PlaceIndex


def check(
    written: Written, blocks: tuple[Block, ...], facts: Facts, places: PlaceIndex, people: People
) -> list[Found]:
    """Everything that speaks against printing these blocks, what blocks first, then in the order of the text."""
    found = [
        *_fields(written, facts, blocks),
        *_contradictions(blocks, places),
        *numbers_of_people(blocks, written.title),
    ]
    found += typed_figures(blocks, facts)
    found += names_of_people(blocks, written.title, people)
    return sorted(found, key=lambda f: (not f.blocks, -1 if f.block is None else f.block))


def _block_with(blocks: tuple[Block, ...], words: str) -> int | None:
    return next((n for n, block in enumerate(blocks) if words in block.text), None)


def _fields(written: Written, facts: Facts, blocks: tuple[Block, ...]) -> Iterator[Found]:
    for errors in field_errors(written, facts).values():
        for error in errors:
            yield Found(Kinds.FIELD, error.typed, error.reason, _block_with(blocks, error.typed))


_ROUNDING = "rounding alone could explain"


def by_rounding(finding: Contradiction) -> bool:
    """Could rounding alone explain what the proof-reader found?"""
    return bool(getattr(finding, "rounding", _ROUNDING in finding.reason.msgid))


def _contradictions(blocks: tuple[Block, ...], places: PlaceIndex) -> Iterator[Found]:
    text = "\n".join(block.text for block in blocks)
    try:
        proof = proofread(text, places)
    except NotABulletin:
        return  # a region without rows: there is nothing to contradict
    ends = list(accumulate(len(block.text) + 1 for block in blocks))
    for finding in proof.findings:
        at = next((n for n, end in enumerate(ends) if finding.start < end), None)
        yield Found(
            Kinds.PROOF,
            finding.printed,
            T("%(place)s: %(reason)s", place=finding.region, reason=finding.reason),
            at,
            blocks=not by_rounding(finding),
            expected=finding.expected,
        )
