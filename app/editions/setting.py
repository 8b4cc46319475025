"""How a bulletin is set, whatever it is set in: the title's lines, who signs, which attachments follow. Pure."""

from app.bulletin.narrative import chinese_date
from app.editions.document import Document
from app.editions.tables import Table, correction_table, tables

DRAFT = "草稿"
UNDATED = "　　年　月　日"
_TITLE_WIDTH = 20  # full-width characters of 22 pt in a line
# A title's line may end before one of these words, or after 的: never within a word.
_BREAK_BEFORE = ("关于", "领导小组", "办公室关于", "脱贫人口", "小额信贷", "工作情况", "乡村振兴", "推进")
_FULL_WIDTH_FROM = "\u2e80"


def attachments(document: Document) -> tuple[Table, ...]:
    """The tables behind the text, numbered as they are printed."""
    found = tables(document.figures)
    return (*found, correction_table(document.corrections)) if document.corrections else found


def attachment_title(document: Document, table: Table) -> str:
    """The heading over an attachment."""
    if table.total is None:
        return table.title
    return f"{document.figures.region_name}脱贫人口小额信贷{table.title}"


def signed_on(document: Document) -> str:
    """The date under the signature; room for one as long as there is none."""
    return chinese_date(document.issued_on) if document.issued_on else UNDATED


def salutation(document: Document) -> str:
    """主送, with its colon; "" where the bulletin addresses nobody."""
    addressed = document.addressed_to.strip().rstrip(":：")
    return f"{addressed}：" if addressed else ""


def width(text: str) -> float:
    """In full-width characters."""
    return sum(1.0 if c >= _FULL_WIDTH_FROM else 0.5 for c in text)


def title_lines(title: str, most: float = _TITLE_WIDTH) -> list[str]:
    """The title in as few lines as it needs, of as even lengths as its words allow (GB/T 9704: 词意完整)."""
    if width(title) <= most:
        return [title]
    places = sorted({0, len(title), *(at for word in _BREAK_BEFORE for at in _places(title, word))})
    best: dict[int, tuple[int, float, list[str]]] = {0: (0, 0.0, [])}
    for end in places[1:]:
        choices = [
            (lines + 1, uneven + width(piece) ** 2, [*before, piece])
            for start, (lines, uneven, before) in best.items()
            if width(piece := title[start:end]) <= most
        ]
        if choices:
            best[end] = min(choices)
    return best[len(title)][2] if len(title) in best else [title]


def _places(title: str, word: str) -> list[int]:
    found, at = [], title.find(word)
    while at >= 0:
        found.append(at)
        at = title.find(word, at + 1)
    return found
