"""A chain of the trail for each county; requests to correct what is kept about a borrower"""

import hashlib
import json
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None

BIGINT = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MESSAGE = "the audit trail is append-only"
START = "0" * 64
INDEXES = {
    "uq_audit_entry_region_code_number": ["region_code", "number"],
    "ix_audit_entry_entity": ["entity", "entity_id"],
    "ix_audit_entry_actor": ["actor", "at"],
    "ix_audit_entry_at": ["at"],
}


def upgrade() -> None:
    _release()
    op.add_column(
        "audit_entry",
        sa.Column("region_code", sa.String(length=12), server_default=sa.text("''"), nullable=False),
    )
    op.add_column("audit_entry", sa.Column("number", BIGINT, server_default="0", nullable=False))
    # What was written before is the chain of no county, in the order in which it was written.
    op.execute(
        "UPDATE audit_entry SET number = n.number FROM "
        "(SELECT id AS entry, row_number() OVER (ORDER BY id) AS number FROM audit_entry) AS n "
        "WHERE audit_entry.id = n.entry"
    )
    for name, columns in INDEXES.items():
        op.create_index(name, "audit_entry", columns, unique=name.startswith("uq"))
    _new_head()
    _hold(" OR (region_code = NEW.region_code AND number = NEW.number)")
    op.create_table(
        "correction_request",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("borrower_id", BIGINT, nullable=False),
        sa.Column("subject", sa.String(length=32), nullable=False),
        sa.Column("asked_on", sa.Date(), nullable=False),
        sa.Column("wanted", sa.LargeBinary(), nullable=False),
        sa.Column("recorded_by_id", BIGINT, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.String(length=32), nullable=True),
        sa.Column("answer", sa.LargeBinary(), nullable=True),
        sa.Column("settled_on", sa.Date(), nullable=True),
        sa.Column("settled_by_id", BIGINT, nullable=True),
        sa.ForeignKeyConstraint(
            ["borrower_id"], ["borrower.id"], name=op.f("fk_correction_request_borrower_id_borrower")
        ),
        sa.ForeignKeyConstraint(
            ["recorded_by_id"],
            ["user_account.id"],
            name=op.f("fk_correction_request_recorded_by_id_user_account"),
        ),
        sa.ForeignKeyConstraint(
            ["settled_by_id"],
            ["user_account.id"],
            name=op.f("fk_correction_request_settled_by_id_user_account"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_correction_request")),
    )
    op.create_index(op.f("ix_correction_request_borrower_id"), "correction_request", ["borrower_id"])


def _new_head() -> None:
    end = op.get_bind().execute(sa.text("SELECT digest FROM audit_head")).scalar()
    last = op.get_bind().execute(sa.text("SELECT coalesce(max(number), 0) FROM audit_entry")).scalar()
    op.drop_table("audit_head")
    head = op.create_table(
        "audit_head",
        sa.Column("region_code", sa.String(length=12), nullable=False),
        sa.Column("number", BIGINT, nullable=False),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("region_code", name=op.f("pk_audit_head")),
    )
    if end is not None:
        op.bulk_insert(head, [{"region_code": "", "number": last, "digest": end}])


def downgrade() -> None:
    """The chains of the counties become one again: their entries are chained anew, and anchors no longer fit."""
    op.drop_index(op.f("ix_correction_request_borrower_id"), table_name="correction_request")
    op.drop_table("correction_request")
    _release()
    last = _one_chain()
    op.drop_table("audit_head")
    head = op.create_table(
        "audit_head",
        sa.Column("id", BIGINT, nullable=False),
        sa.Column("last_id", BIGINT, nullable=True),
        sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["last_id"], ["audit_entry.id"], name=op.f("fk_audit_head_last_id_audit_entry")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_head")),
    )
    if last is not None:
        op.bulk_insert(head, [{"id": 1, "last_id": last[0], "digest": last[1]}])
    for name in INDEXES:
        op.drop_index(name, table_name="audit_entry")
    op.drop_column("audit_entry", "number")
    op.drop_column("audit_entry", "region_code")
    _hold("")


def _one_chain() -> tuple[int, str] | None:
    entry = sa.table(
        "audit_entry",
        sa.column("id", BIGINT),
        sa.column("at", sa.DateTime(timezone=True)),
        *(sa.column(name, sa.String()) for name in ("actor", "action", "entity", "entity_id")),
        sa.column("detail", sa.JSON()),
        *(sa.column(name, sa.String()) for name in ("previous", "digest")),
    )
    bind, last, previous = op.get_bind(), None, START
    rows = bind.execute(sa.select(entry).order_by(entry.c.id)).all()
    for row in rows:  # out of the way first: digests are unique
        bind.execute(sa.update(entry).where(entry.c.id == row.id).values(digest=f"old {row.id}"))
    for row in rows:
        at: datetime = row.at.astimezone(UTC) if row.at.tzinfo else row.at.replace(tzinfo=UTC)
        content: list[Any] = [previous, at.isoformat(timespec="microseconds"), *row[2:7]]
        text = json.dumps(content, sort_keys=True, ensure_ascii=False)
        digest = hashlib.sha256(text.encode()).hexdigest()
        bind.execute(sa.update(entry).where(entry.c.id == row.id).values(previous=previous, digest=digest))
        previous, last = digest, (row.id, digest)
    return last


def _release() -> None:
    """Let the trail be changed, for as long as this migration lasts."""
    if op.get_bind().dialect.name == "sqlite":
        for action in ("update", "delete", "replace"):
            op.execute(f"DROP TRIGGER audit_entry_no_{action}")
        return
    op.execute("ALTER TABLE audit_entry DISABLE TRIGGER audit_entry_no_change")


def _hold(also: str) -> None:
    """As migration 0002; ``also``: what else would make an INSERT OR REPLACE take an entry away."""
    if op.get_bind().dialect.name != "sqlite":
        op.execute("ALTER TABLE audit_entry ENABLE TRIGGER audit_entry_no_change")
        return
    for action in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_entry_no_{action.lower()} BEFORE {action} ON audit_entry "
            f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
        )
    op.execute(
        "CREATE TRIGGER audit_entry_no_replace BEFORE INSERT ON audit_entry "
        f"WHEN EXISTS (SELECT 1 FROM audit_entry WHERE id = NEW.id OR digest = NEW.digest{also}) "
        f"BEGIN SELECT RAISE(ABORT, '{MESSAGE}'); END"
    )
