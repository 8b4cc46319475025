"""Every route × every role × own and foreign things. A route that nobody classified fails by itself."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.routing import Rule

from app.accounts.access import permission_of
from app.accounts.models import User
from app.accounts.rules import Permission, Role, may
from app.cases.models import Case
from app.db import db
from app.ledger.models import BatchState, ImportBatch
from app.loans.models import Loan
from app.papers.models import Paper
from app.places.queries import within
from app.publicity.models import Publicity
from app.today import now
from tests.conftest import SignIn

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
PLACEHOLDERS |= {"promise_id", "report_id", "run_id"}
PLACEHOLDERS |= {"entry_id", "policy_id"}
PLACEHOLDERS |= {"message_id", "template_id", "token"}
PLACEHOLDERS |= {"approach_id", "attachment_id", "contact_id", "mark_id", "phone_key"}


def rules(app: Flask) -> Iterator[Rule]:
    return app.url_map.iter_rules()


def paths(app: Flask, values: dict[str, object]) -> Iterator[tuple[Rule, str]]:
    with app.test_request_context():
        for rule in rules(app):
            assert rule.arguments <= PLACEHOLDERS, f"{rule}: say in this test what {rule.arguments} stand for"
            yield (
                rule,
                app.url_map.bind("localhost").build(rule.endpoint, {k: values[k] for k in rule.arguments}),
            )


@dataclass(frozen=True)
class Things:
    """Identifiers that exist, by whose they are."""

    own: dict[str, object]
    foreign: dict[str, object]


@pytest.fixture
def things(demo_app: Flask) -> Things:
    session = db.session()

    def case_in(township: str) -> Case:
        return session.scalars(
            select(Case).where(Case.township_code == township, Case.closed_on.is_(None)).limit(1)
        ).one()

    elsewhere = session.scalars(
        select(Case).where(Case.township_code != OWN, Case.branch_id != case_in(OWN).branch_id).limit(1)
    ).one()
    loan = session.scalars(select(Loan).where(Loan.missing_since.is_not(None)).limit(1)).one()
    account = session.scalars(select(User).where(User.role == Role.AUDITOR)).one()
    foreign_batch = ImportBatch(
        file_hash="0" * 64,
        filename="x.xlsx",
        size=1,
        county_code=FOREIGN_COUNTY,
        state=BatchState.DISCARDED,
        uploaded_at=now(),
        report={},
    )
    own_batch = session.scalars(select(ImportBatch).limit(1)).one()
    printed = session.execute(select(Case.township_code, Paper.run_id).join(Paper))
    runs = {row.township_code: row.run_id for row in printed}
    session.add(foreign_batch)
    session.commit()
    shared: dict[str, object] = {"account_id": account.id, "filename": "none", "phone_key": "ledger"}
    shared |= dict.fromkeys(("approach_id", "attachment_id", "contact_id", "mark_id"), 1)
    shared |= dict.fromkeys(("force_id", "rule_id", "absence_id", "handover_id"), 1)
    shared |= dict.fromkeys(("promise_id", "report_id"), 1)
    shared |= {"policy_id": 1, "template_id": 1, "token": "forged"}
    own_entry, foreign_entry = (
        session.scalars(select(Publicity.id).where(within(Publicity.region_code, code)).limit(1)).one()
        for code in (OWN, FOREIGN)
    )
    return Things(
        own={
            **shared,
            "case_id": case_in(OWN).id,
            "household_id": case_in(OWN).loan.household_id,
            "batch_id": own_batch.id,
            "loan_id": loan.id,
            "run_id": runs[OWN],
            "message_id": 1,
            "code": OWN,
            "entry_id": own_entry,
        },
        foreign={
            **shared,
            "case_id": elsewhere.id,
            "household_id": elsewhere.loan.household_id,
            "batch_id": foreign_batch.id,
            "loan_id": 10**9,
            "message_id": 10**9,
            "run_id": next(run for township, run in runs.items() if township != OWN),
            "code": FOREIGN_COUNTY + "101",
            "entry_id": foreign_entry,
        },
    )


def test_every_route_declares_what_it_needs(demo_app: Flask) -> None:
    undeclared = [r.endpoint for r in rules(demo_app) if permission_of(demo_app, r.endpoint) is None]
    assert not undeclared, f"decorate these views with @requires(Permission.…): {undeclared}"


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


def answer(client: FlaskClient, rule: Rule, path: str) -> int:
    method = "GET" if rule.methods and "GET" in rule.methods else "POST"
    return client.open(path, method=method).status_code


def test_nobody_signed_in_sees_only_public_pages(demo_app: Flask, things: Things) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    for rule, path in paths(demo_app, things.own):
        status = answer(demo_app.test_client(), rule, path)
        public = permission_of(demo_app, rule.endpoint) is Permission.PUBLIC
        expected = (403,) if rule.endpoint in SIGNED else (200, 302, 404)
        assert status in (expected if public else (302,)), f"{path} answered {status} to nobody"


@pytest.mark.parametrize("role", list(Role), ids=str)
def test_a_role_reaches_what_the_table_allows_and_nothing_else(
    demo_app: Flask, signed_in: SignIn, things: Things, role: Role
) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    for rule, path in paths(demo_app, things.own):
        if rule.endpoint == "accounts.sign_out" or rule.endpoint in SIGNED:
            continue
        permission = permission_of(demo_app, rule.endpoint)
        assert permission is not None
        status = answer(signed_in(ACCOUNTS[role]), rule, path)
        if may(role, permission):
            assert status not in (403, 500), (
                f"{role}: {path} answered {status} although {permission} is allowed"
            )
        else:
            assert status == 403, f"{role}: {path} answered {status} although {permission} is not allowed"


@pytest.mark.parametrize("role", [Role.TOWNSHIP, Role.BRANCH, Role.OFFICE], ids=str)
def test_foreign_things_do_not_exist(demo_app: Flask, signed_in: SignIn, things: Things, role: Role) -> None:
    demo_app.config["WTF_CSRF_ENABLED"] = False
    foreign = {"case_id", "household_id", "entry_id", "run_id"}
    if role is Role.OFFICE:
        foreign = {"batch_id", "loan_id", "code", "message_id"}
    reached = 0
    for rule, path in paths(demo_app, things.foreign):
        permission = permission_of(demo_app, rule.endpoint)
        if rule.arguments & foreign and permission is not None and may(role, permission):
            status = answer(signed_in(ACCOUNTS[role]), rule, path)
            assert status == 404, f"{role}: {path} answered {status} for a foreign identifier"
            reached += 1
    assert reached, "the walk met no route with a foreign identifier"


@pytest.mark.parametrize("path", ["/bulletin/", "/bulletin/loans?figure=overdue", "/bulletin/annex.xlsx"])
def test_a_foreign_region_does_not_exist(demo_app: Flask, signed_in: SignIn, path: str) -> None:
    joined = path + ("&" if "?" in path else "?")
    assert signed_in("agang").get(f"{joined}region={OWN}").status_code == 200
    assert signed_in("agang").get(f"{joined}region={FOREIGN}").status_code == 404
    assert signed_in("office").get(f"{joined}region={FOREIGN_COUNTY}").status_code == 404


def test_a_write_needs_its_token(demo_app: Flask, signed_in: SignIn, things: Things) -> None:
    for rule, path in paths(demo_app, things.own):
        if rule.methods and "POST" in rule.methods and rule.endpoint not in SIGNED:
            status = signed_in("office").post(path).status_code
            assert status == 400, f"{path} took a write without its token ({status})"
