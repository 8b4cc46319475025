"""Every route × every role × own and foreign things. A route that nobody classified fails by itself."""

import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update
from werkzeug.routing import AnyConverter, Rule
from werkzeug.test import TestResponse

from app.accounts.access import permission_of
from app.accounts.models import User
from app.accounts.rules import Permission, Role, Scope, may
from app.cases.models import Case
from app.db import db
from app.editions.models import Edition
from app.ledger.models import BatchState, ImportBatch
from app.loans.models import Borrower, Loan, Snapshot
from app.papers.models import Paper
from app.places.models import Branch, Lender, Region
from app.places.queries import within
from app.places.rules import Level
from app.publicity.models import Publicity
from app.publicity.rules import Means
from app.today import business_date, now
from tests.conftest import SignIn

# What is asked here is the same on both databases; test_a_sample_on_postgresql holds the other one to it.
SQLITE = pytest.mark.parametrize("db_kind", ["sqlite"])

ACCOUNTS = {
    Role.OFFICE: "office",
    Role.LEADER: "leader",
    Role.AUDITOR: "auditor",
    Role.ADMIN: "admin",
    Role.TOWNSHIP: "agang",
    Role.BRANCH: "agang-bank",
}
OWN, FOREIGN = "530324106", "530324102"  # 阿岗镇 and 板桥镇
FOREIGN_COUNTY = "530325"
# Called by a provider: open to all, without a token of ours, and refused without its signature.
SIGNED = {"callbacks.receipt", "callbacks.inbound"}
# What a path's placeholders stand for. A route with another placeholder must be added here.
PLACEHOLDERS = {"case_id", "batch_id", "loan_id", "account_id", "code", "filename", "household_id"}
# Below a case; what names no row there is answered with 404, whether the case is foreign or not.
PLACEHOLDERS |= {"force_id", "rule_id", "absence_id", "handover_id"}
PLACEHOLDERS |= {"promise_id", "report_id", "run_id", "paper_id"}
PLACEHOLDERS |= {"entry_id", "policy_id", "session_id", "month", "campaign_id"}
PLACEHOLDERS |= {"edition_id", "comment_id"}
PLACEHOLDERS |= {"message_id", "template_id", "token", "stop_id"}
PLACEHOLDERS |= {"borrower_id", "correction_id"}
PLACEHOLDERS |= {"approach_id", "attachment_id", "contact_id", "mark_id", "phone_key"}


def rules(app: Flask) -> Iterator[Rule]:
    return app.url_map.iter_rules()


def one_of(rule: Rule) -> dict[str, object]:
    """What stands in a path that names its few choices itself: ``<any(xlsx, csv):kind>``."""
    kinds = {name: kind for name, kind in rule._converters.items() if isinstance(kind, AnyConverter)}
    return {name: min(kind.items) for name, kind in kinds.items()}


def paths(app: Flask, values: dict[str, object]) -> Iterator[tuple[Rule, str]]:
    with app.test_request_context():
        adapter = app.url_map.bind("localhost")
        for rule in rules(app):
            given = {name: values.get(name, 1) for name in rule.arguments}
            yield rule, adapter.build(rule.endpoint, given | one_of(rule))


@dataclass(frozen=True)
class Elsewhere:
    """Things of another place, by their placeholders; ``name`` is a borrower who may be read of nowhere else."""

    township: str
    branch_id: int | None
    name: str
    ids: dict[str, object] = field(default_factory=dict)

    def is_seen_by(self, scope: Scope) -> bool:
        """What the scope says, without any SQL."""
        return scope.branch_id == self.branch_id if scope.branch_id else scope.covers_region(self.township)


@dataclass(frozen=True)
class Things:
    """Identifiers that exist, by whose they are."""

    own: dict[str, object]
    elsewhere: dict[str, Elsewhere]


def an_open_case(*where: object) -> Case:
    query = select(Case).where(Case.closed_on.is_(None), *where)  # type: ignore[arg-type]
    return db.session.scalars(query.order_by(Case.id).limit(1)).one()


def moved(found: Case, township: str, branch_id: int, name: str) -> Elsewhere:
    """The whole household of a case, brought to another place under a name that nobody else has."""
    session, household = db.session(), found.loan.household_id
    loans = select(Loan.id).where(Loan.household_id == household)
    session.execute(
        update(Case)
        .where(Case.loan_id.in_(loans))
        .values(
            township_code=township,
            village_code=None,
            branch_id=branch_id,
            township_user_id=None,
            branch_user_id=None,
        )
    )
    session.execute(
        update(Snapshot)
        .where(Snapshot.loan_id.in_(loans))
        .values(township_code=township, branch_id=branch_id)
    )
    session.execute(
        update(Loan)
        .where(Loan.household_id == household)
        .values(township_code=township, village_code=None, branch_id=branch_id)
    )
    session.execute(update(Borrower).where(Borrower.id == found.loan.borrower_id).values(name=name))
    ids = {"case_id": found.id, "household_id": household, "borrower_id": found.borrower_id}
    return Elsewhere(township, branch_id, name, dict(ids))


def a_bulletin(region: str) -> Edition:
    """A draft of a month for which the demonstration has none."""
    made = Edition(
        region_code=region, month=date(2023, 1, 31), sequence=1, title="通报", opening="", problems="", demands="",
        created_at=now(),
    )  # fmt: skip
    db.session.add(made)
    return made


def another_county(found: Case) -> Elsewhere:
    """A second county with a lender, a ledger, a publicity event and a case, which nobody of the first may see."""
    session = db.session()
    township = FOREIGN_COUNTY + "101"
    session.add_all([
        Region(code=FOREIGN_COUNTY, parent_code=FOREIGN_COUNTY[:4], level=Level.COUNTY, name="邻县", short="邻县"),
        Region(code=township, parent_code=FOREIGN_COUNTY, level=Level.TOWNSHIP, name="邻镇", short="邻镇"),
        lender := Lender(name="邻县农商行"),
    ])  # fmt: skip
    session.flush()
    session.add(branch := Branch(lender_id=lender.id, name="邻镇支行"))
    batch = ImportBatch(
        file_hash="0" * 64,
        filename="x.xlsx",
        size=1,
        county_code=FOREIGN_COUNTY,
        state=BatchState.DISCARDED,
        uploaded_at=now(),
        report={},
    )
    author = session.scalars(select(User.id).limit(1)).one()
    entry = Publicity(
        region_code=township,
        on=business_date(session),
        means=next(iter(Means)),
        people=1,
        author_id=author,
        recorded_at=now(),
    )
    session.add_all([batch, entry])
    edition = a_bulletin(FOREIGN_COUNTY)
    session.flush()
    there = moved(found, township, branch.id, "外县借款人甲")
    there.ids.update(
        batch_id=batch.id, entry_id=entry.id, loan_id=found.loan_id, code=township, message_id=10**9,
        edition_id=edition.id,
    )  # fmt: skip
    return there


@pytest.fixture
def things(demo_app: Flask) -> Things:
    session = db.session()
    mine = an_open_case(Case.township_code == OWN)
    assert mine.branch_id is not None
    loan = session.scalars(select(Loan).where(Loan.missing_since.is_not(None)).limit(1)).one()
    account = session.scalars(select(User).where(User.role == Role.AUDITOR)).one()
    own_batch = session.scalars(select(ImportBatch).limit(1)).one()
    runs = {
        row.township_code: row.run_id
        for row in session.execute(select(Case.township_code, Paper.run_id).join(Paper))
    }
    own_entry, foreign_entry = (
        session.scalars(select(Publicity.id).where(within(Publicity.region_code, code)).limit(1)).one()
        for code in (OWN, FOREIGN)
    )
    # 1 for what stands below a case or names no row here; what does is given its own value
    shared: dict[str, object] = dict.fromkeys(PLACEHOLDERS, 1)
    shared |= {"account_id": account.id, "filename": "none", "phone_key": "ledger", "token": "forged"}
    shared |= {"session_id": 10**9, "month": "2023-10"}
    other = Case.township_code != OWN, Case.branch_id != mine.branch_id
    township = an_open_case(*other)
    assert township.branch_id is not None
    elsewhere = {
        "county": another_county(an_open_case(*other, Case.id > township.id)),
        "township": moved(township, township.township_code, township.branch_id, "外镇借款人乙"),
        "branch": moved(
            an_open_case(Case.township_code == OWN, Case.id > mine.id),
            OWN,
            township.branch_id,
            "外行借款人丙",
        ),
    }
    elsewhere["township"].ids.update(
        entry_id=foreign_entry, run_id=next(run for place, run in runs.items() if place != OWN)
    )
    edition = a_bulletin(OWN[:6])
    session.flush()
    own = {
        **shared,
        "edition_id": edition.id,
        "case_id": mine.id,
        "borrower_id": mine.borrower_id,
        "household_id": mine.loan.household_id,
        "batch_id": own_batch.id,
        "loan_id": loan.id,
        "run_id": runs[OWN],
        "message_id": 1,
        "code": OWN,
        "entry_id": own_entry,
    }
    session.commit()
    return Things(own, elsewhere)


@SQLITE
def test_every_route_declares_what_it_needs(demo_app: Flask) -> None:
    undeclared = [r.endpoint for r in rules(demo_app) if permission_of(demo_app, r.endpoint) is None]
    assert not undeclared, f"decorate these views with @requires(Permission.…): {undeclared}"


@SQLITE
def test_every_placeholder_is_known(demo_app: Flask) -> None:
    unknown = {
        (str(r), name) for r in rules(demo_app) for name in r.arguments - PLACEHOLDERS - one_of(r).keys()
    }
    assert not unknown, f"say in PLACEHOLDERS and things() what these stand for: {unknown}"


@SQLITE
def test_a_view_without_a_declaration_is_refused(demo_app: Flask, signed_in: SignIn) -> None:
    kept = demo_app.view_functions["accounts.sign_out"]
    demo_app.view_functions["accounts.sign_out"] = lambda: "open to all"
    try:
        assert signed_in("office").post("/logout").status_code in (400, 403)
        demo_app.config["WTF_CSRF_ENABLED"] = False
        assert signed_in("office").post("/logout").status_code == 403
    finally:
        demo_app.view_functions["accounts.sign_out"] = kept  # the application is shared by the tests of a run
        demo_app.config["WTF_CSRF_ENABLED"] = True


def answer(client: FlaskClient, rule: Rule, path: str) -> TestResponse:
    method = "GET" if rule.methods and "GET" in rule.methods else "POST"
    return client.open(path, method=method)


def content(response: TestResponse) -> str:
    """Everything that was handed over, what is packed in a workbook or a document too."""
    data = response.data
    if data[:4] != b"PK\x03\x04":
        return data.decode("utf-8", "replace")
    with zipfile.ZipFile(io.BytesIO(data)) as packed:
        return "".join(packed.read(name).decode("utf-8", "replace") for name in packed.namelist())


@SQLITE
def test_nobody_signed_in_sees_only_public_pages(demo_app: Flask, things: Things) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    for rule, path in paths(demo_app, things.own):
        response = answer(demo_app.test_client(), rule, path)
        public = permission_of(demo_app, rule.endpoint) is Permission.PUBLIC
        expected = (403,) if rule.endpoint in SIGNED else (200, 302, 404)
        status = response.status_code
        assert status in (expected if public else (302,)), f"{path} answered {status} to nobody"
        told = [one.name for one in things.elsewhere.values() if one.name in content(response)]
        assert not told, f"{path} tells nobody of {told}"


def scope_of(role: Role) -> Scope:
    return db.session.scalars(select(User).where(User.username == ACCOUNTS[role])).one().scope


def walk_own(app: Flask, signed_in: SignIn, things: Things, role: Role) -> None:
    """Each page is there for a role exactly when the table says so, and tells of nobody outside its scope."""
    app.config["WTF_CSRF_ENABLED"] = False
    scope, client = scope_of(role), signed_in(ACCOUNTS[role])
    unseen = [one.name for one in things.elsewhere.values() if not one.is_seen_by(scope)]
    for rule, path in paths(app, things.own):
        if rule.endpoint == "accounts.sign_out" or rule.endpoint in SIGNED:
            continue
        permission = permission_of(app, rule.endpoint)
        assert permission is not None
        response = answer(client, rule, path)
        status = response.status_code
        if may(role, permission):
            assert status not in (403, 500), (
                f"{role}: {path} answered {status} although {permission} is allowed"
            )
            told = [name for name in unseen if name in content(response)]
            assert not told, f"{role}: {path} tells of {told}, who lie outside its scope"
        else:
            assert status == 403, f"{role}: {path} answered {status} although {permission} is not allowed"


def walk_elsewhere(app: Flask, signed_in: SignIn, things: Things, role: Role, where: str) -> int:
    """What lies outside a role's scope does not exist for it; says how many pages were asked."""
    app.config["WTF_CSRF_ENABLED"] = False
    there, client, reached = things.elsewhere[where], signed_in(ACCOUNTS[role]), 0
    assert not there.is_seen_by(scope_of(role))
    for rule, path in paths(app, things.own | there.ids):
        permission = permission_of(app, rule.endpoint)
        if rule.arguments & there.ids.keys() and permission is not None and may(role, permission):
            status = answer(client, rule, path).status_code
            assert status == 404, f"{role}: {path} answered {status} for a foreign identifier"
            reached += 1
    return reached


@SQLITE
@pytest.mark.parametrize("role", list(Role), ids=str)
def test_a_role_reaches_what_the_table_allows_and_nothing_else(
    demo_app: Flask, signed_in: SignIn, things: Things, role: Role
) -> None:
    walk_own(demo_app, signed_in, things, role)


OUTSIDE = [
    *((role, "county") for role in Role if role is not Role.ADMIN),
    (Role.TOWNSHIP, "township"),
    (Role.BRANCH, "township"),
    (Role.BRANCH, "branch"),
]


@SQLITE
@pytest.mark.parametrize(("role", "where"), OUTSIDE, ids=str)
def test_foreign_things_do_not_exist(
    demo_app: Flask, signed_in: SignIn, things: Things, role: Role, where: str
) -> None:
    assert walk_elsewhere(demo_app, signed_in, things, role, where), (
        "the walk met no route with a foreign identifier"
    )


@SQLITE
def test_what_is_in_scope_is_told_of(demo_app: Flask, signed_in: SignIn, things: Things) -> None:
    """The control: the same pages do show who lies within."""
    for role, where in ((Role.OFFICE, "township"), (Role.TOWNSHIP, "branch")):
        there = things.elsewhere[where]
        assert there.is_seen_by(scope_of(role))
        page = signed_in(ACCOUNTS[role]).get(f"/cases/{there.ids['case_id']}")
        assert page.status_code == 200 and there.name in page.text


@SQLITE
@pytest.mark.parametrize("address", ["/search", "/search/suggest"])
def test_the_search_finds_nobody_outside(
    demo_app: Flask, signed_in: SignIn, things: Things, address: str
) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    for role in (Role.OFFICE, Role.LEADER, Role.TOWNSHIP, Role.BRANCH, Role.AUDITOR):
        scope, client = scope_of(role), signed_in(ACCOUNTS[role])
        for there in things.elsewhere.values():
            response = client.post(address, data={"q": there.name})
            assert response.status_code == 200
            links = f"/cases/{there.ids['case_id']}" in response.text
            assert links is there.is_seen_by(scope), f"{role} looks for {there.name}"


@pytest.mark.parametrize("db_kind", [pytest.param("postgresql", marks=pytest.mark.postgres)])
def test_a_sample_on_postgresql(demo_app: Flask, signed_in: SignIn, things: Things) -> None:
    walk_own(demo_app, signed_in, things, Role.BRANCH)
    for role, where in ((Role.OFFICE, "county"), (Role.TOWNSHIP, "township"), (Role.BRANCH, "branch")):
        assert walk_elsewhere(demo_app, signed_in, things, role, where)


@SQLITE
@pytest.mark.parametrize("path", ["/bulletin/", "/bulletin/loans?figure=overdue", "/bulletin/annex.xlsx"])
def test_a_foreign_region_does_not_exist(demo_app: Flask, signed_in: SignIn, path: str) -> None:
    joined = path + ("&" if "?" in path else "?")
    assert signed_in("agang").get(f"{joined}region={OWN}").status_code == 200
    assert signed_in("agang").get(f"{joined}region={FOREIGN}").status_code == 404
    assert signed_in("office").get(f"{joined}region={FOREIGN_COUNTY}").status_code == 404


@SQLITE
def test_a_write_needs_its_token(demo_app: Flask, signed_in: SignIn, things: Things) -> None:
    office = signed_in("office")
    for rule, path in paths(demo_app, things.own):
        if rule.methods and "POST" in rule.methods and rule.endpoint not in SIGNED:
            permission = permission_of(demo_app, rule.endpoint)
            expected = 400 if permission and may(Role.OFFICE, permission) else 403
            status = office.post(path).status_code
            assert status == expected, f"{path} took a write without its token ({status})"
