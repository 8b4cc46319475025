"""A bulletin as a value: everything that its files print, and nothing that depends on where it is printed. Pure.

The pages make one from an edition, the writers (Word, web page, text) read it. Figures inside a paragraph are runs of
their own, so that a web page can link each to the loans behind it. The text is Chinese: it is an official document.
"""

from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from app.bulletin.figures import Figures


class Kind(Enum):
    """What a block is, as GB/T 9704-2012 sets it."""

    PART = "part"  # 一、
    SECTION = "section"  # （一）
    ITEM = "item"  # 1.
    BODY = "body"


@dataclass(frozen=True, slots=True)
class Run:
    """A piece of a paragraph. ``figure`` names what it prints, None for plain words.

    It is a region's code and a figure's name in ``FigureRow.to_json`` (``530324101.overdue_rate_pct``), or one of the
    lines the region is held against (``530324.provincial_rate``, ``.rank``).
    """

    text: str
    figure: str | None = None


@dataclass(frozen=True, slots=True)
class Block:
    kind: Kind
    runs: tuple[Run, ...]

    @property
    def text(self) -> str:
        return "".join(run.text for run in self.runs)


@dataclass(frozen=True, slots=True)
class Correction:
    """An erratum: a figure of an earlier bulletin that was not right. Values are as printed."""

    number: str  # of the bulletin that it corrects
    month: date
    region: str
    figure: str
    old: str
    new: str
    cause: str


@dataclass(frozen=True, slots=True)
class Document:
    """One bulletin. ``number`` and ``issued_on`` are None until it is published; ``draft`` is said on every page."""

    figures: Figures
    title: str
    blocks: tuple[Block, ...]
    signatory: str
    draft: bool = True
    red_head: str | None = None  # the name of the office in red, None for none
    number: str | None = None
    issued_on: date | None = None
    addressed_to: str = ""  # 主送
    copies_to: str = ""  # 抄送
    corrections: tuple[Correction, ...] = ()
    closed: bool = False  # figures of a closed month
    snapshots: dict[str, str] = field(
        default_factory=dict
    )  # SHA-256 over a township's snapshots, by its code
