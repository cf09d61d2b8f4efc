"""People behind complaints: what was sealed, opened at intake and kept under a key of its case; who read or erased it."""

from alembic import op

revision = "credit_0008"
down_revision = "credit_0007"
branch_labels = None
depends_on = None

STATEMENTS = """
-- Kept as received until now, and no key to seal to was ever published: nothing that can be opened is lost.
DROP TABLE credit.vault;
-- What waits for a match is sealed in the vault as well: a case has its id before its enterprise is known.
ALTER TABLE credit.unmatched_event DROP COLUMN sealed;

-- The key of each case, itself under the complainants' secret. Erased: the key is gone for good, the row stays, so that
-- nothing that comes later is kept.
CREATE TABLE credit.case_key (
    fact_id text PRIMARY KEY,
    wrapped bytea,
    erased_at timestamptz,
    CHECK ((wrapped IS NULL) = (erased_at IS NOT NULL))
);

-- Identity and words under the key of the case. Facts have no foreign key from here: they may be placed later in their batch.
CREATE TABLE credit.vault (
    fact_id text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    source_time timestamptz NOT NULL,
    sealed bytea NOT NULL,
    PRIMARY KEY (source, event_id)
);
CREATE INDEX vault_fact ON credit.vault (fact_id);

-- Who read or erased the complainant of which case, and why; append-only.
CREATE TABLE credit.complainant_audit (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    fact_id text NOT NULL,
    action text NOT NULL,
    subject text NOT NULL,
    office text NOT NULL,
    purpose text NOT NULL,
    request_id text,
    at timestamptz NOT NULL,
    UNIQUE (subject, request_id)
);
CREATE INDEX complainant_audit_fact ON credit.complainant_audit (fact_id, id);
"""


def upgrade() -> None:
    """Make the vault anew."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
