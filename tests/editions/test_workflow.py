"""From draft to publication and after, on each database: who may, what is refused, what never changes."""

from dataclasses import replace as changed
from datetime import date
from threading import Barrier, Thread

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.accounts.models import User
from app.accounts.rules import Role
from app.audit import AuditEntry
from app.bulletin.closing import close_month
from app.bulletin.models import Erratum, MonthClose
from app.db import db
from app.editions import actions, publishing, queries
from app.editions.actions import EditionRefused, TextOvertaken
from app.editions.drafting import document_of, draft_document, letterhead, written_of
from app.editions.models import Edition, EditionFile
from app.editions.states import State
from tests.editions.world import (
    AGANG,
    COUNTY,
    DAY,
    OCTOBER,
    SEPTEMBER,
    TODAY,
    WAN,
    account,
    approved,
    drafted,
    files,
    ledger,
    published,
)

Makers = tuple[User, User, User]


@pytest.fixture
def makers(session: Session) -> Makers:
    """Writer, approver, and a third; two months taken."""
    ledger(session, SEPTEMBER, WAN)
    ledger(session, OCTOBER, 2 * WAN)
    return account(session, "writer"), account(session, "approver", Role.LEADER), account(session, "third")


def refusal(*args: object, call: object = None) -> str:
    with pytest.raises(EditionRefused) as refused:
        args[0](*args[1:])  # type: ignore[operator]
    return str(refused.value)


def test_the_whole_way(session: Session, makers: Makers) -> None:
    writer, approver, third = makers
    assert "阿岗镇" in "".join(block.text for block in draft_document(session, COUNTY, OCTOBER, DAY).blocks)
    edition = drafted(session, writer)
    assert "由2.00万元增加到3.00万元" in "".join(block.text for block in document_of(session, edition).blocks)
    assert "already" in refusal(drafted, session, third)
    assert "county or a level above" in refusal(actions.start, session, AGANG, OCTOBER, writer, DAY)
    assert "no figures" in refusal(actions.start, session, COUNTY, date(2022, 1, 31), writer, DAY)
    assert "somebody else has to check" in refusal(actions.check_text, session, edition, writer)
    assert "Only an approved" in refusal(publishing.publish, session, edition, third, DAY, files)
    actions.check_text(session, edition, third)
    assert "somebody else has to approve" in refusal(actions.approve, session, edition, writer)
    actions.approve(session, edition, approver)
    assert edition.state is State.APPROVED and edition.checked_by_id == third.id
    assert "somebody else has to publish" in refusal(
        publishing.publish, session, edition, approver, DAY, files
    )
    assert "not closed" in refusal(publishing.publish, session, edition, writer, DAY, files)
    close = close_month(session, COUNTY, OCTOBER, "office", TODAY)
    publishing.publish(session, edition, writer, DAY, files)
    assert (edition.number, edition.issued_on) == ("罗乡振联发〔2023〕1号", DAY)
    assert close.published_at is not None
    kept = queries.bundle_of(session, edition)
    assert kept["bulletin.txt"].decode().startswith("罗乡振联发〔2023〕1号\n")
    assert not document_of(session, edition).draft
    told = session.scalars(select(AuditEntry).where(AuditEntry.action == "editions.publish")).one()
    assert told.actor == "writer" and set(told.detail["files"]) == set(kept)
    assert "published already" in refusal(publishing.publish, session, edition, third, DAY, files)
    assert "published already" in refusal(
        actions.save, session, edition, written_of(edition), writer, edition.version
    )


def test_strangers_and_collectors_make_none(session: Session, makers: Makers) -> None:
    township = account(session, "t", Role.TOWNSHIP, COUNTY + "106")
    elsewhere = account(session, "e", Role.OFFICE, COUNTY + "106")
    edition = drafted(session, makers[0])
    for stranger in (township, elsewhere):
        assert "makes no bulletins" in refusal(actions.approve, session, edition, stranger)


def test_a_change_of_the_text_sends_it_back_and_no_change_is_lost(session: Session, makers: Makers) -> None:
    writer, approver, third = makers
    edition = approved(session, writer, approver)
    opened, first = edition.version, written_of(edition)
    assert actions.save(
        session, edition, changed(first, demands=first.demands + "\n另行通知。"), third, opened
    )
    assert edition.state is State.DRAFT and edition.approved_by_id is None and edition.document is None
    with pytest.raises(TextOvertaken):
        actions.save(session, edition, changed(first, demands="我的修改"), writer, opened)
    assert written_of(edition).demands.endswith("另行通知。")
    assert "somebody else has to approve" in refusal(actions.approve, session, edition, third)
    assert not actions.save(session, edition, written_of(edition), third, edition.version)
    assert actions.save(
        session, edition, written_of(edition), writer, edition.version
    )  # it is the writer's again
    actions.approve(session, edition, third)
    assert [version.n for version in queries.versions(session, edition)] == [3, 2, 1]


@pytest.mark.parametrize(
    ("part", "typed", "sentence"),
    [
        ("problems", "全县{逾期比率}。", "The nearest is “逾期率”"),
        ("title", "", "A title has 1 to"),
        ("demands", "长" * 20_001, "At most 20000"),
    ],
)
def test_a_text_that_cannot_be_printed_is_not_kept(
    session: Session, makers: Makers, part: str, typed: str, sentence: str
) -> None:
    edition = drafted(session, makers[0])
    with pytest.raises(EditionRefused) as refused:
        actions.save(session, edition, changed(written_of(edition), **{part: typed}), makers[0], 1)
    assert sentence in str(refused.value) and refused.value.field == part


def test_what_is_wrong_stops_the_approval_until_it_is_put_right(session: Session, makers: Makers) -> None:
    writer, approver, _ = makers
    edition = drafted(session, writer)

    def write(problems: str) -> None:
        actions.save(
            session, edition, changed(written_of(edition), problems=problems), writer, edition.version
        )

    write("王小明应带头还款，阿岗镇逾期率5.55%，办法高明。")
    with pytest.raises(EditionRefused) as refused:
        actions.approve(session, edition, approver)
    assert {str(one)[:6] for one in refused.value.details} == {"“王小明”:", "“5.55%", "“高明”: "}
    assert "cannot be set aside" in refusal(actions.set_aside, session, edition, writer, "王小明", "不是人名")
    write("阿岗镇逾期率{阿岗镇·逾期率}，办法高明。")
    assert "Say what is meant" in refusal(actions.set_aside, session, edition, writer, "高明", " ")
    actions.set_aside(session, edition, writer, "高明", "意为巧妙")
    remark = actions.comment(session, edition, approver, 0, "通报", "请核对。")
    assert "Comments that nobody has settled: 1" in refusal(actions.approve, session, edition, approver)
    assert "do not stand" in refusal(actions.comment, session, edition, approver, 0, "没有的话", "x")
    actions.resolve_comment(session, edition, remark, writer)
    actions.approve(session, edition, approver)
    trail = str([entry.detail for entry in session.scalars(select(AuditEntry))])
    assert "高明" not in trail and "王小明" not in trail


def test_a_correction_between_approval_and_publishing_is_told(session: Session, makers: Makers) -> None:
    writer, approver, third = makers
    edition = approved(session, writer, approver)
    ledger(session, OCTOBER, 3 * WAN)
    close_month(session, COUNTY, OCTOBER, "office", TODAY)
    with pytest.raises(EditionRefused) as refused:
        publishing.publish(session, edition, writer, DAY, files)
    assert "阿岗镇, Overdue, amount: 3.00 → 4.00" in [str(one) for one in refused.value.details]
    assert edition.state is State.APPROVED and queries.last_number(session, COUNTY, 2023) == 0
    actions.go_back(session, edition, third)
    actions.approve(session, edition, approver)
    publishing.publish(session, edition, writer, DAY, files)
    assert edition.number_of == 1


def test_another_letterhead_than_approved_is_told_too(session: Session, makers: Makers) -> None:
    writer, approver, _ = makers
    edition = approved(session, writer, approver)
    close_month(session, COUNTY, OCTOBER, "office", TODAY)
    head = letterhead(session, COUNTY)
    publishing.set_letterhead(session, COUNTY, changed(head, red_head="罗平县文件"), writer)
    with pytest.raises(EditionRefused) as refused:
        publishing.publish(session, edition, writer, DAY, files)
    assert [str(one) for one in refused.value.details] == ["“” → “罗平县文件”"]
    for prefix in ("", "罗乡〔2023〕", "罗 乡"):
        assert refusal(publishing.set_letterhead, session, COUNTY, changed(head, prefix=prefix), writer)


def test_withdrawn_only_by_a_successor_which_says_so(session: Session, makers: Makers) -> None:
    writer, approver, _ = makers
    first = published(session, writer, approver)
    bytes_before = queries.bundle_of(session, first)
    assert "Say why" in refusal(actions.replace, session, first, writer, " ")
    second = actions.replace(session, first, writer, "漏写一个乡镇")
    assert first.state is State.PUBLISHED and second.sequence == 2
    assert "drafted already" in refusal(actions.replace, session, first, approver, "again")
    actions.approve(session, second, approver)
    publishing.publish(session, second, writer, DAY, files)
    assert (first.state, second.state) == (State.WITHDRAWN, State.PUBLISHED)
    assert second.number == "罗乡振联发〔2023〕2号"
    assert "替代罗乡振联发〔2023〕1号" in document_of(session, second).blocks[-1].text
    assert queries.bundle_of(session, first) == bytes_before
    assert "Superseded" not in refusal(actions.replace, session, first, writer, "again")


def test_an_erratum_is_told_in_the_next_bulletin_once(session: Session, makers: Makers) -> None:
    writer, approver, _ = makers
    first = published(session, writer, approver, SEPTEMBER)
    text = document_of(session, first)
    ledger(session, SEPTEMBER, 4 * WAN)
    assert document_of(session, first) == text  # byte for byte what it was, figures and all
    edition = published(session, writer, approver, OCTOBER)
    told = document_of(session, edition).corrections
    assert ("阿岗镇", "逾期金额", "2.00", "5.00") in {(c.region, c.figure, c.old, c.new) for c in told}
    assert {c.number for c in told} == {"罗乡振联发〔2023〕1号"}
    assert all("The " not in c.cause for c in told)
    assert {e.edition for e in session.scalars(select(Erratum))} == {edition.number}
    assert session.scalars(select(MonthClose)).all()


def test_numbers_go_on_by_year_and_never_back(session: Session, makers: Makers) -> None:
    writer, approver, _ = makers
    publishing.set_last_number(session, COUNTY, 2023, 11, writer)
    assert published(session, writer, approver, SEPTEMBER).number_of == 12
    assert "cannot go back" in refusal(publishing.set_last_number, session, COUNTY, 2023, 11, writer)
    edition = approved(session, writer, approver, OCTOBER)
    close_month(session, COUNTY, OCTOBER, "office", TODAY)

    def breaks(_document: object) -> dict[str, bytes]:
        raise OSError("no room left")

    session.commit()
    with pytest.raises(OSError, match="no room"):
        publishing.publish(session, edition, writer, DAY, breaks)
    session.rollback()
    publishing.publish(session, edition, writer, date(2024, 1, 3), files)
    assert edition.number == "罗乡振联发〔2024〕1号"
    assert queries.last_number(session, COUNTY, 2023) == 12


def test_of_two_who_publish_at_once_one_does(app: Flask, session: Session, makers: Makers) -> None:
    writer, approver, third = makers
    number = approved(session, writer, approver).id
    close_month(session, COUNTY, OCTOBER, "office", TODAY)
    hands, start, answers = [writer.id, third.id], Barrier(2), []
    session.commit()

    def act(hand: int) -> None:
        with app.app_context(), Session(db.engine) as mine:
            start.wait(30)
            try:
                edition = mine.get_one(Edition, number)
                publishing.publish(mine, edition, mine.get_one(User, hand), DAY, files)
                mine.commit()
                answers.append("published")
            except EditionRefused as refused:
                mine.rollback()
                answers.append(str(refused)[:35])

    threads = [Thread(target=act, args=(hand,)) for hand in hands]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.expire_all()
    assert sorted(answers) == ["This bulletin is published already.", "published"]
    assert queries.last_number(session, COUNTY, 2023) == 1
    assert len(session.scalars(select(EditionFile)).all()) == 2
