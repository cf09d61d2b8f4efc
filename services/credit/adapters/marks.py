"""Marks of complainants in PostgreSQL: every case of a marked complainant gets an account of the mark, whenever it comes."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from psycopg import Connection

from services.common.db.arrays import array
from services.credit.adapters import bodies
from services.credit.application.sources import OFFICE_AUTHORITY, REVIEW_SOURCE
from services.credit.application.told import Told
from services.credit.domain.carrying import is_carried
from services.credit.domain.facts import Assertion, Complaint
from services.credit.domain.judging import Judgement, Mark

# Shared by those who apply cases, held alone by who marks: a case is applied either before a mark looks for the
# complainant's cases, or after the mark can be seen.
_SHARE = "SELECT pg_advisory_xact_lock_shared(hashtextextended('credit.complainant_mark', 0))"
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('credit.complainant_mark', 0))"
_STANDING = """
SELECT complainant, mark, review_id FROM credit.complainant_mark WHERE complainant = ANY(%b::text[]) AND mark <> 3
"""


def reaching(conn: Connection[Any], told: Sequence[Told], at: datetime) -> list[Told]:
    """Return the accounts of marks for the cases of marked complainants among what was told."""
    by_fact = {
        event.assertion.fact_id: event
        for event in told
        if isinstance(event.body, Complaint)
        and event.body.complainant
        and not event.body.mark
        # what is carried has the mark from its original
        and not is_carried(event.assertion.fact_id)
    }
    if not by_fact:
        return []
    conn.execute(_SHARE)
    standing = _standing(conn, sorted({_complaint(event).complainant for event in by_fact.values()}))
    return [
        account(_complaint(event), _complaint(event).case_source or event.source, at, mark=mark, review_id=review_id)
        for event in (by_fact.values() if standing else ())
        if (found := standing.get(_complaint(event).complainant))
        for mark, review_id in (found,)
    ]


def account(
    body: Complaint,
    source: str,
    at: datetime,
    *,
    review_id: str,
    judgement: int = Judgement.NONE,
    mark: int = Mark.NONE,
) -> Told:
    """Return what a review or a mark tells of a case, and of nothing else."""
    report = ComplaintReported(
        case_id=body.case_id, credit_code=body.code, kind=body.kind, received_on=body.received_on.isoformat(),  # type: ignore[arg-type]
        problem_type=body.problem_type, platform_code=body.platform_code, case_source=source,  # type: ignore[arg-type]
        judgement=judgement, complainant_mark=mark, review_id=review_id,  # type: ignore[arg-type]
    )  # fmt: skip
    kept = report.SerializeToString(deterministic=True)
    told = bodies.complaint(report)
    fact_id = f"complaint:{source}:{body.case_id}"
    event_id = f"{review_id}:{hashlib.sha256(fact_id.encode()).hexdigest()[:32]}"
    assertion = Assertion(fact_id, OFFICE_AUTHORITY, at, event_id, False, told)
    digest = hashlib.sha256(kept).digest()[:16]
    return Told(0, REVIEW_SOURCE, event_id, digest, "credit", assertion, kept, "")


def _standing(conn: Connection[Any], complainants: Sequence[str]) -> Mapping[str, tuple[int, str]]:
    rows = conn.cursor(binary=True).execute(_STANDING, [array("text", complainants)]).fetchall()
    return {complainant: (mark, review_id) for complainant, mark, review_id in rows}


def _complaint(event: Told) -> Complaint:
    if not isinstance(event.body, Complaint):
        raise TypeError(f"{event.assertion.fact_id} is no complaint")
    return event.body
