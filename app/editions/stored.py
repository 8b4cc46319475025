"""A bulletin as it is kept once approved: all of ``Document`` but its figures, as JSON; and what has changed since.

The figures themselves are kept as whole numbers by region, so that what a correction has changed can be told. Pure.
"""

from dataclasses import asdict, replace
from datetime import date
from typing import Any, TypeAlias

from app.bulletin.figures import FigureRow, Figures
from app.bulletin.rules import Figure
from app.editions.document import Block, Correction, Document, Kind, Run
from app.labels import T, Text
from app.money import wan

Kept: TypeAlias = dict[str, Any]
_WORDS = ("title", "signatory", "red_head", "addressed_to", "copies_to", "number")


def to_json(document: Document) -> Kept:
    """What is kept of a document."""
    return {
        **{name: getattr(document, name) for name in _WORDS},
        "issued_on": document.issued_on.isoformat() if document.issued_on else None,
        "blocks": [[b.kind.value, [[run.text, run.figure] for run in b.runs]] for b in document.blocks],
        "corrections": [
            asdict(correction) | {"month": correction.month.isoformat()}
            for correction in document.corrections
        ],
        "snapshots": dict(document.snapshots),
    }


def from_json(kept: Kept, figures: Figures) -> Document:
    """The published document again, with the frozen figures of its month."""
    return Document(
        figures=figures,
        **{name: kept[name] for name in _WORDS},
        issued_on=date.fromisoformat(kept["issued_on"]) if kept["issued_on"] else None,
        blocks=tuple(
            Block(Kind(kind), tuple(Run(text, figure) for text, figure in runs))
            for kind, runs in kept["blocks"]
        ),
        corrections=tuple(
            Correction(**{**one, "month": date.fromisoformat(one["month"])}) for one in kept["corrections"]
        ),
        snapshots=dict(kept["snapshots"]),
        draft=False,
        closed=True,
    )


def issued(document: Document, number: str, day: date) -> Document:
    """The approved document with what publishing adds."""
    return replace(document, number=number, issued_on=day, draft=False)


def _values(row: FigureRow) -> dict[str, int | None]:
    return {
        figure.value: getattr(row, figure.value + "_fen" if figure.in_fen else figure.value)
        for figure in Figure
    }


def figures_to_json(figures: Figures) -> Kept:
    """The figures that were approved: by region, in 分 and counts."""
    rows = {row.code: {"name": row.name, **_values(row)} for row in (figures.total, *figures.rows)}
    return {"as_of": figures.as_of.isoformat(), "rows": rows}


def figures_changed(approved: Kept, now: Kept) -> list[Text]:
    """One sentence for each figure that is not what was approved: 阿岗镇, Overdue, amount: 391.18 → 390.00."""
    sentences = []
    for code in {**approved["rows"], **now["rows"]}:
        old, new = approved["rows"].get(code, {}), now["rows"].get(code, {})
        for figure in Figure:
            before, after = old.get(figure.value), new.get(figure.value)
            if before != after:
                sentences.append(
                    T(
                        "%(place)s, %(figure)s: %(old)s → %(new)s",
                        place=(new or old)["name"],
                        figure=figure.label,
                        old=_shown(figure, before),
                        new=_shown(figure, after),
                    )
                )
    if approved["as_of"] != now["as_of"]:
        sentences.append(T("As of %(old)s → %(new)s", old=approved["as_of"], new=now["as_of"]))
    return sentences


def _shown(figure: Figure, value: int | None) -> str:
    if value is None:
        return "—"
    return wan(value) if figure.in_fen else str(value)


def words_changed(approved: Kept, now: Kept) -> list[Text]:
    """One sentence for each paragraph or line of the letterhead that would be printed otherwise than approved."""
    sentences = []
    before, after = (_paragraphs(kept) for kept in (approved, now))
    for old, new in zip(before, after, strict=False):
        if old != new:
            sentences.append(T("“%(old)s” → “%(new)s”", old=_cut(old), new=_cut(new)))
    if len(before) != len(after):
        sentences.append(T("Paragraphs: %(old)s → %(new)s", old=len(before), new=len(after)))
    sentences += [
        T("“%(old)s” → “%(new)s”", old=approved[name] or "", new=now[name] or "")
        for name in _WORDS[:-1]
        if approved[name] != now[name]
    ]
    if approved["corrections"] != now["corrections"]:
        sentences.append(
            T(
                "The list of corrections has %(new)s lines instead of %(old)s.",
                old=len(approved["corrections"]),
                new=len(now["corrections"]),
            )
            if len(approved["corrections"]) != len(now["corrections"])
            else T("The list of corrections says something else.")
        )
    return sentences


def _paragraphs(kept: Kept) -> list[str]:
    return ["".join(text for text, _ in runs) for _, runs in kept["blocks"]]


def _cut(text: str, most: int = 40) -> str:
    return text if len(text) <= most else text[:most] + "…"
