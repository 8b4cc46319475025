from collections import Counter
from datetime import date

from app.accounts.rules import Role
from app.demo import Demo, Row

Months = list[dict[str, Row]]


def test_every_township_and_branch_has_its_collector(demo: Demo) -> None:
    assert len({user.username for user in demo.users}) == len(demo.users)
    assert demo.users[0].role is Role.OFFICE
    assert Counter(user.role for user in demo.users) == {
        Role.OFFICE: 1,
        Role.LEADER: 1,
        Role.AUDITOR: 1,
        Role.ADMIN: 1,
        Role.TOWNSHIP: 13,
        Role.BRANCH: 10,
    }
    assert {user.region for user in demo.users if user.role is Role.TOWNSHIP} == set(demo.targets)
    branches = {row.branch for ledger in demo.ledgers for row in ledger.rows}
    assert {user.branch for user in demo.users if user.role is Role.BRANCH} == branches


def test_nobody_but_collectors_of_a_branch_belongs_to_one(demo: Demo) -> None:
    for user in demo.users:
        assert (user.branch is not None) == (user.role is Role.BRANCH)
        assert (user.region is None) == (user.role in (Role.BRANCH, Role.ADMIN))


def test_a_note_is_written_while_the_loan_is_overdue(demo: Demo, months: Months) -> None:
    """As far as the newest ledger of the day tells, or the due date where it has passed since."""
    for note in demo.notes:
        assert demo.ledgers[0].as_of < note.on <= demo.business_date
        taken = [month for ledger, month in zip(demo.ledgers, months, strict=True) if ledger.as_of <= note.on]
        row = taken[-1][note.contract_no]
        assert row.overdue > 0
        assert row.due_on < note.on


def test_notes_are_written_by_both_lines_of_that_loan_and_no_others(demo: Demo, months: Months) -> None:
    users = {user.username: user for user in demo.users}
    places = {"罗雄": "001", "九龙": "003", "富乐": "104", "阿岗": "106", "鲁布革": "202", "马街": "103"}
    lines: Counter[Role] = Counter()
    for note in demo.notes:
        author, row = users[note.author], months[2].get(note.contract_no) or months[1][note.contract_no]
        lines[author.role] += 1
        assert author.branch == row.branch or author.region == f"530324{places[row.township]}"
    assert lines.keys() == {Role.TOWNSHIP, Role.BRANCH}


def test_the_latest_note_is_of_the_business_date_or_just_before(demo: Demo) -> None:
    assert max(note.on for note in demo.notes) >= date(2023, 12, 1)
