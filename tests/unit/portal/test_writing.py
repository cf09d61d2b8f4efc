"""How numbers are written, and that the page's own knowledge agrees with its sources."""

import re
import tomllib
from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from merchantcredit.events.v1.enterprise_pb2 import OperatingStatus

from services.common.kernel.grade import Grade
from services.credit.domain.scorer import RULES
from services.portal import code_help, formatting, grades, labels
from services.portal.rendering import HERE
from services.portal.text import SENTENCES, translator
from services.portal.waterfall import waterfall

POLICIES = sorted((HERE.parent / "credit" / "policies").glob("*.toml"))
amounts = st.lists(st.integers(-1_000_000, 1_000_000), min_size=1, max_size=12)


def _millipoints(text: str) -> int:
    whole, _, rest = text.replace(formatting.MINUS, "-").replace("+", "").partition(".")
    sign = -1 if whole.startswith("-") else 1
    return sign * (abs(int(whole)) * 1000 + int(rest.ljust(3, "0")))


@pytest.mark.parametrize(
    ("millipoints", "text"), [(0, "0"), (547_500, "547.5"), (-12_345, "−12.345"), (-500, "−0.5"), (1_000_000, "1000")]
)
def test_points_are_written_exactly(millipoints: int, text: str) -> None:
    assert formatting.points(millipoints) == text


@given(amounts)
def test_what_is_written_adds_up_to_what_is_written(values: list[int]) -> None:
    left, _, right = formatting.equation(values).partition(" = ")
    terms = left.replace("+ ", "+").replace(f" {formatting.MINUS} ", f" {formatting.MINUS}").split()
    assert sum(map(_millipoints, terms)) == _millipoints(right) == sum(values)


@given(amounts)
def test_each_bar_begins_where_the_one_before_ended_and_stays_on_the_chart(values: list[int]) -> None:
    chart = waterfall(values)
    assert [bar.total for bar in chart.bars][-1] == chart.total.total == sum(values)
    for bar in (*chart.bars, chart.total):
        left, width = float(bar.x[:-1]), float(bar.width[:-1])
        assert left >= 0
        assert width >= 0
        assert left + width <= 100.01


def test_a_fact_is_shown_until_the_day_before_its_end() -> None:
    assert formatting.last_day_before("2027-03-01") == "2027-02-28"


@pytest.mark.parametrize(
    ("age", "told"),
    [
        (timedelta(seconds=-1), ("seconds", 0)),
        (timedelta(seconds=119), ("seconds", 119)),
        (timedelta(minutes=2), ("minutes", 2)),
        (timedelta(hours=47), ("hours", 47)),
        (timedelta(days=3), ("days", 3)),
    ],
)
def test_an_age_is_told_in_the_largest_unit_that_says_enough(age: timedelta, told: tuple[str, int]) -> None:
    assert formatting.age(age.total_seconds()) == told


def test_money_is_told_in_yuan_with_its_currency() -> None:
    assert formatting.money(1_178_379_250, "") == "11,783,792.50 CNY"
    assert formatting.money(50_000_000, "USD") == "500,000 USD"


@pytest.mark.parametrize("file", POLICIES, ids=lambda path: path.stem)
def test_the_bands_on_the_page_are_those_of_the_policy(file: Path) -> None:
    policy = tomllib.loads(file.read_text())
    floors = {name: floor // 1000 for name, floor in policy["grades"]["floors"].items()}
    assert grades.FLOORS[policy["version"]] == floors


def test_bands_cover_the_scale_without_gap() -> None:
    bands = grades.bands(grades.CURRENT_POLICY, "en")
    assert (bands[0].floor, bands[-1].ceiling) == (0, grades.FULL_SCORE)
    assert all(below.ceiling == above.floor for below, above in pairwise(bands))
    assert [zone.grade.name for zone in grades.zones(grades.CURRENT_POLICY, "en")] == ["D", "C", "B", "A"]


def test_a_policy_that_the_page_does_not_know_has_no_bands() -> None:
    assert grades.bands("2031-4", "zh") == []
    assert grades.band_of(700_000, "2031-4") == ""


def test_everything_told_by_code_has_a_name_in_both_languages() -> None:
    for lang in ("zh", "en"):
        assert all(labels.rule(rule, lang) != rule for rule in RULES)
        assert all(labels.status(value, lang) for value in OperatingStatus.values() if value)
        assert all(grades.view(grade.name, lang).label for grade in Grade)


def test_a_status_told_in_chinese_is_read_in_both_languages() -> None:
    assert labels.status_of_text("在营（开业）", "en") == "Operating"
    assert labels.status_of_text("注销", "zh") == "注销"
    assert labels.status_of_text("某种新状态", "en") == "某种新状态"


def test_both_languages_say_the_same_with_the_same_values() -> None:
    for key, (chinese, english) in SENTENCES.items():
        assert chinese, key
        assert english, key
        assert set(re.findall(r"{(\w+)}", chinese)) == set(re.findall(r"{(\w+)}", english)), key


def test_templates_use_only_sentences_that_exist() -> None:
    used = {
        key
        for file in (HERE / "templates").glob("*.html")
        for key in re.findall(r'\bt\(["\'](\w+)["\'][,)]', file.read_text())
    }
    assert used - SENTENCES.keys() == set()
    with pytest.raises(KeyError):
        translator("zh")("no_such_sentence")


@pytest.mark.parametrize(
    ("code", "trouble"),
    [
        ("91520900MA6GN48P4", ""),
        ("91520900MA6GN48P466", "6"),
        ("91520900MA6GNO8P46", "O"),
        ("9152A900MA6GN48P46", "A"),
        ("91520900MA6GN48P45", "5"),
    ],
)
def test_a_wrong_code_shows_where_it_is_wrong(code: str, trouble: str) -> None:
    for lang in ("zh", "en"):
        found = code_help.code_help(code, lang)
        assert found is not None
        assert "".join(character for character, is_trouble in found.characters if is_trouble) == trouble
        assert found.sentence


def test_a_right_code_needs_no_help_in_whatever_writing() -> None:
    assert code_help.code_help(" 91520900ma6gn48p46 ", "zh") is None


def test_a_name_is_not_taken_for_a_code() -> None:
    assert code_help.is_meant_as_code("91520900MA6GN48P4")
    assert not code_help.is_meant_as_code("guizhoumaotaijiuye")
    assert not code_help.is_meant_as_code("贵州云上电子商务有限公司第一分公司")
