"""Reviews and marks in PostgreSQL, inside one transaction; and what bursts there are."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from psycopg import Connection

from services.common.clock import Clock, china_day
from services.common.errors import RequestIdReused
from services.common.eventlog import cloudevents, outbox
from services.common.eventlog.port import Message
from services.common.eventlog.topics import COMPLAINT
from services.common.kernel.day import first_of_month, month_index
from services.credit.adapters import marks
from services.credit.adapters.case_reader import Filed, read_cases
from services.credit.adapters.crowd_store import complainant_number
from services.credit.adapters.family_reader import family
from services.credit.adapters.policy_store import refresh
from services.credit.adapters.postgres_ledger import PostgresLedger
from services.credit.adapters.subject_rows import read_subjects
from services.credit.application.apply_events import ApplyEvents
from services.credit.application.mark_complainant import Marking, Reached
from services.credit.application.policies import Policies
from services.credit.application.review_burst import Review
from services.credit.application.spread_fraud import FraudCase
from services.credit.application.told import Told
from services.credit.domain.burst import Burst
from services.credit.domain.facts import Complaint, FactKind
from services.credit.domain.judging import Judgement, Mark
from services.credit.domain.rating import rate

_KEEP = """
INSERT INTO credit.burst_review
    (review_id, code, month, judgement, reason, fact_ids, reviewed_by, office, reviewed_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""
_REVIEWS = """
SELECT review_id, code, month, judgement, reason, fact_ids, reviewed_by, office, reviewed_at FROM credit.burst_review
"""
_MARK = """
INSERT INTO credit.complainant_mark (complainant, mark, review_id, reason, marked_by, office, marked_at)
VALUES (%s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (complainant) DO UPDATE SET mark = excluded.mark, review_id = excluded.review_id, reason = excluded.reason,
    marked_by = excluded.marked_by, office = excluded.office, marked_at = excluded.marked_at
"""
_CASES = """
SELECT fact_id FROM credit.fact
WHERE subject_id = ANY(%(family)s) AND kind = %(kind)s AND occurred_on >= %(first)s AND occurred_on < %(end)s
  AND weighs AND judgement = 0 AND fact_id > %(after)s ORDER BY fact_id LIMIT %(limit)s
"""
_CHUNK = 2000


class PostgresJudging:
    """Reads and writes reviews and marks."""

    def __init__(self, conn: Connection[Any], policies: Policies, clock: Clock) -> None:
        self._conn = conn
        self._policies = policies
        self._clock = clock
        refresh(conn, policies)

    def keep(self, review: Review) -> bool:
        """Keep a review; see the port."""
        row = [
            review.review_id, review.code, review.month, review.judgement, review.reason, list(review.fact_ids),
            review.reviewed_by, review.office, review.reviewed_at,
        ]  # fmt: skip
        if self._conn.execute(_KEEP, row).rowcount:
            return True
        before = _review(self._conn.execute(f"{_REVIEWS} WHERE review_id = %s", [review.review_id]).fetchall()[0])
        if _essence(before) != _essence(review):
            raise RequestIdReused("this request_id came before with another body: choose a new one")
        return False

    def cases(self, fact_ids: Sequence[str]) -> Mapping[str, Complaint]:
        """Return the cases on file among some fact ids."""
        return {case.complaint_id: case.body for case in read_cases(self._conn, fact_ids)}

    def case(self, fact_id: str) -> Complaint | None:
        """Return a case on file."""
        return self.cases([fact_id]).get(fact_id)

    def merchants(self, code: str) -> frozenset[str]:
        """Return the codes of those whose cases count for a merchant."""
        return frozenset(member.code for member in family(self._conn, code))

    def is_under_review(self, code: str, month: date) -> bool:
        """Tell whether a month is under review, or was reviewed before; this very review has just been kept."""
        query = "SELECT count(*) FROM credit.burst_review WHERE code = %s AND month = %s"
        row = self._conn.execute(query, [code, month]).fetchone()
        reviewed = row is not None and row[0] > 1
        return reviewed or any(burst.month == month_index(month) for burst in self.bursts([code]).get(code, ()))

    def judge(self, review: Review) -> None:
        """Apply a review's account of each case."""
        told = [
            marks.account(
                case.body, case.source, review.reviewed_at, review_id=review.review_id, judgement=review.judgement
            )
            for case in read_cases(self._conn, review.fact_ids)
        ]
        ledger = PostgresLedger(self._conn)
        ApplyEvents(self._policies, self._clock).execute(ledger, told, [], review.reviewed_at)

    def mark(self, complainant: str, marking: Marking) -> Reached:
        """Keep a mark and hand in its account of each case; see the port."""
        self._conn.execute(marks.ALONE)
        if (before := self._marked(complainant, marking)) is not None:
            return before
        told = [marking.marked_by, marking.office, marking.marked_at]
        self._conn.execute(_MARK, [complainant, marking.mark, marking.review_id, marking.reason, *told])
        cases = self._cases_of(complainant)
        accounts = [
            marks.account(case.body, case.source, marking.marked_at, review_id=marking.review_id, mark=marking.mark)
            for case in cases
        ]
        outbox.append(self._conn, [_message(account) for account in accounts])
        return Reached(len(cases), len({case.body.code for case in cases}))

    def unspread(self, limit: int) -> list[FraudCase]:
        """Hold all who apply cases off when there are any, and return cases whose end has not been spread yet."""
        query = "SELECT fact_id, complainant, stands, revision, mark_id FROM credit.fraud_case WHERE NOT is_spread"
        if self._conn.execute(f"{query} LIMIT 1").fetchone() is None:
            return []
        self._conn.execute(marks.ALONE)
        rows = self._conn.execute(f"{query} ORDER BY fact_id LIMIT %s FOR UPDATE", [limit]).fetchall()
        return [
            FraudCase(fact_id=fact_id, complainant=who, stands=stands, revision=revision, mark_id=mark_id)
            for fact_id, who, stands, revision, mark_id in rows
        ]

    def standing(self, complainant: str) -> str:
        """Return the id of the mark that stands against a complainant; empty for none."""
        query = "SELECT review_id FROM credit.complainant_mark WHERE complainant = %s AND mark <> %s"
        row = self._conn.execute(query, [complainant, Mark.LIFTED]).fetchone()
        return str(row[0]) if row else ""

    def spread(self, case: FraudCase, mark_id: str) -> None:
        """Note that a case's end is spread, by which mark."""
        query = "UPDATE credit.fraud_case SET is_spread = true, mark_id = %s WHERE fact_id = %s"
        self._conn.execute(query, [mark_id, case.fact_id])

    def bursts(self, codes: Sequence[str]) -> dict[str, tuple[Burst, ...]]:
        """Return the bursts of some merchants under the policy in force today; those of a merged one are its root's."""
        subjects = read_subjects(self._conn, codes)
        today = china_day(self._clock.now())
        ratings = rate([subject.state for subject in subjects], today, self._policies.on(today))
        return {subject.code: rating.under_review for subject, rating in zip(subjects, ratings, strict=True)}

    def merchants_under_review(self, after: str, limit: int) -> list[str]:
        """Return the codes of merchants with a burst, in their order."""
        query = "SELECT code FROM credit.subject WHERE under_review > 0 AND code > %s ORDER BY code LIMIT %s"
        return [row[0] for row in self._conn.execute(query, [after, limit])]

    def unjudged(self, code: str, month: date, after: str, limit: int) -> list[str]:
        """Return cases of a month that no review has judged, in the order of their ids."""
        given = {
            "family": [member.subject_id for member in family(self._conn, code)], "kind": FactKind.COMPLAINT,
            "first": month, "end": first_of_month(month_index(month) + 1), "after": after, "limit": limit,
        }  # fmt: skip
        return [row[0] for row in self._conn.execute(_CASES, given)]

    def reviews(self, code: str, before: tuple[datetime, str], limit: int) -> list[Review]:
        """Return a merchant's reviews, newest first, older than (moment, id)."""
        query = f"{_REVIEWS} WHERE code = %s AND (reviewed_at, review_id) < (%s, %s)"
        query += " ORDER BY reviewed_at DESC, review_id DESC LIMIT %s"
        return [_review(row) for row in self._conn.execute(query, [code, *before, limit])]

    def _marked(self, complainant: str, marking: Marking) -> Reached | None:
        """Return what a mark reached when it is this very one that stands; raises RequestIdReused for another with its id."""
        row = self._conn.execute(
            "SELECT complainant, mark, reason FROM credit.complainant_mark WHERE review_id = %s", [marking.review_id]
        ).fetchone()
        if row is None:
            return None
        if row != (complainant, marking.mark, marking.reason):
            raise RequestIdReused("this request_id came before with another body: choose a new one")
        cases = self._cases_of(complainant)
        return Reached(len(cases), len({case.body.code for case in cases}))

    def _cases_of(self, complainant: str) -> list[Filed]:
        ids = self._conn.execute(
            "SELECT fact_id FROM credit.fact WHERE complainant = %s AND complainant <> 0 ORDER BY fact_id",
            [complainant_number(complainant)],
        ).fetchall()
        found: list[Filed] = []
        for start in range(0, len(ids), _CHUNK):
            chunk = [row[0] for row in ids[start : start + _CHUNK]]
            found += (case for case in read_cases(self._conn, chunk) if case.body.complainant == complainant)
        return found


def _message(account: Told) -> Message:
    assertion = account.assertion
    headers = cloudevents.headers(
        event_id=account.event_id, event_type=COMPLAINT, source=account.source, time=assertion.source_time
    )
    return Message(topic=COMPLAINT, key=assertion.body.code, value=account.kept, headers=headers)


def _review(row: Sequence[Any]) -> Review:
    review_id, code, month, judgement, reason, fact_ids, reviewed_by, office, reviewed_at = row
    return Review(
        review_id=review_id, code=code, month=month, judgement=Judgement(judgement), reason=reason,
        fact_ids=tuple(fact_ids), reviewed_by=reviewed_by, office=office, reviewed_at=reviewed_at,
    )  # fmt: skip


def _essence(review: Review) -> object:
    return review.code, review.month, review.judgement, review.reason, review.fact_ids
