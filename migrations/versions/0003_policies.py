"""Numbers that a county sets"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "policy_value",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("key", sa.String(length=32), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("lender_id", BIGINT, nullable=True),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("value", BIGINT, nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("set_by_id", BIGINT, nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_policy_value_lender_id_lender")),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["user_account.id"], name=op.f("fk_policy_value_set_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_policy_value")),
    )
    op.create_index("ix_policy_value_key", "policy_value", ["key", "region_code"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_policy_value_key", table_name="policy_value")
    op.drop_table("policy_value")
