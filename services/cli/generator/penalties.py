"""Penalty decisions: who is complained about more is penalised more; a few decisions are revoked later."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from services.cli.generator import constants as c
from services.cli.generator import seasons
from services.cli.generator.merchants import Merchants
from services.cli.generator.plan import Plan
from services.cli.generator.randomness import Ints, Stream, choose, generator
from services.cli.generator.wording import SECONDS_A_DAY, Told, day, told
from services.common.kernel.day import first_of_month

SEVERITIES = ("SEVERITY_MINOR", "SEVERITY_ORDINARY", "SEVERITY_SERIOUS")
MINOR = 0
#: What was done, and the law that forbids it; one pair a decision.
CONDUCTS = (
    ("未在首页显著位置持续公示营业执照信息", "《中华人民共和国电子商务法》第十五条、第七十六条"),
    ("虚假或者引人误解的商业宣传", "《中华人民共和国反不正当竞争法》第八条、第二十条"),
    ("销售不符合保障人体健康标准的产品", "《中华人民共和国产品质量法》第十三条、第四十九条"),
    ("食品标签不符合规定", "《中华人民共和国食品安全法》第六十七条、第一百二十五条"),
    ("不按规定明码标价", "《中华人民共和国价格法》第十三条、第四十二条"),
    ("侵犯注册商标专用权", "《中华人民共和国商标法》第五十七条、第六十条"),
)
#: No real authority: whatever registry the merchants come from, the decisions are invented.
AUTHORITY = "演示市场监督管理局（生成数据）"


class _Decision(NamedTuple):
    """One decision; money in fen, days as ordinals."""

    reference: str
    document: str
    code: str
    severity: int
    kind: str
    fine: int
    confiscated: int
    decided: int
    at: int
    conduct: int


def decisions_of(plan: Plan, merchants: Merchants, month: int) -> Iterator[Told]:
    """Draw the decisions of a month and tell each when it is published, up to the plan's last day."""
    rng = generator(plan.seed, Stream.PENALTIES, month)
    last = plan.until.toordinal()
    for decision, is_revoked in _decisions(rng, plan, merchants, month):
        if decision.at // SECONDS_A_DAY <= last:
            yield _told(decision, "IN_FORCE", decision.at)
        revoked_at = decision.at + c.REVOKED_AFTER_DAYS * SECONDS_A_DAY
        if is_revoked and revoked_at // SECONDS_A_DAY <= last:
            yield _told(decision, "REVOKED", revoked_at)


def _decisions(
    rng: np.random.Generator, plan: Plan, merchants: Merchants, month: int
) -> Iterator[tuple[_Decision, bool]]:
    count = int(rng.poisson(plan.cases * c.PENALTIES_PER_CASE / len(plan.months)))
    days, _ = seasons.complaint_days(month, plan.until)
    who = _penalised(rng, merchants, month, count)
    severity = choose(rng, c.SEVERITY_SHARES, count)
    warned = (severity == MINOR) & (rng.random(count) < c.WARNING_SHARE)
    fines = np.where(warned, 0, _fines(rng, severity))
    confiscated = np.where((severity > MINOR) & (rng.random(count) < c.CONFISCATION_SHARE), fines // 3, 0)
    decided = days[rng.integers(0, len(days), count)]
    at = (decided + rng.integers(1, c.TELLING_DAYS, count)) * SECONDS_A_DAY + rng.integers(32_400, 61_200, count)
    conduct = rng.integers(0, len(CONDUCTS), count)
    revoked = rng.random(count) < c.REVOKED_SHARE
    columns = (who, severity, warned, fines, confiscated, decided, at, conduct, revoked)
    for number, row in enumerate(zip(*(column.tolist() for column in columns), strict=True)):
        merchant, grade, is_warning, *money_and_days, is_revoked = row
        kind = "PENALTY_KIND_WARNING" if is_warning else "PENALTY_KIND_FINE"
        reference = f"{first_of_month(month):%Y%m}-{number:05}"
        document = f"演示市监处罚〔{reference[:4]}〕{reference[4:6]}{number:05}号"
        yield _Decision(reference, document, merchants.codes[merchant], grade, kind, *money_and_days), is_revoked


def _penalised(rng: np.random.Generator, merchants: Merchants, month: int, count: int) -> Ints:
    chances = merchants.received_per_order * np.sqrt(merchants.weight) * merchants.active(month)
    return np.searchsorted(np.cumsum(chances) / chances.sum(), rng.random(count)).astype(np.int64)


def _fines(rng: np.random.Generator, severity: Ints) -> Ints:
    fines = rng.lognormal(np.log(np.array(c.FINE_MEDIANS_FEN)[severity]), c.FINE_SIGMA)
    # Decisions are written in whole hundreds of yuan.
    hundreds = np.minimum(fines, np.array(c.FINE_CEILINGS_FEN)[severity]) // 10_000
    return np.asarray(np.maximum(1, hundreds), dtype=np.int64) * 10_000


def _told(decision: _Decision, state: str, at: int) -> Told:
    conduct, basis = CONDUCTS[decision.conduct]
    data = {
        "document_number": decision.document,
        "credit_code": decision.code,
        "penalty_kind": decision.kind,
        "severity": SEVERITIES[decision.severity],
        "decided_on": day(decision.decided),
        "conduct_type": conduct,
        "legal_basis": basis,
        "authority_name": AUTHORITY,
        "state": f"DECISION_STATE_{state}",
    }
    amounts = {"fine_fen": decision.fine, "confiscated_fen": decision.confiscated}
    data |= {name: str(fen) for name, fen in amounts.items() if fen}
    return told(event_id=f"p-{decision.reference}-{state}", source=c.SOURCE_ENFORCEMENT, at=at, data=data)
