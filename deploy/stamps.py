"""What was made, from which inputs: a second set-up compares fingerprints and does nothing."""

import hashlib
import json
from collections.abc import Iterable
from pathlib import Path

from deploy.ground import ROOT, VENV

STAMP_FILE = VENV / "set-up.json"


def fingerprint(paths: Iterable[Path]) -> str:
    """A digest of names and contents. Not of times: a fresh checkout of the same files is the same."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(ROOT)}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


class Stamps:
    """The fingerprints of the last set-up, kept inside .venv, so that they go when it goes."""

    def __init__(self, path: Path = STAMP_FILE) -> None:
        self.path = path
        try:
            self.values: dict[str, str] = json.loads(path.read_bytes())
        except (OSError, ValueError):
            self.values = {}

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def put(self, **values: str) -> None:
        """Note a step as done, at once: an interrupted set-up goes on where it stopped."""
        self.values.update(values)
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps(self.values, indent=1) + "\n", encoding="utf-8")
        draft.replace(self.path)
