"""Back-tests and shadows over everybody in PostgreSQL, inside one transaction that sees one moment of the ledger."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection

from services.common.kernel.grade import Grade
from services.credit.adapters import backtest_codec, population_reader, shadow_store
from services.credit.application.backtest import Chunk, backtest
from services.credit.application.policies import Policies
from services.credit.application.policy_runs import Difference, Run
from services.credit.application.rescore import rescore
from services.credit.domain.policy import Policy
from services.credit.domain.population import Ints
from services.credit.domain.scorer import Scores

MOST_FACTS = 20
_BEGIN = """
INSERT INTO credit.backtest_run (policy_version, policy_digest, day, position, first_transaction, report, ran_by, ran_at)
VALUES (%s, %s, %s, %s, pg_snapshot_xmin(pg_current_snapshot())::text::bigint & 4294967295, '', %s, %s) RETURNING id
"""
_COPY = "COPY credit.backtest_grade (run, subject_id, grades, scores) FROM STDIN (FORMAT BINARY)"
_DIFFER = """
SELECT s.code, a.grades, a.scores, b.grades, b.scores
FROM credit.backtest_grade b JOIN credit.subject s ON s.id = b.subject_id
LEFT JOIN credit.backtest_grade a ON a.run = %(approved)s AND a.subject_id = b.subject_id
WHERE b.run = %(now)s AND (a.grades IS DISTINCT FROM b.grades OR a.scores IS DISTINCT FROM b.scores) ORDER BY s.code
"""
# What was written by transactions that the approved run did not see: told after it.
_AFTER = """
SELECT w.code, array_agg(DISTINCT a.fact_id ORDER BY a.fact_id)
FROM (SELECT DISTINCT code, fact_id FROM credit.assertion WHERE code = ANY(%(codes)s)) AS w
JOIN credit.assertion a USING (fact_id)
WHERE a.xmin::text::bigint >= (SELECT first_transaction FROM credit.backtest_run WHERE id = %(approved)s)
GROUP BY w.code
"""
_KEEP = "INSERT INTO credit.backtest_difference (run, code, before, after, fact_ids) VALUES (%s, %s, %s, %s, %s)"


class PostgresRuns:
    """Scores everybody by a draft; the connection's isolation is REPEATABLE READ."""

    def __init__(self, conn: Connection[Any], policies: Policies) -> None:
        self._conn = conn
        self._policies = policies

    def shadow(self, draft: Policy) -> int:
        """Write everybody's score by a draft on its first day, published to nobody; return how many."""
        self._conn.execute("DELETE FROM credit.shadow_run WHERE policy_version = %s", [draft.version])
        run = shadow_store.begin(self._conn, draft, draft.effective_from, population_reader.position(self._conn))
        store = shadow_store.PostgresShadow(self._conn, run)
        return rescore(population_reader.chunks(self._conn), store, draft, draft.effective_from)

    def backtest(self, draft: Policy, person: str, at: datetime) -> Run:
        """Run a draft beside the policy in force before its first day, on that day, and keep what comes out."""
        day, position = draft.effective_from, population_reader.position(self._conn)
        active = self._policies.on(day - timedelta(days=1))
        row = self._conn.execute(_BEGIN, [draft.version, draft.digest, day, position, person, at]).fetchone()
        if row is None:
            raise LookupError("a run without a number")
        run = int(row[0])
        kept = _Keeper(self._conn, run)
        found = backtest(kept.chunks(), active, draft, day, position, kept.keep)
        report = backtest_codec.dumps(found)
        self._conn.execute("UPDATE credit.backtest_run SET report = %s WHERE id = %s", [report, run])
        return Run(run_id=run, found=found, at=at)

    def differences(self, approved: int, now: int) -> Sequence[Difference]:
        """Return and keep who stands otherwise in the second run, with the facts after the first."""
        rows = self._conn.execute(_DIFFER, {"approved": approved, "now": now}).fetchall()
        codes = [row[0] for row in rows]
        facts = dict(self._conn.execute(_AFTER, {"codes": codes, "approved": approved}).fetchall()) if codes else {}
        made = [
            Difference(
                code=code,
                before=_words(*before),
                after=_words(*after),
                fact_ids=tuple(facts.get(code, ())[:MOST_FACTS]),
            )
            for code, *both in rows
            for before, after in ((both[:2], both[2:]),)
        ]
        with self._conn.cursor() as cursor:
            cursor.executemany(_KEEP, [[now, d.code, d.before, d.after, list(d.fact_ids)] for d in made])
        return made

    def find(self, run_id: int) -> Run:
        """Return a kept run."""
        query = "SELECT report, ran_at FROM credit.backtest_run WHERE id = %s"
        row = self._conn.execute(query, [run_id]).fetchall()[0]
        return Run(run_id=run_id, found=backtest_codec.loads(row[0]), at=row[1])

    def kept_differences(self, run_id: int, limit: int) -> list[Difference]:
        """Return what a run at activation had otherwise than the approved one."""
        query = (
            "SELECT code, before, after, fact_ids FROM credit.backtest_difference WHERE run = %s ORDER BY code LIMIT %s"
        )
        rows = self._conn.execute(query, [run_id, limit]).fetchall()
        return [Difference(code=c, before=b, after=a, fact_ids=tuple(facts)) for c, b, a, facts in rows]


class _Keeper:
    """Writes grades and points by both policies beside the chunks that are rated."""

    def __init__(self, conn: Connection[Any], run: int) -> None:
        self._conn = conn
        self._run = run
        self._ids: list[int] = []

    def chunks(self) -> Iterator[Chunk]:
        for ids, chunk in population_reader.chunks(self._conn):
            self._ids = ids
            yield chunk

    def keep(self, old: tuple[Scores, Ints], new: tuple[Scores, Ints]) -> None:
        """Write one chunk; who is not rated has no points."""
        scores = [(s.score * s.rated).tolist() for s, _ in (old, new)]
        grades = [g.tolist() for _, g in (old, new)]
        with self._conn.cursor() as cursor, cursor.copy(_COPY) as copy:
            copy.set_types(["int8", "int8", "int2[]", "int8[]"])
            for subject, *both in zip(self._ids, *grades, *scores, strict=True):
                copy.write_row((self._run, subject, both[:2], both[2:]))


def _words(grades: Sequence[int] | None, scores: Sequence[int] | None) -> str:
    if grades is None or scores is None:
        return "absent"
    (old, new), (old_score, new_score) = grades, scores
    return f"{Grade(old).name} {old_score} -> {Grade(new).name} {new_score}"
