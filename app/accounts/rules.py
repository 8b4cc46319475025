"""Who may do what, and what of the data each sees. Pure; the one table of permissions."""

from dataclasses import dataclass
from enum import StrEnum

from app.labels import Labelled, T


class Role(Labelled):
    OFFICE = "office", T("County office")
    LEADER = "leader", T("Task-force leader")
    TOWNSHIP = "township", T("Township collector")
    BRANCH = "branch", T("Branch collector")
    AUDITOR = "auditor", T("Auditor")
    ADMIN = "admin", T("Administrator")


COLLECTORS = frozenset({Role.TOWNSHIP, Role.BRANCH})  # those on the two lines


class Permission(StrEnum):
    """What a page or command needs. A page without one of these is refused to everybody."""

    PUBLIC = "public"
    SIGNED_IN = "signed_in"
    FIGURES = "figures"
    LOANS = "loans"
    NOTES = "notes"  # contact notes, promises, reported repayments, causes
    ASSIGN = "assign"  # task forces, rules of assignment, handovers
    OVERRIDE = "override"  # act against a rule of fair treatment, with a reason
    PAPERS = "papers"
    PUBLICITY = "publicity"
    POLICIES = "policies"  # the numbers a county sets
    REMINDERS = "reminders"  # what is sent to borrowers, and when; one writes it and another approves
    REVEAL = "reveal"  # an ID number, phone or address in full, with a reason
    CLOSE = "close"  # a month; one asks for it to be opened again and another agrees
    EDITIONS = "editions"  # bulletins to publish: one writes, another checks and approves
    IMPORT = "import"
    TARGETS = "targets"
    ACCOUNTS = "accounts"
    AUDIT = "audit"


_SEES = frozenset({Permission.FIGURES, Permission.LOANS})
_COLLECTS = _SEES | {Permission.NOTES, Permission.PAPERS, Permission.PUBLICITY, Permission.REVEAL}
_LEADS = _COLLECTS | {
    Permission.ASSIGN, Permission.OVERRIDE, Permission.REMINDERS, Permission.CLOSE, Permission.EDITIONS
}  # fmt: skip
_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OFFICE: _LEADS | {Permission.IMPORT, Permission.TARGETS, Permission.POLICIES},
    Role.LEADER: _LEADS,
    Role.TOWNSHIP: _COLLECTS,
    Role.BRANCH: _COLLECTS,
    Role.AUDITOR: _SEES | {Permission.AUDIT},
    Role.ADMIN: frozenset({Permission.ACCOUNTS}),
}


def may(role: Role | None, permission: Permission) -> bool:
    """Is this allowed to a user of ``role`` (None: nobody signed in)?"""
    if permission is Permission.PUBLIC:
        return True
    if role is None:
        return False
    return permission is Permission.SIGNED_IN or permission in _PERMISSIONS[role]


@dataclass(frozen=True, slots=True)
class Scope:
    """The part of the data somebody sees: a region with all below it, narrowed to one branch for its collectors.

    ``region`` is a statistical code; ``None`` for both means nothing at all, "" every region.
    """

    region: str | None
    branch_id: int | None = None

    @property
    def is_empty(self) -> bool:
        return self.region is None and self.branch_id is None

    def covers_region(self, code: str) -> bool:
        """Does this scope see the whole of the region ``code``?"""
        return self.branch_id is None and self.region is not None and code.startswith(self.region)

    def touches_region(self, code: str) -> bool:
        """Can anything in the region ``code`` be in this scope?"""
        if self.is_empty:
            return False
        return self.region is None or code.startswith(self.region) or self.region.startswith(code)


EVERYTHING = Scope(region="")
NOTHING = Scope(region=None)


def scope_of(role: Role, region_code: str | None, branch_id: int | None) -> Scope:
    """The scope that comes with an account: a branch collector's branch, else the account's region."""
    match role:
        case Role.ADMIN:
            return NOTHING
        case Role.BRANCH:
            return Scope(region=None, branch_id=branch_id) if branch_id is not None else NOTHING
        case _:
            return Scope(region=region_code) if region_code else NOTHING
