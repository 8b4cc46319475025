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
    op.create_table(
        "campaign",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("template_id", BIGINT, nullable=False),
        sa.Column("categories", sa.String(length=80), nullable=False),
        sa.Column("townships", sa.String(length=400), nullable=False),
        sa.Column("listed", sa.Boolean(), nullable=False),
        sa.Column("send_on", sa.Date(), nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("state", sa.String(length=32), nullable=False),
        sa.Column("planned_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("capped", BIGINT, nullable=False),
        sa.Column("stopped_by_id", BIGINT, nullable=True),
        sa.Column("stopped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("stop_reason", sa.String(length=240), nullable=False),
        sa.ForeignKeyConstraint(
            ["stopped_by_id"], ["user_account.id"], name=op.f("fk_campaign_stopped_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["template_id"], ["message_template.id"], name=op.f("fk_campaign_template_id_message_template")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign")),
    )
    op.create_index(op.f("ix_campaign_region_code"), "campaign", ["region_code"], unique=False)
    op.create_table(
        "campaign_person",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("campaign_id", BIGINT, nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=False),
        sa.Column("borrower_id", BIGINT, nullable=True),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.id"], name=op.f("fk_campaign_person_borrower_id_borrower")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaign.id"], name=op.f("fk_campaign_person_campaign_id_campaign")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_campaign_person")),
        sa.UniqueConstraint("campaign_id", "phone", name=op.f("uq_campaign_person_campaign_id_phone")),
    )
    op.create_table(
        "held_out",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("loan_id", BIGINT, nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("share", BIGINT, nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["loan_id"], ["loan.id"], name=op.f("fk_held_out_loan_id_loan")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_held_out")),
        sa.UniqueConstraint("loan_id", "due_on", name=op.f("uq_held_out_loan_id_due_on")),
    )
    with op.batch_alter_table("outbox_message") as table:
        table.alter_column("borrower_id", existing_type=BIGINT, nullable=True)
        table.add_column(sa.Column("campaign_id", BIGINT, nullable=True))
        table.create_foreign_key(
            op.f("fk_outbox_message_campaign_id_campaign"), "campaign", ["campaign_id"], ["id"]
        )
        table.create_index(op.f("ix_outbox_message_campaign_id"), ["campaign_id"])
        table.create_index(
            "uq_outbox_message_stranger",
            ["phone", "day"],
            unique=True,
            sqlite_where=sa.text("borrower_id IS NULL"),
            postgresql_where=sa.text("borrower_id IS NULL"),
        )
        table.add_column(sa.Column("batch_id", BIGINT, nullable=True))
        table.create_foreign_key(
            op.f("fk_outbox_message_batch_id_handoff_batch"), "handoff_batch", ["batch_id"], ["id"]
        )
        table.create_index(op.f("ix_outbox_message_batch_id"), ["batch_id"])


def downgrade() -> None:
    strangers = "(SELECT id FROM outbox_message WHERE borrower_id IS NULL)"
    op.execute(f"DELETE FROM send_attempt WHERE message_id IN {strangers}")
    op.execute("DELETE FROM outbox_message WHERE borrower_id IS NULL")
    with op.batch_alter_table("outbox_message") as table:
        table.drop_index(op.f("ix_outbox_message_batch_id"))
        table.drop_constraint(op.f("fk_outbox_message_batch_id_handoff_batch"), type_="foreignkey")
        table.drop_column("batch_id")
        table.drop_index("uq_outbox_message_stranger")
        table.drop_index(op.f("ix_outbox_message_campaign_id"))
        table.drop_constraint(op.f("fk_outbox_message_campaign_id_campaign"), type_="foreignkey")
        table.drop_column("campaign_id")
        table.alter_column("borrower_id", existing_type=BIGINT, nullable=False)
    op.drop_table("held_out")
    op.drop_table("campaign_person")
    op.drop_table("campaign")
    op.drop_index("ix_handoff_batch_region_code_day", table_name="handoff_batch")
    op.drop_table("handoff_batch")
    op.drop_table("handoff_result")
