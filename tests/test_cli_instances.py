"""Commands in a terminal of their own, from an empty folder on: no settings, no server, nothing prepared."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from app import create_app
from app.config import Settings
from app.db import db
from tests.commands import runner, told
from tests.conftest import Instances
from tests.ledger.factory import make_ledger, row

ROOT = Path(__file__).parents[1]
TOTAL = {
    "name": "罗平县", "stock_households": 1048, "stock_wan": "5390.04", "new_households": 1047, "new_wan": "4551.98",
    "target_wan": "5467.50", "completion_pct": "83", "overdue_households": 75, "overdue_wan": "235.15",
    "overdue_rate_pct": "4.36", "cleared": False,
}  # fmt: skip


class Terminal:
    """Runs ``flask …`` in the project's folder, for one instance."""

    def __init__(self, **environment: str) -> None:
        self.environment = {**os.environ, "LC_ALL": "C.UTF-8", **environment}

    def __call__(
        self, *arguments: object, code: int = 0, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        done = subprocess.run(
            [sys.executable, "-m", "flask", *map(str, arguments)], cwd=ROOT, env=self.environment | environment,
            capture_output=True, text=True, timeout=120,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        return done


@pytest.fixture
def terminal(instances: Instances, db_kind: str) -> Terminal:
    return Terminal(**instances.blank(db_kind))


@pytest.mark.slow
def test_before_the_tables_are_there_every_command_says_so(instances: Instances, db_kind: str) -> None:
    environ = instances.blank(db_kind)
    assert "flask db upgrade" in Terminal(**environ)("cases", "sweep", code=1).stderr
    app = create_app(Settings.load(environ))
    with app.app_context():
        for arguments in (
            ["cases", "sweep"], ["users", "list"], ["places", "load", "530324"], ["demo", "load"],
            ["bulletin", "figures", "--month", "2023-10", "--region", "530324"], ["cases", "sweep", "--as", "office"],
        ):  # fmt: skip
            refused = runner(app)(*arguments)
            assert refused.exit_code == 1 and "flask db upgrade" in refused.stderr
        db.session.remove()
        db.engine.dispose()


@pytest.mark.slow
def test_from_nothing_to_a_bulletin(terminal: Terminal, tmp_path: Path) -> None:
    terminal("db", "upgrade")
    terminal("db", "upgrade")
    assert terminal("places", "load", "530324").stdout == ""
    path = make_ledger(tmp_path / "ledger.xlsx", [row(), row(逾期贷款金额=1)], above=[["截至2023年10月31日"]])
    taken = json.loads(terminal("ledger", "import", path, "--lender", "罗平农商行", "--json").stdout)
    assert taken["accepted"] == 2
    found = json.loads(
        terminal("bulletin", "figures", "--month", "2023-10", "--region", "530324", "--json").stdout
    )
    assert (found["as_of"], found["total"]["stock_wan"], found["total"]["completion_pct"]) == (
        "2023-10-31",
        "6.00",
        None,
    )
    assert "罗平县" in terminal("bulletin", "figures", "--month", "2023-10", "--region", "530324").stdout
    secrets = list(Path(terminal.environment["QINGSHOU_INSTANCE_PATH"]).glob("*.key"))
    assert len(secrets) == 2 and all(secret.stat().st_mode & 0o777 == 0o600 for secret in secrets)
    assert terminal("demo", "load", code=1).stderr.strip()


@pytest.mark.slow
def test_the_day_of_a_rehearsal(terminal: Terminal, tmp_path: Path) -> None:
    terminal("db", "upgrade")
    terminal("places", "load", "530324")
    path = make_ledger(tmp_path / "ledger.csv", [row(到期日期="2023-11-02")])
    arguments = ["ledger", "import", path, "--as-of", "2023-10-31", "--lender", "罗平农商行", "--json"]
    terminal(*arguments, code=1, QINGSHOU_TODAY="2023-10-30")
    terminal(*arguments, QINGSHOU_TODAY="2023-10-31")
    assert json.loads(terminal("cases", "sweep", "--json", QINGSHOU_TODAY="2023-11-02").stdout)["open"] == 0
    assert json.loads(terminal("cases", "sweep", "--json", QINGSHOU_TODAY="2023-11-03").stdout)["open"] == 1
    wrong = terminal("cases", "sweep", code=1, QINGSHOU_TODAY="tomorrow").stderr
    assert "QINGSHOU_TODAY" in wrong and len(wrong.splitlines()) == 1


@pytest.mark.slow
def test_a_key_that_does_not_fit_is_one_line(tmp_path: Path) -> None:
    terminal = Terminal(QINGSHOU_INSTANCE_PATH=str(tmp_path))
    terminal("db", "upgrade")
    terminal("places", "load", "530324")
    (tmp_path / "data.key").write_text("0" * 128)
    refused = terminal("users", "list", code=1).stderr
    assert "data.key" in refused and len(refused.splitlines()) == 1


# --- the demonstration county


@pytest.mark.slow
def test_figures_are_exactly_what_is_promised(demo_app: Flask) -> None:
    run = runner(demo_app)
    found = told(run("bulletin", "figures", "--month", "2023-10", "--region", "530324", "--json"))
    assert list(found) == ["region", "month", "as_of", "total", "rows"]
    assert (found["region"], found["month"], found["as_of"]) == ("530324", "2023-10", "2023-10-31")
    total: dict[str, Any] = found["total"]
    assert {key: total[key] for key in TOTAL} == TOTAL and total.keys() == {*TOTAL, "overdue_loans"}
    assert list(total) == [*list(TOTAL)[:10], "overdue_loans", "cleared"]
    assert len(found["rows"]) == 13 and {row["name"] for row in found["rows"]} > {
        "鲁布革乡",
        "旧屋基乡",
        "长底乡",
    }
    for line in (total, *found["rows"]):
        assert line.keys() == total.keys()
        for key, value in line.items():
            match key.rpartition("_")[2]:
                case "wan":
                    assert re.fullmatch(r"\d+\.\d\d", value), (key, value)
                case "pct":
                    assert re.fullmatch(r"\d+" if key == "completion_pct" else r"\d+\.\d\d", value), (
                        key,
                        value,
                    )
                case "households" | "loans":
                    assert type(value) is int
    assert "5390.04" in run("bulletin", "figures", "--month", "2023-10", "--region", "530324").stdout


@pytest.mark.slow
def test_a_demonstration_is_loaded_only_into_an_empty_instance(demo_app: Flask) -> None:
    from tests.intake.world import contents

    before = contents(db.session())
    result = runner(demo_app)("demo", "load")
    assert result.exit_code == 1 and "QINGSHOU_INSTANCE_PATH" in result.stderr
    assert contents(db.session()) == before
