"""docs/fairness.md says of each rule what the table of rules says."""

import re
from pathlib import Path

from app.fairness.rules import clock
from app.fairness.table import RULES, Definition, Kept, Rule
from app.policies.rules import KEYS, Key, Unit

DOCUMENT = (Path(__file__).parents[2] / "docs/fairness.md").read_text("utf-8")
KEPT = {Kept.REFUSED: "refused before, marked after", Kept.BY_DESIGN: "by design"}


def number(key: Key) -> str:
    """The default of a county's number as the document gives it."""
    default, unit = KEYS[key].default, KEYS[key].unit
    return (
        clock(default) if unit is Unit.CLOCK else f"{default} min" if unit is Unit.MINUTES else str(default)
    )


def line(rule: Rule, definition: Definition) -> tuple[str, ...]:
    numbers = ", ".join(f"`{key.value}` {number(key)}" for key in definition.keys) or "–"
    return f"`{rule.value}`", str(definition.label), numbers, str(definition.source), KEPT[definition.kept]


def table() -> list[tuple[str, ...]]:
    rows = re.findall(r"^\| (`\w+`) \| (.*?) \| (.*?) \| (.*?) \| (.*?) \|", DOCUMENT, re.MULTILINE)
    return [tuple(row) for row in rows]


def test_the_document_is_the_table_of_rules() -> None:
    assert table() == [line(rule, definition) for rule, definition in RULES.items()]


def test_a_changed_number_would_be_noticed() -> None:
    """The control."""
    assert table()[7] == ("`calls_per_day`", "Calls a day", "`calls_per_day` 3", *table()[7][3:])
    assert line(Rule.CALLS_PER_DAY, RULES[Rule.JUST_CALLED]) not in table()
