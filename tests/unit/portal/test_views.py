"""What a reader is shown of one enterprise."""

from datetime import UTC, datetime

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from merchantcredit.credit.v1.credit_service_pb2 import ExplainScoreResponse
from merchantcredit.credit.v1.record_pb2 import Contribution, PublicRecord, PublishedFact
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot, OperatingStatus
from merchantcredit.registry.v1.registry_service_pb2 import Enterprise
from starlette.datastructures import QueryParams

from services.common.errors import InvalidInput
from services.portal.api import record_json
from services.portal.gateway import Dossier
from services.portal.hits import staleness
from services.portal.queries import SearchQuery
from services.portal.records import FACTS_UNFOLDED, RecordView, record_view
from services.portal.text import translator

TODAY = "2026-06-15"
CODE = "91520900MA6GN48P46"
LINES = [("base", 700_000), ("registration.age", 40_000), ("penalty.minor", -15_000)]


def _contributions(sentence: str = "") -> list[Contribution]:
    return [
        Contribution(rule_id=rule, amount_millipoints=amount, explanation_zh=sentence, inputs={"years": 5})
        for rule, amount in LINES
    ]


def _record(**changes: object) -> PublicRecord:
    fields = {
        "credit_code": CODE,
        "name": "某某商贸有限公司",
        "region_code": "520382",
        "status": OperatingStatus.OPERATING_STATUS_OPERATING,
        "established_on": "2021-03-01",
        "score_millipoints": 725_000,
        "grade": "BB",
        "contributions": _contributions(),
        "policy_version": "2026-1",
        "day": TODAY,
    }
    return PublicRecord(**{key: value for key, value in (fields | changes).items() if value is not None})


def _dossier(record: PublicRecord, explained: list[Contribution] | None = None) -> Dossier:
    lines = _contributions("因为。") if explained is None else explained
    return Dossier(record, ExplainScoreResponse(contributions=lines), None, registry_answers=True)


def _view(record: PublicRecord, explained: list[Contribution] | None = None) -> RecordView:
    return record_view(_dossier(record, explained), TODAY, "zh", translator("zh"))


def test_a_record_is_told_in_words() -> None:
    view = _view(_record())
    assert (view.score, view.grade.name, view.region, view.status) == ("725", "BB", "遵义市", "在营")
    assert view.explained.equation == "700 + 40 − 15 = 725"
    assert [line.amount for line in view.explained.lines] == ["700", "+40", "−15"]
    assert view.gauge is not None
    assert view.gauge.note == ""


def test_lines_are_the_records_own_when_the_score_moved_between_two_reads() -> None:
    moved = [Contribution(rule_id="base", amount_millipoints=700_000, explanation_zh="别的。")]
    view = _view(_record(), moved)
    assert sum(line.millipoints for line in view.explained.lines) == 725_000
    assert not any(line.sentence for line in view.explained.lines)


def test_a_grade_kept_by_the_buffer_says_so() -> None:
    view = _view(_record(grade="BBB", score_millipoints=735_000))
    assert view.gauge is not None
    assert "BB 级" in view.gauge.note


def test_of_many_facts_the_newest_are_unfolded() -> None:
    days = [f"2026-05-{n:02d}" for n in range(1, 11)]
    view = _view(_record(facts=[PublishedFact(fact_id=day, occurred_on=day) for day in reversed(days)]))
    assert [fact.day for fact in (*view.facts, *view.earlier_facts)] == days[::-1]
    assert len(view.facts) == FACTS_UNFOLDED
    assert _view(_record()).earlier_facts == []


def test_a_fact_that_has_ended_is_not_shown_whoever_sent_it() -> None:
    facts = [
        PublishedFact(kind="penalty", occurred_on="2026-05-01", until="2026-08-01", summary_zh="留"),
        PublishedFact(kind="complaint", occurred_on="2026-01-01", until=TODAY, summary_zh="去"),
    ]
    record = _record(facts=facts)
    assert [(fact.summary, fact.shown_until) for fact in _view(record).facts] == [("留", "2026-07-31")]
    assert [fact["summary_zh"] for fact in record_json(_dossier(record), TODAY)["facts"]] == ["留"]


@pytest.mark.parametrize(("good_until", "is_overdue"), [("", False), ("2026-06-16", False), (TODAY, True)])
def test_a_record_past_its_day_says_so(good_until: str, is_overdue: bool) -> None:  # noqa: FBT001
    assert bool(_view(_record(good_until=good_until)).overdue) is is_overdue


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"name": ""}, "尚未收到其登记信息"),
        ({"status": OperatingStatus.OPERATING_STATUS_DEREGISTERED}, "注销"),
        ({"established_on": ""}, "没有成立日期"),
        ({}, "成立不久"),
    ],
)
def test_what_has_no_grade_says_why(changes: dict[str, object], word: str) -> None:
    unrated = _record(score_millipoints=None, grade="NR", contributions=[], **changes)
    view = _view(unrated, [])
    assert word in view.unrated
    assert (view.score, view.gauge) == (None, None)


def test_what_only_the_registry_knows_is_added() -> None:
    registration = EnterpriseSnapshot(registered_capital_fen=100_000_000, status_since="2024-05-01")
    enterprise = Enterprise(registration=registration)
    dossier = Dossier(_record(), ExplainScoreResponse(), enterprise, registry_answers=True)
    rows = dict(record_view(dossier, TODAY, "en", translator("en")).registration)
    assert rows["Registered capital"] == "1,000,000 CNY"
    assert rows["Status since"] == "2024-05-01"
    assert rows["Address"] == "Not on record"


def test_json_numbers_are_numbers() -> None:
    body = record_json(_dossier(_record(revision=41)), TODAY)
    assert (body["score_millipoints"], body["revision"]) == (725_000, 41)
    assert sum(line["amount_millipoints"] for line in body["contributions"]) == 725_000
    assert body["contributions"][1]["inputs"] == {"years": 5}
    assert record_json(_dossier(_record(score_millipoints=None)), TODAY)["score_millipoints"] is None


def test_the_age_of_the_index_is_told() -> None:
    as_of = Timestamp()
    as_of.FromDatetime(datetime(2026, 6, 15, 1, 0, tzinfo=UTC))
    told = staleness(as_of, datetime(2026, 6, 15, 1, 5, tzinfo=UTC), translator("zh"))
    assert told == "索引截至 2026-06-15 09:00:00（5 分钟前）"


@pytest.mark.parametrize(
    ("asked", "prefix"), [("520000", "52"), ("520100", "5201"), ("520115", "520115"), ("5226", "5226"), ("", "")]
)
def test_a_region_stands_for_all_that_lies_in_it(asked: str, prefix: str) -> None:
    assert SearchQuery.of(QueryParams({"q": "云", "region": asked})).request().region_prefix == prefix


def test_a_query_survives_its_address() -> None:
    query = SearchQuery.of(QueryParams("q= 云上 &grade=AAA,aa&grade=NR&region=5203"))
    assert query.grades == ("AAA", "AA", "NR")
    next_page = SearchQuery.of(QueryParams(query.page("t=/+").removeprefix("/search?")))
    assert (next_page.text, next_page.grades, next_page.region, next_page.page_token) == (
        *("云上", query.grades, "5203"),
        "t=/+",
    )


@pytest.mark.parametrize(("name", "value"), [("grade", "ZZ"), ("region", "贵阳"), ("page_size", "-1")])
def test_a_wrong_parameter_is_refused_by_name(name: str, value: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        SearchQuery.of(QueryParams({"q": "云", name: value}))
    assert refused.value.violations[0].field == name


@pytest.mark.parametrize("cases", [0, 40])
def test_a_record_with_a_burst_says_that_cases_are_under_review(cases: int) -> None:
    shown = _view(_record(cases_under_review=cases)).under_review
    assert ("40" in shown) is bool(cases)
