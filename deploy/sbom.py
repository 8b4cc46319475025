"""``make sbom``: what the program is made of, from the locks: sbom.json (CycloneDX) and docs/licences.md.

Nothing is asked of a registry. Names, versions and hashes stand in the locks; a Python package's licence is what
the installed package says of itself, put into SPDX's words, or stands in ``KNOWN`` where it says nothing usable or is
not installed here.
"""

import argparse
import base64
import json
import re
import tomllib
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from deploy.ground import ROOT, Problem, command_line

LICENCES = ROOT / "docs" / "licences.md"
SETS = ("app", "assets", "dev")
USES = {"app": "program", "pages": "pages", "assets": "build", "dev": "development"}
_PIN = re.compile(r"^(?P<name>[\w.-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<where>[^\\]+?))? \\$", re.MULTILINE)
_HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")

# Packages that say nothing, less than SPDX wants, or are not installed on every system.
KNOWN = {
    "brotlicffi": "MIT",
    "colorama": "BSD-3-Clause",
    "flask-sqlalchemy": "BSD-3-Clause",
    "flask-wtf": "BSD-3-Clause",
    "itsdangerous": "BSD-3-Clause",
    "jinja2": "BSD-3-Clause",
    "orjson": "MPL-2.0 AND (Apache-2.0 OR MIT)",
    "segno": "BSD-3-Clause",
    "tzdata": "Apache-2.0",
    "wtforms": "BSD-3-Clause",
    "xlwt": "BSD-3-Clause AND BSD-Advertising-Acknowledgement AND LGPL-2.1-or-later",
}
_SPDX = {
    "MIT License": "MIT",
    "MIT license": "MIT",
    "Apache 2.0": "Apache-2.0",
    "Apache Software License": "Apache-2.0",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
_TOLD = (
    "Made by `make sbom` from the locks; `sbom.json`, made beside it, has the same with hashes. *program* and "
    "*pages* is what runs at a county, *build* and *development* what makes and tests it."
)
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9.+-]*")


@dataclass(frozen=True, slots=True)
class Component:
    """A locked package. ``hashes`` are (algorithm, hex) of each file that may be installed; ``use`` is one of USES."""

    ecosystem: str
    name: str
    version: str
    licence: str
    use: str
    hashes: tuple[tuple[str, str], ...]
    where: str = ""

    @property
    def purl(self) -> str:
        return f"pkg:{self.ecosystem}/{self.name.replace('@', '%40')}@{self.version}"

    def to_json(self) -> dict[str, Any]:
        is_one = bool(_ID.fullmatch(self.licence))
        return {
            "type": "library",
            "bom-ref": self.purl,
            "name": self.name,
            "version": self.version,
            "scope": "required" if self.use in ("program", "pages") else "excluded",
            "hashes": [{"alg": alg, "content": content} for alg, content in self.hashes],
            "licenses": [{"license": {"id": self.licence}} if is_one else {"expression": self.licence}],
            "purl": self.purl,
            "properties": [
                {"name": "qingshou:use", "value": self.use},
                *([{"name": "qingshou:where", "value": self.where}] if self.where else []),
            ],
        }


def components() -> list[Component]:
    """Everything in the locks, each package once, with its first use."""
    found = {one.purl: one for one in [*python_packages(), *front_end_packages()][::-1]}
    return sorted(found.values(), key=lambda one: (one.ecosystem, one.name.lower()))


def python_packages() -> Iterator[Component]:
    for lock in SETS:
        text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
        for part in re.split(r"\n(?=[a-z0-9])", text.strip()):
            pin = _PIN.match(part)
            if pin is None:
                raise Problem(f"requirements/{lock}.txt: not understood: {part.splitlines()[0]}")
            hashes = tuple(("SHA-256", one) for one in _HASH.findall(part))
            name = pin["name"]
            yield Component(
                "pypi", name, pin["version"], licence_of(name), USES[lock], hashes, pin["where"] or ""
            )


def licence_of(name: str) -> str:
    """In SPDX's words. Raises Problem when the package says nothing that can be put so."""
    if name in KNOWN:
        return KNOWN[name]
    try:
        told = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        raise Problem(f"{name} is not installed here: put its licence into KNOWN of deploy/sbom.py") from None
    for expression in told.get_all("License-Expression") or ():
        return str(expression)
    classified = [
        c.rpartition(" :: ")[2] for c in told.get_all("Classifier") or () if c.startswith("License ::")
    ]
    words = [_SPDX.get(word, word) for word in (*(told.get_all("License") or ()), *classified)]
    for word in words:
        if _ID.fullmatch(word) and word != "BSD":
            return str(word)
    raise Problem(f"{name} does not say its licence: look, and put it into KNOWN of deploy/sbom.py")


def front_end_packages() -> Iterator[Component]:
    packages = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    for path, told in packages.items():
        if not path:
            continue
        algorithm, _, encoded = told["integrity"].partition("-")
        hashes = ((f"SHA-{algorithm.removeprefix('sha')}", base64.b64decode(encoded).hex()),)
        where = " ".join([*told.get("os", ()), *told.get("cpu", ())])
        use = USES["assets"] if told.get("dev") else USES["pages"]
        name = path.rpartition("node_modules/")[2]
        yield Component("npm", name, told["version"], told["license"], use, hashes, where)


def bom(found: list[Component]) -> dict[str, Any]:
    """CycloneDX 1.6; the same locks give the same bytes, so it bears no date."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    root = f"pkg:generic/{project['name']}@{project['version']}"
    listed = [one.to_json() for one in found]
    return {
        "$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "serialNumber": uuid.uuid5(uuid.NAMESPACE_URL, json.dumps([root, listed])).urn,
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": root,
                "name": project["name"],
                "version": project["version"],
                "licenses": [{"license": {"id": project["license"]}}],
            }
        },
        "components": listed,
        "dependencies": [{"ref": root, "dependsOn": [one.purl for one in found]}],
    }


def document(found: list[Component]) -> str:
    """The list of licences for people. Builds of one package for other systems share a line."""
    lines = [
        "# Licences",
        "",
        _TOLD,
        "",
        "| Package | Version | Licence | Use |",
        "|---|---|---|---|",
    ]
    rows = dict.fromkeys(
        f"| {re.sub(r'^@esbuild/.*', '@esbuild/…', one.name)} | {one.version} | {one.licence} | {one.use} |"
        for one in found
    )
    counted: dict[str, int] = {}
    for one in found:
        if one.use in ("program", "pages"):
            counted[one.licence] = counted.get(one.licence, 0) + 1
    told = ", ".join(
        f"{name} ({n})" for name, n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    )
    return "\n".join([*lines, *rows, "", f"What runs at a county, by licence: {told}.", ""])


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m deploy.sbom", description=__doc__)
    parser.add_argument("--output", type=Path, default=ROOT / "sbom.json")
    found = components()
    options = parser.parse_args()
    options.output.write_text(json.dumps(bom(found), indent=1) + "\n", "utf-8")
    LICENCES.write_text(document(found), "utf-8")
    print(f"{len(found)} packages: {options.output.name}, docs/licences.md")
    return 0


if __name__ == "__main__":
    command_line(main)
