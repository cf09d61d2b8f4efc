"""Splits: who was split off from whom, and what an heir may carry otherwise than it does (decision 0078)."""

from alembic import op

revision = "credit_0012"
down_revision = "credit_0011"
branch_labels = None
depends_on = None

STATEMENTS = """
-- The codes of those split off from an enterprise, apart by spaces, as their registrations say; hardly anybody has any.
ALTER TABLE credit.subject ADD COLUMN heirs text NOT NULL DEFAULT '';

-- What is to be looked at: one fact that an heir may carry, or all of them where the fact is empty.
CREATE TABLE credit.carry_due (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    heir text NOT NULL,
    fact_id text NOT NULL
);
CREATE INDEX carry_due_heir ON credit.carry_due (heir, id);

-- Who was ever told to be split off from whom, for the past.
CREATE TABLE credit.split_told (
    heir text NOT NULL,
    origin text NOT NULL,
    PRIMARY KEY (origin, heir)
);
CREATE INDEX split_told_heir ON credit.split_told (heir);
CREATE INDEX merge_told_member ON credit.merge_told (member);

-- Splits that were told before this: the thirteenth field of a registration names the enterprise that it comes from.
CREATE TEMPORARY TABLE split ON COMMIT DROP AS
SELECT code AS heir, registration::jsonb ->> 12 AS origin FROM credit.subject
WHERE jsonb_array_length(nullif(registration, 'null')::jsonb) > 12 AND registration::jsonb ->> 12 <> '';
INSERT INTO credit.split_told SELECT heir, origin FROM split;
INSERT INTO credit.carry_due (heir, fact_id) SELECT heir, '' FROM split;
INSERT INTO credit.subject (code) SELECT DISTINCT origin FROM split ON CONFLICT DO NOTHING;
UPDATE credit.subject AS s SET heirs = g.heirs
FROM (SELECT origin, string_agg(heir, ' ' ORDER BY heir) AS heirs FROM split GROUP BY origin) AS g WHERE s.code = g.origin;
"""


def upgrade() -> None:
    """Add them."""
    op.execute(STATEMENTS)


def downgrade() -> None:
    """Refuse: downgrades are not promised; restore a backup instead."""
    raise NotImplementedError("restore a backup instead of downgrading")
