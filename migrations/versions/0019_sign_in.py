"""Second factors, invitations, sessions"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name, kind in (
        ("totp_secret", sa.LargeBinary()),
        ("totp_since", MOMENT),
        ("totp_step", BIGINT),
        ("printed_since", MOMENT),
    ):
        op.add_column("user_account", sa.Column(name, kind, nullable=True))
    for name in ("failed_sign_ins", "locked_until", "session_epoch"):
        op.drop_column("user_account", name)
    op.create_table(
        "sign_in_session",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("user_id", BIGINT, nullable=False),
        sa.Column("token_digest", sa.String(length=64), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("device", sa.String(length=64), nullable=False),
        sa.Column("device_digest", sa.String(length=64), nullable=True),
        sa.Column("address", sa.String(length=48), nullable=False),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_sign_in_session_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sign_in_session")),
        sa.UniqueConstraint("token_digest", name=op.f("uq_sign_in_session_token_digest")),
    )
    op.create_index("ix_sign_in_session_user_id", "sign_in_session", ["user_id", "ended_at"])
    op.create_table(
        "sign_in_throttle",
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("failures", BIGINT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("key", name=op.f("pk_sign_in_throttle")),
    )
    op.create_index(op.f("ix_sign_in_throttle_last_at"), "sign_in_throttle", ["last_at"])
    op.create_table(
        "recovery_code",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("user_id", BIGINT, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_recovery_code_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recovery_code")),
    )
    op.create_index(op.f("ix_recovery_code_user_id"), "recovery_code", ["user_id"])
    op.create_table(
        "invitation",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("user_id", BIGINT, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_invitation_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_invitation")),
        sa.UniqueConstraint("digest", name=op.f("uq_invitation_digest")),
    )
    op.create_index(op.f("ix_invitation_user_id"), "invitation", ["user_id"])


def downgrade() -> None:
    for name in ("invitation", "recovery_code", "sign_in_throttle", "sign_in_session"):
        op.drop_table(name)
    with op.batch_alter_table("user_account") as table:
        for name in ("totp_secret", "totp_since", "totp_step", "printed_since"):
            table.drop_column(name)
        table.add_column(sa.Column("locked_until", MOMENT, nullable=True))
        for name in ("failed_sign_ins", "session_epoch"):
            table.add_column(sa.Column(name, BIGINT, nullable=True))
    op.execute("UPDATE user_account SET failed_sign_ins = 0, session_epoch = 0")
    with op.batch_alter_table("user_account") as table:
        for name in ("failed_sign_ins", "session_epoch"):
            table.alter_column(name, existing_type=BIGINT, nullable=False)
