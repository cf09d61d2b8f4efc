"""Events without a code in PostgreSQL, inside the caller's transaction: they wait by matter for a person's decision."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from psycopg import Connection

from services.common.auth.actor import Actor
from services.common.db.arrays import columns
from services.common.errors import NotFound, RequestIdReused
from services.common.kernel.normal_form import normal_form
from services.credit.adapters import bodies
from services.credit.application.decide_match import Answer, Matter
from services.credit.application.told import Told, Verdict
from services.credit.domain.facts import Assertion, Body, FactKind, Penalty, fact_id, kind_of
from services.credit.domain.matching import name_key

# The update changes nothing: it locks the row, so that no decision passes between this and the commit.
_OPEN = """
INSERT INTO credit.unmatched AS u (kind, matter, reference, name, key, region_code, shop, first_at)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
ON CONFLICT (matter) DO UPDATE SET matter = u.matter
RETURNING id, code
"""
_KEEP = """
INSERT INTO credit.unmatched_event
    (source, event_id, unmatched_id, office, authority, source_time, held_reason, body)
VALUES (%s, %s, %s, %s, %s, %s, %s, %s)
"""
_JUDGE = """
UPDATE credit.inbox AS i SET verdict = g.v, fact_id = nullif(g.f, ''), reason = g.r
FROM unnest(%b::text[], %b::text[], %b::smallint[], %b::text[], %b::text[]) AS g (s, e, v, f, r)
WHERE i.source = g.s AND i.event_id = g.e
"""
_MATTER = """
SELECT id, kind, reference, name, region_code, shop, first_at, is_decided, code, reason, decided_by,
       (SELECT count(*) FROM credit.unmatched_event e WHERE e.unmatched_id = u.id)
FROM credit.unmatched u
"""


class MatchStore:
    """The work list inside one transaction."""

    def __init__(self, conn: Connection) -> None:
        self._conn = conn

    def wait(self, told: Sequence[Told], at: datetime) -> Sequence[Told]:
        """Keep events without a code; return what counts now: the others, and those of matters decided before."""
        nameless = [one for one in told if one.named is not None]
        if not nameless:
            return told
        by_matter: dict[str, list[Told]] = defaultdict(list)
        for one in nameless:
            by_matter[_matter(one)].append(one)
        decided = [addressed for matter in sorted(by_matter) for addressed in self._keep(matter, by_matter[matter], at)]
        return [*(one for one in told if one.named is None), *decided]

    def _keep(self, matter: str, told: Sequence[Told], at: datetime) -> list[Told]:
        first = min(told, key=lambda one: (one.assertion.source_time, one.key))
        if first.named is None:
            raise LookupError(f"{matter} names nobody")
        named, body = first.named, first.body
        row = self._conn.execute(
            _OPEN,
            [
                kind_of(body),
                matter,
                _reference(first),
                named.name,
                name_key(named.name),
                named.region_code,
                named.shop,
                at,
            ],
        ).fetchone()
        if row is None:
            raise LookupError(matter)
        unmatched_id, code = row
        for one in told:
            a = one.assertion
            self._conn.execute(
                _KEEP,
                [*one.key, unmatched_id, one.office, a.authority, a.source_time, one.held_reason, one.kept],
            )
        self.judge(unmatched_id, told, "")
        addressed = [readdress(one, code) for one in told] if code else []
        self.judge(unmatched_id, addressed, code)
        return addressed

    def judge(self, unmatched_id: int, told: Sequence[Told], code: str) -> None:
        """Correct verdicts: waiting while there is no code, else accepted as the fact that it became."""
        if not told:
            return
        waits = f"unmatched/{unmatched_id}: it came without a code and waits for a person's decision"
        rows = [
            (*one.key, Verdict.ACCEPTED, one.assertion.fact_id, one.held_reason)
            if code
            else (*one.key, Verdict.WAITING_FOR_MATCH, "", waits)
            for one in told
        ]
        self._conn.execute(_JUDGE, columns(("text", "text", "int2", "text", "text"), rows))

    def lock(self, unmatched_id: int) -> Matter:
        """Lock a matter and return it; raises NotFound."""
        row = self._conn.execute(f"{_MATTER} WHERE id = %s FOR UPDATE OF u", [unmatched_id]).fetchone()
        if row is None:
            raise NotFound(
                f"nothing unmatched has the id {unmatched_id}",
                metadata={"resource_type": "Unmatched", "resource_name": str(unmatched_id)},
            )
        return Matter(*row)

    def events(self, matter: Matter, code: str) -> list[Told]:
        """Return a matter's events as if they had come with a code."""
        rows = self._conn.execute(
            "SELECT source, event_id, office, authority, source_time, held_reason, body"
            " FROM credit.unmatched_event WHERE unmatched_id = %s ORDER BY source, event_id",
            [matter.unmatched_id],
        ).fetchall()
        return [_addressed(matter.kind, code, row) for row in rows]

    def is_registered(self, code: str) -> bool:
        """Tell whether a code is registered."""
        row = self._conn.execute("SELECT 1 FROM credit.subject WHERE code = %s AND known", [code]).fetchone()
        return row is not None

    def decide(self, unmatched_id: int, answer: Answer | None, reason: str, decided_by: str) -> None:
        """Write how a matter stands: decided for a code, for nobody, or undecided again (None)."""
        self._conn.execute(
            "UPDATE credit.unmatched SET is_decided = %s, code = %s, reason = %s, decided_by = %s WHERE id = %s",
            [answer is not None, answer.code if answer else "", reason, decided_by, unmatched_id],
        )

    def note(self, actor: Actor, request_id: str, digest: bytes, noted: tuple[Any, ...]) -> bool:
        """Keep a decision under its request id; False when the same came before, RequestIdReused when another did."""
        taken = self._conn.execute(
            "INSERT INTO credit.match_decision"
            " (subject, office, request_id, digest, unmatched_id, code, is_undo, reason, decided_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING",
            [actor.subject, actor.office, request_id, digest, *noted],
        ).rowcount
        if taken:
            return True
        row = self._conn.execute(
            "SELECT digest FROM credit.match_decision WHERE subject = %s AND request_id = %s",
            [actor.subject, request_id],
        ).fetchone()
        if row is None or bytes(row[0]) != digest:
            raise RequestIdReused("this request_id came before with another body: choose a new one")
        return False


def matters(conn: Connection, *, after: int, limit: int, with_decided: bool) -> list[Matter]:
    """Return matters in the order of their ids, after one."""
    rows = conn.execute(
        f"{_MATTER} WHERE id > %s AND (%s OR NOT is_decided) ORDER BY id LIMIT %s", [after, with_decided, limit]
    ).fetchall()
    return [Matter(*row) for row in rows]


def readdress(told: Told, code: str) -> Told:
    """Return an event as if it had come with a code."""
    kind = kind_of(told.body)
    kept = bodies.with_code(kind, told.kept, code)
    body: Body = bodies.from_ledger(kind, kept)
    assertion = told.assertion._replace(fact_id=fact_id(body, told.source), body=body)
    return told._replace(assertion=assertion, kept=kept, named=None)


def _addressed(kind: int, code: str, row: tuple[Any, ...]) -> Told:
    source, event_id, office, authority, source_time, held_reason, kept = row
    assertion = Assertion("", authority, source_time, event_id, bool(held_reason), bodies.from_ledger(kind, kept))
    return readdress(Told(0, source, event_id, b"", office, assertion, kept, held_reason), code)


def _matter(told: Told) -> str:
    """Return what makes events one matter: the case, or the document and the name on it."""
    body = told.body
    if isinstance(body, Penalty) and told.named is not None:
        return f"penalty:{body.document_number}:{normal_form(told.named.name)}"
    return told.assertion.fact_id


def _reference(told: Told) -> str:
    return told.body.document_number if isinstance(told.body, Penalty) else told.assertion.fact_id


KINDS = {FactKind.COMPLAINT: "complaint", FactKind.PENALTY: "penalty"}
