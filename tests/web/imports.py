"""Imports in tests: a file goes in through the page, and the worker takes its step."""

from io import BytesIO
from pathlib import Path

from app import jobs
from app.db import db
from app.ledger.models import BatchState, ImportBatch
from tests.ledger.factory import Line, make_ledger
from tests.web.browser import Browser

LENDER = "罗平农商行"
AS_OF = "2023-11-30"
ABOVE = [["脱贫人口小额信贷台账"], ["截至2023年11月30日"]]


def upload(office: Browser, path: Path, **typed: str) -> str:
    """The address of the new import."""
    answer = office.answer(
        "POST", "/ledger/", data={"file": (BytesIO(path.read_bytes()), path.name), **typed}
    )
    assert answer.status_code == 302
    return answer.headers["Location"]


def work() -> None:
    """The worker's step."""
    db.session.rollback()
    assert jobs.work_on_ledgers()
    db.session.rollback()


def batch(address: str) -> ImportBatch:
    db.session.rollback()
    return db.session.get_one(ImportBatch, int(address.rpartition("/")[2]))


def ledger(folder: Path, lines: list[Line], name: str = "台账.xlsx") -> Path:
    return make_ledger(folder / name, [line | {"贷款金融机构": LENDER} for line in lines], above=ABOVE)


def previewed(office: Browser, path: Path) -> str:
    address = upload(office, path)
    work()
    return address


def taken(office: Browser, path: Path) -> str:
    address = previewed(office, path)
    office.post(f"{address}/accept", as_of=AS_OF)
    work()
    assert batch(address).state is BatchState.TAKEN
    return address
