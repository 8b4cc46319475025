"""The disposal ledger"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "disposal",
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("cause", sa.String(length=32), nullable=False),
        sa.Column("route", sa.String(length=32), nullable=True),
        sa.Column("owner_id", BIGINT, nullable=True),
        sa.Column("deadline", sa.Date(), nullable=True),
        sa.Column("measure", sa.String(length=400), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=True),
        sa.Column("changed_by_id", BIGINT, nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_disposal_case_id_collection_case")
        ),
        sa.ForeignKeyConstraint(
            ["changed_by_id"], ["user_account.id"], name=op.f("fk_disposal_changed_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"], ["user_account.id"], name=op.f("fk_disposal_owner_id_user_account")
        ),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_disposal")),
    )
    op.create_index("ix_disposal_cause_route", "disposal", ["cause", "route"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_disposal_cause_route", table_name="disposal")
    op.drop_table("disposal")
