"""Ratings and states as the records that are published: what a read returns is what is stored here."""

from collections.abc import Iterable
from datetime import date, datetime
from functools import lru_cache
from operator import itemgetter

from google.protobuf.timestamp_pb2 import Timestamp
from merchantcredit.credit.v1.record_pb2 import (
    Contribution,
    NamedEnterprise,
    PublicRecord,
    PublishedFact,
    RestrictedRecord,
)
from merchantcredit.events.v1.enterprise_pb2 import OperatingStatus
from merchantcredit.events.v1.grade_change_pb2 import GradeChanged

from services.common.kernel.day import month_index
from services.credit.application.ports import Publication, Subject
from services.credit.domain.completeness import completeness
from services.credit.domain.facts import Registration
from services.credit.domain.listed import Entry
from services.credit.domain.policy import Policy
from services.credit.domain.rating import Line, Rating
from services.credit.domain.shown import case_end
from services.credit.domain.subject import Case, Sanction, SubjectState

MAX_FACTS = 100
MAX_EVIDENCE = 20
#: Facts after these statuses began are kept and flagged.
CLOSED_STATUSES = frozenset({3, 4, 5, 6})
_STATUS_ZH = {2: "已受理", 4: "达成调解协议", 5: "终止调解"}
_STATUS_EN = {2: "accepted", 4: "settled by agreement", 5: "mediation ended without agreement"}
_RESPONSE_ZH = {1: "按时答复", 2: "逾期答复", 3: "未答复"}
_RESPONSE_EN = {1: "answered in time", 2: "answered late", 3: "not answered"}
_PROBLEM_ZH = {1: "质量", 2: "售后", 3: "虚假宣传", 4: "合同", 5: "价格", 6: "安全", 7: "假冒", 8: "其他"}
_PROBLEM_EN = {
    1: "quality", 2: "after-sales", 3: "false advertising", 4: "contract", 5: "price", 6: "safety", 7: "counterfeit", 8: "other",
}  # fmt: skip
_PENALTY_ZH = {1: "警告", 2: "罚款", 3: "没收", 4: "暂扣或吊销许可", 5: "限制经营", 6: "其他处罚", 7: "通报批评"}
_PENALTY_EN = {
    1: "warning",
    2: "fine",
    3: "confiscation",
    4: "licence measure",
    5: "restriction",
    6: "other penalty",
    7: "criticism",
}
_SEVERITY_ZH = {1: "轻微", 2: "一般", 3: "严重"}
_SEVERITY_EN = {1: "minor", 2: "ordinary", 3: "serious"}


def public_record(subject: Subject, rating: Rating, policy: Policy, at: datetime) -> bytes:
    """Return the serialised PublicRecord of a registered subject.

    Encodings of a message that are joined are the encoding of their merge (protobuf's encoding guide), so the parts
    that stand in many records are serialised once: registrations, lines without evidence, facts.
    """
    registration = subject.state.registration
    if registration is None:
        raise LookupError(f"{subject.code} is not registered")
    head = PublicRecord(
        score_millipoints=rating.score,
        grade=rating.grade.name,
        revision=subject.seq,
        day=rating.day.isoformat(),
        good_until=_text(rating.next_change_on),
        policy_version=policy.version,
        computed_time=Timestamp(seconds=int(at.timestamp())),
        cases_under_review=rating.cases_under_review,
        completeness_permille=completeness(subject.state, rating.day, policy),
    )
    lines = [_plain_line(line) if line.inputs is None else _line(line) for line in rating.lines]
    held_months = frozenset(burst.month for burst in rating.under_review)
    facts = _published_facts(subject.state, rating.day, len(policy.decay), held_months)
    family = [_family(subject)] if subject.root or subject.members or subject.heirs else []
    return b"".join((_registered(registration), head.SerializeToString(), *lines, *facts, *family))


def _family(subject: Subject) -> bytes:
    """Return whom the enterprise was merged into, or who was merged into it, and who was split off from it."""
    record = PublicRecord(merged_from=[_named(member) for member in subject.members], split_into=subject.heirs)
    if subject.root is not None:
        record.merged_into.CopyFrom(_named(subject.root))
    return record.SerializeToString()


def _named(subject: Subject) -> NamedEnterprise:
    registration = subject.state.registration
    return NamedEnterprise(credit_code=subject.code, name=registration.name if registration else "")


@lru_cache(maxsize=2048)
def _registered(registration: Registration) -> bytes:
    return PublicRecord(
        credit_code=registration.code,
        name=registration.name,
        region_code=registration.region_code,
        status=OperatingStatus.ValueType(registration.status),
        enterprise_type=registration.enterprise_type,
        established_on=_text(registration.established_on),
        address=registration.address,
        business_scope=registration.business_scope,
        split_from=registration.split_from,
        split_on=_text(registration.split_on),
    ).SerializeToString()


def restricted_record(subject: Subject, day: date) -> RestrictedRecord:
    """Return what only offices and the merchant see."""
    state = subject.state
    return RestrictedRecord(
        credit_code=subject.code,
        revision=subject.seq,
        open_case_count=state.open_cases,
        unpublished_penalty_count=sum(not s.is_published and day < s.until for s in state.sanctions),
        flagged_fact_ids=flagged(state, day),
        held_fact_ids=state.held,
    )


def contribution(line: Line) -> Contribution:
    """Return one line of a score."""
    return Contribution(
        rule_id=line.rule_id,
        amount_millipoints=line.amount,
        fact_count=line.fact_count,
        legal_basis=line.basis,
        until=_text(line.until),
        evidence_ids=line.evidence_ids,
        evidence_digest=line.evidence_digest.to_bytes(32, "big") if line.evidence_ids else b"",
        inputs=line.inputs,
    )


def _line(line: Line) -> bytes:
    return PublicRecord(contributions=[contribution(line)]).SerializeToString(deterministic=True)


_plain_line = lru_cache(maxsize=512)(_line)


def grade_changed(publication: Publication) -> GradeChanged:
    """Return the announcement: grades, rules and fact ids, no content; no penalty is named that the record does not show."""
    subject, rating = publication.subject, publication.rating
    shown = {s.fact_id for s in subject.state.sanctions if s.is_published and s.decided_on <= rating.day < s.until}
    named = [fact_id for fact_id in publication.moved_by if fact_id in shown or not fact_id.startswith("penalty:")]
    return GradeChanged(
        credit_code=subject.code,
        from_grade=publication.from_grade.name,
        to_grade=rating.grade.name,
        revision=subject.seq,
        day=rating.day.isoformat(),
        policy_version=publication.policy.version,
        rule_ids=[line.rule_id for line in rating.lines],
        fact_ids=sorted(named)[:MAX_EVIDENCE],
    )


def flagged(state: SubjectState, day: date) -> list[str]:
    """Return facts dated after the enterprise closed: kept, counted, and flagged for a person (among the newest)."""
    registration = state.registration
    if registration is None or registration.status not in CLOSED_STATUSES or registration.status_since is None:
        return []
    since = registration.status_since
    dated: Iterable[tuple[date, str]] = [(c.received_on, c.fact_id) for c in state.cases]
    dated = [*dated, *((s.decided_on, s.fact_id) for s in state.sanctions if day < s.until)]
    return sorted(fact_id for dated_on, fact_id in dated if dated_on > since)


def _published_facts(
    state: SubjectState, day: date, case_months: int, held_months: frozenset[int] = frozenset()
) -> list[bytes]:
    """Return what the law publishes on a day, newest first; each with the first day on which it is gone."""
    shown: list[Sanction | Case | Entry] = [c for c in state.cases if day < case_end(c.received_on, case_months)]
    shown += [s for s in state.sanctions if s.is_published and s.decided_on <= day < s.until]
    shown += [entry for entry in state.listings if entry.listed.holds_on(day)]
    shown.sort(key=itemgetter(0, 1), reverse=True)
    return [_published(fact, case_months, held_months) for fact in shown[:MAX_FACTS]]


def _published(fact: Sanction | Case | Entry, case_months: int, held_months: frozenset[int]) -> bytes:
    match fact:
        case Sanction():
            return _penalty(fact)
        case Entry():
            return _listing(fact)
        case Case():
            is_held = bool(held_months) and not fact.is_genuine and month_index(fact.received_on) in held_months
            return _case(fact, case_months, is_held=is_held)


def _listing(entry: Entry) -> bytes:
    listed = entry.listed
    mark_zh, mark_en = ("（异议处理中）", " (under objection)") if listed.objected else ("", "")
    return _fact(
        PublishedFact(
            fact_id=entry.fact_id,
            kind="listing",
            occurred_on=listed.since.isoformat(),
            until=_text(listed.until),
            summary_zh=f"列入{listed.title}{mark_zh}。{listed.document_number} {listed.office}",
            summary_en=f"Listed: {listed.list_id}{mark_en}. {listed.document_number} {listed.office}",
            is_objected=listed.objected,
        )
    )


@lru_cache(maxsize=2048)
def _penalty(s: Sanction) -> bytes:
    fine_zh = f"，罚款 {s.fine_fen // 100:,}.{s.fine_fen % 100:02d} 元" if s.fine_fen else ""
    fine_en = f", fine CNY {s.fine_fen // 100:,}.{s.fine_fen % 100:02d}" if s.fine_fen else ""
    severity_zh, severity_en = _SEVERITY_ZH[s.severity], _SEVERITY_EN[s.severity]
    return _fact(
        PublishedFact(
            fact_id=s.fact_id,
            kind="penalty",
            occurred_on=s.decided_on.isoformat(),
            until=s.until.isoformat(),
            summary_zh=f"行政处罚（{severity_zh}）：{_PENALTY_ZH[s.kind]}{fine_zh}。{s.conduct_type} {s.authority_name}".strip(),
            summary_en=f"Administrative penalty ({severity_en}): {_PENALTY_EN[s.kind]}{fine_en}.",
        )
    )


# Of each record the cases were in the one before but for one; some 0.5 kB each, and a miss costs as much as 15 hits.
@lru_cache(maxsize=32_768)
def _case(case: Case, case_months: int, *, is_held: bool) -> bytes:
    summary_zh, summary_en = _case_summary(case.status, case.response, case.problem_type)
    mark_zh, mark_en = (
        ("（集中出现，正在核查，暂不计分）", " (came in a burst: under review, weighs nothing)")
        if is_held
        else ("", "")
    )
    return _fact(
        PublishedFact(
            fact_id=case.fact_id,
            kind="complaint",
            occurred_on=case.received_on.isoformat(),
            until=case_end(case.received_on, case_months).isoformat(),
            summary_zh=summary_zh + mark_zh,
            summary_en=summary_en + mark_en,
            is_under_review=is_held,
        )
    )


def _fact(fact: PublishedFact) -> bytes:
    return PublicRecord(facts=[fact]).SerializeToString()


@lru_cache(maxsize=1024)
def _case_summary(status: int, response: int, problem: int) -> tuple[str, str]:
    parts_zh = [_STATUS_ZH[status], _RESPONSE_ZH.get(response, ""), _PROBLEM_ZH.get(problem, "")]
    parts_en = [_STATUS_EN[status], _RESPONSE_EN.get(response, ""), _PROBLEM_EN.get(problem, "")]
    return "消费投诉：" + "，".join(filter(None, parts_zh)), "Consumer complaint: " + ", ".join(filter(None, parts_en))


def _text(day: date | None) -> str:
    return day.isoformat() if day else ""
