"""The checker of webhooks passes what came at least once and in order, and finds what is planted."""

import pytest

from tests.chaos.punishment.hooks import Came, check

A, B = "91520900MA6GN48P46", "9152000071430580XT"
TRUE = [Came(f"msg_tax_1_{n}", n, A if n % 2 else B, n, "digest", f"directive {n}") for n in range(1, 6)]


def test_each_enterprise_in_order_and_what_came_again_is_no_fault() -> None:
    came = [TRUE[1], TRUE[0], TRUE[0], TRUE[2], TRUE[3], TRUE[1], TRUE[4]]
    assert check("tax", came) == (5, 2, [])


@pytest.mark.parametrize(
    ("came", "said"),
    [
        (TRUE[:2] + TRUE[3:], "numbers [3] never came"),
        ([TRUE[2], TRUE[0], TRUE[1], *TRUE[3:]], f"number 1 of {A} came after 3"),
        ([*TRUE, TRUE[4]._replace(message_id="msg_tax_1_6")], "number 5 came under two ids"),
        ([*TRUE, TRUE[4]._replace(directive="another")], "msg_tax_1_5 came again with another content"),
    ],
)
def test_planted_faults_are_found(came: list[Came], said: str) -> None:
    assert any(said in fault for fault in check("tax", came).faults)
