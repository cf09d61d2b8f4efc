"""Between the protos and the reads of the past and of the way back."""

from datetime import date

from merchantcredit.credit.v1 import credit_service_pb2 as pb
from merchantcredit.credit.v1.record_pb2 import PublicRecord

from services.common.errors import FieldViolation, InvalidInput
from services.common.kernel import credit_code
from services.common.kernel.day import parse_day
from services.common.kernel.grade import Grade
from services.common.wire import moment
from services.credit.application.read_past import Past, Question
from services.credit.application.read_way_back import Told
from services.credit.domain.way_back import Step
from services.credit.domain.way_back_text import sentence


def question(request: pb.GetPastRecordRequest) -> Question:
    """Return what is asked; raises InvalidInput naming the field."""
    code, as_of = credit_code.parse(request.credit_code), parse_day(request.as_of, "as_of")
    if not request.HasField("known_at"):
        violation = FieldViolation(
            field="known_at", description="give the moment, or now to judge by all that is known"
        )
        raise InvalidInput(f"known_at: {violation.description}", violations=(violation,))
    return Question(code=code, as_of=as_of, known_at=moment(request.known_at, "known_at"), purpose=request.purpose)


def past(found: Past) -> pb.GetPastRecordResponse:
    """Return the answer."""
    return pb.GetPastRecordResponse(
        record_bytes=found.record,
        record=PublicRecord.FromString(found.record),
        is_published=found.is_published,
        revision=found.revision,
        policy_version=found.policy_version,
    )


def way_back(told: Told) -> pb.GetWayBackResponse:
    """Return the answer."""
    way = told.way
    return pb.GetWayBackResponse(
        score_millipoints=way.score,
        grade=way.grade.name,
        goal_grade=way.goal.name,
        by_itself_on=_text(way.by_itself_on),
        steps=[_step(step, way.goal) for step in way.steps],
        with_all_on=_text(way.with_all_on),
        day=told.day.isoformat(),
    )


def _step(step: Step, goal: Grade) -> pb.WayBackStep:
    zh, en = sentence(step, goal)
    return pb.WayBackStep(
        kind=pb.WayBackStepKind.Value(f"WAY_BACK_STEP_KIND_{step.kind.value}"),
        fact_id=step.fact_id,
        case_count=step.cases,
        possible_on=step.on.isoformat(),
        score_millipoints=step.score,
        grade=step.grade.name,
        goal_on=_text(step.goal_on),
        text_zh=zh,
        text_en=en,
    )


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
