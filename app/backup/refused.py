"""Why a backup is not made, not read or not restored."""

from app.labels import T, Text


class BackupRefused(RuntimeError):
    """Nothing was done; the sentence says why and what to do."""

    def __init__(self, message: Text) -> None:
        super().__init__(str(message))
        self.message = message


class BackupDamaged(BackupRefused):
    """The file is not what was written."""


def damaged(where: str) -> BackupDamaged:
    """``where`` is a place in the file, for whoever looks into it."""
    return BackupDamaged(
        T(
            "This backup is damaged or cut off (%(where)s). Take another copy of it, or an older one.",
            where=where,
        )
    )
