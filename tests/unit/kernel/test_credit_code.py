"""The credit code against the codes that domain.md names, and against its own arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.common.errors import InvalidCreditCode
from services.common.kernel import credit_code

REAL = (
    "9152000071430580XT", "91520000730967897P", "91520900MA6GN48P46", "91520900MA6DJE2C24", "91520103MA6DK0H31H",
    "9152263670958455XL", "91330100799655058B", "9144030071526726XG", "914403001922038216", "91110000802100433B",
    "91110108551385082Q", "91330106673959654P", "91110000101623741K", "911101066976941872", "91110000600037341L",
)  # fmt: skip
BODIES = st.tuples(
    st.text(credit_code.ALPHABET, min_size=2, max_size=2),
    st.text("0123456789", min_size=6, max_size=6),
    st.text(credit_code.ALPHABET, min_size=9, max_size=9),
).map("".join)


@pytest.mark.parametrize("code", REAL)
def test_real_codes_are_accepted_without_warning(code: str) -> None:
    assert credit_code.warnings(credit_code.parse(code)) == ()


@pytest.mark.parametrize(
    ("text", "defect"),
    [
        ("", "EMPTY"),
        ("   ", "EMPTY"),
        ("9152000071430580X", "LENGTH"),
        ("9152000071430580XTT", "LENGTH"),
        ("9152000071430580XI", "ALPHABET"),
        ("9152000071430580X。", "ALPHABET"),
        ("91A20000730967897P", "REGION"),
        ("91520000730967897Q", "CHECK_CHARACTER"),
        ("91350211M0000XUF46", "CHECK_CHARACTER"),
    ],
)
def test_each_way_of_being_wrong_is_named(text: str, defect: str) -> None:
    with pytest.raises(InvalidCreditCode) as refused:
        credit_code.parse(text)
    assert refused.value.metadata["defect"] == defect
    assert refused.value.violations[0].field == "credit_code"


def test_lower_case_and_outer_blanks_are_normalised() -> None:
    assert credit_code.parse(" 9152263670958455xl\n") == "9152263670958455XL"


@given(BODIES)
def test_a_made_code_is_accepted_and_every_single_substitution_refused(body: str) -> None:
    code = body + credit_code.check_character(body)
    assert credit_code.defect(code) is None
    for position in (0, 1, 8, 12, 17):
        for other in credit_code.ALPHABET:
            if other != code[position]:
                assert credit_code.defect(code[:position] + other + code[position + 1 :]) is not None
