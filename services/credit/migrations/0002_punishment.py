"""Joint punishment: listings as their steps, orders to departments, each department's own sequence, look-ups."""

from alembic import op

revision = "credit_0002"
down_revision = "credit_0001"
branch_labels = None
depends_on = None

STATEMENTS = """
-- A listing as it stands: what queries need; all of it follows from the steps.
CREATE TABLE credit.listing (
    listing_id text PRIMARY KEY,
    code text NOT NULL,
    list_id text NOT NULL,
    trigger_id text NOT NULL,
    severity smallint NOT NULL,
    state smallint NOT NULL,
    due_on date,
    until date,
    is_objected boolean NOT NULL
);
CREATE INDEX listing_code ON credit.listing (code);
CREATE INDEX listing_due ON credit.listing (due_on) WHERE due_on IS NOT NULL;
CREATE INDEX listing_published ON credit.listing (listing_id) WHERE state = 7;

-- What was done, by whom, in what office, on what paper; append-only.
CREATE TABLE credit.listing_step (
    listing_id text NOT NULL REFERENCES credit.listing,
    ordinal int NOT NULL,
    kind smallint NOT NULL,
    day date NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    office text NOT NULL,
    document_number text NOT NULL,
    reasons text NOT NULL,
    rights text NOT NULL,
    fact_ids text[] NOT NULL,
    measure_ids text[] NOT NULL,
    approver text NOT NULL,
    approval_office text NOT NULL,
    approval_document text NOT NULL,
    end_reason smallint,
    until date,
    next_on date,
    PRIMARY KEY (listing_id, ordinal)
);

-- One order: an enterprise, a measure, a department. Ended, never deleted.
CREATE TABLE credit.directive (
    directive_id text PRIMARY KEY,
    listing_id text NOT NULL REFERENCES credit.listing,
    code text NOT NULL,
    measure_id text NOT NULL,
    department text NOT NULL,
    until date,
    office text NOT NULL,
    actor text NOT NULL,
    document_number text NOT NULL,
    ordered_at timestamptz NOT NULL,
    lift_ordered_at timestamptz,
    lift_reason smallint,
    lift_office text NOT NULL DEFAULT '',
    lift_actor text NOT NULL DEFAULT '',
    lift_document text NOT NULL DEFAULT '',
    number bigint,
    lift_number bigint,
    state smallint NOT NULL DEFAULT 1,
    applied_at timestamptz,
    decline_reason smallint,
    misfits text[] NOT NULL DEFAULT '{}',
    due_on date,
    reminders smallint NOT NULL DEFAULT 0,
    is_escalated boolean NOT NULL DEFAULT false
);
CREATE INDEX directive_listing ON credit.directive (listing_id);
CREATE INDEX directive_code ON credit.directive (code);
CREATE INDEX directive_department ON credit.directive (department, directive_id);
CREATE INDEX directive_due ON credit.directive (due_on) WHERE due_on IS NOT NULL;
CREATE INDEX directive_open ON credit.directive (directive_id) WHERE lift_ordered_at IS NULL;

-- What departments told of their orders; append-only.
CREATE TABLE credit.directive_feedback (
    department text NOT NULL,
    event_id text NOT NULL,
    directive_id text NOT NULL REFERENCES credit.directive,
    number bigint NOT NULL,
    kind smallint NOT NULL,
    at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    actor text NOT NULL,
    decline_reason smallint,
    result text NOT NULL,
    document_number text NOT NULL,
    PRIMARY KEY (department, event_id)
);
CREATE INDEX directive_feedback_directive ON credit.directive_feedback (directive_id);

-- Each department's own sequence: how far it goes, and the digest of all of it.
CREATE TABLE credit.department_feed (
    department text PRIMARY KEY,
    last_number bigint NOT NULL,
    digest bytea NOT NULL,
    delivered_through bigint NOT NULL DEFAULT 0
);
CREATE TABLE credit.department_directive (
    department text NOT NULL,
    number bigint NOT NULL,
    digest bytea NOT NULL,
    directive bytea NOT NULL,
    directive_id text NOT NULL,
    PRIMARY KEY (department, number)
);

-- What applies to an enterprise, ready for the check: one row, renewed in the transaction of every change.
CREATE TABLE credit.enterprise_check (
    code text PRIMARY KEY,
    measures bytea NOT NULL
);

-- Who looked; the enterprise may see it.
CREATE TABLE credit.lookup (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL,
    purpose smallint NOT NULL,
    actor text NOT NULL,
    office text NOT NULL,
    looked_at timestamptz NOT NULL
);
CREATE INDEX lookup_code ON credit.lookup (code, id);

-- Requests that changed something, so that the same one again does not (AIP-155).
CREATE TABLE credit.punishment_request (
    actor text NOT NULL,
    request_id text NOT NULL,
    digest bytea NOT NULL,
    result_id text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, request_id)
);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
