"""The county's numbers by hand: shown, set by the office, refused to others."""

import json
from typing import Any

import pytest
from flask import Flask

SET = [
    "policies",
    "set",
    "calls_per_day",
    "2",
    "--from",
    "2023-12-06",
    "--reason",
    "群众反映",
    "--as",
    "office",
]


def run(app: Flask, *words: str) -> Any:
    return app.test_cli_runner().invoke(args=list(words))


@pytest.mark.parametrize(
    ("at", "word", "code"),
    [(3, "9", 1), (5, "2023-01-01", 1), (5, "soon", 2), (9, "agang", 1), (9, "nobody", 1), (2, "speed", 2)],
)
def test_bad_input(demo_app: Flask, at: int, word: str, code: int) -> None:
    words = [*SET[:at], word, *SET[at + 1 :]]
    done = run(demo_app, *words)
    assert done.exit_code == code and "Traceback" not in done.output and done.output.strip()


def test_shown_as_json_with_bounds_and_source(demo_app: Flask) -> None:
    shown = {row["key"]: row for row in json.loads(run(demo_app, "policies", "show", "--json").stdout)}
    assert shown["contact_until"]["high"] == 22 * 60 and shown["large_amount"]["unit"] == "fen"


def test_set_for_the_county_of_the_office(demo_app: Flask) -> None:
    words = list(SET)
    words[5] = "2099-01-01"
    assert run(demo_app, *words).exit_code == 0
    from app.db import db
    from app.policies.queries import history

    (row,) = [row for row in history(db.session(), "530324") if row.starts_on.year == 2099]
    assert (row.key.value, row.value, row.region_code) == ("calls_per_day", 2, "530324")
    assert "22:00" in run(demo_app, "policies", "show").output
