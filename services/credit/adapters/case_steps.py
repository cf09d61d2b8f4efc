"""The edges of a case's step: the event that tells of it, and the hold against other steps of the same case."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

from merchantcredit.events.v1.complaint_pb2 import ComplaintReported

from services.common.db.pool import Pool
from services.common.errors import VersionConflict
from services.credit.application.take_case_step import Hold, Known
from services.credit.domain.cases.answers import Answer
from services.credit.domain.cases.case import Step


def tell(known: Known, step: Step | None, answer: Answer | None, extended_on: date | None) -> bytes:
    """Return the report that tells of a step, an answer or an extension of a case, and of nothing else."""
    body = known.body
    report = ComplaintReported(
        case_id=body.case_id, credit_code=body.code, kind=body.kind, received_on=body.received_on.isoformat(),  # type: ignore[arg-type]
        problem_type=body.problem_type, platform_code=body.platform_code, case_source=known.source,  # type: ignore[arg-type]
    )  # fmt: skip
    if step is not None:
        report.status = step.state.value  # type: ignore[assignment]
        report.status_on = step.day.isoformat()
        report.handling_office, report.reason_code, report.target = step.office, step.reason, step.target
    if answer is not None:
        report.answer.category = answer.category.value  # type: ignore[assignment]
        report.answer.answered_on = answer.day.isoformat()
        report.answer.public_statement, report.answer.right_credit_code = answer.statement, answer.right_code
    if extended_on is not None:
        report.check_extended_on = extended_on.isoformat()
    return report.SerializeToString(deterministic=True)


def holding(pool: Pool) -> Hold:
    """Return a hold by an advisory lock, which ends with its connection whatever happens."""

    @contextmanager
    def hold(complaint_id: str) -> Iterator[None]:
        with pool.connection() as conn:
            row = conn.execute("SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))", [complaint_id]).fetchone()
            if row is None or not row[0]:
                raise VersionConflict("another step of this case is under way: read the case again, then decide")
            yield

    return hold
