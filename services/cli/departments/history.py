"""Checks what departments saw, and reads nothing else: each directive took effect once, in order, nothing lost or doubled.

It computes the running digest by itself from the proto's sentence, so that it also proves the numbering to an outsider.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, field

from merchantcredit.events.v1 import directive_pb2 as pb

from services.cli.departments.journal import Seen


@dataclass(slots=True)
class History:
    """What was found: how many directives took effect, how often one came again, and every fault in one sentence."""

    departments: int = 0
    effects: int = 0
    replays: int = 0
    applied: int = 0
    lifted: int = 0
    faults: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Memory:
    """What one department did so far."""

    number: int = 0
    digest: bytes = bytes(32)
    contents: dict[int, bytes] = field(default_factory=dict)
    applied: set[str] = field(default_factory=set)
    lifted: set[str] = field(default_factory=set)


def check(seen: Iterable[Seen]) -> History:
    """Check the journals of all departments."""
    history, memories = History(), dict[str, _Memory]()
    for one in seen:
        memory = memories.setdefault(one.department, _Memory())
        if one.took_effect:
            history.faults += _effect(one, memory)
            history.effects += 1
        else:
            history.faults += _replay(one, memory)
            history.replays += 1
    history.departments = len(memories)
    history.applied = sum(len(memory.applied) for memory in memories.values())
    history.lifted = sum(len(memory.lifted) for memory in memories.values())
    return history


def _effect(one: Seen, memory: _Memory) -> list[str]:
    found = []
    if one.number != memory.number + 1:
        found.append(f"{one.department}: number {one.number} came after {memory.number}")
    digest = hashlib.sha256(memory.digest + one.number.to_bytes(8, "big") + one.directive).digest()
    if digest != one.digest:
        found.append(f"{one.department}: the digest breaks at number {one.number}")
    memory.number, memory.digest = one.number, one.digest
    memory.contents[one.number] = one.directive
    return found + _act(one, pb.Directive.FromString(one.directive), memory)


def _act(one: Seen, directive: pb.Directive, memory: _Memory) -> list[str]:
    """Do what a directive asks, and tell what is wrong with asking it now."""
    name, found = directive.directive_id, []
    if directive.action == pb.DIRECTIVE_ACTION_APPLY:
        if name in memory.applied:
            found.append(f"{one.department}: {name} was ordered twice")
        memory.applied.add(name)
    if directive.action == pb.DIRECTIVE_ACTION_LIFT:
        if name in memory.lifted:
            found.append(f"{one.department}: {name} was lifted twice")
        if name not in memory.applied:
            found.append(f"{one.department}: {name} was lifted before it was ordered")
        memory.lifted.add(name)
    return found


def _replay(one: Seen, memory: _Memory) -> list[str]:
    known = memory.contents.get(one.number)
    if known is None:
        return [f"{one.department}: number {one.number} came without those before it"]
    return [] if known == one.directive else [f"{one.department}: number {one.number} came again with another content"]
