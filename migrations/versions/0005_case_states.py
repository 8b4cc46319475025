"""Cases get their state, their borrower and what the day's queue needs; handovers"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
USER = "user_account.id"
DATES = (
    "township_contact_on",
    "branch_contact_on",
    "township_action_on",
    "branch_action_on",
    "promise_due_on",
    "promise_broken_on",
    "replied_on",
    "limitation_on",
)
NEW = ("village_code", "borrower_id", "previous_id", "state", "version", "closed_by_id", *DATES)


def upgrade() -> None:
    with op.batch_alter_table("collection_case") as table:
        table.add_column(sa.Column("village_code", sa.String(length=12), nullable=True))
        table.add_column(sa.Column("borrower_id", BIGINT, nullable=True))
        table.add_column(sa.Column("previous_id", BIGINT, nullable=True))
        table.add_column(sa.Column("state", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("version", BIGINT, nullable=True))
        table.add_column(sa.Column("closed_by_id", BIGINT, nullable=True))
        for name in DATES:
            table.add_column(sa.Column(name, sa.Date(), nullable=True))
    op.execute(
        "UPDATE collection_case SET version = 0, "
        "state = CASE WHEN closed_on IS NOT NULL THEN 'closed' "
        "WHEN EXISTS (SELECT 1 FROM case_note n WHERE n.case_id = collection_case.id) THEN 'working' ELSE 'open' END, "
        "borrower_id = (SELECT borrower_id FROM loan WHERE loan.id = collection_case.loan_id), "
        "village_code = (SELECT village_code FROM loan WHERE loan.id = collection_case.loan_id), "
        "previous_id = (SELECT MAX(p.id) FROM collection_case p "
        "WHERE p.loan_id = collection_case.loan_id AND p.id < collection_case.id)"
    )
    with op.batch_alter_table("collection_case") as table:
        for name, kind in (("borrower_id", BIGINT), ("state", sa.String(length=32)), ("version", BIGINT)):
            table.alter_column(name, existing_type=kind, nullable=False)
        for name, target in (
            ("borrower_id", "borrower"),
            ("previous_id", "collection_case"),
            ("closed_by_id", "user_account"),
        ):
            table.create_foreign_key(op.f(f"fk_collection_case_{name}_{target}"), target, [name], ["id"])
    op.create_index("ix_collection_case_borrower_id", "collection_case", ["borrower_id"])
    for line in ("township", "branch"):
        columns = [f"{line}_user_id", "closed_on"]
        op.create_index(f"ix_collection_case_{line}_user", "collection_case", columns)
    with op.batch_alter_table("case_event") as table:
        table.add_column(sa.Column("state", sa.String(length=32), nullable=True))
        table.add_column(sa.Column("actor_id", BIGINT, nullable=True))
        table.add_column(sa.Column("why", sa.JSON(), nullable=True))
    op.execute("UPDATE case_event SET state = CASE WHEN kind = 'closed' THEN 'closed' ELSE 'open' END")
    with op.batch_alter_table("case_event") as table:
        table.alter_column("state", existing_type=sa.String(length=32), nullable=False)
        table.create_foreign_key(
            op.f("fk_case_event_actor_id_user_account"), "user_account", ["actor_id"], ["id"]
        )
    op.create_table(
        "handover",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("from_user_id", BIGINT, nullable=False),
        sa.Column("to_user_id", BIGINT, nullable=True),
        sa.Column("line", sa.String(length=32), nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("chosen", sa.JSON(), nullable=False),
        sa.Column("made_by_id", BIGINT, nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("applied_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        *(
            sa.ForeignKeyConstraint([name], [USER], name=op.f(f"fk_handover_{name}_user_account"))
            for name in ("from_user_id", "to_user_id", "made_by_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handover")),
    )
    op.create_table(
        "handover_case",
        sa.Column("handover_id", BIGINT, nullable=False),
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("before_id", BIGINT, nullable=True),
        sa.Column("after_id", BIGINT, nullable=True),
        sa.ForeignKeyConstraint(
            ["handover_id"], ["handover.id"], name=op.f("fk_handover_case_handover_id_handover")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_handover_case_case_id_collection_case")
        ),
        *(
            sa.ForeignKeyConstraint([name], [USER], name=op.f(f"fk_handover_case_{name}_user_account"))
            for name in ("before_id", "after_id")
        ),
        sa.PrimaryKeyConstraint("handover_id", "case_id", name=op.f("pk_handover_case")),
    )


def downgrade() -> None:
    op.drop_table("handover_case")
    op.drop_table("handover")
    op.execute("DELETE FROM case_event WHERE kind NOT IN ('opened', 'assigned', 'closed')")
    with op.batch_alter_table("case_event") as table:
        table.drop_constraint(op.f("fk_case_event_actor_id_user_account"), type_="foreignkey")
        for name in ("state", "actor_id", "why"):
            table.drop_column(name)
    for line in ("township", "branch"):
        op.drop_index(f"ix_collection_case_{line}_user", "collection_case")
    op.drop_index("ix_collection_case_borrower_id", "collection_case")
    # The table before had fewer reasons to close a case.
    op.execute(
        "UPDATE collection_case SET close_reason = 'extended' "
        "WHERE close_reason IN ('renewed', 'compensated', 'written_off', 'in_error')"
    )
    with op.batch_alter_table("collection_case") as table:
        for name, target in (
            ("borrower_id", "borrower"),
            ("previous_id", "collection_case"),
            ("closed_by_id", "user_account"),
        ):
            table.drop_constraint(op.f(f"fk_collection_case_{name}_{target}"), type_="foreignkey")
        for name in NEW:
            table.drop_column(name)
