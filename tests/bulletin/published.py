"""The bulletin of 罗平县 for October 2023: the figures, the page as published, and what it should have said.

The page and the table are public text (``tests/data/``). Targets were not published; these round ones give
every printed percentage.
"""

import csv
from collections.abc import Callable
from datetime import date
from pathlib import Path

from app.bulletin.figures import FigureRow, Figures
from app.money import FEN_PER_WAN, to_fen
from app.places.rules import shipped

DATA = Path(__file__).parents[1] / "data"
PAGE = (DATA / "luoping-2023-10.txt").read_text("utf-8")
PLACES = shipped("530324")
MONTH_END = date(2023, 10, 31)

TARGETS_WAN = {
    "九龙街道": "600",
    "大水井乡": "200",
    "富乐镇": "300",
    "老厂乡": "540",
    "马街镇": "550",
    "阿岗镇": "1050",
    "鲁布革乡": "150",
    "板桥镇": "550",
    "腊山街道": "400",
    "旧屋基乡": "127.5",
    "长底乡": "100",
    "罗雄街道": "500",
    "钟山乡": "400",
}

# The page with its one wrong figure put right, everything else as broken as it was.
CORRECTED_PAGE = PAGE.replace("逾期率0%", "逾期率0.84%")

# 基本情况 as it should have been printed: 户 and commas restored, names in full, 老厂乡 at 0.84%. The cleared
# townships stand in the order of the stock; the page has 旧屋基乡 before 鲁布革乡, which no rule explains.
CORRECTED = """\
一、基本情况

（一）存量贷款情况

截至2023年10月31日，全县脱贫人口小额信贷累计存量1048户5390.04万元，其中：阿岗镇230户985.92万元，\
九龙街道164户923.53万元，老厂乡110户642.99万元，马街镇99户503.94万元，板桥镇75户474.60万元，\
富乐镇75户374.69万元，腊山街道66户331.12万元，罗雄街道59户310.89万元，大水井乡52户253.07万元，\
钟山乡43户223.20万元，鲁布革乡41户187.69万元，旧屋基乡17户98.70万元，长底乡17户79.70万元。

（二）新增贷款情况

截至2023年10月31日，全县2023年新增贷款1047户4551.98万元，完成年度目标任务的83%，其中：\
九龙街道165户805.01万元，完成年度目标任务的134%；大水井乡66户225.85万元，完成年度目标任务的113%；\
富乐镇59户278.55万元，完成年度目标任务的93%；老厂乡112户489.56万元，完成年度目标任务的91%；\
马街镇103户488.66万元，完成年度目标任务的89%；阿岗镇226户856.43万元，完成年度目标任务的82%；\
鲁布革乡44户123.47万元，完成年度目标任务的82%；板桥镇94户425.10万元，完成年度目标任务的77%；\
腊山街道65户298.35万元，完成年度目标任务的75%；旧屋基乡16户90.50万元，完成年度目标任务的71%；\
长底乡23户66.50万元，完成年度目标任务的67%；罗雄街道43户226.40万元，完成年度目标任务的45%；\
钟山乡31户177.60万元，完成年度目标任务的44%。

（三）逾期情况

截至2023年10月31日，全县脱贫人口小额信贷贷款逾期75户235.15万元，逾期率4.36%。其中：\
阿岗镇39户118.25万元，逾期率11.99%；九龙街道13户34.41万元，逾期率3.73%；\
富乐镇7户29.34万元，逾期率7.83%；罗雄街道5户16.89万元，逾期率5.43%；\
腊山街道4户18.19万元，逾期率5.49%；马街镇4户8.87万元，逾期率1.76%；\
老厂乡2户5.38万元，逾期率0.84%；大水井乡1户3.82万元，逾期率1.51%；\
板桥镇、钟山乡、鲁布革乡、旧屋基乡、长底乡已清零。
"""

PROBLEMS = """
二、存在问题

（一）逾期率居高不下。全县脱贫人口小额信贷贷款逾期75户235.15万元，逾期率4.36%，在全市排名靠后。

三、工作要求

（一）进一步防控化解信贷风险。
"""


def fen(wan: str) -> int:
    """分 of an amount in 万元."""
    return to_fen(wan, FEN_PER_WAN)


def code(name: str) -> str:
    """The code of a township of 罗平县."""
    place = PLACES.find(name, "530324")
    assert place is not None
    return place.code


def october(change: Callable[[FigureRow], FigureRow] = lambda row: row) -> Figures:
    """The published figures, each row changed by ``change``."""
    with (DATA / "luoping-2023-10.csv").open(encoding="utf-8", newline="") as file:
        rows = tuple(change(_row(line)) for line in csv.DictReader(file) if line["township"] != "全县")
    return Figures("530324", "罗平县", MONTH_END, MONTH_END, rows)


def _row(line: dict[str, str]) -> FigureRow:
    overdue = int(line["overdue_households"])
    return FigureRow(
        code=code(line["township"]),
        name=line["township"],
        stock_households=int(line["stock_households"]),
        stock_fen=fen(line["stock_wan"]),
        new_households=int(line["new_households"]),
        new_fen=fen(line["new_wan"]),
        target_fen=fen(TARGETS_WAN[line["township"]]),
        overdue_households=overdue,
        overdue_fen=fen(line["overdue_wan"]),
        overdue_loans=overdue,
    )
