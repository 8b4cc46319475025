"""The same file for another lender is another ledger"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

NAME = "uq_import_batch_taken"


def _unique(columns: list[str]) -> None:
    op.drop_index(NAME, table_name="import_batch")
    op.create_index(
        NAME,
        "import_batch",
        columns,
        unique=True,
        sqlite_where=sa.text("state = 'taken'"),
        postgresql_where=sa.text("state = 'taken'"),
    )


def upgrade() -> None:
    _unique(["file_hash", "as_of", "lender_name"])


def downgrade() -> None:
    _unique(["file_hash", "as_of"])
