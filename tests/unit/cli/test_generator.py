"""What the generator promises: the same bytes, about so many events, lawful lives, sizes and rates as told."""

import tomllib
from collections import Counter, defaultdict
from datetime import date, datetime
from pathlib import Path
from typing import Any

import numpy as np
import orjson
import pytest
from google.protobuf.json_format import ParseDict
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported

from services.cli.app import main
from services.cli.generator import constants, merchants, plan
from services.cli.generator.merchants import Firm
from services.common.errors import InvalidInput
from services.credit.domain import personal_data

ROOT = Path(__file__).parents[3]
UNTIL = date(2026, 6, 17)
EVENTS = 6000
PROTOS = {"complaints": ComplaintReported, "violations": ViolationReported, "volumes": VolumeReported}


def _run(*arguments: str) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 0


def _make(folder: Path, seed: int = 7) -> Path:
    registry = folder / "registry.csv"
    _run("generate-registry", "--firms", "400", "--seed", str(seed), "--out", str(registry))
    _run(
        *("generate", "--registry", str(registry), "--events", str(EVENTS), "--merchants", "150"),
        *("--seed", str(seed), "--until", UNTIL.isoformat(), "--out", str(folder)),
    )
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _make(tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="module")
def streams(folder: Path) -> dict[str, list[dict[str, Any]]]:
    return {name: [orjson.loads(line) for line in (folder / f"{name}.jsonl").open("rb")] for name in PROTOS}


def _bytes(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(folder: Path, tmp_path: Path) -> None:
    again, other = tmp_path / "again", tmp_path / "other"
    again.mkdir()
    other.mkdir()
    assert _bytes(_make(again)) == _bytes(folder)
    assert _bytes(_make(other, seed=8)) != _bytes(folder)


def test_there_are_about_as_many_events_as_asked_for(streams: dict[str, list[dict[str, Any]]]) -> None:
    assert sum(map(len, streams.values())) == pytest.approx(EVENTS, rel=0.1)


def test_the_last_event_day_is_the_one_asked_for(streams: dict[str, list[dict[str, Any]]]) -> None:
    days = [event["time"][:10] for events in streams.values() for event in events]
    assert max(days) == UNTIL.isoformat()


@pytest.mark.parametrize("name", PROTOS)
def test_data_are_the_json_of_the_proto(streams: dict[str, list[dict[str, Any]]], name: str) -> None:
    for event in streams[name]:
        ParseDict(event["data"], PROTOS[name]())
        assert datetime.fromisoformat(event["time"]).utcoffset() is not None


def test_repeated_events_are_the_same_event(streams: dict[str, list[dict[str, Any]]]) -> None:
    for events in streams.values():
        by_id = defaultdict(list)
        for event in events:
            by_id[event["source"], event["id"]].append(event)
        assert all(event == told[0] for told in by_id.values() for event in told)
    complaints = streams["complaints"]
    distinct = len({(event["source"], event["id"]) for event in complaints})
    assert 1 - distinct / len(complaints) == pytest.approx(0.02, abs=0.015)


def test_some_events_come_out_of_order(streams: dict[str, list[dict[str, Any]]]) -> None:
    times = [event["time"] for event in streams["complaints"]]
    assert times != sorted(times)


def test_a_case_goes_the_lawful_way(streams: dict[str, list[dict[str, Any]]]) -> None:
    ways: dict[str, list[str]] = defaultdict(list)
    for event in sorted(streams["complaints"], key=lambda event: event["time"]):
        status = event["data"]["status"].removeprefix("COMPLAINT_STATUS_")
        if status not in ways[event["data"]["case_id"]]:
            ways[event["data"]["case_id"]].append(status)
    begun = {("RECEIVED",), ("RECEIVED", "ACCEPTED"), ("RECEIVED", "REFUSED")}
    ended = {("RECEIVED", "ACCEPTED", end) for end in ("AGREED", "TERMINATED", "WITHDRAWN")}
    assert {tuple(way) for way in ways.values()} == begun | ended


def test_each_stream_comes_from_its_sources(streams: dict[str, list[dict[str, Any]]]) -> None:
    sources = {name: {event["source"] for event in events} for name, events in streams.items()}
    platforms = {f"//platform.example/p{n}" for n in (1, 2, 3)}
    assert sources == {
        "complaints": {"//12315.guizhou.example"} | platforms,
        "violations": {"//enforcement.guizhou.example"},
        "volumes": platforms,
    }


def test_a_few_merchants_have_most_of_the_orders(streams: dict[str, list[dict[str, Any]]]) -> None:
    orders: Counter[str] = Counter()
    for event in streams["volumes"]:
        orders[event["data"]["credit_code"]] += int(event["data"]["orders"])
    largest = sum(count for _, count in orders.most_common(15))
    assert 0.4 < largest / orders.total() < 0.85


def test_no_complainant_looks_like_a_person(streams: dict[str, list[dict[str, Any]]]) -> None:
    assert all(personal_data.is_pseudonym(event["data"]["complainant_pseudonym"]) for event in streams["complaints"])


def _firms(count: int) -> list[Firm]:
    return [Firm(f"{n:018}", None) for n in range(count)]


def test_the_median_merchant_has_the_rate_of_the_policy() -> None:
    drawn = merchants.draw(_firms(20_000), 20_000, seed=3)
    weighted_per_million = np.median(drawn.received_per_order) * merchants.mean_case_weight() * 1_000_000
    assert weighted_per_million == pytest.approx(500, rel=0.03)


def test_the_weights_are_those_of_the_policy() -> None:
    policy = tomllib.loads((ROOT / "services/credit/policies/2026-1.toml").read_text())["complaint"]
    assert {name: weight * 1000 for name, weight in constants.OUTCOME_WEIGHTS.items()} == policy["outcome_weights"]
    assert {name: weight * 1000 for name, weight in constants.RESPONSE_WEIGHTS.items()} == policy["response_weights"]
    assert policy["peer_cases_per_million"] == constants.WEIGHTED_CASES_PER_MILLION


def test_a_firm_does_not_trade_before_it_is_established() -> None:
    drawn = merchants.draw([Firm("a", date(2026, 5, 9)), Firm("b", None)], 2, seed=1)
    made = plan.make(drawn, events=500, seed=1, until=UNTIL, duplicates=0.0)
    young = drawn.codes.index("a")
    april, may = made.months[-3], made.months[-2]
    assert made.mean_orders(drawn, april)[young] == 0
    assert made.mean_orders(drawn, may)[young] > 0


def test_too_many_merchants_are_refused_with_the_fix() -> None:
    with pytest.raises(InvalidInput, match="the registry has 5 firms: ask for fewer"):
        merchants.draw(_firms(5), 6, seed=1)
    drawn = merchants.draw(_firms(500), 500, seed=1)
    with pytest.raises(InvalidInput, match="one month of 500 merchants needs more than 100 events"):
        plan.make(drawn, events=100, seed=1, until=UNTIL, duplicates=0.0)
