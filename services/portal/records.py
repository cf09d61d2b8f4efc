"""The record page's view of one enterprise: everything in words, nothing left to compute in the template."""

from dataclasses import dataclass

from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.enterprise_pb2 import OperatingStatus
from merchantcredit.registry.v1.registry_service_pb2 import Enterprise

from services.common.clock import CHINA
from services.portal import formatting, grades, labels
from services.portal.gateway import Dossier
from services.portal.grades import Band, GradeView
from services.portal.lines import FactView, ScoreView, facts_view, score_view
from services.portal.text import Translate

_UNRATED = frozenset(
    {
        OperatingStatus.OPERATING_STATUS_MOVED_OUT,
        OperatingStatus.OPERATING_STATUS_DEREGISTERED,
        OperatingStatus.OPERATING_STATUS_LICENCE_REVOKED,
        OperatingStatus.OPERATING_STATUS_ANNULLED,
    }
)
#: So many facts are about as long as what stands beside them.
FACTS_UNFOLDED = 6


@dataclass(frozen=True, slots=True)
class Gauge:
    """The scale from 0 to 1000 points: its bands and zones, where the score stands, and a note when grade and band differ."""

    bands: list[Band]
    zones: list[Band]
    at: str
    note: str


@dataclass(frozen=True, slots=True)
class Split:
    """The enterprise that this one was split from, or one that was split off from it: its code, to be linked to, and a sentence."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class RecordView:
    """One enterprise's record in words, its newest facts apart from the earlier ones, which are folded.

    `score` and `gauge` are None and `unrated` says why when it has no grade.
    """

    code: str
    name: str
    grade: GradeView
    score: str | None
    gauge: Gauge | None
    unrated: str
    status: str
    is_operating: bool
    region: str
    registration: list[tuple[str, str]]
    splits: list[Split]
    registry_answers: bool
    made: list[tuple[str, str]]
    explained: ScoreView
    facts: list[FactView]
    earlier_facts: list[FactView]
    overdue: str
    under_review: str


def record_view(dossier: Dossier, today: str, lang: str, t: Translate) -> RecordView:
    """Return the view of a dossier on a day (YYYY-MM-DD in Asia/Shanghai)."""
    record = dossier.record
    rated = record.HasField("score_millipoints")
    status = labels.status(record.status, lang)
    facts = facts_view(record, today, lang)
    is_overdue = bool(record.good_until) and record.good_until <= today
    return RecordView(
        code=record.credit_code,
        name=record.name or t("unnamed"),
        grade=grades.view(record.grade, lang),
        score=formatting.points(record.score_millipoints) if rated else None,
        gauge=_gauge(record, lang, t) if rated else None,
        unrated="" if rated else _unrated(record, lang, t),
        status=status,
        is_operating=labels.is_operating(status),
        region=labels.place(record.region_code, lang),
        registration=_registration(record, dossier.registration, lang, t),
        splits=_splits(record, t),
        registry_answers=dossier.registry_answers,
        made=_made(record, t),
        explained=score_view(dossier, lang),
        facts=facts[:FACTS_UNFOLDED],
        earlier_facts=facts[FACTS_UNFOLDED:],
        overdue=t("overdue", day=record.good_until) if is_overdue else "",
        under_review=t("under_review", cases=record.cases_under_review) if record.cases_under_review else "",
    )


def _gauge(record: PublicRecord, lang: str, t: Translate) -> Gauge:
    version, score = record.policy_version, record.score_millipoints
    band = grades.band_of(score, version)
    is_buffered = band not in {"", record.grade}
    note = t("buffered", band=band, grade=record.grade) if is_buffered else ""
    return Gauge(grades.bands(version, lang), grades.zones(version, lang), grades.percent(score), note)


def _unrated(record: PublicRecord, lang: str, t: Translate) -> str:
    """Return why an enterprise has no grade, as far as its record shows."""
    if not record.name:
        return t("unrated_unknown")
    if record.HasField("merged_into"):
        into = record.merged_into
        return t("unrated_merged", name=into.name or t("unnamed"), code=into.credit_code)
    if record.status in _UNRATED:
        return t("unrated_status", status=labels.status(record.status, lang))
    return t("unrated_new") if record.established_on else t("unrated_undated")


def _registration(
    record: PublicRecord, enterprise: Enterprise | None, lang: str, t: Translate
) -> list[tuple[str, str]]:
    """Return what the register says, label and value; an unknown value says so."""
    rows = [
        (t("status"), labels.status(record.status, lang)),
        (t("type"), record.enterprise_type),
        (t("established"), record.established_on),
        *(_from_registry(enterprise, t) if enterprise else ()),
        (t("region"), labels.place(record.region_code, lang)),
        (t("address"), record.address),
        (t("scope"), record.business_scope),
        *((t("merged_from"), f"{one.name} {one.credit_code}") for one in record.merged_from),
    ]
    return [(label, value or t("unknown")) for label, value in rows]


def _splits(record: PublicRecord, t: Translate) -> list[Split]:
    """Return who came from whom; what was before the day counts for both."""
    origin, day = record.split_from, record.split_on or t("unknown")
    came = [Split(origin, t("split_from", code=origin, day=day))] if origin else []
    return came + [Split(code, t("split_into", code=code)) for code in record.split_into]


def _from_registry(enterprise: Enterprise, t: Translate) -> list[tuple[str, str]]:
    """Return what only the registry tells, as far as it is known."""
    registration = enterprise.registration
    rows: list[tuple[str, str]] = []
    if registration.status_since and registration.status_since != registration.established_on:
        rows.append((t("status_since"), registration.status_since))
    if registration.HasField("registered_capital_fen"):
        rows.append(
            (t("capital"), formatting.money(registration.registered_capital_fen, registration.capital_currency))
        )
    return rows


def _made(record: PublicRecord, t: Translate) -> list[tuple[str, str]]:
    """Return how the record came about: its day, moment, rules, revision."""
    rows = [(t("made_day"), record.day)]
    if record.HasField("computed_time"):
        moment = record.computed_time.ToDatetime(tzinfo=CHINA)
        rows.append((t("made_at"), t("beijing", moment=formatting.moment(moment))))
    rows += [(t("made_policy"), record.policy_version), (t("made_revision"), str(record.revision))]
    return rows + ([(t("made_good_until"), record.good_until)] if record.good_until else [])
