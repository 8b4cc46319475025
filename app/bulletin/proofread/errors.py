"""Why a text or a file cannot be proof-read."""

from app.labels import Declined


class NotABulletin(Declined):
    """The text or the file cannot be proof-read; ``message`` says why, and what to do."""
