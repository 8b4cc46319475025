"""Loading the invented county, by the same import as any ledger, month after month as they happened."""

import tempfile
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import audit
from app.accounts.actions import add_user
from app.accounts.models import User
from app.accounts.rules import Role
from app.bulletin.actions import keep_published_text, set_target
from app.cases.models import Case
from app.clock import SHANGHAI
from app.contacts.actions import Entry, add_contact
from app.contacts.rules import Channel, Disposition, NextAction
from app.db import db, get_setting, put_setting
from app.demo import lines as said_of_lines
from app.demo import reminders as said_before
from app.demo.county import Demo, Ledger, county
from app.demo.disposals import disposal_of
from app.demo.papers import RUNS
from app.demo.publicity import publicity_of
from app.demo.staff import FORCES, OFFICE, branch_user
from app.demo.workbook import write_ledger
from app.fairness.words import Mark
from app.files import attachments
from app.forces.actions import AbsenceEntry, ForceEntry, RuleEntry, add_absence, save_force, save_rule
from app.forces.rules import LINE_OF, Method, Which
from app.intake import Request, import_file, settle
from app.labels import T, Text
from app.ledger.actions import Tell
from app.lines.actions import set_line
from app.lines.rules import Held, LineKind
from app.lines.text import read_value
from app.loans.models import Loan
from app.papers.actions import USUAL_DAYS, Given, deliver, print_for
from app.papers.models import Paper, PrintRun
from app.papers.rules import Delivery, PaperKind
from app.places.actions import lender_named, load_places
from app.places.models import Branch, Region
from app.places.rules import shipped
from app.promises.actions import Report, Terms, report_repayment, take_promise
from app.promises.rules import equal_parts
from app.publicity import actions as publicity
from app.publicity.rules import Means
from app.remedies.actions import DisposalRefused, Plan, dispose
from app.remedies.models import Disposal
from app.remedies.rules import Cause, Route
from app.reminders import outbox, texts
from app.reminders.inbound import hear, take_inbound
from app.reminders.moves import Clocks
from app.reminders.plan import plan
from app.reminders.rules import Timings, at
from app.reminders.wording import DEFAULT
from app.sms.protocol import Accepted, Inbound, Receipt
from app.sms.rules import Status
from app.today import BUSINESS_DATE, now

PASSWORD = "qingshou-2023"  # printed at start; the demonstration holds only invented people
STATE, LOADING, LOADED = "demonstration", "loading", "loaded"
PUBLISHED = Path(__file__).parent / "data" / "luoping-2023-10.txt"
PUBLISHED_MONTH = date(2023, 10, 31)


class NotEmpty(RuntimeError):
    """The instance holds something already."""

    message: Text = T(
        "This instance is not empty. Use another one: set QINGSHOU_INSTANCE_PATH to a new folder."
    )


def is_empty(session: Session) -> bool:
    """Nobody can sign in and there are no loans (places may be there), or a load of this was broken off."""
    if get_setting(session, STATE) == LOADING:
        return True
    return (
        session.scalar(select(User.id).limit(1)) is None and session.scalar(select(Loan.id).limit(1)) is None
    )


def load_demo(_app: Flask, tell: Tell) -> None:
    """Load it all. Raises NotEmpty.

    1. Places, lender, branches, accounts, targets, and the mark that a load has begun: one transaction.
    2. Each month's ledger, imported as of its date; before the last one what was promised and reported in its
    month. 3. The notes of the collectors, the published bulletin, the business date, and the mark that the load is
    whole. Broken off in between, it is taken up again: the steps that were done change nothing the second time.
    """
    session = db.session()
    if not is_empty(session):
        raise NotEmpty
    described = county()
    if get_setting(session, STATE) != LOADING:
        _ground(session, described)
        put_setting(session, STATE, LOADING)
        session.commit()
    for number, ledger in enumerate(described.ledgers):
        if number == len(described.ledgers) - 1:  # which judges some of them
            _promises(session, described)
            session.commit()
        _take(ledger)
        tell("demo", number + 1, len(described.ledgers))
    settle(session, described.business_date, audit.SYSTEM)
    _notes(session, described)
    _disposals(session, described)
    _papers(session)
    _publicity(session, described)
    _task_forces(session, described)
    _messages(session, described)
    _lines(session, described)
    keep_published_text(
        session, described.county_code, PUBLISHED_MONTH, PUBLISHED.read_text("utf-8"), audit.SYSTEM
    )
    put_setting(session, BUSINESS_DATE, described.business_date.isoformat())
    put_setting(session, STATE, LOADED)
    session.commit()


def _ground(session: Session, described: Demo) -> None:
    if session.get(Region, described.county_code) is None:
        load_places(session, shipped(described.county_code))
    lender = lender_named(session, described.lender)
    branches = {
        name: Branch(lender_id=lender.id, name=name)
        for name in sorted({u.branch for u in described.users if u.branch})
    }
    session.add_all(branches.values())
    session.flush()
    for user in described.users:
        add_user(
            session,
            username=user.username,
            name=user.name,
            role=user.role,
            password=PASSWORD,
            region_code=user.region,
            branch_id=branches[user.branch].id if user.branch else None,
            printed=True,
        )
    for code, amount in described.targets.items():
        set_target(session, code, described.business_date.year, amount, audit.SYSTEM)


def _take(ledger: Ledger) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / ledger.filename
        write_ledger(ledger, path)
        outcome = import_file(Request(path, ledger.as_of), today=ledger.as_of, actor=audit.SYSTEM)
    if not outcome.ok:
        raise RuntimeError(f"the demonstration ledger of {ledger.as_of} was refused: {outcome.sentence}")


def _promises(session: Session, described: Demo) -> None:
    authors = {user.username: user for user in session.scalars(select(User))}
    for number, said in enumerate(described.promises):
        on = said.at.date()
        terms = Terms(
            said.amount, equal_parts(said.amount, said.due_on, said.count), f"demo-promise-{number}"
        )
        entry = Entry(said.text, channel=Channel(said.channel), at=said.at.replace(tzinfo=SHANGHAI))
        take_promise(session, _case_of(session, said.contract_no, on), authors[said.author], terms, entry, on)
    for number, told in enumerate(described.reports):
        report = Report(told.amount, told.paid_on, told.evidence, key=f"demo-report-{number}")
        found = _case_of(session, told.contract_no, told.on)
        report_repayment(session, found, authors[told.author], report, told.on)


def _case_of(session: Session, contract_no: str, on: date) -> Case:
    """The case that a loan had on a day."""
    found = session.scalar(
        select(Case)
        .join(Loan)
        .where(Loan.contract_no == contract_no, Case.opened_on <= on)
        .order_by(Case.id.desc())
        .limit(1)
    )
    if found is None:
        raise RuntimeError(f"no case for what the demonstration tells of {contract_no}")
    return found


def _task_forces(session: Session, described: Demo) -> None:
    """After the cases, which went by place: the rules hold for what opens from now on."""
    people = {user.username: user for user in session.scalars(select(User))}
    for name, pinyins in FORCES:
        members = [
            people[one] for pinyin in pinyins for one in (pinyin, branch_user(pinyin)) if one in people
        ]
        codes = [one.region_code for one in members if one.region_code]
        branch_ids = [one.branch_id for one in members if one.branch_id is not None]
        entry = ForceEntry(name, people["leader"].id, members, codes, branch_ids)
        save_force(session, described.county_code, entry, people[OFFICE])
    agang = people["agang"]
    for which, user in (
        (Which(area=agang.region_code, min_days=361), agang),
        (Which(branch_id=people["agang-bank"].branch_id), people["agang-bank"]),
    ):
        rule = RuleEntry(LINE_OF[user.role], which, Method.LEAST_LOADED, [user])
        save_rule(session, described.county_code, rule, people[OFFICE])
    today = described.business_date
    away = AbsenceEntry(people["changdi"], today, today + timedelta(days=9), reason="年休假")
    add_absence(session, away, people[OFFICE], today)


def _disposals(session: Session, described: Demo) -> None:
    """Causes and routes of most open cases; a route that a loan cannot take becomes collection."""
    day = described.business_date
    office = session.scalars(select(User).where(User.role == Role.OFFICE)).first()
    done = select(Disposal.case_id)
    query = select(Case).where(Case.closed_on.is_(None), Case.id.not_in(done)).order_by(Case.id)
    for found in session.scalars(query):
        said = disposal_of(found.loan.contract_no)
        if said is None:
            continue
        plan = Plan(
            Cause(said.cause), Route(said.route), found.township_user_id, day + said.within, said.measure
        )
        try:
            dispose(session, found, plan, office, day)
        except DisposalRefused:
            dispose(session, found, replace(plan, route=Route.COLLECTION), office, day)


def _papers(session: Session) -> None:
    if session.scalar(select(PrintRun.id).limit(1)) is not None:
        return
    people = {user.username: user for user in session.scalars(select(User))}
    for run in RUNS:
        author, day = people[run.author], run.printed_on
        township = select(Case.id).where(Case.township_code == author.region_code, Case.closed_on.is_(None))
        chosen = list(session.scalars(township.order_by(Case.due_on, Case.id).limit(run.cases)))
        pay_by = day + timedelta(days=USUAL_DAYS)
        printed = print_for(session, chosen, PaperKind(run.kind), author, day, pay_by).run
        papers = session.scalars(select(Paper).where(Paper.run_id == printed.id).order_by(Paper.id))
        for paper, said in zip(papers.all(), run.deliveries, strict=False):
            on, at = said.at.date(), said.at.time()
            given = Given(Delivery(said.how), on, at, witness=said.witness, text=said.text)
            deliver(session, paper, paper.case, author, given, on)


def _messages(session: Session, described: Demo) -> None:
    """An approved text, the week's messages, and what became of the first: played, nothing leaves."""
    people = {user.username: user for user in session.scalars(select(User))}
    wording = texts.Wording(DEFAULT, said_before.SIGNATURE, said_before.PHONE)
    texts.approve(session, texts.write(session, wording, people[OFFICE]), people["leader"], now())
    day = described.business_date
    clocks = Clocks(at(day, said_before.AT), now())
    plan(session, clocks.business)
    tokens = iter(f"demo-{n}" for n in range(said_before.SENT))
    clocks = Clocks(clocks.business, now())
    claims = outbox.claim(
        session, "sandbox", "demo", clocks, Timings(), said_before.SENT, lambda: next(tokens)
    )
    for number, made in enumerate(claims):
        name = f"SB{made.token}"
        outbox.finish(session, made, "sandbox", Accepted(name), now(), Timings(), 0.5)
        ends = said_before.DELIVERED + said_before.UNDELIVERED
        last = Status.DELIVERED if number < said_before.DELIVERED else Status.UNDELIVERED
        for status in (Status.SENT, *([last] if number < ends else [])):
            hear(session, "sandbox", Receipt(name, status, made.token), day, now())
    for number, (made, reply) in enumerate(zip(claims, said_before.REPLIES, strict=False)):
        take_inbound(session, "sandbox", Inbound(f"SR{number}", made.phone, reply), day, now())


def _publicity(session: Session, described: Demo) -> None:
    """What each township's collector has entered; no figure of the bulletin is made of it."""
    collectors = select(User).where(User.role == Role.TOWNSHIP, User.active).order_by(User.id)
    for author in session.scalars(collectors).all():
        villages = select(Region.code).where(Region.parent_code == author.region_code).order_by(Region.code)
        places = [author.region_code or "", *session.scalars(villages.limit(5))]
        for number, said in enumerate(publicity_of(author.username, places, described.business_date)):
            key = f"demo-publicity-{author.id}-{number}"
            entry = publicity.Entry(said.region, said.on, Means(said.means), said.people, said.text, key=key)
            publicity.add_entry(session, author, entry, described.business_date, attachments())


def _notes(session: Session, described: Demo) -> None:
    authors = {user.username: user for user in session.scalars(select(User))}
    for number, note in enumerate(described.notes):
        found = _case_of(session, note.contract_no, note.on)
        entry = Entry(
            note.text,
            channel=Channel(note.channel),
            disposition=Disposition(note.disposition),
            at=note.at.replace(tzinfo=SHANGHAI),
            next_action=NextAction(note.step) if note.step else None,
            next_action_on=note.step_on,
            marks=(Mark(note.mark),) if note.mark else (),
            key=f"demonstration-{number}",
        )
        add_contact(session, found, authors[note.author], entry, note.on)


def _lines(session: Session, described: Demo) -> None:
    """Averages, ranks and cards of the demonstration's months."""
    region, (since, yellow, red, set_on) = described.county_code, said_of_lines.CARDS
    told = [(LineKind.YELLOW, yellow), (LineKind.RED, red)]
    values = [(kind, since, True, text, set_on) for kind, text in told]
    for month, province, prefecture, rank, on in said_of_lines.MONTHS:
        kinds = (LineKind.PROVINCIAL, province), (LineKind.PREFECTURAL, prefecture), (LineKind.RANK, rank)
        values += [(kind, month, False, text, on) for kind, text in kinds]
    for kind, month, ongoing, text, on in values:
        value = read_value(kind, text)
        held = Held(kind, region, month, ongoing, said_of_lines.SOURCE, on, value.rate, value.rank, value.of)
        set_line(session, held, audit.SYSTEM, described.business_date)
