"""Task forces, areas, rules of assignment, absences"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "assignment_rule",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("position", BIGINT, nullable=False),
        sa.Column("line", sa.String(length=32), nullable=False),
        sa.Column("area_code", sa.String(length=12), nullable=True),
        sa.Column("branch_id", BIGINT, nullable=True),
        sa.Column("min_days", BIGINT, nullable=True),
        sa.Column("max_days", BIGINT, nullable=True),
        sa.Column("min_amount", BIGINT, nullable=True),
        sa.Column("max_amount", BIGINT, nullable=True),
        sa.Column("method", sa.String(length=32), nullable=False),
        sa.Column("turn", BIGINT, nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["area_code"], ["region.code"], name=op.f("fk_assignment_rule_area_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branch.id"], name=op.f("fk_assignment_rule_branch_id_branch")
        ),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_assignment_rule_county_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment_rule")),
    )
    op.create_index(
        "ix_assignment_rule_order", "assignment_rule", ["county_code", "line", "position"], unique=False
    )
    op.create_table(
        "absence",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("user_id", BIGINT, nullable=False),
        sa.Column("starts_on", sa.Date(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=True),
        sa.Column("substitute_id", BIGINT, nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("entered_by_id", BIGINT, nullable=True),
        sa.Column("entered_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("cancelled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["entered_by_id"], ["user_account.id"], name=op.f("fk_absence_entered_by_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["substitute_id"], ["user_account.id"], name=op.f("fk_absence_substitute_id_user_account")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_absence_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_absence")),
    )
    op.create_index(op.f("ix_absence_user_id"), "absence", ["user_id"], unique=False)
    op.create_table(
        "assignment_rule_user",
        sa.Column("rule_id", BIGINT, nullable=False),
        sa.Column("user_id", BIGINT, nullable=False),
        sa.ForeignKeyConstraint(
            ["rule_id"], ["assignment_rule.id"], name=op.f("fk_assignment_rule_user_rule_id_assignment_rule")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_assignment_rule_user_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("rule_id", "user_id", name=op.f("pk_assignment_rule_user")),
    )
    op.create_table(
        "task_force",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("county_code", sa.String(length=12), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("leader_id", BIGINT, nullable=True),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["county_code"], ["region.code"], name=op.f("fk_task_force_county_code_region")
        ),
        sa.ForeignKeyConstraint(
            ["leader_id"], ["user_account.id"], name=op.f("fk_task_force_leader_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_force")),
        sa.UniqueConstraint("county_code", "name", name=op.f("uq_task_force_county_code_name")),
    )
    op.create_table(
        "task_force_area",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("force_id", BIGINT, nullable=False),
        sa.Column("region_code", sa.String(length=12), nullable=True),
        sa.Column("branch_id", BIGINT, nullable=True),
        sa.ForeignKeyConstraint(
            ["branch_id"], ["branch.id"], name=op.f("fk_task_force_area_branch_id_branch")
        ),
        sa.ForeignKeyConstraint(
            ["force_id"], ["task_force.id"], name=op.f("fk_task_force_area_force_id_task_force")
        ),
        sa.ForeignKeyConstraint(
            ["region_code"], ["region.code"], name=op.f("fk_task_force_area_region_code_region")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_force_area")),
    )
    op.create_table(
        "task_force_member",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("force_id", BIGINT, nullable=False),
        sa.Column("user_id", BIGINT, nullable=False),
        sa.Column("line", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["force_id"], ["task_force.id"], name=op.f("fk_task_force_member_force_id_task_force")
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["user_account.id"], name=op.f("fk_task_force_member_user_id_user_account")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_task_force_member")),
        sa.UniqueConstraint("force_id", "user_id", name=op.f("uq_task_force_member_force_id_user_id")),
    )
    op.create_index(op.f("ix_task_force_member_user_id"), "task_force_member", ["user_id"], unique=False)


def downgrade() -> None:
    op.drop_index(op.f("ix_task_force_member_user_id"), table_name="task_force_member")
    op.drop_table("task_force_member")
    op.drop_table("task_force_area")
    op.drop_table("task_force")
    op.drop_table("assignment_rule_user")
    op.drop_index(op.f("ix_absence_user_id"), table_name="absence")
    op.drop_table("absence")
    op.drop_index("ix_assignment_rule_order", table_name="assignment_rule")
    op.drop_table("assignment_rule")
