"""The register: enterprises, their revisions, and the requests that were answered."""

from alembic import op

revision = "registry_0001"
down_revision = None
branch_labels = ("registry",)
depends_on = None

STATEMENTS = """
CREATE SCHEMA registry;

-- What is registered now; the snapshot is the message that left.
CREATE TABLE registry.enterprise (
    code text PRIMARY KEY,
    region_code text NOT NULL,
    revision bigint NOT NULL,
    snapshot bytea NOT NULL
);

-- Every revision, and who wrote it; facts are ended, never deleted.
CREATE TABLE registry.enterprise_revision (
    code text NOT NULL,
    revision bigint NOT NULL,
    snapshot bytea NOT NULL,
    subject text NOT NULL,
    office text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (code, revision)
);

-- Requests that were answered, for idempotency (AIP-155).
CREATE TABLE registry.request (
    subject text NOT NULL,
    request_id text NOT NULL,
    digest bytea NOT NULL,
    answer bytea NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (subject, request_id)
);
"""


def upgrade() -> None:
    """Create the schema."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
