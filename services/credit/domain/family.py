"""Mergers: a link, never a move. Facts stay with the enterprise they were told of; the root's state is the sum of its family's.

Links follow from the registrations alone, so they do not depend on the order in which anything arrived, and a merger that is
taken back leaves each with what it had.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from services.credit.domain.crowd import together
from services.credit.domain.facts import Registration
from services.credit.domain.subject import NEWEST, SubjectState

_MODULUS = 1 << 256


def root_of(code: str, links: Mapping[str, str]) -> str:
    """Return where the links from a code end: itself when it has none. A link that closes a ring is void."""
    path = line_of(code, links)
    following = links.get(path[-1], "")
    if not following:
        return path[-1]
    # A ring: nobody in it is merged, and who leads into it ends where it enters.
    return following if code not in path[path.index(following) :] else code


def line_of(code: str, links: Mapping[str, str]) -> list[str]:
    """Return an enterprise and those that it was merged into, one after the other: who answers for its facts."""
    line = [code]
    while (following := links.get(line[-1], "")) and following not in line:
        line.append(following)
    return line


def link_of(registration: Registration | None) -> str:
    """Return the code that an enterprise was merged into; empty when it was not."""
    return registration.merged_into if registration is not None else ""


def joined(root: SubjectState, members: Sequence[SubjectState]) -> SubjectState:
    """Return the sum of a family's states under the root's registration; the given states stay as they are."""
    total = root.copy()
    total.cells = added(root.cells, *(member.cells for member in members), root.shared)
    for member in members:
        total.cases += member.cases
        total.case_count += member.case_count
        total.case_digest = (total.case_digest + member.case_digest) % _MODULUS
        total.sanctions += member.sanctions
        total.listings += member.listings
        total.open_cases += member.open_cases
        total.held += member.held
    total.cases = sorted(total.cases)[-NEWEST:]
    total.sanctions.sort()
    total.listings.sort()
    total.held.sort()
    return total


def shared(family: Sequence[SubjectState]) -> dict[int, int]:
    """Return what the sum of a family's cells moves because a complainant counts once over all of it.

    Of the complainants whose cases are loaded in `crowds`.
    """
    complainants = sorted({complainant for state in family for complainant in state.crowds})
    return added(*(together([state.crowds[one] for state in family if one in state.crowds]) for one in complainants))


def added(*counts: Mapping[int, int]) -> dict[int, int]:
    """Return the sum of counts by cell, without those that come to nothing."""
    total = Counter[int]()
    for several in counts:
        total.update(several)
    return {cell: count for cell, count in total.items() if count}


def without_facts(member: SubjectState) -> SubjectState:
    """Return the state of a merged enterprise as its own record shows it: registered, and nothing else."""
    bare = SubjectState()
    bare.registration = member.registration
    return bare
