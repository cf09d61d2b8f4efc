"""Where each epoch began: up to there a cursor of the lost future and the feeds of today agree."""

from alembic import op

revision = "eventlog_0004"
down_revision = "eventlog_0003"
branch_labels = None
depends_on = None

STATEMENTS = """
-- Positions by "topic/partition".
ALTER TABLE eventlog.epoch ADD COLUMN began_at jsonb NOT NULL DEFAULT '{}';
ALTER TABLE eventlog.epoch ADD PRIMARY KEY (epoch);
"""


def upgrade() -> None:
    """Add the column; the default is constant, so no row is rewritten."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
