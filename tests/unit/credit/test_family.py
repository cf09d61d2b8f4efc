"""Mergers as links: where they end, that rings are void, and that a family's state is the state of all its facts."""

from hypothesis import given
from hypothesis import strategies as st

from services.credit.domain.cells import pack
from services.credit.domain.facts import Fact
from services.credit.domain.family import joined, root_of
from services.credit.domain.subject import NEWEST, SubjectState
from tests.unit.credit.test_way_back import complaints, listings, penalties, volumes

facts = st.lists(complaints | penalties | volumes | listings, max_size=40)


def test_links_end_at_the_root_and_a_ring_is_void() -> None:
    assert [root_of(code, {"a": "b", "b": "c"}) for code in "abc"] == ["c", "c", "c"]
    assert [root_of(code, {"a": "b", "b": "a", "x": "a"}) for code in "abx"] == ["a", "b", "a"]
    assert root_of("a", {"a": "a"}) == "a"


@given(facts, st.data())
def test_the_sum_of_a_family_is_the_state_of_all_its_facts(bodies: list, data: st.DataObject) -> None:  # type: ignore[type-arg]
    """A complainant's cases are counted by the enterprise that they name: here each complains of one of the family only."""
    told = [
        Fact(f"{number:03}", 1, held=data.draw(st.integers(0, 9)) == 0, body=body) for number, body in enumerate(bodies)
    ]
    whole, parts = SubjectState(), [SubjectState() for _ in range(3)]
    part_of: dict[str, int] = {}
    for fact in told:
        whole.replace(None, fact)
        complainant = getattr(fact.body, "complainant", "") or fact.fact_id
        parts[part_of.setdefault(complainant, data.draw(st.integers(0, 2)))].replace(None, fact)
    total = joined(parts[0], parts[1:])
    assert pack(total.cells) == pack(whole.cells)
    assert total.to_detail() == {**whole.to_detail(), "cases": sorted(whole.cases)[-NEWEST:]}
