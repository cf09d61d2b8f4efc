"""The history checker passes a true history, whatever came again, and finds what is planted."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from merchantcredit.events.v1 import directive_pb2 as pb

from services.cli.departments.history import check
from services.cli.departments.journal import Journal, Seen, read

APPLY, LIFT = pb.DIRECTIVE_ACTION_APPLY, pb.DIRECTIVE_ACTION_LIFT


def sequence(*told: tuple[str, int], department: str = "finance-520100") -> list[Seen]:
    """Return a true history."""
    made, digest = [], bytes(32)
    for number, (name, action) in enumerate(told, 1):
        content = pb.Directive(directive_id=name, action=pb.DirectiveAction.ValueType(action)).SerializeToString()
        digest = hashlib.sha256(digest + number.to_bytes(8, "big") + content).digest()
        made.append(Seen(department, number, digest, content, took_effect=True))
    return made


TRUE = sequence(("a", APPLY), ("b", APPLY), ("a", LIFT), ("c", APPLY), ("b", LIFT))


def test_a_true_history_passes_with_all_its_replays() -> None:
    replays = [one._replace(took_effect=False) for one in TRUE[:3]]
    found = check([*TRUE[:3], *replays, *TRUE[3:], *sequence(("x", APPLY), department="tax-520000")])
    assert (found.faults, found.effects, found.replays, found.departments) == ([], 6, 3, 2)
    assert (found.applied, found.lifted) == (4, 2)


@dataclass
class Planted:
    name: str
    alter: Callable[[list[Seen]], list[Seen]]
    said: str


def renumbered(history: list[Seen]) -> list[Seen]:
    """Hide a fault behind whole numbers, as a careless numbering would."""
    return [one._replace(number=n) for n, one in enumerate(history, 1)]


PLANTED = [
    Planted("dropped", lambda h: [*h[:1], *h[2:]], "number 3 came after 1"),
    Planted("dropped and renumbered", lambda h: renumbered([*h[:1], *h[2:]]), "the digest breaks at number 2"),
    Planted("dropped at the join", lambda h: [*h[:3], h[4]], "number 5 came after 3"),
    Planted("doubled", lambda h: [*h[:2], h[1], *h[2:]], "was ordered twice"),
    Planted("doubled lift", lambda h: renumbered([*h, h[4]]), "was lifted twice"),
    Planted("swapped", lambda h: [h[1], h[0], *h[2:]], "number 2 came after 0"),
    Planted("swapped and renumbered", lambda h: renumbered([h[1], h[0], *h[2:]]), "the digest breaks"),
    Planted("lifted first", lambda h: renumbered([h[2], h[0], h[1]]), "was lifted before it was ordered"),
    Planted("altered replay", lambda h: [*h, h[0]._replace(took_effect=False, directive=b"")], "another content"),
    Planted("early", lambda h: [h[0], h[3]._replace(took_effect=False)], "came without those before it"),
]


@pytest.mark.parametrize("planted", PLANTED, ids=lambda p: p.name)
def test_planted_faults_are_found(planted: Planted) -> None:
    assert any(planted.said in fault for fault in check(planted.alter(list(TRUE))).faults)


def test_a_journal_keeps_what_came_and_what_took_effect(tmp_path: object) -> None:
    folder = Path(str(tmp_path))
    journal = Journal(folder, "finance-520100")
    came = [pb.NumberedDirective(number=s.number, digest=s.digest, directive=s.directive) for s in TRUE]
    last = journal.write(came[:3], 0)
    last = journal.write(came[1:], last)  # after a crash it is told again from an older cursor
    assert last == 5
    assert [one.took_effect for one in read(folder)] == [True] * 3 + [False] * 2 + [True] * 2
    assert check(read(folder)).faults == []


def test_a_line_that_a_kill_tore_is_forgotten(tmp_path: Path) -> None:
    came = [
        pb.NumberedDirective(department="d", number=one.number, digest=one.digest, directive=one.directive)
        for one in TRUE
    ]
    Journal(tmp_path, "d").write(came[:2], 0)
    whole = (tmp_path / "d.jsonl").read_bytes()
    (tmp_path / "d.jsonl").write_bytes(whole[:-20])
    journal = Journal(tmp_path, "d")
    assert [one.number for one in read(tmp_path)] == [1]
    journal.write(came[1:], 1)
    assert check(read(tmp_path)).faults == []
    assert [one.number for one in read(tmp_path, ["d"])] == [1, 2, 3, 4, 5]
    assert list(read(tmp_path, ["other"])) == []
