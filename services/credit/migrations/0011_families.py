"""What complainants of several enterprises of a family move in the cells of the one that goes on (decision 0052)."""

from alembic import op

revision = "credit_0011"
down_revision = "credit_0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column; empty is right for everybody but who goes on after a merger (see the decision)."""
    op.execute("ALTER TABLE credit.subject ADD COLUMN shared bytea NOT NULL DEFAULT ''")


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
