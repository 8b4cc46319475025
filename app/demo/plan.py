"""What the invented county must come to: the published figures of October 2023, and our choices around them.

Households and amounts of stock, new lending and overdue are the published ones, in 户 and 万元. All the rest
is chosen: the targets are round amounts that give every published percentage, and the numbers of households
that repaid, fell overdue or caught up say how the months before and after look.
"""

from dataclasses import dataclass
from datetime import date

from app.money import FEN_PER_WAN, to_fen

COUNTY = "530324"
LENDER = "罗平农商行"
SEPTEMBER, OCTOBER, NOVEMBER = date(2023, 9, 30), date(2023, 10, 31), date(2023, 11, 30)
BUSINESS_DATE = date(2023, 12, 5)
YEAR_START = date(2023, 1, 1)


@dataclass(frozen=True, slots=True)
class TownshipPlan:
    """One township: six published figures, then our choices (see ``_TABLE`` for the columns)."""

    code: str
    stem: str
    pinyin: str
    branch: str
    stock_households: int
    stock: int
    new_households: int
    new: int
    overdue_households: int
    overdue: int
    target: int
    repaid: int
    mixed: int
    doubled: int
    cleared: int
    recovering: int
    defaulting: int
    arriving: int


@dataclass(frozen=True, slots=True)
class BranchPlan:
    """A branch of the lender: invented, named after the township it sits in."""

    name: str
    letters: str
    pinyin: str
    gives_repayments: bool


BRANCHES = (
    BranchPlan("罗雄支行", "LX", "luoxiong", gives_repayments=True),
    BranchPlan("腊山支行", "LS", "lashan", gives_repayments=True),
    BranchPlan("九龙支行", "JL", "jiulong", gives_repayments=False),
    BranchPlan("板桥支行", "BQ", "banqiao", gives_repayments=False),
    BranchPlan("马街支行", "MJ", "majie", gives_repayments=True),
    BranchPlan("富乐支行", "FL", "fule", gives_repayments=False),
    BranchPlan("阿岗支行", "AG", "agang", gives_repayments=True),
    BranchPlan("鲁布革支行", "LB", "lubuge", gives_repayments=False),
    BranchPlan("钟山支行", "ZS", "zhongshan", gives_repayments=False),
    BranchPlan("老厂支行", "LC", "laochang", gives_repayments=True),
)

# Published: stock 户 and 万元, new 户 and 万元, overdue 户 and 万元.
# Chosen: the target in 万元, and the number of households that
#   repaid      a loan of this year in full by October (they are new lending, but no stock)
#   mixed       have an overdue loan and one of this year that is not overdue
#   doubled     have two overdue loans
#   cleared     were overdue in September and repaid in October
#   recovering  were overdue in October and repay in November
#   defaulting  fall overdue in November
#   arriving    borrow for the first time in November
_TABLE = """
001 罗雄   luoxiong  罗雄支行    59 310.89   43 226.40   5  16.89   500   3 1 0 2 0 1 1
002 腊山   lashan    腊山支行    66 331.12   65 298.35   4  18.19   400   8 0 0 1 1 0 1
003 九龙   jiulong   九龙支行   164 923.53  165 805.01  13  34.41   600  20 2 1 4 4 1 3
102 板桥   banqiao   板桥支行    75 474.60   94 425.10   0   0.00   550  27 0 0 3 0 0 1
103 马街   majie     马街支行    99 503.94  103 488.66   4   8.87   550  20 0 0 1 1 0 2
104 富乐   fule      富乐支行    75 374.69   59 278.55   7  29.34   300   5 1 1 1 2 1 1
106 阿岗   agang     阿岗支行   230 985.92  226 856.43  39 118.25  1050  38 6 3 7 8 3 4
201 大水井 dashuijing 罗雄支行   52 253.07   66 225.85   1   3.82   200  20 0 0 0 1 0 1
202 鲁布革 lubuge    鲁布革支行  41 187.69   44 123.47   0   0.00   150   9 0 0 0 0 1 1
203 旧屋基 jiuwuji   板桥支行    17  98.70   16  90.50   0   0.00 127.5   2 0 0 0 0 0 0
204 钟山   zhongshan 钟山支行    43 223.20   31 177.60   0   0.00   400   4 0 0 1 0 0 1
205 长底   changdi   鲁布革支行  17  79.70   23  66.50   0   0.00   100   8 0 0 0 0 0 0
206 老厂   laochang  老厂支行   110 642.99  112 489.56   2   5.38   540  10 0 0 2 0 0 2
"""


_IN_WAN = {1, 3, 5, 6}


def _township(line: str) -> TownshipPlan:
    code, stem, pinyin, branch, *cells = line.split()
    numbers = [to_fen(cell, FEN_PER_WAN) if n in _IN_WAN else int(cell) for n, cell in enumerate(cells)]
    return TownshipPlan(COUNTY + code, stem, pinyin, branch, *numbers)


TOWNSHIPS = tuple(_township(line) for line in _TABLE.strip().splitlines())
