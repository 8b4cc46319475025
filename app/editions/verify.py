"""Is a bundle untouched? From its files alone, without a database. Pure.

First the seal over the manifest, then each file's hash, then that each file tells the figures the manifest seals.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from app.editions.manifest import FILES, NAME, BundleUnfit, Manifest, contradictions, read
from app.editions.readers import Unreadable
from app.editions.reread import Gap, differences
from app.labels import T, Text

UNSEALED = ("bulletin.pdf",)  # may lie beside the others: made by another program, it is under no seal
_MOST_GAPS = 20  # told of one file


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and with which file ("" for the bundle, or for a figure compared with a database)."""

    file: str
    message: Text


@dataclass(frozen=True, slots=True)
class Verdict:
    """``manifest`` is None where none could be read; ``alone``: the manifest came without the files it seals."""

    manifest: Manifest | None
    problems: tuple[Problem, ...]
    notes: tuple[Text, ...] = ()
    alone: bool = False

    @property
    def untouched(self) -> bool:
        return not self.problems

    def to_json(self, gettext: Any = str) -> dict[str, Any]:
        """The shape that ``flask bulletin verify --json`` prints."""
        found = self.manifest
        return {
            "untouched": self.untouched,
            "region": found.content["region"] if found else None,
            "month": found.content["month"] if found else None,
            "draft": found.draft if found else None,
            "number": found.number if found else None,
            "fingerprint": found.fingerprint if found else None,
            "problems": [{"file": p.file, "message": p.message.render(gettext)} for p in self.problems],
            "notes": [note.render(gettext) for note in self.notes],
        }


def check(files: Mapping[str, bytes], *, reread: bool = True) -> Verdict:
    """What the files of a bundle say of themselves. ``reread``: compare also the figures within each file."""
    if NAME not in files:
        return Verdict(
            None, (Problem(NAME, T("manifest.json is missing: without it nothing can be checked.")),)
        )
    try:
        manifest = read(files[NAME])
    except BundleUnfit as unfit:
        return Verdict(None, (Problem(NAME, unfit.message),))
    problems = _manifest(manifest, files[NAME])
    alone = files.keys() == {NAME}
    notes = [T("Only the manifest is here; the files that it seals were not looked at.")] if alone else []
    if not alone:
        problems += _files(manifest, files)
        notes += [T("%(name)s is under no seal.", name=name) for name in UNSEALED if name in files]
    if reread and not alone:
        wrong = {problem.file for problem in problems}
        for name in FILES:
            if name in files and name not in wrong:
                problems += _figures(name, files[name], manifest)
    return Verdict(manifest, tuple(problems), tuple(notes), alone)


def _manifest(manifest: Manifest, data: bytes) -> list[Problem]:
    problems = []
    if not manifest.public_key or "signature" not in manifest.content:
        problems.append(Problem(NAME, T("The manifest carries no seal.")))
    elif not manifest.is_sealed:
        problems.append(Problem(NAME, T("manifest.json was changed: its seal does not hold.")))
    elif manifest.to_bytes() != data:
        problems.append(Problem(NAME, T("manifest.json was changed: it is not spelled as it was sealed.")))
    if wrong := contradictions(manifest):
        problems.append(
            Problem(
                NAME,
                T("Figures of the manifest contradict each other: %(figures)s", figures=", ".join(wrong)),
            )
        )
    return problems


def _files(manifest: Manifest, files: Mapping[str, bytes]) -> list[Problem]:
    problems = []
    for name in sorted({*manifest.files, *FILES}):
        sealed = manifest.files.get(name)
        if sealed is None:
            problems.append(Problem(name, T("%(name)s is not named in the manifest.", name=name)))
        elif name not in files:
            problems.append(Problem(name, T("%(name)s is missing.", name=name)))
        elif sha256(files[name]).hexdigest() != sealed:
            problems.append(Problem(name, T("%(name)s was changed.", name=name)))
    added = sorted(files.keys() - {NAME, *UNSEALED, *FILES, *manifest.files})
    return [
        *problems,
        *(Problem(name, T("%(name)s was added: it is no part of the bundle.", name=name)) for name in added),
    ]


def _figures(name: str, content: bytes, manifest: Manifest) -> list[Problem]:
    try:
        gaps = differences(name, content, manifest.figures)
    except Unreadable:
        return [Problem(name, T("%(name)s cannot be read.", name=name))]
    return [Problem(name, _sentence(name, gap)) for gap in gaps[:_MOST_GAPS]]


def _sentence(name: str, gap: Gap) -> Text:
    if not gap.place and not gap.figure:
        return T("%(name)s lacks one of the three tables.", name=name)
    if not gap.figure:
        return T("%(name)s: the rows are not those of the manifest (%(place)s).", name=name, place=gap.place)
    return T(
        "%(name)s: %(place)s, %(figure)s: %(printed)s, in the manifest %(expected)s",
        name=name,
        place=gap.place,
        figure=gap.figure,
        printed=gap.printed or "—",
        expected=gap.expected,
    )
