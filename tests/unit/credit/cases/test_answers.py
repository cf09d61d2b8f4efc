"""The merchant's answer: what it must tell, and what the public may not read."""

from datetime import date

import pytest

from services.common.errors import InvalidInput, PersonalDataInClear
from services.credit.domain.cases.answers import MAX_STATEMENT, Answer, Category, check

OWN, OTHER = "91520900MA6GN48P46", "9152000071430580XT"
DAY = date(2026, 6, 1)


def test_good_answers_pass() -> None:
    for answer in (
        Answer(Category.AGREE_REFUND, DAY),
        Answer(Category.REFUSE_WITH_REASON, DAY, "商品已超过七天无理由退货期限，且吊牌已剪。"),
        Answer(Category.NOT_MY_SHOP, DAY, right_code=OTHER),
        Answer(Category.PARTIAL, DAY, "运费 < 5元，次日 <3 天到"),
    ):
        check(answer, OWN)


@pytest.mark.parametrize(
    ("answer", "field"),
    [
        (Answer(Category.PARTIAL, DAY, "长" * (MAX_STATEMENT + 1)), "public_statement"),
        (Answer(Category.PARTIAL, DAY, "长" * 1_048_576), "public_statement"),
        (Answer(Category.PARTIAL, DAY, "<script>alert(1)</script>"), "public_statement"),
        (Answer(Category.PARTIAL, DAY, "已退款<!-- -->"), "public_statement"),
        (Answer(Category.REFUSE_WITH_REASON, DAY, "  "), "public_statement"),
        (Answer(Category.NOT_MY_SHOP, DAY), "right_credit_code"),
        (Answer(Category.NOT_MY_SHOP, DAY, right_code=OWN), "right_credit_code"),
        (Answer(Category.AGREE_REPAIR, DAY, right_code=OTHER), "right_credit_code"),
    ],
)
def test_bad_answers_name_the_field(answer: Answer, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check(answer, OWN)
    assert caught.value.violations[0].field == field


@pytest.mark.parametrize("text", ["请致电13812345678联系", "买家王先生不配合", "微信：abc_12345"])
def test_a_statement_names_no_person(text: str) -> None:
    with pytest.raises(PersonalDataInClear):
        check(Answer(Category.PARTIAL, DAY, text), OWN)
