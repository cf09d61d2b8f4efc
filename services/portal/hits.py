"""Search hits and the age of the index, as the page and the API show them."""

from dataclasses import dataclass
from datetime import datetime

from google.protobuf.timestamp_pb2 import Timestamp
from merchantcredit.search.v1.search_service_pb2 import RecordHit

from services.common.clock import CHINA
from services.portal import formatting, grades, labels
from services.portal.grades import GradeView
from services.portal.text import Translate


@dataclass(frozen=True, slots=True)
class HitView:
    """One enterprise found, in words; `score` is empty when it is not rated."""

    code: str
    name: str
    grade: GradeView
    score: str
    region: str
    status: str
    is_operating: bool
    merged_into: str


def hit_view(hit: RecordHit, lang: str) -> HitView:
    """Return a hit in words."""
    score = formatting.points(hit.score_millipoints) if hit.HasField("score_millipoints") else ""
    return HitView(
        code=hit.credit_code,
        name=hit.name,
        grade=grades.view(hit.grade, lang),
        score=score,
        region=labels.place(hit.region_code, lang),
        status=labels.status_of_text(hit.status, lang),
        is_operating=labels.is_operating(hit.status),
        merged_into=hit.merged_into,
    )


def staleness(as_of: Timestamp, now: datetime, t: Translate) -> str:
    """Return the sentence that tells up to when the index is complete, and how long ago that was."""
    moment = as_of.ToDatetime(tzinfo=CHINA)
    unit, count = formatting.age((now - moment).total_seconds())
    return t("results_as_of", moment=formatting.moment(moment), age=t(f"age_{unit}", count=count))
