"""Personal data in a bulletin's text: ID numbers and phones never, borrowers' names neither. Pure."""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

from app.editions.document import Block
from app.editions.findings import ORDINARY_WORD, Found, Kinds, written_by_people
from app.labels import T


@dataclass(frozen=True, slots=True)
class People:
    """Names of borrowers with overdue loans in the region, and the words that a person has set aside, with why."""

    names: Collection[str] = ()
    aside: Collection[tuple[str, str]] = ()


_ID = re.compile(r"(?<!\d)\d{6}(?:19|20)\d{2}(?:0[1-9]|1[0-2])\d{5}[\dXx](?!\d)")
_PHONE = re.compile(r"(?<!\d)1[3-9]\d[-\s]?\d{4}[-\s]?\d{4}(?!\d)")
_BLANKS = re.compile(r"[\s\u3000·•]+")
_FULL_WIDTH = {ord("０") + n: str(n) for n in range(10)} | {ord("Ｘ"): "X"}


def numbers_of_people(blocks: tuple[Block, ...], title: str) -> Iterator[Found]:
    texts: list[tuple[int | None, str]] = [
        (None, title),
        *((n, block.text) for n, block in enumerate(blocks)),
    ]
    for number, text in texts:
        plain = text.translate(_FULL_WIDTH)
        for match in _ID.finditer(_BLANKS.sub("", plain)):
            yield Found(
                Kinds.PERSON, match[0][:6] + "…", T("An ID number may not stand in a bulletin."), number
            )
        for match in _PHONE.finditer(plain):
            yield Found(
                Kinds.PERSON, match[0][:3] + "…", T("A telephone number may not stand in a bulletin."), number
            )


def names_of_people(blocks: tuple[Block, ...], title: str, people: People) -> Iterator[Found]:
    """Borrowers' names in what people wrote, however spaced; what follows from the figures names none."""
    aside = dict(people.aside)
    written: list[tuple[int | None, str]] = [(None, _BLANKS.sub("", title))]
    written += [(number, _BLANKS.sub("", block.text)) for number, block in written_by_people(blocks)]
    whole_text = "\n".join(text for _, text in written)
    for name in sorted({_BLANKS.sub("", name) for name in people.names}):
        if len(name) < ORDINARY_WORD or name not in whole_text:
            continue
        for number, text in written:
            if name not in text:
                continue
            if len(name) == ORDINARY_WORD and name in aside:
                yield Found(
                    Kinds.NAME, name, T("Set aside as an ordinary word."), number, False, aside=aside[name]
                )
            elif len(name) == ORDINARY_WORD:
                yield Found(
                    Kinds.NAME, name,
                    T("A borrower with an overdue loan has this name. If it is an ordinary word here, say so."), number,
                )  # fmt: skip
            else:
                yield Found(
                    Kinds.NAME, name,
                    T("A borrower with an overdue loan has this name. A bulletin names no borrower: take it out."),
                    number,
                )  # fmt: skip
