"""Backups: the whole instance in one sealed file, and back again, into either kind of database.

``create`` writes one, ``contents`` reads and judges one, ``restore`` makes an instance of one. The form of the
file is in ``stream``, that of its rows in ``lines``; ``shelf`` knows where the files lie and how long they
stay.
"""

from app.backup.shelf import newest_backup

__all__ = ["newest_backup"]
