"""What each name on the trail means to a person, and which of them tell of data that went out. Pure."""

from collections.abc import Mapping
from typing import Any

from app.cases.states import Event
from app.labels import Labelled, T, Text
from app.promises.rules import ReportState
from app.trail.rules import Outcome, Shown, Subject, Why

REVEALED = "trail.reveal"
FILE_SHOWN = "trail.file"
READINGS = (REVEALED, FILE_SHOWN)  # of full numbers
EXPORTS = ("cases.export", "remedies.export", "papers.print", "reminders.batch", "reminders.batch_fetched")

NAMES: dict[str, Text] = {
    "accounts.active": T("Account opened or closed"),
    "accounts.add": T("Account made"),
    "accounts.invite": T("Invited to an account"),
    "accounts.locked": T("Account held after wrong passwords"),
    "accounts.password": T("Password changed"),
    "accounts.recovery_code": T("Signed in with a recovery code"),
    "accounts.recovery_codes": T("New recovery codes"),
    "accounts.second_factor": T("Second factor changed"),
    "accounts.session_end": T("A session ended"),
    "accounts.sessions_end": T("All sessions ended"),
    "accounts.sign_in": T("Signed in"),
    "accounts.slowed": T("Wrong passwords, attempts slowed"),
    "backup.created": T("Backup made"),
    "backup.restored": T("Restored from a backup"),
    "bulletin.published_text": T("A bulletin's published text kept"),
    "bulletin.receive": T("Figures of a township received"),
    "bulletin.target": T("Yearly target set"),
    "cases.bulk_assign": T("Cases assigned together"),
    "cases.bulk_disposed": T("Causes and routes set together"),
    "cases.export": T("List of cases taken out"),
    "cases.handover": T("Handover planned"),
    "cases.handover_applied": T("Handover carried out"),
    "cases.handover_undone": T("Handover taken back"),
    "cases.limitation": T("Limitation period set"),
    "cases.sweep": T("Cases brought up to date"),
    "contacts.attach": T("Files attached"),
    "contacts.call": T("Number used for a call"),
    "contacts.note": T("Contact note written"),
    "contacts.override": T("Called against a rule, with a reason"),
    "contacts.refused": T("Call refused by a rule"),
    "editions.clauses": T("Clauses of the bulletin changed"),
    "editions.letterhead": T("Letterhead of the bulletin changed"),
    "editions.number": T("Number of the bulletin set"),
    "editions.publish": T("Bulletin published"),
    "editions.save": T("Bulletin's text saved"),
    "editions.check": T("Bulletin checked"),
    "editions.approve": T("Bulletin approved"),
    "editions.return": T("Bulletin sent back"),
    "fairness.lift": T("Mark of a borrower lifted"),
    "fairness.mark": T("Borrower marked"),
    "fairness.phone": T("Telephone number changed"),
    "forces.absence": T("Absence entered"),
    "forces.absence_cancelled": T("Absence cancelled"),
    "forces.rule": T("Rule of assignment made"),
    "forces.rule_deleted": T("Rule of assignment deleted"),
    "forces.rule_moved": T("Rules of assignment reordered"),
    "forces.save": T("Task force changed"),
    "keys.added": T("Change of the key begun"),
    "keys.rotated": T("Key changed"),
    "ledger.accept": T("Ledger accepted"),
    "ledger.discard": T("Ledger discarded"),
    "ledger.headers": T("Columns of a ledger named"),
    "ledger.take": T("Ledger taken"),
    "ledger.upload": T("Ledger uploaded"),
    "lines.remove": T("Average or threshold removed"),
    "lines.set": T("Average or threshold set"),
    "loans.missing": T("Decided about a loan missing from the ledger"),
    "month.ask_to_reopen": T("Asked to open a month again"),
    "month.close": T("Month closed"),
    "month.lender_total": T("A lender's total entered"),
    "month.reopen": T("Month opened again"),
    "month.settle": T("Point of the month's check list settled"),
    "papers.deliver": T("Delivery of a paper noted"),
    "papers.undeliver": T("Delivery of a paper taken back"),
    "papers.print": T("Papers printed"),
    "places.add": T("Place added"),
    "places.alias": T("Other name of a place"),
    "places.load": T("Places loaded"),
    "policies.end": T("Rule here ended"),
    "policies.set": T("Rule here set"),
    "promises.judged": T("Promises judged"),
    "promises.withdrawn": T("Reported repayment withdrawn"),
    "publicity.add": T("Publicity entered"),
    "publicity.withdraw": T("Publicity withdrawn"),
    "remedies.export": T("Disposal ledger taken out"),
    "remedies.import": T("Disposal ledger brought back"),
    "reminders.approve": T("Text of reminders approved"),
    "reminders.batch": T("File of messages made"),
    "reminders.batch_fetched": T("File of messages taken out"),
    "reminders.campaign": T("Campaign changed"),
    "reminders.campaign_stop": T("Campaign stopped"),
    "reminders.costs": T("Price or limit of messages set"),
    "reminders.lift": T("Opt-out of a number lifted"),
    "reminders.decide": T("Decided about a message"),
    "reminders.policy": T("Days of reminders set"),
    "reminders.reply": T("Reply to a reminder"),
    "reminders.result": T("Results of messages read"),
    "reminders.resume": T("Sending resumed"),
    "reminders.text": T("Text of reminders written"),
    "setup": T("Instance set up"),
    "sms.test": T("Test message sent"),
    REVEALED: T("Number shown in full"),
    FILE_SHOWN: T("Borrower's own file made"),
    "trail.correction": T("Correction asked for"),
    "trail.settled": T("Correction settled"),
    "trail.retention": T("Old contact records deleted"),
}

# Names that are made of a word: each word of the kind, or one label for them all.
FAMILIES: dict[str, type[Labelled] | Text] = {
    "cases.": Event,
    "promises.": ReportState,
    "editions.": T("Step of a bulletin"),
}

ENTITIES: dict[str, Text] = {
    "assignment_rule": T("Rule of assignment"),
    "batch": T("File of messages"),
    "borrower": T("Borrower"),
    "campaign": T("Campaign"),
    "case": T("Case"),
    "channel": T("Channel of messages"),
    "edition": T("Bulletin"),
    "handover": T("Handover"),
    "import_batch": T("Ledger"),
    "backup": T("Backup"),
    "key": T("Key"),
    "lender": T("Lender"),
    "loan": T("Loan"),
    "message": T("Message"),
    "opt_out": T("Opt-out"),
    "month_close": T("Month"),
    "paper": T("Paper"),
    "policy": T("Rule here"),
    "print_run": T("Papers printed together"),
    "promise": T("Promise"),
    "publicity": T("Publicity"),
    "region": T("Region"),
    "result": T("File of results"),
    "task_force": T("Task force"),
    "template": T("Text of reminders"),
    "user": T("Account"),
}


def label_of(action: str) -> Text:
    """What an entry's name says, for people; the name itself where nobody gave it one."""
    if action in NAMES:
        return NAMES[action]
    for prefix, kind in FAMILIES.items():
        if action.startswith(prefix):
            if isinstance(kind, Text):
                return kind
            word = action.removeprefix(prefix)
            if word in {member.value for member in kind}:
                return kind(word).label
    return Text("%(name)s", (("name", action),))


def entity_label(entity: str) -> Text:
    """What kind of thing an entry is about."""
    return ENTITIES.get(entity, Text("%(name)s", (("name", entity),)))


# What an entry tells, for people; of other parts the name is shown as it stands.
PARTS: dict[str, Text] = {
    "after": T("after"),
    "approach": T("call no."),
    "as_of": T("as of"),
    "before": T("before"),
    "case": T("Case"),
    "cases": T("cases"),
    "cause": T("Cause"),
    "changed": T("changed"),
    "contact": T("note no."),
    "contacts": T("contact notes"),
    "count": T("number"),
    "dated_on": T("dated"),
    "decision": T("decision"),
    "event": T("history no."),
    "field": T("what"),
    "filename": T("file"),
    "files": T("files"),
    "how": T("how"),
    "kind": T("kind"),
    "leads": T("days before"),
    "lender": T("Lender"),
    "line": T("line"),
    "means": T("means"),
    "month": T("Month"),
    "name": T("Name"),
    "new": T("new"),
    "number": T("number"),
    "on": T("on"),
    "ongoing": T("until further notice"),
    "outcome": T("Outcome"),
    "people": T("people"),
    "phone": T("number no."),
    "reason": T("Reason"),
    "region": T("Region"),
    "request": T("request no."),
    "route": T("Route"),
    "rule": T("rule"),
    "sessions": T("sessions"),
    "since": T("since"),
    "source": T("source"),
    "starts_on": T("starts"),
    "stop": T("asks to stop"),
    "subject": T("what is wrong"),
    "until": T("until"),
    "value": T("value"),
    "values": T("values"),
    "version": T("version"),
    "why": T("what for"),
    "wrong": T("wrong number"),
    "year": T("Year"),
}
_WORDS: dict[str, type[Labelled]] = {"field": Shown, "why": Why, "subject": Subject, "outcome": Outcome}
_LONGEST = 160


def parts_of(action: str, detail: Mapping[str, Any]) -> list[tuple[Text, Text | str]]:
    """What an entry tells, each part with its label; what is empty is left out."""
    told: list[tuple[Text, Text | str]] = []
    for name, value in detail.items():
        if value in (None, "", [], {}):
            continue
        label = PARTS.get(name, Text("%(name)s", (("name", name),)))
        kind = _WORDS.get(name) if action.startswith("trail.") else None
        if kind is not None and value in {member.value for member in kind}:
            told.append((label, kind(value).label))
        elif isinstance(value, bool):
            told.append((label, T("yes") if value else T("no")))
        else:
            told.append((label, _short(value)))
    return told


def _short(value: Any) -> str:
    if isinstance(value, Mapping):
        text = ", ".join(f"{key} {_short(one)}" for key, one in value.items())
    elif isinstance(value, list):
        text = ", ".join(_short(one) for one in value)
    else:
        text = str(value)
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"
