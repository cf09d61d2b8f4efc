"""The assignor of the members of a group over Kafka: same numbers together, evenly, and no more moves than that takes."""

from collections.abc import Mapping, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kafka import TopicPartition as Place

from services.common.eventlog.kafka.assignor import deal

PARTITIONS = 12
PLACES = [Place(topic, n) for topic in ("complaint", "violation", "volume") for n in range(PARTITIONS)]
GROUPS = st.sets(st.sampled_from("abcdefghijklmnop"), min_size=1)

Hands = Mapping[str, Sequence[Place]]


def settled(held: Hands) -> Hands:
    """Deal until nothing moves, as the members do: what one gives back, another is given in the next round."""
    for _ in range(3):
        dealt = deal(PLACES, held)
        owners = {place: member for member, hand in held.items() for place in hand}
        assert all(owners.get(place, member) == member for member, hand in dealt.items() for place in hand)
        if dealt == held:
            return dealt
        held = dealt
    pytest.fail("the group does not settle")


def numbers(hand: Sequence[Place]) -> set[int]:
    return {place.partition for place in hand}


@given(st.lists(GROUPS, min_size=1, max_size=4))
def test_whoever_comes_and_goes_each_number_has_one_owner_and_each_owner_its_share(groups: Sequence[set[str]]) -> None:
    held: Hands = {}
    for group in groups:
        held = settled({member: held.get(member, []) for member in group})
        assert sorted(place for hand in held.values() for place in hand) == sorted(PLACES)
        assert all(len(hand) == 3 * len(numbers(hand)) for hand in held.values()), "a number has two owners"
        counts = [len(numbers(hand)) for hand in held.values()]
        assert max(counts) - min(counts) <= 1


def test_who_joins_takes_a_share_and_no_more_moves() -> None:
    held = settled({"a": [], "b": []})
    three = settled({**held, "c": []})
    moved = [place for member in "ab" for place in held[member] if place not in three[member]]
    assert numbers(moved) == numbers(three["c"])
    assert len(numbers(three["c"])) == PARTITIONS // 3


def test_who_leaves_leaves_the_others_what_they_have() -> None:
    held = settled({"a": [], "b": [], "c": []})
    two = settled({"a": held["a"], "b": held["b"]})
    assert set(held["a"]) < set(two["a"])
    assert set(held["b"]) < set(two["b"])


def test_a_group_that_was_dealt_by_topics_is_mended() -> None:
    by_topic = {"a": [p for p in PLACES if p.topic == "complaint"], "b": [p for p in PLACES if p.topic != "complaint"]}
    mended = settled(by_topic)
    assert {member: len(numbers(hand)) for member, hand in mended.items()} == {"a": 6, "b": 6}
