"""Translation catalogs: every messages.po becomes a messages.mo beside it, when it is newer.

Asking what is stale needs no package; compiling needs Babel, so ``python -m deploy.catalogs`` runs in .venv.
"""

from pathlib import Path

from deploy.ground import PYTHON, ROOT, Problem, command_line, run
from deploy.words import say

APP = ROOT / "app"


def stale(folder: Path = APP) -> list[Path]:
    """The catalogs without a compiled twin, or newer than it."""
    return [path for path in sorted(folder.glob("**/translations/**/messages.po")) if is_stale(path)]


def is_stale(catalog: Path) -> bool:
    compiled = catalog.with_suffix(".mo")
    return not compiled.exists() or compiled.stat().st_mtime_ns < catalog.stat().st_mtime_ns


def compile_in_venv() -> None:
    """The set-up's step: compile with .venv's Babel."""
    say("Compiling the translations …", "正在编译译文……")
    done = run([PYTHON, "-m", "deploy.catalogs"])
    if done.returncode != 0:
        raise Problem(done.stdout.rstrip())


def compile_catalog(catalog: Path) -> None:
    """Write the .mo whole or not at all; a catalog that cannot be read is named with its line."""
    from babel.messages.mofile import write_mo
    from babel.messages.pofile import PoFileError, read_po

    try:
        with catalog.open("rb") as source:
            messages = read_po(source, locale=catalog.parent.parent.name, abort_invalid=True)
    except (PoFileError, ValueError) as problem:
        raise Problem(f"{catalog}: {problem}") from problem
    draft = catalog.with_suffix(".mo.new")
    with draft.open("wb") as target:
        write_mo(target, messages)
    draft.replace(catalog.with_suffix(".mo"))


def main() -> int:
    for catalog in stale():
        compile_catalog(catalog)
    return 0


if __name__ == "__main__":
    command_line(main)
