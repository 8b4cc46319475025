"""Many cases at once, the search, the disposal ledger as a workbook, forms refused: where no address alone leads."""

from collections.abc import Callable, Iterator
from io import BytesIO

from openpyxl import Workbook
from playwright.sync_api import Page
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.cases.models import Case
from app.contacts.models import Contact
from app.loans.models import Loan
from app.papers.models import Paper
from app.papers.rules import Delivery
from app.remedies.register import Column
from app.remedies.rules import Cause, Route

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
COLUMNS = (Column.CASE, Column.CAUSE, Column.ROUTE, Column.DEADLINE, Column.MEASURE)
# What a borrower writes back, told on English pages as it is; reasons and a name that somebody typed.
WORDS = ["退订", "打错了", "农商行更正", "已核实。", "年底提醒", "银行已书面说明"]
Act = Callable[[Page], None]
_known: dict[str, str] = {}


def make_work(session: Session, case_id: int) -> None:
    """A delivery that can be taken back, and what the acts below type."""
    signed = select(Paper).where(Paper.case_id == case_id, Paper.delivery == Delivery.SIGNED)
    note = select(Contact.id).where(Contact.case_id == case_id).limit(1)
    session.scalars(signed.limit(1)).one().contact_id = session.scalars(note).one()
    loan = select(Loan.contract_no).join(Case, Case.loan_id == Loan.id).where(Case.id == case_id)
    _known.update(case=str(case_id), contract=session.scalars(loan).one())


def _sent(page: Page, action: str) -> None:
    page.locator(f"main form[action*='{action}'] button[type=submit]").first.click()


def _a_bulk_preview(page: Page) -> None:
    page.select_option("#cause", Cause.AWAY_FOR_WORK.value)
    page.select_option("#route", Route.COLLECTION.value)
    page.fill("#measure", "By telephone, then on the spot.")
    _sent(page, "/bulk/disposal")
    page.wait_for_selector("input[name=seen][type=hidden]", state="attached")


def _bulk_without_a_route(page: Page) -> None:
    page.fill("#deadline", "2020-01-01")
    _sent(page, "/bulk/disposal")


def _bulk_to_nobody(page: Page) -> None:
    _sent(page, "/bulk/assign")


def _search_for(page: Page, text: str) -> None:
    page.fill("#search-box", text)
    page.locator("#search-box").press("Enter")
    page.wait_for_url("**/search")


def _a_search_that_finds(page: Page) -> None:
    _search_for(page, _known["contract"])


def _a_search_that_finds_nobody(page: Page) -> None:
    _search_for(page, "no-such-contract-1")


def _a_search_too_short(page: Page) -> None:
    _search_for(page, "x")


def _a_search_while_typing(page: Page) -> None:
    page.locator("#search-box").press_sequentially(_known["contract"])
    page.wait_for_selector("#search-suggestions a")


def _a_workbook(*rows: tuple[object, ...]) -> dict[str, object]:
    book, stream = Workbook(), BytesIO()
    assert book.active is not None
    for row in (tuple(str(one.label) for one in COLUMNS), *rows):
        book.active.append(row)
    book.save(stream)
    return {"name": "ledger.xlsx", "mimeType": XLSX, "buffer": stream.getvalue()}


def _bring(page: Page, file: dict[str, object]) -> None:
    page.set_input_files("main input[type=file]", file)  # type: ignore[arg-type]
    _sent(page, "/disposal/import")


def _a_workbook_with_refused_rows(page: Page) -> None:
    cause, route = str(Cause.AWAY_FOR_WORK.label), str(Route.COLLECTION.label)
    good = (_known["case"], cause, route, "2024-03-31", "By telephone.")
    _bring(
        page,
        _a_workbook(good, ("999999999", cause, route, "", ""), (_known["case"], "astrology", route, "", "")),
    )
    page.wait_for_selector("#refused, [aria-labelledby=refused], table")


def _a_workbook_that_is_none(page: Page) -> None:
    _bring(page, {"name": "ledger.xlsx", "mimeType": XLSX, "buffer": b"no workbook"})


def _nothing_filled_in(page: Page) -> None:
    page.locator("main form[method=post] button[type=submit]").last.click()


def _a_number_out_of_its_bounds(page: Page) -> None:
    page.fill("#value", "99999")
    page.fill("#reason", "As asked.")
    _nothing_filled_in(page)


def _a_delivery_taken_back_without_a_reason(page: Page) -> None:
    page.locator("#case-papers details.more:has(form[action$='/undo']) > summary").first.click()
    page.locator("#case-papers form[action$='/undo'] button[type=submit]").first.click()


def _no_result_file(page: Page) -> None:
    _sent(page, "/batches/results")


def _an_empty_reply(page: Page) -> None:
    page.locator("main form[action*='/phone/'] button[type=submit]").click()


def _an_empty_campaign(page: Page) -> None:
    page.locator("main form[action*='/campaigns/new'] button[type=submit]").click()


def work_visits(case_id: int) -> Iterator[tuple[str, str, int, Act]]:
    """Path, account, status, what to do there."""
    bulk = "/cases/bulk?township=530324106"
    yield bulk, "office", 200, _a_bulk_preview
    yield bulk, "office", 422, _bulk_without_a_route
    yield bulk, "office", 422, _bulk_to_nobody
    yield "/promises/", "office", 200, _a_search_that_finds
    yield "/promises/", "office", 200, _a_search_that_finds_nobody
    yield "/promises/", "office", 200, _a_search_too_short
    yield "/promises/", "office", 200, _a_search_while_typing
    yield "/disposal/import", "office", 200, _a_workbook_with_refused_rows
    yield "/disposal/import", "office", 422, _a_workbook_that_is_none
    yield "/publicity/new", "agang", 422, _nothing_filled_in
    yield "/policies", "office", 422, _a_number_out_of_its_bounds
    yield f"/cases/{case_id}", "office", 422, _a_delivery_taken_back_without_a_reason
    yield "/reminders/batches", "office", 422, _no_result_file
    yield "/reminders/phone", "office", 422, _an_empty_reply
    yield "/reminders/campaigns/new/publicity", "leader", 422, _an_empty_campaign
