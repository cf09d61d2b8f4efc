"""Which instruction a directive came of: a relay that dies between its two commits sends an instruction again."""

from alembic import op

revision = "credit_0010"
down_revision = "credit_0009"
branch_labels = None
depends_on = None

STATEMENTS = """
ALTER TABLE credit.department_directive ADD COLUMN instruction_id text;
-- What was dispatched before has none: NULLs do not meet.
CREATE UNIQUE INDEX department_directive_instruction ON credit.department_directive (instruction_id);
"""


def upgrade() -> None:
    """Add the column and its index."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
