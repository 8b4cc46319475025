"""Small decisions about a ledger as a whole. Pure."""

from collections.abc import Collection

_NO_BANK = ("政府", "办公室", "办事处", "振兴局", "财政", "领导小组", "委员会")
_BRANCH_ENDINGS = ("支行", "分理处", "营业部", "营业室", "分社", "储蓄所")


def lender_and_branch(text: str, branch: str | None, known: Collection[str]) -> tuple[str, str | None]:
    """贷款金融机构 as lender and branch: ``罗平农商行阿岗支行`` names both, where no column gives the branch."""
    if branch is None and text.endswith(_BRANCH_ENDINGS):
        for lender in sorted(known, key=len, reverse=True):
            if text.startswith(lender) and len(text) > len(lender):
                return lender, text[len(lender) :]
    return text, branch


def lender_from_unit(unit: str | None) -> str | None:
    """填报单位 as a lender, unless it is an office of the government that filled in the sheet."""
    return unit if unit and not any(word in unit for word in _NO_BANK) else None
