"""Writing a bulletin and passing it on. Nothing here commits.

The rules of ``states`` hold here, so they hold for pages and commands alike.
"""

from collections.abc import Sequence
from datetime import date

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app import audit
from app.accounts.models import User
from app.accounts.rules import Permission, may
from app.bulletin import queries as bulletin
from app.bulletin.rules import CLOSABLE
from app.clock import month_end
from app.editions import stored
from app.editions.drafting import drafted, facts_of, written_of
from app.editions.findings import blocking
from app.editions.models import WHY, Comment, Edition, EditionVersion, SetAside
from app.editions.queries import examine, last_version, open_comments, open_one
from app.editions.rules import TEXT_LENGTH, TITLE_LENGTH, Written, field_errors, tidy
from app.editions.states import OPEN, State, Step, next_state, same_hands, why_not
from app.labels import Declined, T, Text
from app.places.rules import level_of
from app.today import now

COMMENT_LENGTH = 400


class EditionRefused(Declined):
    """What is not done, at which field, and in detail why."""

    def __init__(self, message: Text, field: str = "", details: Sequence[Text] = ()) -> None:
        super().__init__(message, field)
        self.details = tuple(details)


class TextOvertaken(EditionRefused):
    """Somebody else has saved the text since it was opened."""


def hold(session: Session, edition: Edition) -> Edition:
    """The edition as it is now, and nobody else's until this transaction ends."""
    return session.get_one(Edition, edition.id, with_for_update={"of": Edition}, populate_existing=True)


def check_actor(actor: User | None, region: str) -> None:
    """Raises EditionRefused for somebody who makes no bulletins of this region; the system may draft."""
    if actor is None:
        return
    if not (may(actor.role, Permission.EDITIONS) and actor.scope.covers_region(region)):
        raise EditionRefused(T("%(name)s makes no bulletins of this region.", name=actor.name))


def _tell(session: Session, actor: User | None, action: str, edition: Edition, **detail: object) -> None:
    audit.record(
        session, actor.username if actor else audit.SYSTEM, f"editions.{action}", "edition", edition.id,
        region=edition.region_code, month=f"{edition.month:%Y-%m}", version=edition.version, **detail,
    )  # fmt: skip


def start(session: Session, region: str, month: date, actor: User | None, day: date) -> Edition:
    """Draft the bulletin of a month. Raises EditionRefused where there is one already or no figures yet."""
    check_actor(actor, region)
    month = month_end(month)
    if level_of(region) not in CLOSABLE:
        raise EditionRefused(T("A bulletin is for a county or a level above it."), "region")
    if month not in bulletin.months(session):
        raise EditionRefused(T("There are no figures for %(month)s yet.", month=f"{month:%Y-%m}"), "month")
    same = select(Edition).where(Edition.region_code == region, Edition.month == month)
    if (there := session.scalar(same.order_by(Edition.sequence.desc()).limit(1))) is not None:
        raise EditionRefused(
            T("There is a bulletin of %(month)s already: %(state)s.", month=f"{month:%Y-%m}", state=there.state.label),
            "month",
        )  # fmt: skip
    written = drafted(session, facts_of(session, region, month, day))
    return _begin(session, region, month, 1, written, actor, "draft")


def _begin(
    session: Session, region: str, month: date, sequence: int, written: Written, actor: User | None,
    action: str, replaces: Edition | None = None, why: str = "",
) -> Edition:  # fmt: skip
    made = Edition(
        region_code=region, month=month, sequence=sequence, title=written.title, opening=tidy(written.opening),
        problems=tidy(written.problems), demands=tidy(written.demands), created_by_id=actor.id if actor else None,
        created_at=now(), replaces_id=replaces.id if replaces else None, replaces_why=why,
    )  # fmt: skip
    try:
        with session.begin_nested():
            session.add(made)
    except IntegrityError:
        raise EditionRefused(
            T("Somebody else has just drafted the bulletin of %(month)s.", month=f"{month:%Y-%m}"), "month"
        ) from None
    _keep_version(session, made, actor)
    _tell(session, actor, action, made)
    return made


def _keep_version(session: Session, edition: Edition, actor: User | None) -> None:
    session.add(
        EditionVersion(
            edition_id=edition.id, n=edition.version, title=edition.title, opening=edition.opening,
            problems=edition.problems, demands=edition.demands, saved_by_id=actor.id if actor else None, saved_at=now(),
        )
    )  # fmt: skip
    session.flush()


def save(session: Session, edition: Edition, written: Written, actor: User | None, version: int) -> bool:
    """Keep what was written; the bulletin is a draft again. Says whether anything was kept.

    Who saves another's text unchanged makes it theirs. Raises TextOvertaken, EditionRefused.
    """
    check_actor(actor, edition.region_code)
    edition = hold(session, edition)
    if edition.state not in OPEN:
        raise EditionRefused(why_not(edition.state, Step.RETURN))
    if edition.version != version:
        raise TextOvertaken(T("Somebody else has saved this text since you opened it."), "version")
    written = Written(
        " ".join(written.title.split()), tidy(written.opening), tidy(written.problems), tidy(written.demands)
    )
    _check_lengths(written)
    for name, errors in field_errors(written, facts_of(session, edition.region_code, edition.month)).items():
        raise EditionRefused(errors[0].reason, name, [error.reason for error in errors])
    last = last_version(session, edition)
    same_person = last is not None and last.saved_by_id == (actor.id if actor else None)
    if written == written_of(edition) and same_person:
        return False
    edition.title, edition.opening = written.title, written.opening
    edition.problems, edition.demands = written.problems, written.demands
    _to_draft(edition)
    _keep_version(session, edition, actor)
    _tell(session, actor, "save", edition)
    return True


def _check_lengths(written: Written) -> None:
    if not 1 <= len(written.title) <= TITLE_LENGTH:
        raise EditionRefused(T("A title has 1 to %(n)s characters.", n=TITLE_LENGTH), "title")
    for name, text in written.parts().items():
        if len(text) > TEXT_LENGTH:
            raise EditionRefused(T("At most %(n)s characters.", n=TEXT_LENGTH), name)


def _to_draft(edition: Edition) -> None:
    """Whatever was said of the text before does not hold for what it says now."""
    edition.state = State.DRAFT
    edition.version += 1
    edition.checked_by_id = edition.checked_at = edition.approved_by_id = edition.approved_at = None
    edition.approved_figures = edition.document = None


def go_back(session: Session, edition: Edition, actor: User) -> None:
    """Make a checked or approved bulletin a draft again. Raises EditionRefused."""
    edition = may_step(session, edition, Step.RETURN, actor)
    _to_draft(edition)
    _keep_version(session, edition, None)  # the same text, and nobody has written in it
    _tell(session, actor, "return", edition)


def may_step(session: Session, edition: Edition, step: Step, actor: User) -> Edition:
    """The edition, held, where the step is open to this person. Raises EditionRefused."""
    check_actor(actor, edition.region_code)
    edition = hold(session, edition)
    refusal = why_refused(session, edition, step, actor)
    if refusal is not None:
        raise EditionRefused(refusal)
    return edition


def why_refused(session: Session, edition: Edition, step: Step, actor: User) -> Text | None:
    """Why this person cannot take a step now; None when nothing but the text itself could stop it."""
    if next_state(edition.state, step) is None:
        return why_not(edition.state, step)
    last = _last_writer(session, edition)
    writers = frozenset(one for one in (edition.created_by_id, last) if one is not None)
    return same_hands(step, actor.id, writers=writers, last_writer=last, approver=edition.approved_by_id)


def _last_writer(session: Session, edition: Edition) -> int | None:
    """Whose text it is: who has saved it last."""
    query = select(EditionVersion.saved_by_id).where(
        EditionVersion.edition_id == edition.id, EditionVersion.saved_by_id.is_not(None)
    )
    return session.scalar(query.order_by(EditionVersion.n.desc()).limit(1))


def check_text(session: Session, edition: Edition, actor: User) -> None:
    """Somebody else has read the text and finds it right. Raises EditionRefused."""
    edition = may_step(session, edition, Step.CHECK, actor)
    edition.state, edition.checked_by_id, edition.checked_at = State.CHECKED, actor.id, now()
    session.flush()
    _tell(session, actor, "check", edition)


def approve(session: Session, edition: Edition, actor: User) -> None:
    """Freeze text and figures; what nobody had checked is checked with it.

    Raises EditionRefused where a finding blocks it or a comment is open.
    """
    edition = may_step(session, edition, Step.APPROVE, actor)
    examined = examine(session, edition)
    if found := blocking(examined.found):
        said = [T("“%(words)s”: %(reason)s", words=one.words, reason=one.reason) for one in found]
        raise EditionRefused(T("Findings that stop the approval: %(n)s.", n=len(found)), details=said)
    if number := open_comments(session, edition):
        raise EditionRefused(T("Comments that nobody has settled: %(n)s.", n=number))
    moment = now()
    if edition.state is State.DRAFT:
        edition.checked_by_id, edition.checked_at = actor.id, moment
    edition.state, edition.approved_by_id, edition.approved_at = State.APPROVED, actor.id, moment
    edition.approved_figures = stored.figures_to_json(examined.document.figures)
    edition.document = stored.to_json(examined.document)
    session.flush()
    aside = [one.words for one in examined.found if one.aside]
    _tell(session, actor, "approve", edition, set_aside=len(aside))


def replace(session: Session, edition: Edition, actor: User, why: str) -> Edition:
    """Draft the successor of a published bulletin; it is withdrawn when that is published. Raises EditionRefused."""
    edition = may_step(session, edition, Step.REPLACE, actor)
    why = " ".join(why.split())
    if not 1 <= len(why) <= WHY:
        raise EditionRefused(T("Say why it is replaced, in at most %(n)s characters.", n=WHY), "why")
    if open_one(session, edition.region_code, edition.month) is not None:
        raise EditionRefused(T("Its successor is drafted already."))
    same = select(func.max(Edition.sequence)).where(
        Edition.region_code == edition.region_code, Edition.month == edition.month
    )
    sequence = int(session.scalar(same) or 0) + 1
    return _begin(
        session, edition.region_code, edition.month, sequence, written_of(edition), actor, "replace", edition, why
    )  # fmt: skip


def comment(session: Session, edition: Edition, actor: User, block: int, quote: str, text: str) -> Comment:
    """Remark on a paragraph, or on some words of it. Raises EditionRefused."""
    check_actor(actor, edition.region_code)
    if edition.state not in OPEN:
        raise EditionRefused(why_not(edition.state, Step.RETURN), "text")
    text, quote = text.strip(), quote.strip()
    if not 1 <= len(text) <= COMMENT_LENGTH:
        raise EditionRefused(T("Write a comment of at most %(n)s characters.", n=COMMENT_LENGTH), "text")
    blocks = examine(session, edition).document.blocks
    if not 0 <= block < len(blocks):
        raise EditionRefused(T("Choose the paragraph."), "block")
    if len(quote) > WHY or quote not in blocks[block].text:
        raise EditionRefused(T("These words do not stand in that paragraph."), "quote")
    made = Comment(edition_id=edition.id, block=block, quote=quote, text=text, author_id=actor.id, at=now())
    session.add(made)
    session.flush()
    _tell(session, actor, "comment", edition, comment=made.id)
    return made


def resolve_comment(session: Session, edition: Edition, found: Comment, actor: User) -> None:
    """Settle a comment; one that is settled stays so."""
    check_actor(actor, edition.region_code)
    if found.resolved_at is None:
        found.resolved_by_id, found.resolved_at = actor.id, now()
        session.flush()
        _tell(session, actor, "settle", edition, comment=found.id)


def set_aside(session: Session, edition: Edition, actor: User, key: str, reason: str) -> None:
    """Say that a finding is none: two characters are an ordinary word, a number is another one. Raises EditionRefused.

    The trail does not hold the words: they may be somebody's name.
    """
    check_actor(actor, edition.region_code)
    edition = hold(session, edition)
    if edition.state not in OPEN:
        raise EditionRefused(why_not(edition.state, Step.RETURN), "reason")
    if not any(one.key == key and one.may_be_set_aside for one in examine(session, edition).found):
        raise EditionRefused(T("This finding cannot be set aside. Change the text."), "reason")
    reason = " ".join(reason.split())
    if not 2 <= len(reason) <= WHY:
        raise EditionRefused(T("Say what is meant here, in at most %(n)s characters.", n=WHY), "reason")
    same = select(SetAside).where(SetAside.edition_id == edition.id, SetAside.words == key)
    if session.scalar(same) is None:
        session.add(SetAside(edition_id=edition.id, words=key, reason=reason, by_id=actor.id, at=now()))
        session.flush()
        _tell(session, actor, "set_aside", edition, reason=reason)
