"""Who may do what, and what of the data each sees. Pure; the one table of permissions."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from app.labels import Labelled, T, Text


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
    PRIVACY = "privacy"  # a borrower's own file, its correction, what is old enough to be deleted
    AUDIT = "audit"


_SEES = frozenset({Permission.FIGURES, Permission.LOANS})
_COLLECTS = _SEES | {Permission.NOTES, Permission.PAPERS, Permission.PUBLICITY, Permission.REVEAL}
_LEADS = _COLLECTS | {
    Permission.ASSIGN, Permission.OVERRIDE, Permission.REMINDERS, Permission.CLOSE, Permission.EDITIONS
}  # fmt: skip
_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OFFICE: _LEADS
    | {Permission.IMPORT, Permission.TARGETS, Permission.POLICIES, Permission.PRIVACY, Permission.AUDIT},
    Role.LEADER: _LEADS,
    Role.TOWNSHIP: _COLLECTS,
    Role.BRANCH: _COLLECTS,
    Role.AUDITOR: _SEES | {Permission.AUDIT},
    Role.ADMIN: frozenset({Permission.ACCOUNTS}),
}


# What each permission lets one do, as the page and docs/permissions.md say it.
MEANING: dict[Permission, Text] = {
    Permission.PUBLIC: T("Sign in, open an invitation, ask whether the server lives"),
    Permission.SIGNED_IN: T("See one's own account and this table, sign out"),
    Permission.FIGURES: T("See figures, bulletins and comparisons"),
    Permission.LOANS: T("See borrowers, loans and cases; ID numbers and phones masked"),
    Permission.NOTES: T("Write contact notes, promises, reported repayments and causes"),
    Permission.ASSIGN: T("Set up task forces and rules of assignment, hand cases over"),
    Permission.OVERRIDE: T("Act against a rule of fair treatment, with a reason"),
    Permission.PAPERS: T("Print notices and record their delivery"),
    Permission.PUBLICITY: T("Record how policy was made known"),
    Permission.POLICIES: T("Set the county's own numbers"),
    Permission.REMINDERS: T("Write, approve and send reminders"),
    Permission.REVEAL: T("See an ID number, phone or address in full, with a reason, on the trail"),
    Permission.CLOSE: T("Close a month and agree to opening it again"),
    Permission.EDITIONS: T("Write, check and publish bulletins"),
    Permission.IMPORT: T("Take in ledgers, maintain townships"),
    Permission.TARGETS: T("Set the year's targets"),
    Permission.ACCOUNTS: T("Make, invite and end accounts and their sessions"),
    Permission.PRIVACY: T("Make a borrower's own file, settle corrections, delete old contact records"),
    Permission.AUDIT: T("Read the trail"),
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


# Signing in: how long a session lasts, and how repeated failures slow down who tries.
@dataclass(frozen=True, slots=True)
class Limits:
    """A session ends after ``idle`` without a page, and ``absolute`` after it began."""

    idle: timedelta
    absolute: timedelta


_DESK = Limits(timedelta(hours=2), timedelta(hours=12))
_VILLAGE = Limits(timedelta(hours=12), timedelta(days=7))  # a phone that has no signal for half a day
LONGEST = _VILLAGE.absolute
FRESH = timedelta(minutes=10)  # how long a passphrase that was just given is enough for dangerous acts
NEEDS_SECOND_FACTOR = frozenset({Role.OFFICE, Role.ADMIN})
_LONGEST_WAIT = timedelta(minutes=15)


def limits_of(role: Role) -> Limits:
    """How long a session of ``role`` lasts."""
    return _VILLAGE if role in COLLECTORS else _DESK


def wait_after(failures: int, free: int) -> timedelta:
    """How long the next attempt has to wait after so many failures: nothing, then 1, 2, 4 … at most 15 minutes."""
    if failures < free:
        return timedelta(0)
    return min(timedelta(minutes=2 ** min(failures - free, 10)), _LONGEST_WAIT)


def document(say: Callable[[Text], str] = str) -> str:
    """docs/permissions.md: the table, as a page of Markdown."""
    roles = list(Role)
    lines = [
        "# Who may do what",
        "<!-- Generated from app/accounts/rules.py: flask users permissions > docs/permissions.md -->",
        "",
        "A page or command declares one of these; one that declares none is refused to everybody. What a role may do,",
        "it may do within its scope: the county office and the auditor their region, a leader the region of the task",
        "force, a township collector the township, a branch collector the branch's loans, the administrator no",
        "borrower at all. What lies outside does not exist for them (404).",
        "",
        f"| | {' | '.join(say(role.label) for role in roles)} |",
        f"|---|{':-:|' * len(roles)}",
    ]
    for permission in Permission:
        if permission is not Permission.PUBLIC:
            marks = " | ".join("●" if may(role, permission) else "" for role in roles)
            lines.append(f"| {say(MEANING[permission])} (`{permission}`) | {marks} |")
    return "\n".join([*lines, "", f"Without signing in: {say(MEANING[Permission.PUBLIC])}.", ""])
