"""The ledger (design.md section 4): inbox, assertions, facts, subjects, records, and their published revisions."""

from alembic import op

revision = "credit_0001"
down_revision = None
branch_labels = ("credit",)
depends_on = None

STATEMENTS = """
CREATE SCHEMA credit;

-- Whom facts are about: a row from the first event for a well-formed code, known once the registry names it.
-- Facts never move: a merge is a link to the root.
CREATE TABLE credit.subject (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    code text NOT NULL UNIQUE,
    root_id bigint REFERENCES credit.subject,
    known boolean NOT NULL DEFAULT false,
    seq bigint NOT NULL DEFAULT 0,
    cells bytea NOT NULL DEFAULT '',
    detail text NOT NULL DEFAULT '',
    registration text NOT NULL DEFAULT 'null',
    grade smallint NOT NULL DEFAULT 0,
    good_until date
);
CREATE INDEX subject_due ON credit.subject (good_until) WHERE good_until IS NOT NULL;

-- The dedupe: what became of every event that came.
CREATE TABLE credit.inbox (
    source text NOT NULL,
    event_id text NOT NULL,
    digest bytea NOT NULL,
    verdict smallint NOT NULL,
    fact_id text,
    reason text NOT NULL DEFAULT '',
    recorded_at timestamptz NOT NULL,
    PRIMARY KEY (source, event_id)
);

-- What we were told; append-only. The inbox keeps (source, event_id) unique.
CREATE TABLE credit.assertion (
    fact_id text NOT NULL,
    kind smallint NOT NULL,
    code text NOT NULL,
    authority smallint NOT NULL,
    source_time timestamptz NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    office text NOT NULL,
    held boolean NOT NULL,
    recorded_at timestamptz NOT NULL,
    body bytea NOT NULL
);
CREATE INDEX assertion_fact ON credit.assertion (fact_id);
-- The past of one enterprise is read by what named it.
CREATE INDEX assertion_code ON credit.assertion (code);

-- Where a fact stands now: whose it is, and what the newest cases are refilled from.
CREATE TABLE credit.fact (
    fact_id text PRIMARY KEY,
    subject_id bigint NOT NULL,
    kind smallint NOT NULL,
    occurred_on date NOT NULL,
    weighs boolean NOT NULL,
    status smallint NOT NULL,
    response smallint NOT NULL,
    problem_type smallint NOT NULL
);
CREATE INDEX fact_subject ON credit.fact (subject_id, kind, occurred_on, fact_id);

-- The serialised records, as reads return them.
CREATE TABLE credit.public_record (
    code text PRIMARY KEY,
    revision bigint NOT NULL,
    good_until date,
    record bytea NOT NULL
);
CREATE TABLE credit.restricted_record (
    code text PRIMARY KEY,
    revision bigint NOT NULL,
    record bytea NOT NULL
);

-- Every published revision, compressed: the past byte for byte.
CREATE TABLE credit.record_revision (
    code text NOT NULL,
    revision bigint NOT NULL,
    recorded_at timestamptz NOT NULL,
    record bytea NOT NULL,
    PRIMARY KEY (code, revision)
);

-- Rows of a few kilobytes, rewritten often and read as they are: kept in their row, uncompressed.
ALTER TABLE credit.subject SET (toast_tuple_target = 8160);
ALTER TABLE credit.subject ALTER COLUMN cells SET STORAGE EXTERNAL, ALTER COLUMN detail SET STORAGE EXTERNAL;
ALTER TABLE credit.public_record SET (toast_tuple_target = 8160);
ALTER TABLE credit.public_record ALTER COLUMN record SET STORAGE EXTERNAL;

-- Policies beside the shipped ones: 1 draft, 2 shadow, 3 active from its day on. The text of a version never changes.
CREATE TABLE credit.policy (
    version text PRIMARY KEY,
    digest text NOT NULL,
    text text NOT NULL,
    effective_from date NOT NULL,
    stage smallint NOT NULL,
    drafted_by text NOT NULL,
    activated_by text NOT NULL,
    CHECK (activated_by <> drafted_by)
);

-- Scores by a policy that is not in force: a run of all subjects, published to nobody.
CREATE TABLE credit.shadow_run (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    policy_version text NOT NULL,
    policy_digest text NOT NULL,
    day date NOT NULL,
    position bigint NOT NULL,
    began_at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE credit.shadow_score (
    run bigint NOT NULL REFERENCES credit.shadow_run ON DELETE CASCADE,
    subject_id bigint NOT NULL,
    grade smallint NOT NULL,
    score bigint,
    amounts bigint[]
);

-- Cells as the ledger gives them anew, until they are taken over.
CREATE TABLE credit.rebuilt_cells (subject_id bigint NOT NULL, cells bytea NOT NULL);

-- Who read the past of whom, and why.
CREATE TABLE credit.past_read (
    subject text NOT NULL,
    code text NOT NULL,
    as_of date NOT NULL,
    known_at timestamptz NOT NULL,
    purpose text NOT NULL,
    read_at timestamptz NOT NULL
);

-- What RPC callers handed in, until the worker has come to it.
CREATE TABLE credit.submission (
    source text NOT NULL,
    event_id text NOT NULL,
    digest bytea NOT NULL,
    subject text NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (source, event_id)
);

-- Sealed fields stay sealed and apart from the ledger: erasing a case's identity deletes here and nowhere else.
CREATE TABLE credit.vault (
    fact_id text NOT NULL,
    source text NOT NULL,
    event_id text NOT NULL,
    sealed text NOT NULL,
    PRIMARY KEY (source, event_id)
);
"""


def upgrade() -> None:
    """Create the schema."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
