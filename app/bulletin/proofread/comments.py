"""A Word file with each finding as a comment at its place. Pure."""

from bisect import bisect_right
from collections.abc import Callable
from copy import deepcopy
from io import BytesIO
from typing import Any

from app.bulletin.proofread.errors import NotABulletin
from app.bulletin.proofread.outcome import Finding, Proof
from app.bulletin.proofread.packages import DAMAGED, Package
from app.bulletin.proofread.word import WORD, read_word
from app.labels import T

_AUTHOR = T("Qingshou proof-reader")
_PARAGRAPH, _RUN, _TEXT, _BOX = (f"{{{WORD}}}{name}" for name in ("p", "r", "t", "txbxContent"))
_SPACE = "{http://www.w3.org/XML/1998/namespace}space"


def commented(data: bytes, proof: Proof, gettext: Callable[[str], str] = str) -> bytes:
    """The same file with comments in the reader's language. Raises NotABulletin if it cannot be written anew.

    ``proof`` must be of this file's text (``read_text``). What was tracked, and everything else, stays as it was.
    """
    from docx import Document
    from docx.opc.exceptions import OpcError

    Package(data).check_size()
    try:
        document = Document(BytesIO(data))
    except (KeyError, ValueError, OpcError, SyntaxError) as error:
        raise NotABulletin(DAMAGED) from error
    places = _Places(document.element, read_word(data).places)
    for finding in proof.findings:
        comment = document.comments.add_comment(_words(finding, gettext), _AUTHOR.render(gettext), "")
        places.mark(finding.start, finding.end, comment.comment_id)
    stream = BytesIO()
    document.save(stream)
    return stream.getvalue()


def _words(finding: Finding, gettext: Callable[[str], str]) -> str:
    what = finding.what.render(gettext)
    change = f"{finding.printed or '—'}{finding.unit}"
    if finding.expected:
        change += f" → {finding.expected}{finding.unit}"
    return f"{finding.region} · {what} {change}\n{finding.reason.render(gettext)}"


class _Places:
    """Where each piece of the text stands in the document, also after a run was cut in two."""

    def __init__(self, root: Any, places: list[tuple[int, int]]) -> None:
        texts = list(root.iter(_TEXT))
        first: dict[int, int] = {}
        for start, number in places:
            first.setdefault(number, start)
        found = sorted((start, texts[number]) for number, start in first.items())
        self.starts = [start for start, _ in found]
        self.texts = [text for _, text in found]

    def mark(self, start: int, end: int, number: int) -> None:
        """Put a comment's range around text[start:end], or around the run where something is missing."""
        if not self.texts:
            return
        if end > start:
            self._cut(end)
            self._cut(start)
        first, last = _outer(self._at(start)), _outer(self._at(max(start, end - 1)))
        first.addprevious(_element(first, "commentRangeStart", number))
        last.addnext(_reference(last, number))
        last.addnext(_element(last, "commentRangeEnd", number))

    def _at(self, position: int) -> Any:
        return self.texts[max(0, bisect_right(self.starts, position) - 1)]

    def _cut(self, position: int) -> None:
        """Let a run begin at this position of the text, if one goes across it."""
        at = bisect_right(self.starts, position) - 1
        if at < 0 or self.starts[at] == position:
            return
        text, offset = self.texts[at], position - self.starts[at]
        run = text.getparent()
        if offset >= len(text.text or "") or run.tag != _RUN:
            return
        rest = run.makeelement(_RUN)
        style = run.find(f"{{{WORD}}}rPr")
        if style is not None:
            rest.append(deepcopy(style))
        tail = run.makeelement(_TEXT)
        text.text, tail.text = text.text[:offset], text.text[offset:]
        for one in (text, tail):
            one.set(_SPACE, "preserve")
        rest.extend([tail, *text.itersiblings()])
        run.addnext(rest)
        self.starts.insert(at + 1, position)
        self.texts.insert(at + 1, tail)


def _outer(text: Any) -> Any:
    """The child of a paragraph that holds the text; of a text box, the paragraph that it is anchored in."""
    boxes = list(text.iterancestors(_BOX))
    element = boxes[-1] if boxes else text
    while element.getparent().tag != _PARAGRAPH:
        element = element.getparent()
    return element


def _element(beside: Any, name: str, number: int) -> Any:
    element = beside.makeelement(f"{{{WORD}}}{name}")
    element.set(f"{{{WORD}}}id", str(number))
    return element


def _reference(beside: Any, number: int) -> Any:
    run = beside.makeelement(_RUN)
    run.append(_element(beside, "commentReference", number))
    return run
