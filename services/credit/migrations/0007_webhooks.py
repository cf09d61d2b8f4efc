"""Webhooks: who gets what where, how far each has come, what waits, and what was tried; and indexes of joint punishment."""

from alembic import op

revision = "credit_0007"
down_revision = "credit_0006"
branch_labels = None
depends_on = None

STATEMENTS = """
-- A webhook; its secrets are derived, so none stands here. `claim` is the process that sends, for as long as it says so.
CREATE TABLE credit.webhook (
    webhook_id text PRIMARY KEY,
    owner text NOT NULL,
    actor text NOT NULL,
    url text NOT NULL,
    content smallint NOT NULL,
    topic text NOT NULL,
    codes text[] NOT NULL,
    state smallint NOT NULL,
    created_at timestamptz NOT NULL,
    disabled_at timestamptz,
    disabled_reason text NOT NULL,
    failing_since timestamptz,
    last_number bigint NOT NULL,
    secret_generation int NOT NULL,
    former_until timestamptz,
    replays bigint NOT NULL,
    claim text NOT NULL DEFAULT '',
    claimed_until timestamptz NOT NULL DEFAULT '-infinity'
);
CREATE INDEX webhook_owner ON credit.webhook (owner, webhook_id);

-- How far each has read what it carries; moves by compare-and-set.
CREATE TABLE credit.webhook_position (
    webhook_id text NOT NULL REFERENCES credit.webhook,
    partition int NOT NULL,
    value bigint NOT NULL,
    PRIMARY KEY (webhook_id, partition)
);

-- Its messages, numbered without a gap; what they say stands where `partition` and `seq` point.
CREATE TABLE credit.webhook_message (
    webhook_id text NOT NULL,
    number bigint NOT NULL,
    code text NOT NULL,
    partition int NOT NULL,
    seq bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    is_waiting boolean NOT NULL DEFAULT true,
    PRIMARY KEY (webhook_id, number)
);
CREATE INDEX webhook_message_waiting ON credit.webhook_message (webhook_id, number) WHERE is_waiting;

-- Enterprises whose next message failed: the others do not wait for them.
CREATE TABLE credit.webhook_lane (
    webhook_id text NOT NULL,
    code text NOT NULL,
    attempts int NOT NULL,
    due_at timestamptz NOT NULL,
    PRIMARY KEY (webhook_id, code)
);

-- What was tried.
CREATE TABLE credit.webhook_attempt (
    attempt_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    webhook_id text NOT NULL,
    number bigint NOT NULL,
    code text NOT NULL,
    attempted_at timestamptz NOT NULL,
    status smallint NOT NULL,
    error text NOT NULL,
    took_ms int NOT NULL
);
CREATE INDEX webhook_attempt_webhook ON credit.webhook_attempt (webhook_id, attempt_id);
CREATE INDEX webhook_attempt_age ON credit.webhook_attempt (attempted_at);

-- What is overdue and not escalated, in the order in which it is reminded of: the sweep asks each second.
CREATE INDEX directive_reminding ON credit.directive (due_on, directive_id) WHERE NOT is_escalated;
-- What a measure without basis would be lifted from; in place of an index that no query wants and that slow plans chose.
DROP INDEX credit.directive_open;
CREATE INDEX directive_open_measure ON credit.directive (measure_id, listing_id) WHERE lift_ordered_at IS NULL;
-- Penalties by day: what triggers are looked for in.
CREATE INDEX fact_penalty ON credit.fact (occurred_on, subject_id) WHERE kind = 3;
-- An order is numbered right after it was written: its new version finds room on its page, and touches no index.
ALTER TABLE credit.directive SET (fillfactor = 70);
"""


def upgrade() -> None:
    """Create the tables."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
