"""Lines to stay under: averages, ranks, thresholds"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "line_value",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("ongoing", sa.Boolean(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=True),
        sa.Column("rank", BIGINT, nullable=True),
        sa.Column("of", BIGINT, nullable=True),
        sa.Column("source", sa.String(length=200), nullable=False),
        sa.Column("dated_on", sa.Date(), nullable=False),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_line_value_region_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_line_value")),
        sa.UniqueConstraint(
            "region_code",
            "kind",
            "month",
            "ongoing",
            name=op.f("uq_line_value_region_code_kind_month_ongoing"),
        ),
    )


def downgrade() -> None:
    op.drop_table("line_value")
