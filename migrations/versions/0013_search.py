"""Searching borrowers by name and by initials"""

import sqlalchemy as sa
from alembic import op

from app.loans.initials import initials

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

CHUNK = 20_000


def upgrade() -> None:
    op.add_column("borrower", sa.Column("initials", sa.String(length=64), nullable=True))
    _fill(op.get_bind())
    for column in ("name", "initials"):
        # Prefixes by code point, whatever the database's collation.
        ops = {column: "text_pattern_ops"}
        op.create_index(
            f"ix_borrower_{column}", "borrower", [column], postgresql_ops=ops, postgresql_include=["id"]
        )


def downgrade() -> None:
    for column in ("initials", "name"):
        op.drop_index(f"ix_borrower_{column}", table_name="borrower")
    op.drop_column("borrower", "initials")


def _fill(connection: sa.Connection) -> None:
    """A million names are a few thousand different characters: one pass, chunk by chunk."""
    read = "SELECT id, name FROM borrower WHERE id > :last ORDER BY id LIMIT :n"
    write = "UPDATE borrower SET initials = :initials WHERE id = :id"
    last = 0
    while rows := connection.execute(sa.text(read), {"last": last, "n": CHUNK}).all():
        connection.execute(sa.text(write), [{"id": row.id, "initials": initials(row.name)} for row in rows])
        last = rows[-1].id
