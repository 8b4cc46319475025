"""``make audit``: known vulnerabilities of what is locked, from advisories that lie on this machine.

Advisories are OSV files (JSON, or archives of them, as osv.dev gives them by ecosystem: PyPI and npm), brought here by
whoever has a network: ``make audit ADVISORIES=folder``. Without any, the audit is skipped, and says so.
"""

import argparse
import json
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.version import InvalidVersion, Version

from deploy.ground import Problem, command_line
from deploy.sbom import Component, components

ECOSYSTEMS = {"PyPI": "pypi", "npm": "npm"}


def advisories(folder: Path) -> Iterator[dict[str, Any]]:
    """Every advisory in a folder, its archives included. Raises Problem for a file that is none."""
    for path in sorted(folder.rglob("*")):
        try:
            if path.suffix == ".json":
                yield json.loads(path.read_bytes())
            elif path.suffix == ".zip":
                with zipfile.ZipFile(path) as archive:
                    for name in archive.namelist():
                        if name.endswith(".json"):
                            yield json.loads(archive.read(name))
        except (ValueError, zipfile.BadZipFile) as error:
            raise Problem(f"{path.name} cannot be read: {error}") from None


def key_of(ecosystem: str, name: str) -> tuple[str, str]:
    """A package's name as its ecosystem compares it."""
    return ecosystem, re.sub(r"[-_.]+", "-", name).lower() if ecosystem == "pypi" else name


def findings(locked: list[Component], told: Iterator[dict[str, Any]]) -> list[str]:
    """A line for each locked package that an advisory is about, withdrawn ones left out."""
    by_name = {key_of(one.ecosystem, one.name): one for one in locked}
    found = set()
    for advisory in told:
        for affected in () if advisory.get("withdrawn") else advisory.get("affected", ()):
            package = affected.get("package", {})
            ecosystem = ECOSYSTEMS.get(package.get("ecosystem", ""), "")
            one = by_name.get(key_of(ecosystem, package.get("name", "")))
            if one is not None and is_affected(one.version, affected):
                what = advisory.get("summary") or advisory.get("details", "")[:100]
                found.add(f"{one.name} {one.version} ({one.use}): {advisory['id']} {what}".replace("\n", " "))
    return sorted(found)


def is_affected(version: str, affected: dict[str, Any]) -> bool:
    """Is it listed, or between where a fault came and where it was mended?"""
    ranges = [one for one in affected.get("ranges", ()) if one.get("type") in ("ECOSYSTEM", "SEMVER")]
    return version in affected.get("versions", ()) or any(_within(version, one["events"]) for one in ranges)


def _within(version: str, events: list[dict[str, str]]) -> bool:
    inside = False
    for kind, at in sorted(
        ((k, v) for event in events for k, v in event.items()), key=lambda e: _order(e[1])
    ):
        if kind == "introduced" and (at == "0" or _order(version) >= _order(at)):
            inside = True
        elif (kind == "fixed" and _order(version) >= _order(at)) or (
            kind == "last_affected" and _order(version) > _order(at)
        ):
            inside = False
    return inside


def _order(version: str) -> Version:
    """npm's versions are near enough to Python's; what is not understood counts as the oldest, to be shown."""
    try:
        return Version(version)
    except InvalidVersion:
        return Version("0")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.audit", description=__doc__)
    parser.add_argument("folder", nargs="?", type=Path)
    folder = parser.parse_args().folder
    if folder is None:
        print("skipped: no advisories at hand; see docs/dependencies.md for how to bring them here")
        return 0
    if not folder.is_dir():
        raise Problem(f"{folder} is no folder")
    number = 0

    def counted() -> Iterator[dict[str, Any]]:
        nonlocal number
        for advisory in advisories(folder):
            number += 1
            yield advisory

    locked = components()
    found = findings(locked, counted())
    print("\n".join([*found, f"{len(locked)} packages, {number} advisories, {len(found)} findings"]))
    if not number:
        print(f"{folder} holds no advisory, so nothing was looked at", file=sys.stderr)
    return 1 if found or not number else 0


if __name__ == "__main__":
    command_line(main)
