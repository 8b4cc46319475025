"""Promises, instalments, reported repayments"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "promise",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("loan_id", BIGINT, nullable=False),
        sa.Column("contact_id", BIGINT, nullable=True),
        sa.Column("taken_by_id", BIGINT, nullable=False),
        sa.Column("line", sa.String(length=32), nullable=True),
        sa.Column("taken_on", sa.Date(), nullable=False),
        sa.Column("amount", BIGINT, nullable=False),
        sa.Column("paid", BIGINT, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("tolerance", BIGINT, nullable=False),
        sa.Column("last_due_on", sa.Date(), nullable=False),
        sa.Column("judged_on", sa.Date(), nullable=True),
        sa.Column("cancelled_on", sa.Date(), nullable=True),
        sa.Column("cancel_reason", sa.String(length=400), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_promise_case_id_collection_case")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_promise_contact_id_contact")),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_promise_loan_id_loan")),
        sa.ForeignKeyConstraint(
            ["taken_by_id"], ["user_account.id"], name=op.f("fk_promise_taken_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_promise")),
        sa.UniqueConstraint("key", name=op.f("uq_promise_key")),
    )
    op.create_index(op.f("ix_promise_case_id"), "promise", ["case_id"], unique=False)
    op.create_index(op.f("ix_promise_loan_id"), "promise", ["loan_id"], unique=False)
    op.create_index(
        "uq_promise_open_case",
        "promise",
        ["case_id"],
        unique=True,
        sqlite_where=sa.text("state = 'open'"),
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_promise_judged", "promise", ["judged_on", "state"], unique=False)
    op.create_index("ix_promise_list", "promise", ["state", "last_due_on", "id"], unique=False)
    op.create_table(
        "instalment",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("promise_id", BIGINT, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("before", BIGINT, nullable=False),
        sa.Column("amount", BIGINT, nullable=False),
        sa.Column("paid", BIGINT, nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["promise_id"], ["promise.id"], name=op.f("fk_instalment_promise_id_promise")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instalment")),
    )
    op.create_index(op.f("ix_instalment_promise_id"), "instalment", ["promise_id"], unique=False)
    op.create_index("ix_instalment_state_until", "instalment", ["state", "until"], unique=False)
    op.create_table(
        "reported_repayment",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("loan_id", BIGINT, nullable=False),
        sa.Column("paid_on", sa.Date(), nullable=False),
        sa.Column("amount", BIGINT, nullable=False),
        sa.Column("costs", BIGINT, nullable=False),
        sa.Column("interest", BIGINT, nullable=False),
        sa.Column("principal", BIGINT, nullable=False),
        sa.Column("attachment_id", BIGINT, nullable=True),
        sa.Column("evidence", sa.String(length=400), nullable=False),
        sa.Column("reported_by_id", BIGINT, nullable=False),
        sa.Column("line", sa.String(length=32), nullable=True),
        sa.Column("reported_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("settled_as_of", sa.Date(), nullable=True),
        sa.Column("covered_on", sa.Date(), nullable=True),
        sa.Column("withdraw_reason", sa.String(length=400), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["attachment_id"], ["attachment.id"], name=op.f("fk_reported_repayment_attachment_id_attachment")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_reported_repayment_case_id_collection_case")
        ),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_reported_repayment_loan_id_loan")),
        sa.ForeignKeyConstraint(
            ["reported_by_id"],
            ["user_account.id"],
            name=op.f("fk_reported_repayment_reported_by_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_reported_repayment")),
        sa.UniqueConstraint("key", name=op.f("uq_reported_repayment_key")),
    )
    op.create_index(op.f("ix_reported_repayment_case_id"), "reported_repayment", ["case_id"], unique=False)
    op.create_index(op.f("ix_reported_repayment_loan_id"), "reported_repayment", ["loan_id"], unique=False)
    op.create_index("ix_reported_repayment_state", "reported_repayment", ["state", "paid_on"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_reported_repayment_state", table_name="reported_repayment")
    op.drop_index(op.f("ix_reported_repayment_loan_id"), table_name="reported_repayment")
    op.drop_index(op.f("ix_reported_repayment_case_id"), table_name="reported_repayment")
    op.drop_table("reported_repayment")
    op.drop_index("ix_instalment_state_until", table_name="instalment")
    op.drop_index(op.f("ix_instalment_promise_id"), table_name="instalment")
    op.drop_table("instalment")
    op.drop_index("uq_promise_open_case", table_name="promise")
    op.drop_index("ix_promise_list", table_name="promise")
    op.drop_index("ix_promise_judged", table_name="promise")
    op.drop_index(op.f("ix_promise_loan_id"), table_name="promise")
    op.drop_index(op.f("ix_promise_case_id"), table_name="promise")
    op.drop_table("promise")
