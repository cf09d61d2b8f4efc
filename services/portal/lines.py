"""The lines of a score and its published facts, in words and with their bars."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from merchantcredit.credit.v1.record_pb2 import Contribution, PublicRecord, PublishedFact

from services.portal import formatting, labels
from services.portal.gateway import Dossier
from services.portal.waterfall import Bar, Waterfall, waterfall


@dataclass(frozen=True, slots=True)
class LineView:
    """One line of a score: what it adds, why, by which law, and when it changes."""

    rule_id: str
    title: str
    millipoints: int
    amount: str
    sentence: str
    basis: str
    until: str
    fact_count: int
    evidence_ids: list[str]
    digest: str
    running: str
    bar: Bar
    tone: str


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact that the law publishes; `shown_until` is its last day, empty when it has no end."""

    kind: str
    kind_name: str
    day: str
    summary: str
    shown_until: str


@dataclass(frozen=True, slots=True)
class ScoreView:
    """The lines with the picture of how they add up."""

    lines: list[LineView]
    chart: Waterfall
    equation: str


def score_view(dossier: Dossier, lang: str) -> ScoreView:
    """Return the lines of a record's score."""
    told = lines_of(dossier)
    chart = waterfall([line.amount_millipoints for line in told])
    lines = [_line(i, line, bar, lang) for i, (line, bar) in enumerate(zip(told, chart.bars, strict=True))]
    return ScoreView(lines, chart, formatting.equation([line.amount_millipoints for line in told]))


def lines_of(dossier: Dossier) -> Sequence[Contribution]:
    """Return the explained lines, or the record's own when the score moved between the two reads.

    The lines on the page must sum to the score on the page; sentences are worth less than that.
    """
    record, explained = dossier.record, dossier.explanation.contributions
    return explained if _amounts(explained) == _amounts(record.contributions) else record.contributions


def _amounts(lines: Iterable[Contribution]) -> list[tuple[str, int]]:
    return [(line.rule_id, line.amount_millipoints) for line in lines]


def _line(place: int, line: Contribution, bar: Bar, lang: str) -> LineView:
    amount = line.amount_millipoints
    return LineView(
        rule_id=line.rule_id,
        title=labels.rule(line.rule_id, lang),
        millipoints=amount,
        amount=formatting.signed(amount) if place else formatting.points(amount),
        sentence=line.explanation_en if lang == "en" else line.explanation_zh,
        basis=line.legal_basis,
        until=line.until,
        fact_count=line.fact_count,
        evidence_ids=list(line.evidence_ids),
        digest=line.evidence_digest.hex(),
        running=formatting.points(bar.total),
        bar=bar,
        tone=_tone(place, amount),
    )


def _tone(place: int, amount: int) -> str:
    if place == 0:
        return "base"
    return "gain" if amount > 0 else "loss" if amount < 0 else "even"


def facts_view(record: PublicRecord, today: str, lang: str) -> list[FactView]:
    """Return the facts that may be shown on a day (YYYY-MM-DD); a fact that has ended is dropped whoever sent it."""
    return [_fact(fact, lang) for fact in live_facts(record, today)]


def live_facts(record: PublicRecord, today: str) -> list[PublishedFact]:
    """Return the facts that have not ended on a day (YYYY-MM-DD)."""
    return [fact for fact in record.facts if not fact.until or fact.until > today]


def _fact(fact: PublishedFact, lang: str) -> FactView:
    return FactView(
        kind=fact.kind,
        kind_name=labels.kind(fact.kind, lang),
        day=fact.occurred_on,
        summary=fact.summary_en if lang == "en" else fact.summary_zh,
        shown_until=formatting.last_day_before(fact.until) if fact.until else "",
    )
