"""Papers and their delivery"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "print_run",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("printed_on", sa.Date(), nullable=False),
        sa.Column("printed_by_id", BIGINT, nullable=False),
        sa.Column("printed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("count", BIGINT, nullable=False),
        sa.Column("chosen", sa.JSON(none_as_null=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["printed_by_id"], ["user_account.id"], name=op.f("fk_print_run_printed_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_print_run")),
    )
    op.create_table(
        "paper",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("run_id", BIGINT, nullable=False),
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("balance", BIGINT, nullable=False),
        sa.Column("overdue", BIGINT, nullable=False),
        sa.Column("facts", sa.JSON(), nullable=False),
        sa.Column("delivery", sa.String(length=32), nullable=True),
        sa.Column("delivered_on", sa.Date(), nullable=True),
        sa.Column("witness", sa.String(length=64), nullable=False),
        sa.Column("contact_id", BIGINT, nullable=True),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_paper_case_id_collection_case")
        ),
        sa.ForeignKeyConstraint(["contact_id"], ["contact.id"], name=op.f("fk_paper_contact_id_contact")),
        sa.ForeignKeyConstraint(["run_id"], ["print_run.id"], name=op.f("fk_paper_run_id_print_run")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_paper")),
    )
    op.create_index("ix_paper_case_id", "paper", ["case_id", "delivered_on"], unique=False)
    op.create_index(op.f("ix_paper_run_id"), "paper", ["run_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_paper_run_id"), table_name="paper")
    op.drop_index("ix_paper_case_id", table_name="paper")
    op.drop_table("paper")
    op.drop_table("print_run")
