"""Whose a fact is: names of the registered, events without a code, persons' decisions, and what ever was merged."""

import orjson
from alembic import op

from services.credit.domain.matching import name_key

revision = "credit_0006"
down_revision = "credit_0005"
branch_labels = None
depends_on = None

STATEMENTS = """
-- The names of the registered, by the key that spellings of one name share.
CREATE TABLE credit.known_name (
    code text PRIMARY KEY,
    name text NOT NULL,
    region_code text NOT NULL,
    key text NOT NULL
);
CREATE INDEX known_name_key ON credit.known_name (key text_pattern_ops);

-- A case or decision that came without a code: whom its first event names, and what a person decided. Kinds as of facts.
CREATE TABLE credit.unmatched (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind smallint NOT NULL,
    matter text NOT NULL UNIQUE,
    reference text NOT NULL,
    name text NOT NULL,
    key text NOT NULL,
    region_code text NOT NULL,
    shop text NOT NULL,
    first_at timestamptz NOT NULL,
    is_decided boolean NOT NULL DEFAULT false,
    code text NOT NULL DEFAULT '',
    reason text NOT NULL DEFAULT '',
    decided_by text NOT NULL DEFAULT ''
);
CREATE INDEX unmatched_waiting ON credit.unmatched (id) WHERE NOT is_decided;
CREATE INDEX unmatched_key ON credit.unmatched (key) WHERE code <> '';
CREATE INDEX unmatched_shop ON credit.unmatched (shop) WHERE code <> '' AND shop <> '';

-- The events of such a matter as they came; they stay whatever is decided.
CREATE TABLE credit.unmatched_event (
    source text NOT NULL,
    event_id text NOT NULL,
    unmatched_id bigint NOT NULL REFERENCES credit.unmatched,
    office text NOT NULL,
    authority smallint NOT NULL,
    source_time timestamptz NOT NULL,
    held_reason text NOT NULL,
    sealed text NOT NULL,
    body bytea NOT NULL,
    PRIMARY KEY (source, event_id)
);
CREATE INDEX unmatched_event_matter ON credit.unmatched_event (unmatched_id);

-- Every decision and every one taken back (code empty and is_undo), append-only.
CREATE TABLE credit.match_decision (
    subject text NOT NULL,
    request_id text NOT NULL,
    digest bytea NOT NULL,
    unmatched_id bigint NOT NULL,
    office text NOT NULL,
    code text NOT NULL,
    is_undo boolean NOT NULL,
    reason text NOT NULL,
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (subject, request_id)
);

-- An account whose match was taken back is ended, never deleted: the past still knows it for the time in between.
ALTER TABLE credit.assertion ADD COLUMN retracted_at timestamptz;

-- Which code was ever told to be merged into which; what holds now stands in the registrations.
CREATE TABLE credit.merge_told (
    member text NOT NULL,
    into_code text NOT NULL,
    PRIMARY KEY (into_code, member)
);
CREATE INDEX subject_root ON credit.subject (root_id) WHERE root_id IS NOT NULL;
"""
_BATCH = 5000


def upgrade() -> None:
    """Create the tables, and take in the names that are registered."""
    op.execute(STATEMENTS)
    conn = op.get_bind().connection.driver_connection
    if conn is None:
        raise LookupError("the migration has no connection")
    with conn.cursor() as reading, conn.cursor() as writing:
        reading.execute("SELECT code, registration FROM credit.subject WHERE known")
        while rows := reading.fetchmany(_BATCH):
            names = [(code, registered[1], registered[3]) for code, registered in map(_row, rows)]
            writing.executemany(
                "INSERT INTO credit.known_name VALUES (%s, %s, %s, %s)",
                [(code, name, region, name_key(name)) for code, name, region in names],
            )


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")


def _row(row: tuple[str, str]) -> tuple[str, list[str]]:
    return row[0], orjson.loads(row[1])
