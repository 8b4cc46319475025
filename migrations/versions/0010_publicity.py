"""The publicity log"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "publicity",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("branch_id", BIGINT, nullable=True),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("means", sa.String(length=32), nullable=False),
        sa.Column("people", BIGINT, nullable=False),
        sa.Column("text", sa.String(length=400), nullable=False),
        sa.Column("author_id", BIGINT, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("photo_digest", sa.String(length=64), nullable=True),
        sa.Column("photo_mime", sa.String(length=64), nullable=True),
        sa.Column("withdrawn_on", sa.Date(), nullable=True),
        sa.Column("withdraw_reason", sa.String(length=200), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_publicity_author_id_user_account")
        ),
        sa.ForeignKeyConstraint(["branch_id"], ["branch.id"], name=op.f("fk_publicity_branch_id_branch")),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_publicity_region_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_publicity")),
        sa.UniqueConstraint("key", name=op.f("uq_publicity_key")),
    )
    op.create_index("ix_publicity_region_code", "publicity", ["region_code", "on"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_publicity_region_code", table_name="publicity")
    op.drop_table("publicity")
