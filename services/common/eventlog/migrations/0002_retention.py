"""What a feed still holds: its first position that is kept, and up to where superseded positions were dropped."""

from alembic import op

revision = "eventlog_0002"
down_revision = "eventlog_0001"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE eventlog.feed ADD COLUMN first_seq bigint NOT NULL DEFAULT 0;
ALTER TABLE eventlog.feed ADD COLUMN compacted_to bigint NOT NULL DEFAULT 0;
"""


def upgrade() -> None:
    """Add the columns; both have constant defaults, so no row is rewritten."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
