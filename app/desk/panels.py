"""What the case page is made of: a list of panels, each from the slice that knows its subject.

A panel is a template, a function that reads what the template shows under ``panel``, and the forms in it as they are at
first, by the names the template gives them. A new one is a line in ``PANELS``.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from typing import Any

from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Permission, Scope, may
from app.cases import queries as cases
from app.cases.models import Case
from app.cases.views import assign_form
from app.contacts.forms import new_contact_form
from app.contacts.models import Contact
from app.contacts.queries import Panel as Calling
from app.contacts.queries import contacts_of
from app.contacts.queries import panel as calling
from app.desk.forms import MoveForm
from app.fairness.forms import MarkForm, PhoneForm
from app.fairness.queries import Standing
from app.labels import Labelled, T
from app.papers import queries as papers
from app.papers.forms import DeliveryForm, PrintForm
from app.promises import queries as promises
from app.promises.forms import CancelForm, new_promise_form, new_repayment_form
from app.remedies import queries as remedies
from app.remedies.forms import DisposalForm
from app.reminders import lists as messages


@dataclass(frozen=True)
class Reading:
    """A case as one reader opens it at a moment (of the business date)."""

    session: Session
    case: Case
    reader: User
    scope: Scope
    moment: datetime

    @property
    def today(self) -> date:
        return self.moment.date()

    @cached_property
    def calling(self) -> Calling:
        """Whom to call by which number, and what fair treatment says of it just now."""
        return calling(self.session, self.case, self.reader, self.moment, self.contacts)

    @cached_property
    def contacts(self) -> list[Contact]:
        """What was tried on this case, oldest first."""
        return contacts_of(self.session, self.case)

    def may(self, permission: Permission) -> bool:
        return may(self.reader.role, permission)


class Column(Labelled):
    """At a desk side by side; on a phone the facts follow the work."""

    WORK = "work", T("Work")
    FACTS = "facts", T("Facts")


@dataclass(frozen=True, slots=True)
class Panel:
    name: str
    template: str
    column: Column
    read: Callable[[Reading], Any] = lambda _: None
    needs: Permission = Permission.LOANS
    forms: Callable[[Reading, Any], dict[str, Any]] = lambda _of, _shown: {}
    reach: str | None = None  # a template with its main action, for the thumb


def history(of: Reading) -> list[tuple[date, Any, Any]]:
    """Events and contacts of a case, newest first: (day, event or None, contact or None)."""
    events = [(e.on, 0, e.id, e, None) for e in cases.events_of(of.session, of.case) if not e.kind.is_quiet]
    contacts = [(c.on, 1, c.id, None, c) for c in of.contacts]
    ordered = sorted([*events, *contacts], key=lambda item: item[:3], reverse=True)
    return [(on, event, contact) for on, _, _, event, contact in ordered]


def _disposal_form(of: Reading, shown: remedies.Panel) -> dict[str, Any]:
    owners = remedies.owners_for(of.session, of.case) if of.may(Permission.NOTES) else []
    return {"disposal_form": DisposalForm.for_case(of.case, shown.disposal, owners)}


def _promise_forms(of: Reading, shown: promises.Panel) -> dict[str, Any]:
    return {
        "promise_form": new_promise_form(of.reader.role, shown.owed),
        "repayment_form": new_repayment_form(of.today),
        "cancel_form": CancelForm.of(of.case),
    }


def _paper_forms(of: Reading, shown: papers.Panel) -> dict[str, Any]:
    return {
        "print_form": PrintForm.for_day(of.today),
        "delivery_form": DeliveryForm.for_papers(shown.waiting, of.today),
    }


def _assign_form(of: Reading, _shown: Any) -> dict[str, Any]:
    return {"assign_form": assign_form(of.case)} if of.may(Permission.ASSIGN) else {}


PANELS: tuple[Panel, ...] = (
    Panel(
        "contact",
        "contacts/_panel.html",
        Column.WORK,
        lambda of: of.calling,
        Permission.NOTES,
        lambda of, _: {"contact_form": new_contact_form(of.reader.role)},
        "desk/_reach.html",
    ),
    Panel(
        "promises",
        "promises/_panel.html",
        Column.WORK,
        lambda of: promises.panel(of.session, of.case, of.today),
        forms=_promise_forms,
    ),
    Panel(
        "papers",
        "papers/_panel.html",
        Column.WORK,
        lambda of: papers.panel(of.session, of.case, [mark.kind for mark in of.calling.in_force]),
        Permission.PAPERS,
        _paper_forms,
    ),
    Panel("history", "desk/_history.html", Column.WORK, history),
    Panel(
        "messages",
        "reminders/_panel.html",
        Column.WORK,
        lambda of: messages.panel(of.session, of.case.borrower_id),
    ),
    Panel(
        "months", "desk/_months.html", Column.WORK, lambda of: cases.snapshots_of(of.session, of.case.loan_id)
    ),
    Panel(
        "repayments",
        "desk/_repayments.html",
        Column.WORK,
        lambda of: cases.repayments_of(of.session, of.case.loan_id),
    ),
    Panel(
        "state",
        "desk/_state.html",
        Column.FACTS,
        forms=lambda of, _: {"move_form": MoveForm.for_case(of.case, of.reader.role)},
    ),
    Panel(
        "disposal",
        "remedies/_panel.html",
        Column.FACTS,
        lambda of: remedies.panel(of.session, of.case, of.today),
        forms=_disposal_form,
    ),
    Panel("collectors", "desk/_collectors.html", Column.FACTS, forms=_assign_form),
    Panel("borrower", "desk/_borrower.html", Column.FACTS),
    Panel(
        "fairness",
        "fairness/_panel.html",
        Column.FACTS,
        lambda of: Standing(of.calling.marks, [dial.number for dial in of.calling.dials]),
        forms=lambda _of, _: {"phone_form": PhoneForm(formdata=None), "mark_form": MarkForm(formdata=None)},
    ),
    Panel("loan", "desk/_loan.html", Column.FACTS),
)


def read_panels(of: Reading) -> list[tuple[Panel, Any]]:
    """The panels that the reader may see, each with what it shows."""
    return [(panel, panel.read(of)) for panel in PANELS if of.may(panel.needs)]
