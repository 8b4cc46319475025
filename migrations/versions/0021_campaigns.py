"""Batches for a lender's own platform, campaigns"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "handoff_result",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("filename", sa.String(length=120), nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("new", BIGINT, nullable=False),
        sa.Column("known", BIGINT, nullable=False),
        sa.Column("left_count", BIGINT, nullable=False),
        sa.Column("left", sa.JSON(), nullable=False),
        sa.Column("taken_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("taken_by", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoff_result")),
        sa.UniqueConstraint("region_code", "digest", name=op.f("uq_handoff_result_region_code_digest")),
    )
    op.create_table(
        "handoff_batch",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("lender_id", BIGINT, nullable=True),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("messages", BIGINT, nullable=False),
        sa.Column("parts", BIGINT, nullable=False),
        sa.Column("xlsx", sa.String(length=64), nullable=False),
        sa.Column("csv", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("downloaded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("downloaded_by_id", BIGINT, nullable=True),
        sa.ForeignKeyConstraint(
            ["downloaded_by_id"],
            ["user_account.id"],
            name=op.f("fk_handoff_batch_downloaded_by_id_user_account"),
        ),
        sa.ForeignKeyConstraint(["lender_id"], ["lender.id"], name=op.f("fk_handoff_batch_lender_id_lender")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_handoff_batch")),
    )
    op.create_index("ix_handoff_batch_region_code_day", "handoff_batch", ["region_code", "day"], unique=False)
    with op.batch_alter_table("outbox_message") as table:
        table.add_column(sa.Column("batch_id", BIGINT, nullable=True))
        table.create_foreign_key(
            op.f("fk_outbox_message_batch_id_handoff_batch"), "handoff_batch", ["batch_id"], ["id"]
        )
        table.create_index(op.f("ix_outbox_message_batch_id"), ["batch_id"])


def downgrade() -> None:
    with op.batch_alter_table("outbox_message") as table:
        table.drop_index(op.f("ix_outbox_message_batch_id"))
        table.drop_constraint(op.f("fk_outbox_message_batch_id_handoff_batch"), type_="foreignkey")
        table.drop_column("batch_id")
    op.drop_index("ix_handoff_batch_region_code_day", table_name="handoff_batch")
    op.drop_table("handoff_batch")
    op.drop_table("handoff_result")
