"""In which epoch a webhook's message got its number: after a restore the same number is another message."""

from alembic import op

revision = "credit_0009"
down_revision = "credit_0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; what was numbered before belongs to the first epoch."""
    op.execute("ALTER TABLE credit.webhook_message ADD COLUMN epoch bigint NOT NULL DEFAULT 1")


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
