"""Which step follows which, and whose hands a bulletin must pass through."""

from itertools import product

import pytest

from app.editions.states import MOVES, State, Step, next_state, same_hands, why_not

WRITER, EDITOR, OTHER = 1, 2, 3


def test_each_step_from_each_state_leads_somewhere_or_is_explained() -> None:
    for state, step in product(State, Step):
        if next_state(state, step) is None:
            assert str(why_not(state, step)).endswith(".")


def test_nothing_leads_back_from_what_is_published() -> None:
    assert not [step for (state, step), to in MOVES.items() if state is State.PUBLISHED and to is not state]
    assert not [step for (state, step) in MOVES if state is State.WITHDRAWN]


@pytest.mark.parametrize(
    ("step", "actor", "refused"),
    [
        (Step.CHECK, EDITOR, True),
        (Step.CHECK, WRITER, False),
        (Step.CHECK, OTHER, False),
        (Step.APPROVE, WRITER, True),
        (Step.APPROVE, EDITOR, True),
        (Step.APPROVE, OTHER, False),
        (Step.PUBLISH, OTHER, True),
        (Step.PUBLISH, WRITER, False),
        (Step.RETURN, WRITER, False),
        (Step.REPLACE, WRITER, False),
    ],
)
def test_hands(step: Step, actor: int, refused: bool) -> None:
    found = same_hands(step, actor, writers=frozenset({WRITER, EDITOR}), last_writer=EDITOR, approver=OTHER)
    assert (found is not None) is refused


def test_two_people_are_enough_and_one_is_not() -> None:
    def way(writer: int, approver: int, publisher: int) -> bool:
        hands = {"writers": frozenset({writer}), "last_writer": writer, "approver": approver}
        return not any(
            same_hands(step, actor, **hands)  # type: ignore[arg-type]
            for step, actor in ((Step.APPROVE, approver), (Step.PUBLISH, publisher))
        )

    assert way(WRITER, OTHER, WRITER)
    assert not way(WRITER, WRITER, OTHER) and not way(WRITER, OTHER, OTHER)
