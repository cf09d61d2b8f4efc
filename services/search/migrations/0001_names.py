"""The keys of names, kept so that a rebuild of the index does not make them again."""

from alembic import op

revision = "search_0001"
down_revision = None
branch_labels = ("search",)
depends_on = None

STATEMENTS = """
CREATE SCHEMA search;

-- A cache: what is missing is made again from the name. The digest stands for the name and the version of the keys; a
-- name may be longer than what an index holds.
CREATE TABLE search.name_text (
    digest bytea PRIMARY KEY,
    version text NOT NULL,
    texts text NOT NULL
);
-- Less than a kilobyte a name as a rule, read by the ten thousand: not compressed.
ALTER TABLE search.name_text ALTER COLUMN texts SET STORAGE EXTERNAL;
"""


def upgrade() -> None:
    """Create the schema."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
