"""Sentences for the steps of a way back, in Chinese and English."""

from datetime import date

from services.common.kernel.grade import Grade
from services.credit.domain.explain import points
from services.credit.domain.way_back import Step, StepKind

_WHAT = {
    StepKind.ANSWER: ("按时答复 {n} 件未结投诉", "Answer {n} open cases in time"),
    StepKind.SETTLE: ("就 {n} 件未结投诉与消费者达成和解", "Settle {n} open cases"),
    StepKind.PERFORM: (
        "履行处罚决定的全部义务并纠正违法行为（修复的前提，本身不加分）",
        "Perform all duties of the penalty and correct the conduct (a condition of its repair, no points by itself)",
    ),
    StepKind.REPAIR: ("申请该处罚的信用修复", "Apply for the repair of the penalty"),
    StepKind.CURE: ("消除列入原因并申请移出名单", "Cure the cause of the listing and apply to be taken off the list"),
}


def sentence(step: Step, goal: Grade) -> tuple[str, str]:
    """Return what to do, from when, what it brings, and when the goal comes with it alone."""
    zh, en = (text.format(n=step.cases) for text in _WHAT[step.kind])
    score = "" if step.score is None else points(step.score)
    from_zh = f"最早 {step.on}；当日得分 {score or '—'}，等级 {step.grade.name}"
    from_en = f"from {step.on}; that day's score is {score or 'none'}, grade {step.grade.name}"
    return f"{zh}：{from_zh}；{_goal_zh(step.goal_on, goal)}。", f"{en}: {from_en}; {_goal_en(step.goal_on, goal)}."


def _goal_zh(day: date | None, goal: Grade) -> str:
    return f"仅凭此项，{day} 达到 {goal.name} 级" if day else f"仅凭此项不能达到 {goal.name} 级"


def _goal_en(day: date | None, goal: Grade) -> str:
    return f"with it alone {goal.name} comes on {day}" if day else f"it alone does not bring {goal.name}"
