"""The same way by command: refused to the same people, told in sentences and in JSON."""

import pytest
from flask import Flask

from app.db import db
from app.editions.models import Edition
from app.editions.states import State
from tests.commands import Run, runner, told, trail

pytestmark = pytest.mark.parametrize("db_kind", ["sqlite"])
MONTH = ("--month", "2023-10", "--region", "530324")


@pytest.fixture
def run(demo_app: Flask) -> Run:
    return runner(demo_app)


def test_the_whole_way_by_command(run: Run) -> None:
    def say(step: str, *who: str, code: int = 1) -> str:
        result = run("bulletin", step, *MONTH, *who)
        assert result.exit_code == code, result.output
        return result.output

    assert "Draft it first" in say("approve", "--as", "leader")
    assert told(run("bulletin", "draft", *MONTH, "--as", "office", "--json"))["state"] == "draft"
    assert "already" in say("draft", "--as", "leader")
    assert "--as USER" in say("approve")
    say("approve", "--as", "agang", code=2)
    assert "somebody else has to check" in say("check", "--as", "office")
    assert "somebody else has to approve" in say("approve", "--as", "office")
    assert "Only an approved" in say("publish", "--as", "office")
    say("check", "--as", "leader", code=0)
    say("approve", "--as", "leader", code=0)
    assert "somebody else has to publish" in say("publish", "--as", "leader")
    assert "is not closed" in say("publish", "--as", "office")
    assert run("month", "close", *MONTH, "--as", "office").exit_code == 0
    published = told(run("bulletin", "publish", *MONTH, "--as", "office", "--json"))
    assert (published["state"], published["number"]) == ("published", "罗乡振联发〔2023〕1号")
    assert "published already" in say("publish", "--as", "office")
    assert "Say why" in say("withdraw", "--as", "office", "--reason", " ")
    say("withdraw", "--as", "office", "--reason", "漏写一个乡镇", code=0)
    say("approve", "--as", "leader", code=0)
    say("publish", "--as", "office", code=0)
    states = [edition.state for edition in db.session.query(Edition).order_by(Edition.sequence)]
    assert states == [State.WITHDRAWN, State.PUBLISHED]
    assert trail("editions.publish") == ["office", "office"]


def test_a_wrong_number_is_told_and_stops_the_approval(run: Run) -> None:
    run("bulletin", "draft", *MONTH, "--as", "office")
    edition = db.session.query(Edition).one()
    edition.problems += "\n阿岗镇逾期率99.99%。"
    db.session.commit()
    result = run("bulletin", "approve", *MONTH, "--as", "leader")
    assert result.exit_code == 1 and "99.99% is not the figure: 11.99%" in result.output


def test_what_there_is_not(run: Run) -> None:
    for region, sentence in (("999999", "no region"), ("530324106", "county or a level above")):
        result = run("bulletin", "draft", "--month", "2023-10", "--region", region)
        assert result.exit_code == 1 and sentence in result.output
    result = run("bulletin", "draft", "--month", "2019-01", "--region", "530324")
    assert result.exit_code == 1 and "no figures" in result.output
