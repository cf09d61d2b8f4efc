"""Mergers as links: where they end, that rings are void, and that a family's state is the state of all its facts."""

from hypothesis import given
from hypothesis import strategies as st

from services.credit.domain.cells import pack
from services.credit.domain.facts import Fact
from services.credit.domain.family import added, joined, root_of, shared
from services.credit.domain.subject import NEWEST, SubjectState
from tests.unit.credit.test_way_back import complaints, listings, penalties, volumes

facts = st.lists(complaints | penalties | volumes | listings, max_size=40)


def test_links_end_at_the_root_and_a_ring_is_void() -> None:
    assert [root_of(code, {"a": "b", "b": "c"}) for code in "abc"] == ["c", "c", "c"]
    assert [root_of(code, {"a": "b", "b": "a", "x": "a"}) for code in "abx"] == ["a", "b", "a"]
    assert root_of("a", {"a": "a"}) == "a"


@given(facts, st.data())
def test_the_sum_of_a_family_is_the_state_of_all_its_facts(bodies: list, data: st.DataObject) -> None:  # type: ignore[type-arg]
    """So the bound of the policy for k complainants holds for a family too, whomever of it they complain of."""
    told = [
        Fact(f"{number:03}", 1, held=data.draw(st.integers(0, 9)) == 0, body=body) for number, body in enumerate(bodies)
    ]
    whole, parts = SubjectState(), [SubjectState() for _ in range(3)]
    for fact in told:
        part = data.draw(st.sampled_from(parts))
        for sign in data.draw(st.sampled_from(["+", "+-+"])):
            before = shared(parts)
            for state in (whole, part):
                state.replace(fact if sign == "-" else None, fact if sign == "+" else None)
            was = {cell: -count for cell, count in before.items()}
            parts[0].shared = added(parts[0].shared, shared(parts), was)
    assert parts[0].shared == shared(parts)
    total = joined(parts[0], parts[1:])
    assert pack(total.cells) == pack(whole.cells)
    assert total.to_detail() == {**whole.to_detail(), "cases": sorted(whole.cases)[-NEWEST:]}
