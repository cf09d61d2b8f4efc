"""What the writer remembers of the keys in the index."""

from dataclasses import replace

import pytest

from services.search.adapters.known_keys import KnownKeys
from services.search.domain.document import Document

ONE = Document(
    credit_code="91520102MA6H000001", name="优品一店", grade="A", score_millipoints=640_000,
    region_code="520102", status=1, version=1,
)  # fmt: skip


def test_what_is_no_key_changes_nothing() -> None:
    known = KnownKeys()
    assert not known.has(ONE)
    known.add([ONE])
    assert known.has(replace(ONE, score_millipoints=None, status=4, version=9, merged_into="91520102MA6H000002"))


@pytest.mark.parametrize(
    "changed", [{"name": "优品二店"}, {"grade": "AA"}, {"region_code": "520103"}, {"credit_code": "91520102MA6H000002"}]
)
def test_other_keys_are_not_known(changed: dict[str, str]) -> None:
    known = KnownKeys()
    known.add([ONE])
    assert not known.has(replace(ONE, **changed))  # type: ignore[arg-type]


def test_the_last_keys_of_an_enterprise_count() -> None:
    known, renamed = KnownKeys(), replace(ONE, name="优品二店")
    known.add([ONE, renamed])
    assert known.has(renamed)
    assert not known.has(ONE)


def test_what_is_forgotten_is_not_known() -> None:
    known = KnownKeys()
    known.add([ONE])
    known.forget([ONE.credit_code, "91520102MA6H000002"])
    assert not known.has(ONE)


def test_what_was_not_asked_for_longest_is_forgotten_first() -> None:
    known = KnownKeys(most=2)
    one, two, three = (replace(ONE, credit_code=f"91520102MA6H00000{n}") for n in range(3))
    known.add([one, two])
    assert known.has(one)
    known.add([three])
    assert [known.has(document) for document in (one, two, three)] == [True, False, True]
