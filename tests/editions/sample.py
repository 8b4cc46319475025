"""A bulletin for October as a document, as a county publishes it, and what a random portfolio makes of one."""

import random
from dataclasses import replace
from datetime import date
from typing import Any

from app.bulletin.figures import FigureRow, Figures
from app.bulletin.narrative import HEADING, basic_situation
from app.editions.document import Block, Correction, Document, Kind, Run
from tests.bulletin.published import october

OFFICE = "罗平县巩固脱贫攻坚推进乡村振兴领导小组办公室"
NUMBER = "罗乡振联发〔2023〕12号"
CORRECTION = Correction(
    "罗乡振联发〔2023〕11号", date(2023, 9, 30), "老厂乡", "逾期率", "0%", "0.84%", "底稿误填"
)


def blocks(figures: Figures) -> tuple[Block, ...]:
    """The basic situation as it is published, one live figure, and a demand."""
    found = [Block(Kind.PART, (Run(HEADING),))]
    for paragraph in basic_situation(figures):
        found += [
            Block(Kind.SECTION, (Run(paragraph.heading),)),
            Block(Kind.BODY, (Run(paragraph.text),)),
        ]
    rate, code = figures.total.to_json()["overdue_rate_pct"], figures.region_code
    live = (
        Run("全县逾期率"),
        Run(f"{rate}%" if rate else "—", f"{code}.overdue_rate_pct"),
        Run("，居高不下。"),
    )
    return (
        *found,
        Block(Kind.PART, (Run("二、存在问题"),)),
        Block(Kind.BODY, live),
        Block(Kind.PART, (Run("三、工作要求"),)),
        Block(Kind.ITEM, (Run("1.进一步防控化解信贷风险。"),)),
        Block(Kind.BODY, (Run("各乡镇（街道）和农商行各支行要密切协作，形成工作合力。" * 3),)),
    )


def bulletin(figures: Figures | None = None, **changed: Any) -> Document:
    """A draft; ``changed`` are fields of the document."""
    figures = figures or october()
    return replace(
        Document(
            figures=figures,
            title=f"{OFFICE}关于2023年10月份脱贫人口小额信贷工作情况的通报",
            blocks=blocks(figures),
            signatory=OFFICE,
            addressed_to="各乡镇（街道），县农商行各支行",
            copies_to="曲靖市乡村振兴局，县委办公室，县人大常委会办公室，县政府办公室，县政协办公室",
        ),
        **changed,
    )


def published(**changed: Any) -> Document:
    """The same as it goes out."""
    return bulletin(
        **{"draft": False, "closed": True, "number": NUMBER, "issued_on": date(2023, 11, 8)} | changed
    )


def portfolio(seed: int) -> Figures:
    """Figures of a random county: empty places, none overdue, no targets, amounts of a single 分 among them."""
    chance = random.Random(seed)
    rows = []
    for at in range(chance.choice((0, 1, 2, 13, 13, 40))):
        households = chance.choice((0, 1, chance.randrange(2000)))
        stock = chance.choice((1, chance.randrange(10**11))) if households else 0
        overdue = min(stock, chance.choice((0, 0, 1, chance.randrange(10**10))))
        late = min(households, chance.randrange(1, 50)) if overdue else 0
        rows.append(
            FigureRow(
                code=f"530324{101 + at}",
                name=f"{'东西南北'[at % 4]}{at}{'乡' if at % 2 else '镇'}",
                stock_households=households,
                stock_fen=stock,
                new_households=chance.randrange(500),
                new_fen=chance.choice((0, chance.randrange(10**10))),
                target_fen=chance.choice((None, 0, chance.randrange(1, 10**10))),
                overdue_households=late,
                overdue_fen=overdue,
                overdue_loans=late + chance.randrange(3) if late else 0,
            )
        )
    own = chance.choice((None, chance.randrange(1, 10**11)))
    return Figures("530324", "罗平县", date(2023, 10, 31), date(2023, 10, 31), tuple(rows), own)
