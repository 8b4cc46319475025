"""Contact notes, approaches, attachments; marks and numbers of borrowers"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "borrower_mark",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("borrower_id", BIGINT, nullable=False),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("reason", sa.String(length=400), nullable=False),
        sa.Column("set_by_id", BIGINT, nullable=True),
        sa.Column("set_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lifted_on", sa.Date(), nullable=True),
        sa.Column("lift_reason", sa.String(length=400), nullable=False),
        sa.Column("lifted_by_id", BIGINT, nullable=True),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.id"], name=op.f("fk_borrower_mark_borrower_id_borrower")
        ),
        sa.ForeignKeyConstraint(
            ["lifted_by_id"], ["user_account.id"], name=op.f("fk_borrower_mark_lifted_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["set_by_id"], ["user_account.id"], name=op.f("fk_borrower_mark_set_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_borrower_mark")),
    )
    op.create_index("ix_borrower_mark_borrower_id", "borrower_mark", ["borrower_id"], unique=False)
    op.create_index(
        "uq_borrower_mark_open",
        "borrower_mark",
        ["borrower_id", "kind"],
        unique=True,
        sqlite_where=sa.text("lifted_on IS NULL"),
        postgresql_where=sa.text("lifted_on IS NULL"),
    )
    op.create_table(
        "borrower_phone",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("borrower_id", BIGINT, nullable=False),
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("whose", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("reaches", sa.String(length=32), nullable=False),
        sa.Column("from_ledger", sa.Boolean(), nullable=False),
        sa.Column("added_by_id", BIGINT, nullable=True),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.ForeignKeyConstraint(
            ["added_by_id"], ["user_account.id"], name=op.f("fk_borrower_phone_added_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.id"], name=op.f("fk_borrower_phone_borrower_id_borrower")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_borrower_phone")),
        sa.UniqueConstraint("borrower_id", "number", name=op.f("uq_borrower_phone_borrower_id_number")),
    )
    op.create_index(op.f("ix_borrower_phone_number"), "borrower_phone", ["number"], unique=False)
    op.create_table(
        "approach",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("borrower_id", BIGINT, nullable=False),
        sa.Column("user_id", BIGINT, nullable=False),
        sa.Column("line", sa.String(length=32), nullable=True),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("phone_id", BIGINT, nullable=True),
        sa.Column("allowed", sa.Boolean(), nullable=False),
        sa.Column("rule", sa.String(length=32), nullable=True),
        sa.Column("third_party_reason", sa.String(length=400), nullable=False),
        sa.Column("override_reason", sa.String(length=400), nullable=False),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.id"], name=op.f("fk_approach_borrower_id_borrower")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_approach_case_id_collection_case")
        ),
        sa.ForeignKeyConstraint(
            ["phone_id"], ["borrower_phone.id"], name=op.f("fk_approach_phone_id_borrower_phone")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_approach_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approach")),
    )
    op.create_index("ix_approach_borrower_id", "approach", ["borrower_id", "on"], unique=False)
    op.create_index("ix_approach_on", "approach", ["on", "rule"], unique=False)
    op.create_table(
        "contact",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("borrower_id", BIGINT, nullable=False),
        sa.Column("author_id", BIGINT, nullable=False),
        sa.Column("line", sa.String(length=32), nullable=True),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("channel", sa.String(length=32), nullable=False),
        sa.Column("reached", sa.String(length=32), nullable=False),
        sa.Column("disposition", sa.String(length=32), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("next_action", sa.String(length=32), nullable=True),
        sa.Column("next_action_on", sa.Date(), nullable=True),
        sa.Column("phone_id", BIGINT, nullable=True),
        sa.Column("third_party_reason", sa.String(length=400), nullable=False),
        sa.Column("approach_id", BIGINT, nullable=True),
        sa.Column("corrects_id", BIGINT, nullable=True),
        sa.Column("breaches", sa.JSON(), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["approach_id"], ["approach.id"], name=op.f("fk_contact_approach_id_approach")
        ),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_contact_author_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.id"], name=op.f("fk_contact_borrower_id_borrower")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_contact_case_id_collection_case")
        ),
        sa.ForeignKeyConstraint(["corrects_id"], ["contact.id"], name=op.f("fk_contact_corrects_id_contact")),
        sa.ForeignKeyConstraint(
            ["phone_id"], ["borrower_phone.id"], name=op.f("fk_contact_phone_id_borrower_phone")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_contact")),
        sa.UniqueConstraint("key", name=op.f("uq_contact_key")),
    )
    op.create_index("ix_contact_author_id", "contact", ["author_id", "on"], unique=False)
    op.create_index("ix_contact_borrower_id", "contact", ["borrower_id", "on"], unique=False)
    op.create_index(op.f("ix_contact_case_id"), "contact", ["case_id"], unique=False)
    op.create_index("ix_contact_on", "contact", ["on", "line", "case_id"], unique=False)
    for column in ("approach_id", "corrects_id"):
        present = sa.text(f"{column} IS NOT NULL")
        op.create_index(
            f"ix_contact_{column}", "contact", [column], sqlite_where=present, postgresql_where=present
        )
    op.create_table(
        "attachment",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("contact_id", BIGINT, nullable=True),
        sa.Column("kind", sa.String(length=32), nullable=False),
        sa.Column("name", sa.String(length=120), nullable=False),
        sa.Column("mime", sa.String(length=64), nullable=False),
        sa.Column("size", BIGINT, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("uploaded_by_id", BIGINT, nullable=False),
        sa.Column("uploaded_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_attachment_case_id_collection_case")
        ),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name=op.f("fk_attachment_contact_id_contact")
        ),
        sa.ForeignKeyConstraint(
            ["uploaded_by_id"], ["user_account.id"], name=op.f("fk_attachment_uploaded_by_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_attachment")),
    )
    op.create_index(op.f("ix_attachment_case_id"), "attachment", ["case_id"], unique=False)
    op.create_index(op.f("ix_attachment_contact_id"), "attachment", ["contact_id"], unique=False)
    op.execute(
        'INSERT INTO contact (case_id, borrower_id, author_id, line, "on", at, recorded_at, channel, reached, '
        "disposition, text, third_party_reason, breaches, key) "
        "SELECT n.case_id, c.borrower_id, n.author_id, "
        "CASE WHEN u.role IN ('township', 'branch') THEN u.role END, n.\"on\", n.written_at, n.written_at, "
        "'note', 'nobody', 'other', n.text, '', '[]', n.key "
        "FROM case_note n JOIN collection_case c ON c.id = n.case_id JOIN user_account u ON u.id = n.author_id "
        "ORDER BY n.id"
    )
    op.drop_index(op.f("ix_case_note_case_id"), table_name="case_note")
    op.drop_table("case_note")


def downgrade() -> None:
    op.create_table(
        "case_note",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("case_id", BIGINT, nullable=False),
        sa.Column("author_id", BIGINT, nullable=False),
        sa.Column("on", sa.Date(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("text", sa.String(length=2000), nullable=False),
        sa.Column("key", sa.String(length=64), nullable=True),
        sa.ForeignKeyConstraint(
            ["author_id"], ["user_account.id"], name=op.f("fk_case_note_author_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["case_id"], ["collection_case.id"], name=op.f("fk_case_note_case_id_collection_case")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_case_note")),
        sa.UniqueConstraint("key", name=op.f("uq_case_note_key")),
    )
    op.create_index(op.f("ix_case_note_case_id"), "case_note", ["case_id"], unique=False)
    op.execute(
        'INSERT INTO case_note (case_id, author_id, "on", written_at, text, key) '
        'SELECT case_id, author_id, "on", recorded_at, text, key FROM contact ORDER BY id'
    )
    op.drop_index(op.f("ix_attachment_contact_id"), table_name="attachment")
    op.drop_index(op.f("ix_attachment_case_id"), table_name="attachment")
    op.drop_table("attachment")
    for column in ("corrects_id", "approach_id"):
        present = sa.text(f"{column} IS NOT NULL")
        op.drop_index(
            f"ix_contact_{column}", table_name="contact", sqlite_where=present, postgresql_where=present
        )
    op.drop_index("ix_contact_on", table_name="contact")
    op.drop_index(op.f("ix_contact_case_id"), table_name="contact")
    op.drop_index("ix_contact_borrower_id", table_name="contact")
    op.drop_index("ix_contact_author_id", table_name="contact")
    op.drop_table("contact")
    op.drop_index("ix_approach_on", table_name="approach")
    op.drop_index("ix_approach_borrower_id", table_name="approach")
    op.drop_table("approach")
    op.drop_index(op.f("ix_borrower_phone_number"), table_name="borrower_phone")
    op.drop_table("borrower_phone")
    op.drop_index(
        "uq_borrower_mark_open",
        table_name="borrower_mark",
        sqlite_where=sa.text("lifted_on IS NULL"),
        postgresql_where=sa.text("lifted_on IS NULL"),
    )
    op.drop_index("ix_borrower_mark_borrower_id", table_name="borrower_mark")
    op.drop_table("borrower_mark")
