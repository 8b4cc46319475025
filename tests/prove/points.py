"""Where the proof kills and what it does besides, and by which of its own words each is counted.

``PLAIN`` are steps that the program names; ``IN_SQL`` are moments within a transaction, found by the statement that has
just been executed. Nothing in the program knows of either.
"""

from collections import Counter

PLAIN = {
    "worker": (
        "claim before commit", "claim after commit", "send before", "send after", "finish before",
        "finish before commit", "finish after commit", "look-up before write",
    ),
    "planner": ("plan before commit", "plan after commit"),
    "web": (),
}  # fmt: skip
IN_SQL = {
    "worker": {"claim mid-write": "INSERT INTO send_attempt", "finish mid-write": "UPDATE send_attempt"},
    "planner": {"plan mid-insert": "INSERT INTO outbox_message"},
    "web": {
        "receipt mid-insert": "INSERT INTO delivery_receipt",
        "reply mid-insert": "INSERT INTO inbound_message",
    },
}
ALL = {role: (*PLAIN[role], *IN_SQL[role]) for role in PLAIN}

# What a bad day brings, and the words under which a run counts it: any of them.
BAD_LUCK: dict[str, tuple[str, ...]] = {
    "planner mid-insert": ("plan mid-insert", "plan before commit"),
    "planner after commit": ("plan after commit",),
    "two planners at once": ("two planners",),
    "planner down for three days": ("planned three days late",),
    "before the claim commits": ("claim before commit", "claim mid-write"),
    "after the claim commits": ("claim after commit",),
    "before HTTP": ("send before",),
    "dropped before the provider": ("reset",),
    "503": ("503", "503_taken"),
    "reset after acceptance": ("reset_taken",),
    "hang after acceptance": ("hang_taken",),
    "an answer that dribbles or is cut": ("dribble", "truncated"),
    "processed late": ("late",),
    "after 201, before the finish": ("send after", "finish before"),
    "mid-finish": ("finish mid-write", "finish before commit"),
    "after the finish": ("finish after commit",),
    "after a look-up, before its write": ("look-up before write",),
    "stopped past its lease, then resumed": ("resumed past its lease",),
    "database busy": ("database busy",),
    "database full at the finish": ("database full",),
    "a look-up that fails": ("list 503", "list reset", "list 429"),
    "a receipt early, late, twice, out of order": ("receipts",),
    "a forged receipt": ("forged receipts",),
    "a receipt or reply whose writer is killed": ("receipt mid-insert", "reply mid-insert"),
    "opt-out between plan and claim": ("opted out in time",),
    "repayment between plan and claim": ("repaid in time",),
    "a clock across midnight and back": ("clock moved",),
    "a storm of 429": ("storm of 429",),
    "a wrong key": ("storm of 401",),
    "killed at any instant": ("any instant",),
}


def reached(counted: Counter[str]) -> dict[str, int]:
    """How often a run met each."""
    return {what: sum(counted[word] for word in words) for what, words in BAD_LUCK.items()}
