"""The feeds: messages, what waits for a number, dense positions, groups and their offsets (design.md section 5)."""

from alembic import op

revision = "eventlog_0001"
down_revision = None
branch_labels = ("eventlog",)
depends_on = None

STATEMENTS = """
CREATE SCHEMA eventlog;

-- Everything that was ever said, in the order in which writers said it.
CREATE TABLE eventlog.message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition int NOT NULL,
    key text NOT NULL,
    headers json NOT NULL,
    payload bytea NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now()
);

-- Payloads of a few kilobytes stay in their row as they are: compressing each costs more than it saves before retention.
ALTER TABLE eventlog.message SET (toast_tuple_target = 8160);
ALTER TABLE eventlog.message ALTER COLUMN payload SET STORAGE EXTERNAL;

-- Messages that the sequencer has not numbered yet; narrow, so that numbering touches little.
CREATE TABLE eventlog.pending (
    message_id bigint PRIMARY KEY,
    topic text NOT NULL,
    partition int NOT NULL
);

-- The dense order that readers follow: a late commit gets a later number.
CREATE TABLE eventlog.position (
    topic text NOT NULL,
    partition int NOT NULL,
    seq bigint NOT NULL,
    message_id bigint NOT NULL,
    PRIMARY KEY (topic, partition, seq)
);

CREATE TABLE eventlog.feed (
    topic text NOT NULL,
    partition int NOT NULL,
    next_seq bigint NOT NULL,
    PRIMARY KEY (topic, partition)
);

-- Offsets move only by compare-and-set on value and generation: a zombie's whole transaction fails.
CREATE TABLE eventlog.group_offset (
    group_id text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    value bigint NOT NULL,
    generation bigint NOT NULL,
    PRIMARY KEY (group_id, topic, partition)
);

CREATE TABLE eventlog.consumer_group (
    group_id text PRIMARY KEY,
    generation bigint NOT NULL
);

CREATE TABLE eventlog.member (
    group_id text NOT NULL,
    member_id text NOT NULL,
    topics text[] NOT NULL,
    heartbeat_at timestamptz NOT NULL,
    PRIMARY KEY (group_id, member_id)
);

-- A restore raises the epoch, so that cursors from the lost future are known for what they are.
CREATE TABLE eventlog.epoch (epoch bigint NOT NULL);
INSERT INTO eventlog.epoch VALUES (1);
"""


def upgrade() -> None:
    """Create the schema."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
