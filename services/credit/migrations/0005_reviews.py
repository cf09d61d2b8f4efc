"""Bursts under review, judgements of cases, marks of complainants; policies in force, their back-tests and their fuse."""

from alembic import op

revision = "credit_0005"
down_revision = "credit_0002"
branch_labels = None
depends_on = None

STATEMENTS = """
-- Of a case: its complainant, as the first 8 bytes of the HMAC (0 for none), and whether a review found it genuine (1).
ALTER TABLE credit.fact ADD COLUMN complainant bigint NOT NULL DEFAULT 0, ADD COLUMN judgement smallint NOT NULL DEFAULT 0;
-- How many cases a complainant has against a merchant, and where all of a complainant's cases are.
CREATE INDEX fact_complainant ON credit.fact (complainant, subject_id, weighs) WHERE complainant <> 0;

-- How many cases of a merchant are under review.
ALTER TABLE credit.subject ADD COLUMN under_review int NOT NULL DEFAULT 0;
CREATE INDEX subject_under_review ON credit.subject (code) WHERE under_review > 0;

-- Reviews of bursts, each with the cases that it judged; what they mean for the score stands in the ledger's accounts.
CREATE TABLE credit.burst_review (
    review_id text PRIMARY KEY,
    code text NOT NULL,
    month date NOT NULL,
    judgement smallint NOT NULL,
    reason text NOT NULL,
    fact_ids text[] NOT NULL,
    reviewed_by text NOT NULL,
    office text NOT NULL,
    reviewed_at timestamptz NOT NULL
);
CREATE INDEX burst_review_code ON credit.burst_review (code, month);

-- How a complainant is marked: every case of it, also one that comes later, gets an account of the mark.
CREATE TABLE credit.complainant_mark (
    complainant text PRIMARY KEY,
    mark smallint NOT NULL,
    review_id text NOT NULL,
    reason text NOT NULL,
    marked_by text NOT NULL,
    office text NOT NULL,
    marked_at timestamptz NOT NULL
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
