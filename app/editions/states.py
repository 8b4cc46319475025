"""The way of a bulletin from a draft to the public, and whose hands it must pass through. Pure.

    draft ──check──▶ checked ──approve──▶ approved ──publish──▶ published ──a successor is──▶ withdrawn
      └──────────────approve──────────────▲   │
      ◀──────────────any change of the text───┘

Whoever approves has not written or changed the text; whoever publishes has not approved it. So two people are enough,
and no one person is. An approval of what nobody has checked is the check as well.
"""

from app.labels import Labelled, T, Text


class State(Labelled):
    DRAFT = "draft", T("Draft")
    CHECKED = "checked", T("Checked")
    APPROVED = "approved", T("Approved")
    PUBLISHED = "published", T("Published")
    WITHDRAWN = "withdrawn", T("Superseded")


class Step(Labelled):
    """What somebody does with a bulletin as a whole."""

    CHECK = "check", T("Check")
    APPROVE = "approve", T("Approve")
    PUBLISH = "publish", T("Publish")
    RETURN = "return", T("Back to draft")
    REPLACE = "replace", T("Replace")


OPEN = (State.DRAFT, State.CHECKED, State.APPROVED)  # still on its way
PUBLIC = (State.PUBLISHED, State.WITHDRAWN)  # never changes again
TONES = {State.DRAFT: "neutral", State.CHECKED: "accent", State.APPROVED: "accent", State.PUBLISHED: "good"}

MOVES: dict[tuple[State, Step], State] = {
    (State.DRAFT, Step.CHECK): State.CHECKED,
    (State.DRAFT, Step.APPROVE): State.APPROVED,
    (State.CHECKED, Step.APPROVE): State.APPROVED,
    (State.APPROVED, Step.PUBLISH): State.PUBLISHED,
    (State.CHECKED, Step.RETURN): State.DRAFT,
    (State.APPROVED, Step.RETURN): State.DRAFT,
    (State.PUBLISHED, Step.REPLACE): State.PUBLISHED,  # until its successor is published
}

_ALREADY: dict[State, Text] = {
    State.DRAFT: T("This bulletin is a draft."),
    State.CHECKED: T("This bulletin is checked already."),
    State.APPROVED: T("This bulletin is approved already."),
    State.PUBLISHED: T(
        "This bulletin is published already. What it says never changes; a successor can replace it."
    ),
    State.WITHDRAWN: T("This bulletin is withdrawn. Its successor stands in its place."),
}


def next_state(state: State, step: Step) -> State | None:
    """Where a step leads; None where it cannot be taken."""
    return MOVES.get((state, step))


def why_not(state: State, step: Step) -> Text:
    """The sentence for a step that cannot be taken from a state."""
    if step is Step.PUBLISH and state in (State.DRAFT, State.CHECKED):
        return T("Only an approved bulletin is published. Have it approved first.")
    if step is Step.REPLACE and state in OPEN:
        return T("Only a published bulletin is replaced. This one can be changed.")
    return _ALREADY[state]


def same_hands(
    step: Step, actor: int, *, writers: frozenset[int], last_writer: int | None, approver: int | None
) -> Text | None:
    """Why this person may not take a step on a text that ``writers`` have written and ``approver`` approved."""
    if step is Step.CHECK and actor == last_writer:
        return T("You wrote this text last: somebody else has to check it.")
    if step is Step.APPROVE and actor in writers:
        return T("You have written in this text: somebody else has to approve it.")
    if step is Step.PUBLISH and actor == approver:
        return T("You approved this bulletin: somebody else has to publish it.")
    return None
