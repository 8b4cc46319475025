"""What a bulletin may not go out with: a wrong number, a field that prints nothing, a person's name or number. Pure.

A finding that ``blocks`` stops the approval. One that rounding alone could explain is listed and stops nothing. Two
kinds a person may set aside with a reason: a borrower's name of two characters, which may be an ordinary word, and what
the proof-reader takes for a figure where another number is meant.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import replace
from itertools import accumulate

from app.bulletin.proofread import Finding as Contradiction
from app.bulletin.proofread import NotABulletin, proofread
from app.editions.document import Block
from app.editions.facts import Facts
from app.editions.findings import Found, Kinds, written_by_people
from app.editions.persons import People, names_of_people, numbers_of_people
from app.editions.rules import PROBLEMS_HEADING, Written, field_errors
from app.editions.typed import Typed, typed_figures, typed_numbers
from app.labels import T
from app.places.rules import PlaceIndex


def check(
    written: Written, blocks: tuple[Block, ...], facts: Facts, places: PlaceIndex, people: People
) -> list[Found]:
    """Everything that speaks against printing these blocks, what blocks first, then in the order of the text."""
    found = [
        *_fields(written, facts, blocks),
        *_numbers(blocks, facts, places, people),
        *numbers_of_people(blocks, written.title),
        *names_of_people(blocks, written.title, people),
    ]
    return sorted(found, key=lambda f: (not f.blocks, -1 if f.block is None else f.block))


def _block_with(blocks: tuple[Block, ...], words: str) -> int | None:
    return next((n for n, block in enumerate(blocks) if words in block.text), None)


def _fields(written: Written, facts: Facts, blocks: tuple[Block, ...]) -> Iterator[Found]:
    for errors in field_errors(written, facts).values():
        for error in errors:
            yield Found(Kinds.FIELD, error.typed, error.reason, _block_with(blocks, error.typed))


def _numbers(blocks: tuple[Block, ...], facts: Facts, places: PlaceIndex, people: People) -> Iterator[Found]:
    """Typed numbers against the figures; those whose figure is not said so plainly, by the proof-reader."""
    typed = typed_numbers(blocks)
    judged = typed_figures(blocks, typed, facts)
    yield from (found for found in judged.values() if found is not None)
    unclear = [one for one in typed if (one.block, one.start) not in judged and not one.text.endswith("笔")]
    aside = dict(people.aside)
    for found in _contradictions(blocks, unclear, places):
        yield replace(found, blocks=False, aside=aside[found.key]) if found.key in aside else found


def _contradictions(blocks: tuple[Block, ...], unclear: list[Typed], places: PlaceIndex) -> Iterator[Found]:
    """What the proof-reader finds: in 基本情况 what rounding leaves, and numbers in sentences that people wrote.

    It gets those sentences alone, for it reads them as a county prints them: whatever stands there may be a figure.
    """
    own = {number for number, _ in written_by_people(blocks)}
    situation = [(n, block.text) for n, block in enumerate(blocks) if n not in own]
    for finding, block, _ in _proof(situation, places):
        yield _found(finding, block, finding.printed, blocks=False)
    sentences = sorted({(one.block, *one.sentence) for one in unclear})
    lines = [
        (-1, PROBLEMS_HEADING),
        *((n, blocks[n].text[first:last] + "。") for n, first, last in sentences),
    ]
    starts = [0] * (len(situation) + 1) + [first for _, first, _ in sentences]
    numbers = {(one.block, one.start): one.text for one in unclear}
    for finding, block, (line, at) in _proof([*situation, *lines], places):
        words = numbers.get((block, starts[line] + at)) if line > len(situation) else None
        if words is not None and words.startswith(finding.printed):
            yield _found(finding, block, words, blocks=finding.blocks)


def _proof(
    lines: list[tuple[int, str]], places: PlaceIndex
) -> Iterator[tuple[Contradiction, int, tuple[int, int]]]:
    """Each finding with the block it lies in, the line of ``lines``, and where in that."""
    try:
        proof = proofread("\n".join(text for _, text in lines), places)
    except NotABulletin:
        return  # a region without rows: there is nothing to contradict
    starts = [0, *accumulate(len(text) + 1 for _, text in lines)]
    for finding in proof.findings:
        line = bisect_right(starts, finding.start) - 1
        yield finding, lines[line][0], (line, finding.start - starts[line])


def _found(finding: Contradiction, block: int, words: str, *, blocks: bool) -> Found:
    reason = T("%(place)s: %(reason)s", place=finding.region, reason=finding.reason)
    return Found(Kinds.PROOF, words, reason, block, blocks, finding.expected)
