"""The lease of the relay: who may send now, and its term, which grows with each change of hands."""

from alembic import op

revision = "eventlog_0003"
down_revision = "eventlog_0002"
branch_labels = None
depends_on = None

STATEMENTS = """
CREATE TABLE eventlog.lease (
    name text PRIMARY KEY,
    holder text NOT NULL,
    term bigint NOT NULL,
    expires_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Create the table."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
