"""Any history of splits and mergers, told in any order: what counts is what a model written apart from the product says."""

import random
from typing import NamedTuple

import psycopg
import pytest
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported

from services.common.clock import FixedClock
from services.common.eventlog.port import Message
from services.common.kernel.credit_code import check_character
from services.credit.adapters.bodies import complaint as complaint_body
from services.credit.adapters.subject_rows import read_subject
from services.credit.domain import cells
from services.credit.domain.facts import Assertion
from services.credit.domain.folding import fold
from services.credit.offline import VerifyScores
from tests.integration.credit.world import NOW, World, complaint, enterprise, told, world

CODES = [body + check_character(body) for body in (f"91520102MA6E4N9Q{n}" for n in range(5))]
STEPS = 90
KINDS = ("case", "case", "case", "case", "move", "split", "split", "split", "undo", "merge", "unmerge")


class _Case(NamedTuple):
    code: str
    day: str


class _History:
    """What the registry and the sources tell, step by step, and what must count for whom in the end."""

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self.split: dict[str, tuple[str, str]] = {}
        self.merged: dict[str, str] = {}
        self.cases: dict[str, _Case] = {}
        self._bodies: dict[str, ComplaintReported] = {}
        self._revisions = dict.fromkeys(CODES, 0)
        self.messages: list[Message] = []
        for code in CODES:
            self._tell_registration(code)

    def step(self) -> None:
        """Let something happen, if it can."""
        kind, (code, other) = self._chance.choice(KINDS), self._chance.sample(CODES, 2)
        match kind:
            case "case":
                name = f"k{len(self.messages)}" + "x" * self._chance.randrange(3)
                self._tell_case(name, _Case(code, self._day()))
            case "move" if self.cases:
                name = self._chance.choice(sorted(self.cases))
                self._tell_case(name, _Case(code, self.cases[name].day))
            case _ if self._change(kind, code, other):
                self._tell_registration(code)
            case _:
                pass

    def expected(self, code: str) -> dict[int, int]:
        """Return the cells of all cases that must count, as if all had been told of one enterprise."""
        if code in self.merged:
            return {}
        told_of = (
            Assertion(case, 1, NOW, case, False, complaint_body(self._bodies[case])) for case in self._counting(code)
        )
        return cells.sum_of(fact for one in told_of if (fact := fold([one])))

    def _counting(self, code: str) -> set[str]:
        """Return each case once: those of the family, and what its splits carry, over any number of them."""
        counting = {one: {name for name, case in self.cases.items() if case.code == one} for one in CODES}
        while True:
            before = {one: set(names) for one, names in counting.items()}
            for heir, (origin, day) in self.split.items():
                for one in self._below(origin):
                    counting[heir] |= {name for name in before[one] if self.cases[name].day < day}
            if counting == before:
                return {name for one in self._below(code) for name in counting[one]}

    def _below(self, code: str) -> set[str]:
        """Return an enterprise and those that were merged into it."""
        return {one for one in CODES if code in self._line(one)}

    def _line(self, code: str) -> list[str]:
        line = [code]
        while line[-1] in self.merged:
            line.append(self.merged[line[-1]])
        return line

    def _change(self, kind: str, code: str, other: str) -> bool:
        """Make a split or a merger, or take one back; False when the registry would refuse it."""
        match kind:
            case "split" if code not in self.split and code not in self._ancestors(other):
                self.split[code] = (other, self._day())
            case "merge" if code not in self.merged and other not in self.merged and code not in self._line(other):
                self.merged[code] = other
            case "undo" if code in self.split:
                del self.split[code]
            case "unmerge" if code in self.merged:
                del self.merged[code]
            case _:
                return False
        return True

    def _ancestors(self, code: str) -> set[str]:
        found = {code}
        while code in self.split:
            code = self.split[code][0]
            found.add(code)
        return found

    def _day(self) -> str:
        return f"2026-0{self._chance.randrange(2, 6)}-{self._chance.randrange(10, 29)}"

    def _tell_case(self, name: str, case: _Case) -> None:
        """Tell a case, or whose it is now; the later word stands."""
        self.cases[name] = case
        body = complaint(name, case.code, received_on=case.day, complainant_pseudonym=f"p{len(name) % 3}")
        self._bodies[name] = body
        number = len(self.messages)
        self.messages.append(told(body, f"{name}.{number}", at=NOW.replace(microsecond=number)))

    def _tell_registration(self, code: str) -> None:
        self._revisions[code] += 1
        origin, day = self.split.get(code, ("", ""))
        into = self.merged.get(code, "")
        body = enterprise(
            code, revision=self._revisions[code], split_from=origin, split_on=day,
            merged_into=into, merged_on="2026-06-01" if into else "",
        )  # fmt: skip
        self.messages.append(told(body, f"r{code}.{self._revisions[code]}"))


def _tell(credit: World, messages: list[Message], chance: random.Random) -> None:
    """Tell all in batches of any size, and carry now and then."""
    while messages:
        size = chance.randrange(1, 12)
        credit.tell(*messages[:size])
        messages = messages[size:]
        if chance.random() < 0.5:
            credit.sweeper.carry()
    credit.sweeper.carry()


def _cells(credit: World, code: str) -> dict[int, int]:
    """Return what counts on the record of an enterprise."""
    with psycopg.connect(credit.dsn) as conn:
        subject = read_subject(conn, code)
    assert subject is not None
    return subject.state.cells


@pytest.mark.parametrize("seed", range(8))
def test_what_must_count_counts_and_nothing_twice(dsn: str, seed: int) -> None:
    chance = random.Random(seed)
    history = _History(chance)
    for _ in range(STEPS):
        history.step()
    chance.shuffle(history.messages)
    with world(dsn, clock=FixedClock(NOW)) as credit:
        _tell(credit, history.messages, chance)
        for code in CODES:
            assert _cells(credit, code) == history.expected(code), code
        assert list(VerifyScores(credit.dsn).differences()) == []
