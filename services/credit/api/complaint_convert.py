"""Between cases and ComplaintService's messages."""

from datetime import date

from merchantcredit.credit.v1 import complaint_service_pb2 as pb
from merchantcredit.events.v1.complaint_pb2 import ComplaintAnswer

from services.credit.adapters.published_cases import Published
from services.credit.application.take_case_step import Known
from services.credit.domain.cases import clocks
from services.credit.domain.cases.answers import Answer, Response
from services.credit.domain.cases.clocks import Clock
from services.credit.domain.cases.law import ClockKind
from services.credit.domain.cases.outcome import response, weighing
from services.credit.domain.cases.regimes import regime
from services.credit.domain.cases.states import TABLES
from services.credit.domain.cases.statistics import Counts, Growth


def complaint(known: Known, day: date) -> pb.ComplaintCase:
    """Return a case as it stands on a day."""
    case, body = known.case, known.body
    return pb.ComplaintCase(
        complaint_id=known.complaint_id, credit_code=body.code, kind=case.kind.value, status=case.state.value,  # type: ignore[arg-type]
        weighs_as=weighing(case).value, received_on=case.received_on.isoformat(), handling_office=case.office,  # type: ignore[arg-type]
        problem_type=body.problem_type, platform_code=body.platform_code,  # type: ignore[arg-type]
        steps=[
            pb.ComplaintStepTaken(
                status=s.state.value, on=s.day.isoformat(), office=s.office, reason_code=s.reason, target=s.target  # type: ignore[arg-type]
            )
            for s in case.steps
        ],
        clocks=[_clock(clock, day) for clock in clocks.running(case, day)],
        answer=_answer(case.answer) if case.answer else None,
        response=response(case, day, _told(known)).value,  # type: ignore[arg-type]
        allowed=[state.value for state in TABLES[case.kind].next(case.state)],  # type: ignore[misc]
        work_items=[pb.ComplaintWorkItem(event_id=item.event_id, why=item.why) for item in case.work],
        case_id=body.case_id, case_source=known.source, told_response=_told(known).value,  # type: ignore[arg-type]
        check_extended_on=case.extended_on.isoformat() if case.extended_on else "",
    )  # fmt: skip


def summary(known: Known, day: date) -> pb.ComplaintSummary:
    """Return a case in one line; what is due is the office's, not the merchant's."""
    case = known.case
    running = [clock for clock in clocks.running(case, day) if clock.kind is not ClockKind.ANSWER]
    first = min(running, key=lambda clock: clock.due, default=None)
    return pb.ComplaintSummary(
        complaint_id=known.complaint_id, credit_code=known.body.code, kind=case.kind.value, status=case.state.value,  # type: ignore[arg-type]
        received_on=case.received_on.isoformat(), handling_office=case.office,
        due_on=first.due.isoformat() if first else "", is_overdue=bool(first and first.is_overdue(day)),
        has_work_items=bool(case.work),
    )  # fmt: skip


def published(one: Published) -> pb.PublishedComplaint:
    """Return what the public reads of a case."""
    body, case = one.filed.body, one.filed.case
    return pb.PublishedComplaint(
        received_on=case.received_on.isoformat(), until=one.until.isoformat(), problem_type=body.problem_type,  # type: ignore[arg-type]
        status=weighing(case).value, response=body.response, handling_office=case.office,  # type: ignore[arg-type]
        merchant_statement=one.statement, complainant_words=one.words,
    )  # fmt: skip


def counts(key: tuple[str, ...], counted: Counts, grown: Growth) -> pb.ComplaintCounts:
    """Return one group of the statistics."""
    return pb.ComplaintCounts(
        key=key, received=counted.received, agreed=counted.agreed, failed=counted.failed, void=counted.void,
        answered_in_time=counted.in_time, answered_late=counted.late, unanswered=counted.unanswered,
        mediation_success_permille=counted.mediation_success_permille,
        response_in_time_permille=counted.response_in_time_permille, leads=counted.leads,
        growth_against_month_before_permille=grown.against_month_before_permille,
        growth_against_year_before_permille=grown.against_year_before_permille,
    )  # fmt: skip


def _told(known: Known) -> Response:
    """Return what was told of the response in a word; of a case with an answer the fold has replaced it."""
    return Response.UNKNOWN if known.case.answer else Response(known.body.response)


def _clock(clock: Clock, day: date) -> pb.ComplaintClock:
    law = regime(clock.regime_id)
    return pb.ComplaintClock(
        kind=clock.kind.value, start_on=clock.start.isoformat(), days=clock.days, regime=clock.regime_id,
        article=law.periods[clock.kind].article, due_on=clock.due.isoformat(), is_provisional=clock.is_provisional,
        is_overdue=clock.is_overdue(day),
    )  # fmt: skip


def _answer(answer: Answer) -> ComplaintAnswer:
    return ComplaintAnswer(
        category=answer.category.value, answered_on=answer.day.isoformat(), public_statement=answer.statement,  # type: ignore[arg-type]
        right_credit_code=answer.right_code,
    )  # fmt: skip
