"""Deals partitions to the members of a group over Kafka: the same partition of every topic to the same member.

What is told of one key meets in one place, so that members do not wait for each other's locks; and each has its share of
every topic, where a balance by number alone gives one all of a busy topic and another all of a silent one. The feeds deal alike.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from kafka import TopicPartition as Place
from kafka.coordinator.assignors.cooperative_sticky import CooperativeStickyAssignor
from kafka.protocol.consumer.metadata import ConsumerProtocolAssignment

#: Of each member the partitions that it holds.
Held = Mapping[str, Sequence[Place]]


class CoPartitionAssignor(CooperativeStickyAssignor):  # type: ignore[misc]  # kafka-python has no types
    """Says the same to the broker as the cooperative assignor of kafka-python (KIP-429), and deals otherwise.

    Only the group's leader deals, so that members with either share a group, as while one version takes another's place.
    """

    def assign(self, cluster: Any, members: Sequence[Any]) -> Mapping[str, ConsumerProtocolAssignment]:
        """Return of each member what it may hold now: what still has another holder comes with the next round.

        While versions with other topics share the group, kafka-python deals: it gives nobody what it does not read.
        """
        told = {member.member_id: self.parse_member_metadata(member.metadata) for member in members}
        topics, *others = {tuple(sorted(member.subscription)) for member in told.values()}
        if others:
            return super().assign(cluster, members)  # type: ignore[no-any-return]
        places = [Place(topic, n) for topic in topics for n in cluster.partitions_for_topic(topic) or ()]
        dealt = deal(places, {member: said.partitions for member, said in told.items()})
        return {
            member: ConsumerProtocolAssignment(self.version, _by_topic(hand), b"") for member, hand in dealt.items()
        }


def deal(places: Sequence[Place], held: Held) -> Mapping[str, Sequence[Place]]:
    """Return of each member the places that are its own now, of those that nobody else holds."""
    holders = {place: member for member, hand in held.items() for place in hand}
    owners = _owners(places, holders, sorted(held))
    hands: dict[str, list[Place]] = {member: [] for member in held}
    for place in places:
        owner = owners[place.partition]
        if holders.get(place, owner) == owner:
            hands[owner].append(place)
    return hands


def _owners(places: Sequence[Place], holders: Mapping[Place, str], members: Sequence[str]) -> Mapping[int, str]:
    """Return the owner of each number: who holds most of its places, as far as all own the same count, but for one."""
    votes: dict[int, Counter[str]] = defaultdict(Counter)
    for place in sorted(places):
        votes[place.partition].update([holders[place]] if place in holders else [])
    owned: dict[str, list[int]] = {member: [] for member in members}
    for number, vote in sorted(votes.items(), key=lambda pair: not pair[1]):
        owned[vote.most_common(1)[0][0] if vote else _least(owned)].append(number)
    while len(owned[most := _most(owned)]) > len(owned[least := _least(owned)]) + 1:
        owned[least].append(owned[most].pop())
    return {number: member for member, numbers in owned.items() for number in numbers}


def _least(owned: Mapping[str, Sequence[int]]) -> str:
    return min(owned, key=lambda member: len(owned[member]))


def _most(owned: Mapping[str, Sequence[int]]) -> str:
    return max(owned, key=lambda member: len(owned[member]))


def _by_topic(hand: Sequence[Place]) -> list[tuple[str, list[int]]]:
    numbers: dict[str, list[int]] = defaultdict(list)
    for place in hand:
        numbers[place.topic].append(place.partition)
    return sorted(numbers.items())
