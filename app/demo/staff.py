"""Who signs in to the demonstration county. Names are invented."""

from dataclasses import dataclass

from app.accounts.rules import Role
from app.demo.dice import Dice
from app.demo.people import Registry
from app.demo.plan import BRANCHES, COUNTY, TOWNSHIPS

OFFICE = "office"
# Task forces and the townships, with their branches, that they answer for; the others are a gap.
FORCES = (
    ("城区工作专班", ("luoxiong", "lashan", "jiulong")),
    ("北片工作专班", ("agang", "majie", "fule", "banqiao")),
)


@dataclass(frozen=True, slots=True)
class DemoUser:
    """An account: ``region`` is a statistical code, ``branch`` the name of a branch collector's branch."""

    username: str
    name: str
    role: Role
    region: str | None
    branch: str | None = None


def township_user(pinyin: str) -> str:
    return pinyin


def branch_user(pinyin: str) -> str:
    return f"{pinyin}-bank"


def users(dice: Dice, registry: Registry) -> tuple[DemoUser, ...]:
    """The county office first: its sign-in is the one that is printed."""

    def name() -> str:
        return registry.name(female=dice.chance(40))

    return (
        DemoUser(OFFICE, name(), Role.OFFICE, COUNTY),
        DemoUser("leader", name(), Role.LEADER, COUNTY),
        DemoUser("auditor", name(), Role.AUDITOR, COUNTY),
        DemoUser("admin", name(), Role.ADMIN, None),
        *(DemoUser(township_user(plan.pinyin), name(), Role.TOWNSHIP, plan.code) for plan in TOWNSHIPS),
        *(DemoUser(branch_user(plan.pinyin), name(), Role.BRANCH, None, plan.name) for plan in BRANCHES),
    )
