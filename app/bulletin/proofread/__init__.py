"""Proof-reading a published bulletin: each contradiction between its own figures, and where it stands.

    proof = proofread(text, shipped())
    proof.findings[0]      # 老厂乡, overdue, overdue_rate_pct, printed "0", expected "0.84"

It needs no database: the text is compared with itself, names with the region tree. One module a step:

    documents   a file → its text                 board       all printed figures, and the checks between them
    reading     sections, rows, possible splits   diagnosis   violated checks → the figure that is wrong
    naming      rows → regions; cut names         lists       townships twice, missing, out of order
    splitting   run-together digits → figures     proof       the steps in order; findings and notes
"""

from app.bulletin.proofread.comments import commented
from app.bulletin.proofread.documents import Source, is_word, read_source, read_text
from app.bulletin.proofread.errors import NotABulletin
from app.bulletin.proofread.figures import Figure
from app.bulletin.proofread.outcome import Finding, Note, Proof, Unchecked
from app.bulletin.proofread.printed import Section
from app.bulletin.proofread.proof import proofread

__all__ = [
    "Figure",
    "Finding",
    "NotABulletin",
    "Note",
    "Proof",
    "Section",
    "Source",
    "Unchecked",
    "commented",
    "is_word",
    "proofread",
    "read_source",
    "read_text",
]
