"""Every page, and every state that a page can be in, on one instance: what to open, as whom, and what to do there."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import select, update

from app import jobs
from app.accounts.access import permission_of
from app.accounts.models import User
from app.accounts.rules import Permission
from app.cases.models import Case
from app.db import db
from app.forces.models import Absence, TaskForce
from app.heartbeat import beat
from app.ledger import actions
from app.ledger.models import BatchState, ImportBatch
from app.ledger.store import LedgerStore, Progress
from app.lines.models import LineValue
from app.loans.models import Borrower, Household, Loan
from app.places.models import Branch, Lender, Region, RegionAlias
from app.privacy import keyring
from app.promises.models import Promise, ReportedRepayment
from app.publicity.models import Publicity
from app.remedies.models import Disposal
from tests.browser.account_states import account_visits, make_accounts
from tests.browser.contact_states import TYPED_IN, contact_values, make_contacts
from tests.browser.desk_states import desk_values, desk_visits, force_values, make_desk
from tests.browser.edition_states import WORDS as EDITION_WORDS
from tests.browser.edition_states import edition_values, edition_visits, make_editions
from tests.browser.month_states import close_a_month
from tests.browser.reminder_states import reminder_values, reminder_visits
from tests.browser.work_states import WORDS as WORK_WORDS
from tests.browser.work_states import make_work, work_visits
from tests.ledger.factory import COUNTY, Line, make_ledger, row

# GET routes that are no pages: files, signs of life, and a part of a page.
NOT_PAGES = {
    "static",
    "health.healthz",
    "health.readyz",
    "health.show_metrics",
    "bulletin.annex",
    "ledger.refused",
    "ledger.progress",
    "contacts.attachment",
    "publicity.photo",
    "papers.word_file",
    "editions.file",
    "accounts.code",  # these two need a state of their own
    "accounts.welcome",
}
ASKED = {
    "bulletin.loans": "?figure=overdue",
    "months.loans": "?kind=missing",
    "measures.behind": "?kind=open",
    "bulletin.bridge_loans": "?term=new&month=2023-11",
    "outlook.loans": "?due=2023-12",
    "board.state_cases": "?state=open",
}  # pages of something asked for
NOBODY = ""
STRANGER = "曲靖某某银行"
AS_WRITTEN = [  # in the files and in the published text
    "台账", "水井乡", "阿岗", "乐镇", "资金投向", "客户经理", "伍万", "2023-10起",
    "存量贷款情况", "新增贷款情况", "逾期情况",
]  # fmt: skip
TYPED = "一段与通报无关的文字"

Act = Callable[[Page], None]


@dataclass(frozen=True, slots=True)
class Visit:
    """A page as ``user`` finds it after ``act``."""

    path: str
    user: str = "office"
    status: int = 200
    act: Act | None = None
    lands: str | None = None  # where it leads on to, if it does

    def __str__(self) -> str:
        done = f" after {self.act.__name__.strip('_')}" if self.act else ""
        return f"{self.path} as {self.user or 'nobody'}{done}"


# Instances


class States:
    """Brings the demonstration county into states that it is not in by itself."""

    def __init__(self, app: Flask, folder: Path) -> None:
        self._folder = folder
        self._store = LedgerStore(Path(app.instance_path), keyring())
        self._session = db.session()
        self._officer = self._session.scalars(select(User).where(User.username == "office")).one()
        self.batches: dict[str, int] = {}

    def make(self) -> None:
        bad = [
            row(乡镇="旧屋基乡", 电话="0874-8220001", 贷款金融机构=STRANGER, 支行="城南支行"),
            row(合同号=""), row(乡镇="水井乡"), row(贷款余额="伍万"), row(到期日期="2023-02-30"), row(合同号="HT-1"),
            row(合同号="HT-1", 贷款余额=1),
        ]  # fmt: skip
        titled = [line | {"资金投向": "养牛", "客户经理": "王"} for line in bad]
        above = [["脱贫人口小额信贷台账"], ["截至2023年10月31日"]]
        self.read("preview", titled, above)
        self.read("taken", titled[:2], above, accept=True)
        self.read("again", titled[:2], above)
        self.read("undated", [row()], [])
        self.read("hopeless", [row(合同号="")], above)
        discarded = self._session.get_one(ImportBatch, self.read("discarded", [row()], above))
        discarded.state = BatchState.DISCARDED
        waiting = self.upload("under way", [row()], above)
        self._store.tell(waiting, Progress("read", 42))
        beat(
            self._session, datetime.now(UTC) + timedelta(days=1)
        )  # however long the tests take, the worker lives
        self._people()
        make_accounts(self._session)
        make_contacts(self._session, self._officer, case_number())
        make_desk(self._session, self._officer, case_number())
        make_work(self._session, case_number())
        close_a_month(self._session)
        make_editions(self._session, self._officer)
        self._session.commit()

    def upload(self, name: str, lines: list[Line], above: list[list[str]]) -> int:
        path = make_ledger(self._folder / f"{name}.xlsx", lines, above=above)
        content = path.read_bytes()
        batch = actions.new_batch(
            self._session, file_hash=self._store.keep(content), filename="十月台账.xlsx", size=len(content),
            county=COUNTY, user_id=self._officer.id,
        )  # fmt: skip
        self._session.commit()
        self.batches[name] = batch.id
        return batch.id

    def read(self, name: str, lines: list[Line], above: list[list[str]], accept: bool = False) -> int:
        number = self.upload(name, lines, above)
        assert jobs.work_on_ledgers()
        if accept:
            batch = self._session.get_one(ImportBatch, number)
            batch.state, batch.accept_valid = BatchState.ACCEPTED, True
            self._session.commit()
            assert jobs.work_on_ledgers()
        return number

    def _people(self) -> None:
        """An account that ended, and a case without a collector."""
        self._session.execute(update(User).where(User.username == "auditor").values(active=False))
        self._session.execute(update(Case).where(Case.id == case_number()).values(township_user_id=None))


def case_number(closed: bool = False, missing: bool = False) -> int:
    state = Case.closed_on.is_not(None) if closed else Case.closed_on.is_(None)
    missed = Loan.missing_since.is_not(None) if missing else Loan.missing_since.is_(None)
    township = () if missing else (Case.township_code == f"{COUNTY}106",)
    return (
        db.session.scalars(
            select(Case.id).join(Loan).where(state, missed, *township).order_by(Case.id)
        ).first()
        or 0
    )


# Things done on a page, none of which changes anything


def _nothing_filled_in(page: Page) -> None:
    page.locator("main form[method=post] button[type=submit]").last.click()


def _an_empty_note(page: Page) -> None:
    page.locator(".note-form button[type=submit]").click()


def _a_wrong_password(page: Page) -> None:
    page.fill("#username", "office")
    page.fill("#password", "not-the-password")
    page.click("main button[type=submit]")


def _no_file_chosen(page: Page) -> None:
    page.locator("form[enctype] button[type=submit]").click()


def _a_foreign_text(page: Page) -> None:
    page.fill("#text", TYPED)
    page.locator("form[enctype] button[type=submit]").click()


def _targets_that_are_no_amounts(page: Page) -> None:
    page.locator("input.num").first.fill("许多")
    page.locator("input.num").first.press("Enter")


def _the_menu_opened(page: Page) -> None:
    page.locator("details.menu summary:visible").first.click()


# What to open


def _values(batches: dict[str, int]) -> dict[str, object]:
    accounts = select(User.id).where(User.username == "agang")
    return {
        "case_id": case_number(), "borrower_id": db.session.get_one(Case, case_number()).borrower_id,
        "month": "2023-11", "batch_id": batches["preview"], "code": f"{COUNTY}106",
        "account_id": db.session.scalars(accounts).one(), **contact_values(db.session()),
        **desk_values(db.session(), case_number()), **force_values(db.session()), **edition_values(db.session()),
        **reminder_values(db.session()),
    }  # fmt: skip


def visits(app: Flask, batches: dict[str, int]) -> Iterator[Visit]:
    """Each page of the application once, then their other states."""
    values = _values(batches)
    with app.test_request_context():
        for rule in app.url_map.iter_rules():
            if "GET" not in (rule.methods or ()) or rule.endpoint in NOT_PAGES:
                continue
            path = app.url_map.bind("localhost").build(
                rule.endpoint, {name: values[name] for name in rule.arguments}
            )
            path += ASKED.get(rule.endpoint, "")
            public = permission_of(app, rule.endpoint) is Permission.PUBLIC
            admin = permission_of(app, rule.endpoint) is Permission.ACCOUNTS
            yield Visit(path, NOBODY if public else "admin" if admin else "office")
    yield from _states(batches)
    for path, user, status, act, lands in account_visits(db.session()):
        yield Visit(path, user, status, act, lands)
    for path, user, status, act in reminder_visits():
        yield Visit(path, user, status, act)
    for path, user, status, act in edition_visits(db.session()):
        yield Visit(path, user, status, act)
    for path, user, status, act in work_visits(case_number()):
        yield Visit(path, user, status, act)
    for path, user, status, act in desk_visits(db.session(), case_number()):
        yield Visit(path, user, status, act)  # type: ignore[arg-type]


def _states(batches: dict[str, int]) -> Iterator[Visit]:
    october = f"month=2023-10&region={COUNTY}"
    auditor = db.session.scalars(select(User.id).where(User.username == "auditor")).one()
    yield Visit("/login", NOBODY, 403, _a_wrong_password)
    yield Visit("/no-such-page", NOBODY, 404)
    yield Visit("/no-such-page", status=404)
    yield Visit("/accounts/", status=403)
    yield Visit("/", act=_the_menu_opened)
    yield Visit("/", "admin", lands="/accounts/")
    yield from (Visit(f"/ledger/{number}") for number in list(batches.values())[1:])
    yield Visit("/ledger/1")
    yield Visit("/ledger/", status=422, act=_no_file_chosen)
    yield from (Visit(f"/bulletin/?{query}") for query in (october, "month=2024-01", f"region={COUNTY}106"))
    yield from (Visit(f"/bulletin/loans?figure={figure}&{october}") for figure in ("new", "stock"))
    yield Visit(f"/bulletin/loans?figure=overdue&month=2023-10&region={COUNTY}102")
    yield Visit(f"/bulletin/proofread?{october}")
    yield Visit("/bulletin/proofread", status=422, act=_a_foreign_text)
    yield Visit("/bulletin/targets", status=422, act=_targets_that_are_no_amounts)
    yield Visit("/months/2023-09")
    yield Visit("/months/2023-09", "leader")
    yield Visit("/months/2023-09", "agang")
    yield from (Visit(f"/cases/?state={state}") for state in ("closed", "unassigned"))
    yield Visit(f"/cases/?township={COUNTY}102&days=361-")
    yield from (
        Visit(f"/cases/{number}")
        for number in (case_number(closed=True), case_number(missing=True))
        if number
    )
    yield Visit(f"/cases/{case_number()}", status=422, act=_an_empty_note)
    yield Visit("/places/", status=422, act=_nothing_filled_in)
    yield Visit("/accounts/", "admin", 422, _nothing_filled_in)
    yield Visit(f"/accounts/{auditor}", "admin")
    yield from (Visit(f"/board/?{query}") for query in (f"region={COUNTY}106", "branch=1"))
    yield from (Visit(f"/outlook/fewest?township={COUNTY}106&line={line}") for line in ("provincial", "100"))
    yield Visit("/outlook/fewest?line=none", status=422)
    yield Visit(f"/outlook/loans?late=31-90&month=2023-11&region={COUNTY}")
    yield Visit("/lines/?month=2024-01")
    yield from (Visit(path, "agang") for path in ("/", "/cases/", f"/cases/{case_number()}", "/bulletin/"))
    yield Visit(f"/bulletin/loans?figure=overdue&region={COUNTY}106", "agang")


def chinese_data() -> list[str]:
    """What may stand in Chinese on an English page, the longest first."""
    session = db.session()
    names = [Region.name, Region.short, RegionAlias.name, Lender.name, Branch.name, User.name, ImportBatch.filename,
             Borrower.name, Household.head_name, Loan.group_name, Loan.purpose, Loan.grade, Loan.remark,
             Promise.cancel_reason, ReportedRepayment.evidence, TaskForce.name, Absence.reason,
             Publicity.text, Disposal.measure, LineValue.source, *TYPED_IN]  # fmt: skip
    known = {str(value) for column in names for value in session.scalars(select(column).distinct()) if value}
    return sorted(known | {*AS_WRITTEN, *EDITION_WORDS, *WORK_WORDS}, key=len, reverse=True)
