"""Bursts under review, judgements of cases, marks of complainants; policies in force, their back-tests and their fuse."""

from alembic import op

revision = "credit_0005"
down_revision = "credit_0002"
branch_labels = None
depends_on = None

STATEMENTS = """
-- Of a case: its complainant, as the first 8 bytes of the HMAC (0 for none), and whether a review found it genuine (1).
ALTER TABLE credit.fact ADD COLUMN complainant bigint NOT NULL DEFAULT 0, ADD COLUMN judgement smallint NOT NULL DEFAULT 0;
-- How many cases a complainant has against a merchant. By merchant first: a key that begins with an HMAC would touch another
-- page with every event. All cases of one complainant are found by going through the index, which only a mark does.
CREATE INDEX fact_complainant ON credit.fact (subject_id, complainant, weighs) WHERE complainant <> 0;

-- How many cases of a merchant are under review.
ALTER TABLE credit.subject ADD COLUMN under_review int NOT NULL DEFAULT 0;
CREATE INDEX subject_under_review ON credit.subject (code) WHERE under_review > 0;

-- Cases that ended for fraud, or no longer do: each change is spread to the complainant's other cases once.
CREATE TABLE credit.fraud_case (
    fact_id text PRIMARY KEY,
    complainant text NOT NULL,
    stands boolean NOT NULL,
    revision int NOT NULL DEFAULT 1,
    mark_id text NOT NULL DEFAULT '',
    is_spread boolean NOT NULL DEFAULT false
);
CREATE INDEX fraud_case_unspread ON credit.fraud_case (fact_id) WHERE NOT is_spread;

-- The policy in force when a subject was rated, and whether that one's fuse held its downgrade back.
ALTER TABLE credit.subject ADD COLUMN policy_version text NOT NULL DEFAULT '', ADD COLUMN is_held boolean NOT NULL DEFAULT false;
CREATE INDEX subject_held ON credit.subject (id) WHERE is_held;
ALTER TABLE credit.public_record ADD COLUMN policy_version text NOT NULL DEFAULT '';

-- The digest under which a version was first used by a worker: from then on it never changes.
CREATE TABLE credit.policy_used (version text PRIMARY KEY, digest text NOT NULL, used_at timestamptz NOT NULL DEFAULT now());

-- Stage 4 is approved: by a second person, on a back-test that is kept.
ALTER TABLE credit.policy ADD COLUMN approved_by text NOT NULL DEFAULT '', ADD COLUMN approved_run bigint,
    ADD COLUMN activated_run bigint, ADD CHECK (approved_by <> drafted_by);

-- Back-tests that were approved or activated upon: the report, and of everybody the grades and points by both policies.
CREATE TABLE credit.backtest_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    policy_version text NOT NULL,
    policy_digest text NOT NULL,
    day date NOT NULL,
    position bigint NOT NULL,
    first_transaction bigint NOT NULL,
    report text NOT NULL,
    ran_by text NOT NULL,
    ran_at timestamptz NOT NULL
);
CREATE TABLE credit.backtest_grade (
    run bigint NOT NULL REFERENCES credit.backtest_run ON DELETE CASCADE,
    subject_id bigint NOT NULL,
    grades smallint[] NOT NULL,
    scores bigint[] NOT NULL,
    PRIMARY KEY (run, subject_id)
);

-- Differences between the approved run and the one at activation, each with the facts after the first that made it.
CREATE TABLE credit.backtest_difference (
    run bigint NOT NULL REFERENCES credit.backtest_run ON DELETE CASCADE,
    code text NOT NULL,
    before text NOT NULL,
    after text NOT NULL,
    fact_ids text[] NOT NULL,
    PRIMARY KEY (run, code)
);

-- The fuse of an activated policy, judged on its first day over everybody.
CREATE TABLE credit.policy_fuse (
    version text PRIMARY KEY,
    day date NOT NULL,
    rated bigint NOT NULL,
    downgraded bigint NOT NULL,
    limit_permille int NOT NULL,
    judged_at timestamptz NOT NULL,
    lifted_by text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    lifted_at timestamptz
);

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
