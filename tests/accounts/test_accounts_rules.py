"""The one table of permissions, spelled out once more, and who sees which part of the data."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.rules import EVERYTHING, NOTHING, Permission, Role, Scope, may, scope_of

P = Permission
_SIGNED_IN = {P.PUBLIC, P.SIGNED_IN}
_SEES = _SIGNED_IN | {P.FIGURES, P.LOANS}
_COLLECTS = _SEES | {P.NOTES, P.PAPERS, P.PUBLICITY, P.REVEAL}
_LEADS = _COLLECTS | {P.ASSIGN, P.OVERRIDE, P.REMINDERS, P.CLOSE, P.EDITIONS}
ALLOWED: dict[Role | None, set[Permission]] = {
    None: {P.PUBLIC},
    Role.OFFICE: _LEADS | {P.IMPORT, P.TARGETS, P.POLICIES, P.PRIVACY, P.AUDIT},
    Role.LEADER: _LEADS,
    Role.TOWNSHIP: _COLLECTS,
    Role.BRANCH: _COLLECTS,
    Role.AUDITOR: _SEES | {P.AUDIT},
    Role.ADMIN: _SIGNED_IN | {P.ACCOUNTS},  # makes accounts, sees no borrower
}


def test_the_table_below_speaks_of_every_role() -> None:
    assert ALLOWED.keys() == {None, *Role}


@pytest.mark.parametrize("permission", list(Permission))
@pytest.mark.parametrize("role", [None, *Role])
def test_who_may_do_what(role: Role | None, permission: Permission) -> None:
    assert may(role, permission) is (permission in ALLOWED[role])


@pytest.mark.parametrize(
    ("role", "region", "branch", "scope"),
    [
        (Role.OFFICE, "530324", None, Scope("530324")),
        (Role.LEADER, "530324", None, Scope("530324")),
        (Role.AUDITOR, "5303", None, Scope("5303")),
        (Role.TOWNSHIP, "530324106", None, Scope("530324106")),
        (Role.BRANCH, None, 7, Scope(None, 7)),
        (Role.BRANCH, "530324", 7, Scope(None, 7)),
        # An account without its place sees nothing, rather than everything.
        (Role.OFFICE, None, None, NOTHING),
        (Role.TOWNSHIP, "", None, NOTHING),
        (Role.TOWNSHIP, None, 7, NOTHING),
        (Role.BRANCH, "530324", None, NOTHING),
        (Role.ADMIN, "530324", 7, NOTHING),
    ],
)
def test_scope_of_an_account(role: Role, region: str | None, branch: int | None, scope: Scope) -> None:
    assert scope_of(role, region, branch) == scope


@pytest.mark.parametrize(
    ("scope", "region", "covers", "touches"),
    [
        (NOTHING, "530324", False, False),
        (NOTHING, "", False, False),
        (EVERYTHING, "530324", True, True),
        (EVERYTHING, "", True, True),
        (Scope("530324"), "530324", True, True),
        (Scope("530324"), "530324106", True, True),
        (Scope("530324"), "5303", False, True),  # part of it only
        (Scope("530324"), "530325", False, False),
        (Scope("530324106"), "530324", False, True),
        (Scope("530324106"), "530324107", False, False),
        (Scope(None, 7), "530324", False, True),  # a branch lends anywhere, and has the whole of no place
        (Scope("530324106", 7), "530324106", False, True),
        (Scope("530324106", 7), "530324107", False, False),
    ],
)
def test_what_a_scope_says_of_a_region(scope: Scope, region: str, covers: bool, touches: bool) -> None:
    assert (scope.covers_region(region), scope.touches_region(region)) == (covers, touches)


CODES = st.sampled_from(["", "53", "5303", "530324", "530324106", "530325", "44"])


@given(st.builds(Scope, st.none() | CODES, st.none() | st.integers(1, 9)), CODES)
def test_what_covers_a_region_touches_it(scope: Scope, region: str) -> None:
    assert scope.touches_region(region) or not scope.covers_region(region)
    assert scope.is_empty is (scope == NOTHING)
