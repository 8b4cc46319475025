"""A bulletin's text as blocks, and its number. Pure."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from app.bulletin.figures import Figures
from app.bulletin.narrative import HEADING, basic_situation
from app.editions.document import Block, Kind, Run
from app.editions.facts import Facts
from app.editions.fields import FieldError, resolve

PROBLEMS_HEADING = "二、存在问题"
DEMANDS_HEADING = "三、工作要求"
TITLE_LENGTH = 120
TEXT_LENGTH = 20_000
_SECTION = re.compile(r"（[一二三四五六七八九十]{1,3}）[^。；：]{1,40}")
_ITEM = re.compile(r"\d{1,2}[.．、]")


@dataclass(frozen=True, slots=True)
class Written:
    """What people write of a bulletin, as they typed it."""

    title: str
    opening: str
    problems: str
    demands: str

    def parts(self) -> dict[str, str]:
        """The texts that may hold fields, by their name, in the order in which they are printed."""
        return {"opening": self.opening, "problems": self.problems, "demands": self.demands}


def tidy(text: str) -> str:
    """Lines without blanks around them and without empty ones between; half-width section brackets made whole."""
    lines = (line.strip(" \t\u3000") for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"))
    return "\n".join(re.sub(r"^\(([一二三四五六七八九十]{1,3})\)", r"（\1）", line) for line in lines if line)


def kind_of(line: str) -> Kind:
    """How a line of text is set: a short heading （一）…, an item 1., else a paragraph."""
    if _SECTION.fullmatch(line):
        return Kind.SECTION
    return Kind.ITEM if _ITEM.match(line) else Kind.BODY


def written_blocks(text: str, facts: Facts) -> Iterator[Block]:
    """One block a line, its live fields runs of their own."""
    for line in text.split("\n"):
        if line.strip():
            parts, _ = resolve(line, facts)
            yield Block(kind_of(line), tuple(Run(part.text, part.figure) for part in parts))


def situation_blocks(figures: Figures) -> Iterator[Block]:
    """一、基本情况: the one wording of ``app.bulletin.narrative``."""
    yield Block(Kind.PART, (Run(HEADING),))
    for paragraph in basic_situation(figures):
        yield Block(Kind.SECTION, (Run(paragraph.heading),))
        yield Block(Kind.BODY, tuple(Run(words.text, words.figure) for words in paragraph.words))


def blocks_of(written: Written, facts: Facts, closing: Iterable[Block] = ()) -> tuple[Block, ...]:
    """The whole text in its order. A part that says nothing has no heading either."""
    found = [*written_blocks(written.opening, facts), *situation_blocks(facts.figures)]
    for heading, text in ((PROBLEMS_HEADING, written.problems), (DEMANDS_HEADING, written.demands)):
        blocks = list(written_blocks(text, facts))
        found += [Block(Kind.PART, (Run(heading),)), *blocks] if blocks else []
    return (*found, *closing)


def field_errors(written: Written, facts: Facts) -> dict[str, list[FieldError]]:
    """Fields that cannot be printed, by the part they stand in."""
    found = {name: resolve(text, facts)[1] for name, text in written.parts().items()}
    return {name: errors for name, errors in found.items() if errors}


def document_number(prefix: str, year: int, n: int) -> str:
    """发文字号: 罗乡振联发〔2023〕12号, without leading zeros (GB/T 9704-2012)."""
    return f"{prefix}〔{year}〕{n}号"
