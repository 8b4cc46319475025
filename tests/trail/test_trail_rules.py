"""Reasons, bulk reading against a plain model, and that every name on the trail has a label."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.labels import Text
from app.trail.names import FAMILIES, NAMES, label_of, parts_of
from app.trail.rules import REASON_LENGTH, TrailRefused, bulk_readings, reason_given
from tests.trail.recorded import names_in, recorded

START = datetime(2023, 11, 8, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "sentence"),
    [
        ("", "few words"),
        ("   ", "few words"),
        ("x", "few words"),
        ("长" * (REASON_LENGTH + 1), "At most"),
        ("核对 530399199001011234", "numbers"),
        ("call 154 0000 1234", "numbers"),
        ("0874-8220001", "numbers"),
    ],
)
def test_a_reason_that_is_none(typed: str, sentence: str) -> None:
    with pytest.raises(TrailRefused, match=sentence) as refused:
        reason_given(typed)
    assert refused.value.field == "reason"


@pytest.mark.parametrize("typed", ["核对 2023 年续贷材料", "办理 3 笔展期", " two  words "])
def test_a_reason(typed: str) -> None:
    assert reason_given(typed) == " ".join(typed.split())


@given(
    st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 300)), max_size=40).map(
        lambda seen: sorted(seen, key=lambda one: one[1])
    ),
    st.integers(2, 6),
)
def test_bulk_reading_is_the_largest_hour_of_each(seen: list[tuple[str, int]], limit: int) -> None:
    """The model counts every hour that ends with somebody's reading."""
    told = bulk_readings([(who, START + timedelta(minutes=at)) for who, at in seen], limit)
    largest: dict[str, int] = {}
    for number, (who, at) in enumerate(seen):
        within = sum(1 for other, then in seen[: number + 1] if other == who and at - then < 60)
        largest[who] = max(largest.get(who, 0), within)
    assert {one.actor: one.number for one in told} == {w: n for w, n in largest.items() if n >= limit}


def test_every_name_that_the_program_writes_has_a_label() -> None:
    found, unread = recorded()
    assert not unread, f"write these names so that they can be read from the code: {unread}"
    assert len(found) > 60
    missing = {n for n in found if n not in NAMES and (not n.endswith("*") or n[:-1] not in FAMILIES)}
    assert not missing, f"say in app/trail/names.py what these mean to a person: {sorted(missing)}"


def test_the_reader_of_names_finds_what_is_written() -> None:
    """The control: a text, one of two, by a constant, by an argument; and one that cannot be read."""
    source = """
NAME = "a.constant"
audit.record(s, who, "a.text", "case", 1)
audit.record(s, who, "a.one" if x else "a.two", "case", 1)
audit.record(s, who, NAME, "case", 1)
audit.record(s, who, f"a.{kind}", "case", 1)
def helper(session, action):
    audit.record(session, who, action, "case", 1)
helper(s, "a.given")
audit.record(s, who, name(), "case", 1)
"""
    names, unread = names_in(source)
    assert names == {"a.constant", "a.text", "a.one", "a.two", "a.*", "a.given"}
    assert unread == [10]


def test_labels_for_people() -> None:
    assert label_of("cases.closed").msgid == "Case closed"
    assert label_of("trail.reveal").msgid == "Number shown in full"
    assert label_of("nobody.knows").render(str) == "nobody.knows"
    told = parts_of(
        "trail.reveal",
        {"field": "phone", "why": "bank", "reason": "续贷", "other": {"a": [1, 2]}, "none": None},
    )
    first = told[0][1]
    assert isinstance(first, Text) and first.msgid == "Phone"
    assert told[2][1] == "续贷" and told[3][1] == "a 1, 2" and len(told) == 4
