"""Sentences carry no language: they are stored, nested, and rendered for whoever reads them."""

import json
from enum import Enum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.labels import Labelled, T, Text

CHINESE = {
    "%(n)s rows": "%(n)s 行",
    "Row %(row)s: %(why)s": "第%(row)s行：%(why)s",
    "no township": "没有乡镇",
    "100% of %(whole)s": "100% of %(whole)s",
    "done": "完成 100%",
}


class Colour(Labelled):
    RED = "red", T("Red")
    GREEN = "green", T("Green")


def chinese(msgid: str) -> str:
    return CHINESE.get(msgid, msgid)


def test_a_parameter_that_the_sentence_needs_and_nobody_gave_is_an_error() -> None:
    with pytest.raises(KeyError):
        T("%(n)s rows of %(m)s", n=3).render(chinese)


@pytest.mark.parametrize(
    ("text", "english", "translated"),
    [
        (T("done"), "done", "完成 100%"),  # without parameters a % is a %
        (T("%(n)s rows", n=3), "3 rows", "3 行"),
        (T("Row %(row)s: %(why)s", row=7, why=T("no township")), "Row 7: no township", "第7行：没有乡镇"),
        (T("%(n)s rows", n="50%"), "50% rows", "50% 行"),
    ],
)
def test_rendering(text: Text, english: str, translated: str) -> None:
    assert str(text) == english
    assert text.render(chinese) == translated


_values = st.one_of(st.text(), st.integers(), st.none(), st.booleans())
_texts = st.recursive(
    st.builds(Text, st.text()),
    lambda inner: st.builds(
        lambda msgid, params: Text(msgid, tuple(params.items())),
        st.text(),
        st.dictionaries(st.text(min_size=1), st.one_of(_values, inner), max_size=3),
    ),
    max_leaves=5,
)


@given(_texts)
def test_what_is_stored_is_the_same_sentence_again(text: Text) -> None:
    assert Text.from_json(json.loads(json.dumps(text.to_json()))) == text


def test_equal_sentences_are_equal() -> None:
    assert T("%(n)s rows", n=3) == T("%(n)s rows", n=3) != T("%(n)s rows", n=4)


def test_a_status_is_its_value_and_has_a_label() -> None:
    assert Colour("red") is Colour.RED
    assert Colour.RED == "red" and f"{Colour.RED}" == "red"
    assert str(Colour.GREEN.label) == "Green"
    with pytest.raises(ValueError, match="blue"):
        Colour("blue")


def test_every_status_of_the_program_has_its_own_label() -> None:
    """Within one kind of status no two members read the same, and none reads as nothing."""
    from app.startup import register_models

    register_models()
    import app.accounts.access
    import app.cases.queries
    import app.clock  # noqa: F401

    kinds = _all_kinds(Labelled)
    assert len(kinds) >= 10
    for kind in kinds:
        labels = [str(member.label) for member in kind]  # type: ignore[attr-defined]
        assert all(labels) and len(set(labels)) == len(labels), kind


def _all_kinds(base: type[Enum]) -> list[type[Enum]]:
    below = [kind for kind in base.__subclasses__() if kind.__module__.startswith("app.")]
    return [found for kind in below for found in (kind, *_all_kinds(kind))]
