"""Why a text or a file cannot be proof-read."""

from app.labels import Text


class NotABulletin(ValueError):
    """The text or the file cannot be proof-read; ``message`` says why, and what to do."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message
