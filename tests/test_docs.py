"""What the documents say is true: commands, links, pictures, settings, the tree, titles and sentences of a ledger."""

import ast
import json
import os
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.pofile import read_po
from openpyxl import Workbook

from app import create_app
from app.accounts.passphrases import MIN_PASSWORD
from app.config import Settings
from app.demo.load import PASSWORD
from app.demo.staff import OFFICE
from app.ledger.fields import ALIASES, FIELD_OF_TITLE, REQUIRED, SOMEBODYS_ID, SOMEBODYS_NAME, F
from app.ledger.headers import header_key, short_form
from app.ledger.people import check_character

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
README, README_ZH, GUIDE = ROOT / "README.md", ROOT / "README.zh-CN.md", DOCS / "guide.zh.md"
LEDGER = {"en": DOCS / "ledger.md", "zh": DOCS / "ledger.zh.md"}
EVERY_DOCUMENT = sorted([*ROOT.glob("*.md"), *DOCS.rglob("*.md")])
MOST_BYTES = 150_000
FENCE = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def blocks(path: Path, language: str) -> list[str]:
    return [body for kind, body in FENCE.findall(path.read_text("utf-8")) if kind == language]


def commands(path: Path) -> list[str]:
    """The lines of the shell blocks, without the remarks behind them."""
    lines = [line.split("  #")[0].strip() for body in blocks(path, "sh") for line in body.splitlines()]
    return [re.sub(r"\s+#.*", "", line) for line in lines if line and not line.startswith("#")]


def spans(path: Path) -> list[str]:
    """Everything that is written as code, in a line or in a block."""
    text = path.read_text("utf-8")
    return [*re.findall(r"`([^`\n]+)`", FENCE.sub("", text)), *commands(path)]


def named(paths: list[Path]) -> list[Path]:
    return [pytest.param(path, id=str(path.relative_to(ROOT))) for path in paths]  # type: ignore[misc]


# Commands


def make_commands() -> set[str]:
    found = {span for path in EVERY_DOCUMENT for span in spans(path) if re.match(r"make [a-zA-Z]", span)}
    return {span for span in found if "…" not in span}


@pytest.mark.parametrize("command", sorted(make_commands()))
def test_make_knows_what_the_documents_ask_of_it(command: str) -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    _, *words = shlex.split(command)
    for word in words:
        variable, equals, _ = word.partition("=")
        assert not equals or re.search(rf"^{variable} \?=", makefile, re.MULTILINE), (
            f"no such variable: {word}"
        )
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def flask_commands() -> set[str]:
    pattern = re.compile(r"(?:\.venv/bin/)?flask ((?:[a-z]+ ?)+)")
    found = (pattern.match(span) for path in EVERY_DOCUMENT for span in spans(path))
    return {match[1].strip() for match in found if match}


def test_flask_knows_every_command_that_is_named(tmp_path: Path) -> None:
    app = create_app(Settings.load({"QINGSHOU_INSTANCE_PATH": str(tmp_path)}))
    known = set()
    for name, command in app.cli.commands.items():
        known |= {f"{name} {below}" for below in getattr(command, "commands", ())} or {name}
    known |= {"run", "shell", "routes"} | {f"db {name}" for name in ("upgrade", "revision", "check")}
    named = flask_commands()
    assert len(named) > 8
    unknown = {line for line in named if not any(f"{line} ".startswith(f"{name} ") for name in known)}
    assert not unknown


def test_both_readmes_give_the_same_commands() -> None:
    assert commands(README) == commands(README_ZH)
    assert "make run" in commands(README) and "make run DEMO=0" in commands(README)


@pytest.mark.slow
def test_the_commands_of_the_readme_run_as_written(tmp_path: Path) -> None:
    files = {name: str(tmp_path / name) for name in ("ledger.xlsx", "refused.xlsx", "targets.csv")}
    write_ledger(Path(files["ledger.xlsx"]))
    Path(files["targets.csv"]).write_text("阿岗镇,1100\n板桥镇,550\n", "utf-8")
    lines = [line for line in commands(README) if line.startswith(".venv/bin/flask ")]
    assert len(lines) == 11
    for line in lines:
        words = [files.get(word, word) for word in shlex.split(line)]
        done = run(words, tmp_path, "a long password\n" * 2)
        wanted = 1 if "proofread" in words else 0  # the published page has its one finding
        assert done.returncode == wanted, f"{line}\n{done.stdout}\n{done.stderr}"
        if "--json" in words:
            assert json.loads(done.stdout)


@pytest.mark.slow
def test_an_empty_county_is_asked_for_in_the_order_that_the_readme_tells(tmp_path: Path) -> None:
    assert run([".venv/bin/flask", "prepare", "--no-demo"], tmp_path).returncode == 0
    answers = "530324\n某农商行\nadmin\n" + "a long password\n" * 2
    assert run([".venv/bin/flask", "setup"], tmp_path, answers).returncode == 0
    other = "530325\n富源县\n某农商行\nadmin\n" + "a long password\n" * 2
    another = tmp_path / "another"
    assert run([".venv/bin/flask", "prepare", "--no-demo"], another).returncode == 0
    assert run([".venv/bin/flask", "setup"], another, other).returncode == 0


def run(words: list[str], instance: Path, answers: str = "") -> subprocess.CompletedProcess[str]:
    """From the project's folder, as the README says, on an instance elsewhere, without a terminal."""
    environment = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "QINGSHOU_TODAY")}
    return subprocess.run(
        words, cwd=ROOT, env={**environment, "QINGSHOU_INSTANCE_PATH": str(instance), "LC_ALL": "C.UTF-8"},
        input=answers, capture_output=True, text=True, start_new_session=True,
    )  # fmt: skip


def write_ledger(path: Path) -> None:
    """A ledger of one row of an invented borrower, with the titles that the document begins its lists with."""
    number = "53039919851123001"
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["乡镇", *(title_shown(F(field)) for field in REQUIRED)])
    sheet.append(
        ["阿岗镇", "DOCS-0001", number + check_character(number), "3", "3", "2023-03-01", "2024-03-01"]
    )
    book.save(path)


def title_shown(field: F) -> str:
    title = ALIASES[field].split()[0]
    return f"{title}(万元)" if field in (F.PRINCIPAL, F.BALANCE) else title


# Links, pictures, addresses


@pytest.mark.parametrize("path", named(EVERY_DOCUMENT))
def test_links_lead_somewhere(path: Path) -> None:
    links = re.findall(r"\]\(([^)\s]+)\)", path.read_text("utf-8"))
    inner = [link for link in links if not link.startswith(("http://", "https://"))]
    assert not [link for link in inner if not (path.parent / link.partition("#")[0]).exists()]


def test_every_document_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), [README]
    while waiting:
        path = waiting.pop()
        if path in seen or path.suffix != ".md":
            continue
        seen.add(path)
        links = re.findall(r"\]\(([^):\s#]+)\)", path.read_text("utf-8"))
        waiting += [(path.parent / link).resolve() for link in links if (path.parent / link).is_file()]
    assert seen == set(EVERY_DOCUMENT)


def test_pictures_are_small_and_used() -> None:
    pictures = {path.name: path.read_bytes() for path in (DOCS / "pictures").iterdir()}
    assert pictures
    for name, content in pictures.items():
        assert content.startswith(b"\x89PNG") and content[25] == 3, f"{name} is no PNG with a palette"
        assert len(content) <= MOST_BYTES, f"{name} weighs {len(content)} bytes"
    told = "".join(path.read_text("utf-8") for path in EVERY_DOCUMENT)
    assert not [name for name in pictures if f"pictures/{name})" not in told]


@pytest.mark.parametrize("path", named(EVERY_DOCUMENT))
def test_no_document_names_a_machine_or_a_registry(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.findall(r"(?:^|[\s`(])/(?:root|home|work|tmp|Users)\b|pypi\.org|npmjs|index-url", text)


# Facts


def documented_settings(path: Path) -> list[str]:
    return re.findall(r"^\| `([A-Z_]+)` \|", path.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("path", named([README, README_ZH]))
def test_the_settings_are_those_that_the_program_reads(path: Path) -> None:
    read = re.findall(r"environ\.get\(\"([A-Z_]+)\"", (ROOT / "app/config.py").read_text("utf-8"))
    server = re.findall(
        r"environ\.get\(\"([A-Z_]+)\"", (ROOT / "deploy/gunicorn_config.py").read_text("utf-8")
    )
    assert documented_settings(path) == [*read, *server] != []


@pytest.mark.parametrize("path", named([README, README_ZH, GUIDE]))
def test_the_sign_in_is_the_one_that_is_told(path: Path) -> None:
    text = path.read_text("utf-8")
    assert f"`{OFFICE}`" in text and f"`{PASSWORD}`" in text


def test_the_least_password_is_as_told() -> None:
    assert f"({MIN_PASSWORD} characters or more)" in README.read_text("utf-8")
    assert f"（至少 {MIN_PASSWORD} 位）" in README_ZH.read_text("utf-8")


def project_files() -> list[str]:
    """Everything that belongs to the project, whether committed already or not."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    done = subprocess.run(listing, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.splitlines() if (ROOT / name).exists()]


def test_the_tree_of_the_tour_is_the_folder() -> None:
    (tree,) = blocks(DOCS / "tour.md", "tree")
    told, parent = set(), ""
    for line in tree.splitlines():
        name = line.split()[0]
        if not line.startswith(" "):
            parent = name
        told.add(name if not line.startswith(" ") else parent + name)
    there = set()
    for parts in (Path(name).parts for name in project_files()):
        for level in (1, 2) if parts[0] == "app" else (1,):
            if not parts[0].startswith(".") and len(parts) >= level:
                there.add("/".join(parts[:level]) + ("/" if len(parts) > level else ""))
    assert told == there


def test_the_modules_that_the_tour_names_exist() -> None:
    told = {
        span.rstrip("/") for span in spans(DOCS / "tour.md") if re.fullmatch(r"[a-z_./]+(?:\.py|/)", span)
    }
    places = [ROOT, ROOT / "app", ROOT / "app/ledger", ROOT / "app/cases", DOCS]
    assert len(told) > 20
    assert not {name for name in told if not any((place / name).exists() for place in places)}


def test_every_decision_is_listed_numbered_and_whole() -> None:
    files = sorted((DOCS / "decisions").glob("0*.md"))
    index = (DOCS / "decisions/README.md").read_text("utf-8")
    assert [int(path.name[:4]) for path in files] == list(range(1, len(files) + 1))
    for number, path in enumerate(files, 1):
        text = path.read_text("utf-8")
        title = text.splitlines()[0].removeprefix(f"# {number}. ")
        assert f"| [{number}]({path.name}) | {title} |" in index
        assert re.findall(r"^## (.*)$", text, re.MULTILINE) == ["Context", "Decision", "Consequences"], (
            path.name
        )


def catalogs() -> dict[str, str]:
    found = {}
    for path in sorted((ROOT / "app").glob("**/LC_MESSAGES/messages.po")):
        with path.open("rb") as source:
            found.update(
                {m.id: m.string for m in read_po(source, locale="zh_Hans") if isinstance(m.id, str) and m.id}
            )
    return found


def literals(sentence: str) -> list[str]:
    """A translated sentence without its parameters, cut where they stand."""
    return re.split(r"%\(\w+\)[sd]", sentence.replace("%%", "%"))


def fits(sentence: str, text: str) -> bool:
    """Is the sentence in the text, whatever stands for its parameters?"""
    return re.search(".{1,40}?".join(map(re.escape, literals(sentence))), text) is not None


@pytest.mark.parametrize("path", named([README_ZH, GUIDE, LEDGER["zh"]]))
def test_what_the_chinese_documents_quote_stands_on_the_pages(path: Path) -> None:
    parts = [literals(text) for text in catalogs().values() if len("".join(literals(text)).strip()) > 1]
    on_pages = [re.compile(".{1,12}".join(map(re.escape, part))) for part in parts]
    quoted = set(re.findall(r"「([^」]+)」", path.read_text("utf-8")))
    assert quoted
    assert not {label for label in quoted if not any(page.fullmatch(label) for page in on_pages)}


def test_what_the_readme_quotes_stands_on_the_pages() -> None:
    steps = README.read_text("utf-8").partition("## Real first use")[2].partition("## Command line")[0]
    quoted = set(re.findall(r"(?<!\*)\*{1,2}([A-Z][\w ]+)\*{1,2}(?!\*)", steps))
    assert {"County office", "Ledgers"} <= quoted <= catalogs().keys()


# How a ledger is read


@pytest.mark.parametrize("path", named(list(LEDGER.values())))
def test_the_titles_of_a_ledger_are_those_that_are_understood(path: Path) -> None:
    table = re.search(r"^\| (?:Column|项目) \|.*?\n\n", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert table
    rows = [line.split("|")[2] for line in table[0].strip().splitlines()[2:]]
    assert len(rows) == len(ALIASES)
    told = set()
    for row in rows:
        titles = [title.strip() for title in re.split("[,、]", row)]
        keys = [short_form(header_key(title)) for title in titles]
        known = {FIELD_OF_TITLE[key] for key in keys if key not in SOMEBODYS_ID | SOMEBODYS_NAME}
        assert len(known) == 1, titles
        told.update(keys)
    assert told >= FIELD_OF_TITLE.keys() | SOMEBODYS_ID | SOMEBODYS_NAME


READERS = (
    "cells", "checks", "days", "duplicates", "figures", "names", "people", "refusals", "report", "townships",
    "typed", "workbook",
)  # fmt: skip


def sentences() -> Iterator[str]:
    """All that reading a ledger can say: what its modules hold, and every refusal of a file anywhere."""
    for path in sorted((ROOT / "app").rglob("*.py")):
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
        if path.parent.name != "ledger" or path.stem not in READERS:
            refusals = [call for call in calls if getattr(call.func, "id", "") == "FileRefused"]
            calls = [arg for call in refusals for arg in call.args if isinstance(arg, ast.Call)]
        for call in calls:
            if getattr(call.func, "id", "") == "T" and isinstance(call.args[0], ast.Constant):
                yield str(call.args[0].value)


def test_every_refusal_and_finding_is_told_in_both_languages() -> None:
    all_said = {text for text in sentences() if text.endswith((".", "%(save)s"))}
    chinese, texts = catalogs(), {language: path.read_text("utf-8") for language, path in LEDGER.items()}
    assert len(all_said) > 70
    assert not {text for text in all_said if not fits(text, texts["en"])}
    assert not {text for text in all_said if not fits(chinese[text], texts["zh"])}
