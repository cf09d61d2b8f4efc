"""The ledger in PostgreSQL: set-based statements over one micro-batch, inside the caller's transaction."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any, LiteralString

import orjson
from psycopg import Connection

from services.common.db.arrays import array, columns
from services.common.eventlog import outbox
from services.credit.adapters import bodies, carry_store, crowd_store, fact_rows, marks
from services.credit.adapters.case_changes import case_messages
from services.credit.adapters.case_vault import CaseVault, Kept
from services.credit.adapters.match_store import MatchStore
from services.credit.adapters.record_store import RecordStore
from services.credit.adapters.subject_rows import FIELDS, subject_of, with_relatives
from services.credit.application.families import settle
from services.credit.application.ports import Publication, Subject
from services.credit.application.told import Told, Undecodable, Verdict
from services.credit.domain import cells
from services.credit.domain.carrying import kind_of
from services.credit.domain.crowd import Crowd
from services.credit.domain.facts import Assertion, Fact, Registration
from services.credit.domain.matching import name_key
from services.credit.domain.subject import NEWEST, Case, SubjectState

# A dead-lettered event may come again, mended or replayed: then its row is taken anew.
_TAKE = """
INSERT INTO credit.inbox AS i (source, event_id, digest, verdict, fact_id, reason, recorded_at)
SELECT s, e, d, v, f, r, %b
FROM unnest(%b::text[], %b::text[], %b::bytea[], %b::smallint[], %b::text[], %b::text[]) AS t (s, e, d, v, f, r)
ORDER BY s, e
ON CONFLICT (source, event_id) DO UPDATE
SET digest = excluded.digest, verdict = excluded.verdict, fact_id = excluded.fact_id, reason = excluded.reason,
    recorded_at = excluded.recorded_at
WHERE i.verdict = 5
RETURNING source, event_id
"""
_SUBJECTS = f"SELECT {FIELDS} FROM credit.subject WHERE code = ANY(%s::text[]) ORDER BY id FOR UPDATE"
_SAVE = """
UPDATE credit.subject AS s
SET known = g.known, seq = g.seq, cells = g.cells, detail = g.detail, grade = g.grade, good_until = g.good_until,
    registration = coalesce(g.registration, s.registration), under_review = g.under_review,
    policy_version = g.policy_version, is_held = g.is_held
FROM unnest(%b::bigint[], %b::bool[], %b::bigint[], %b::bytea[], %b::text[], %b::smallint[], %b::date[], %b::text[],
            %b::int[], %b::text[], %b::bool[])
    AS g (id, known, seq, cells, detail, grade, good_until, registration, under_review, policy_version, is_held)
WHERE s.id = g.id
"""
_NAMES = """
INSERT INTO credit.known_name AS k (code, name, region_code, key)
SELECT * FROM unnest(%b::text[], %b::text[], %b::text[], %b::text[]) AS g (code, name, region_code, key)
ON CONFLICT (code) DO UPDATE SET name = excluded.name, region_code = excluded.region_code, key = excluded.key
WHERE (k.name, k.region_code) IS DISTINCT FROM (excluded.name, excluded.region_code)
"""
_FRAUDS = """
INSERT INTO credit.fraud_case AS c (fact_id, complainant, stands)
SELECT * FROM unnest(%b::text[], %b::text[], %b::bool[])
ON CONFLICT (fact_id) DO UPDATE
SET complainant = excluded.complainant, stands = excluded.stands, revision = c.revision + 1, is_spread = false
"""
_INBOX = ("text", "text", "bytea", "int2", "text", "text")
_STATE = ("int8", "bool", "int8", "bytea", "text", "int2", "date", "text", "int4", "text", "bool")


class PostgresLedger:
    """The ledger inside one transaction; only who takes complaints in needs the vault."""

    def __init__(self, conn: Connection, vault: CaseVault | None = None) -> None:
        self._conn = conn
        self._vault = vault
        self._records = RecordStore(conn)
        self._locked: set[str] = set()

    def take(
        self, told: Sequence[Told], undecodable: Sequence[Undecodable], at: datetime
    ) -> Mapping[tuple[str, str], bytes]:
        """Note events in the inbox; see the port."""
        rows: dict[tuple[str, str], tuple[Any, ...]] = {
            (u.source, u.event_id): (u.source, u.event_id, u.digest, Verdict.DEAD_LETTERED, None, u.description[:1000])
            for u in undecodable
            if u.source and u.event_id
        }
        rows.update({t.key: (*t.key, t.digest, Verdict.ACCEPTED, t.assertion.fact_id, t.held_reason) for t in told})
        if not rows:
            return {}
        taken = set(self._conn.execute(_TAKE, [at, *columns(_INBOX, rows.values())]).fetchall())
        missed = [t.key for t in told if t.key not in taken]
        return self._digests(missed) if missed else {}

    def _digests(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], bytes]:
        rows = self._conn.execute(
            "SELECT source, event_id, digest FROM credit.inbox"
            " WHERE (source, event_id) IN (SELECT * FROM unnest(%s::text[], %s::text[]))",
            columns(("text", "text"), keys),
        ).fetchall()
        return {(source, event_id): bytes(digest) for source, event_id, digest in rows}

    def marked(self, told: Sequence[Told], at: datetime) -> list[Told]:
        """Return the accounts of marks that reach cases; see the port."""
        reaching = marks.reaching(self._conn, told, at)
        if not reaching:
            return []
        before = self.take(reaching, [], at)
        return [account for account in reaching if account.key not in before]

    def judge(self, verdicts: Sequence[tuple[Told, Verdict]]) -> None:
        """Correct verdicts."""
        if not verdicts:
            return
        self._conn.execute(
            "UPDATE credit.inbox AS i SET verdict = g.v"
            " FROM unnest(%s::text[], %s::text[], %s::smallint[]) AS g (s, e, v) WHERE i.source = s AND i.event_id = e",
            columns(("text", "text", "int2"), [(*event.key, verdict) for event, verdict in verdicts]),
        )

    def subjects(self, codes: Sequence[str]) -> Sequence[Subject]:
        """Make, lock and return subjects."""
        known = self._conn.execute(
            "SELECT code FROM credit.subject WHERE code = ANY(%s::text[])", [array("text", codes)]
        ).fetchall()
        missing = sorted(set(codes) - {row[0] for row in known})
        if missing:
            self._conn.execute(
                "INSERT INTO credit.subject (code) SELECT unnest(%s::text[]) ON CONFLICT DO NOTHING",
                [array("text", missing)],
            )
        with self._conn.cursor(binary=True) as cursor:
            locked = [subject_of(row) for row in cursor.execute(_SUBJECTS, [array("text", codes)]).fetchall()]
        return with_relatives(self._conn, locked, " FOR UPDATE")

    def assertions(self, fact_ids: Sequence[str]) -> Sequence[Assertion]:
        """Lock facts and return all that was told of them."""
        ids = array("text", fact_ids)
        locked = self._conn.execute(
            "SELECT fact_id FROM credit.fact WHERE fact_id = ANY(%s::text[]) ORDER BY fact_id FOR UPDATE", [ids]
        ).fetchall()
        self._locked = {row[0] for row in locked}
        with self._conn.cursor(binary=True) as cursor:
            rows = cursor.execute(
                "SELECT fact_id, authority, source_time, event_id, held, kind, body"
                " FROM credit.assertion WHERE fact_id = ANY(%s::text[]) AND retracted_at IS NULL",
                [ids],
            ).fetchall()
        return [
            Assertion(fact_id, authority, source_time, event_id, held, bodies.from_ledger(kind, body))
            for fact_id, authority, source_time, event_id, held, kind, body in rows
        ]

    def add(self, told: Sequence[Told], at: datetime) -> None:
        """Append assertions."""
        with (
            self._conn.cursor() as cursor,
            cursor.copy(
                "COPY credit.assertion (fact_id, kind, code, authority, source_time, source, event_id, office, held,"
                " recorded_at, body) FROM STDIN (FORMAT BINARY)"
            ) as copy,
        ):
            copy.set_types(
                ["text", "int2", "text", "int2", "timestamptz", "text", "text", "text", "bool", "timestamptz", "bytea"]
            )
            for t in told:
                a = t.assertion
                copy.write_row(
                    (a.fact_id, kind_of(a.fact_id, a.body), a.body.code, a.authority, a.source_time, t.source, t.event_id, t.office,
                     a.held, at, t.kept)
                )  # fmt: skip
        registered = [t.body for t in told if isinstance(t.body, Registration)]
        self._note_links("merge_told", {(one.code, one.merged_into) for one in registered if one.merged_into})
        self._note_links("split_told", {(one.code, one.split_from) for one in registered if one.split_from})

    def _note_links(self, table: LiteralString, links: set[tuple[str, str]]) -> None:
        """Keep who was ever told to be merged into whom, or split off from whom, for the past."""
        if links:
            self._conn.execute(
                f"INSERT INTO credit.{table} SELECT * FROM unnest(%b::text[], %b::text[]) ON CONFLICT DO NOTHING",
                columns(("text", "text"), sorted(links)),
            )

    def keep_details(self, told: Sequence[Told]) -> None:
        """Put what was sealed into the vault."""
        details = [Kept(t.assertion.fact_id, *t.key, t.assertion.source_time, t.details) for t in told if t.details]
        if details:
            if self._vault is None:
                raise LookupError("sealed details came where no vault is")
            self._vault.keep(self._conn, details)

    def wait(self, told: Sequence[Told], at: datetime) -> Sequence[Told]:
        """Keep events without a code; see the port."""
        return MatchStore(self._conn).wait(told, at)

    def retract(self, told: Sequence[Told], at: datetime) -> None:
        """End the accounts of events."""
        self._conn.execute(
            "UPDATE credit.assertion AS a SET retracted_at = %b"
            " FROM unnest(%b::text[], %b::text[], %b::text[]) AS g (fact_id, source, event_id)"
            " WHERE a.fact_id = g.fact_id AND a.source = g.source AND a.event_id = g.event_id AND a.retracted_at IS NULL",
            [at, *columns(("text",) * 3, [(t.assertion.fact_id, t.source, t.event_id) for t in told])],
        )

    def remove(self, fact_ids: Sequence[str]) -> None:
        """Forget where facts stood."""
        self._conn.execute("DELETE FROM credit.fact WHERE fact_id = ANY(%s::text[])", [array("text", fact_ids)])

    def crowds(self, looked: Mapping[tuple[int, str], int]) -> Mapping[tuple[int, str], Crowd]:
        """Return the weighing cases of complainants; see the port."""
        return crowd_store.crowds(self._conn, looked)

    def note_frauds(self, frauds: Sequence[tuple[str, str, bool]]) -> None:
        """Note cases that ended for fraud, or no longer do; see the port."""
        self._conn.execute(_FRAUDS, columns(("text", "text", "bool"), sorted(frauds)))

    def place(self, facts: Sequence[tuple[Fact, int]], at: datetime) -> None:
        """Note where facts stand; raises UniqueViolation when another worker made one of them meanwhile."""
        fact_rows.place(self._conn, facts, self._locked)
        outbox.append(self._conn, case_messages((fact for fact, _ in facts), at))

    def newest_cases(self, subject_id: int) -> list[Case]:
        """Return the newest weighing cases."""
        return fact_rows.newest_cases(self._conn, subject_id, NEWEST)

    def save(self, subjects: Sequence[Subject], good_until: Mapping[int, date | None]) -> None:
        """Write states."""
        rows = [
            (
                s.subject_id, s.known, s.seq, cells.pack(s.state.cells), _detail(s.state), s.grade, good_until[s.subject_id],
                orjson.dumps(s.state.registration, default=list).decode() if s.is_registration_changed else None,
                s.under_review, s.policy_version, s.is_held,
            )
            for s in subjects
        ]  # fmt: skip
        self._conn.execute(_SAVE, columns(_STATE, rows))
        self._save_names([s.state.registration for s in subjects if s.is_registration_changed and s.state.registration])

    def _save_names(self, registered: Sequence[Registration]) -> None:
        """Keep the names by which events without a code are matched."""
        if registered:
            rows = [(r.code, r.name, r.region_code, name_key(r.name)) for r in registered]
            self._conn.execute(_NAMES, columns(("text",) * 4, rows))

    def publish(self, publications: Sequence[Publication], at: datetime) -> None:
        """Write and announce records."""
        self._records.publish(publications, at)

    def due(self, day: date, limit: int) -> Sequence[Subject]:
        """Lock and return subjects whose record is over."""
        return self._lock("good_until <= %s ORDER BY good_until", [day], limit)

    def unturned(self, version: str, after: int, limit: int) -> Sequence[Subject]:
        """Lock and return subjects that were rated before a policy came into force; see the port."""
        return self._lock("known AND policy_version <> %s AND id > %s ORDER BY id", [version, after], limit)

    def held(self, limit: int) -> Sequence[Subject]:
        """Lock and return subjects whose downgrade a fuse held back."""
        return self._lock("is_held ORDER BY id", [], limit)

    def _lock(self, wanted: LiteralString, given: list[object], limit: int) -> Sequence[Subject]:
        """Lock and return some subjects, in an order that an index gives: else a plan may read everybody for it."""
        query = f"SELECT {FIELDS} FROM credit.subject WHERE {wanted} LIMIT %s FOR UPDATE SKIP LOCKED"
        with self._conn.cursor(binary=True) as cursor:
            rows = cursor.execute(query, [*given, limit]).fetchall()
        locked = [subject_of(row) for row in rows]
        # Relatives are read unlocked: who changes one of a family locks all of it.
        settle({subject.code: subject for subject in with_relatives(self._conn, locked)})
        return locked

    def shared(self, family: Sequence[int]) -> dict[int, int]:
        """Return what complainants of several move; see the port."""
        return crowd_store.shared(self._conn, family)

    def save_shared(self, subjects: Sequence[Subject]) -> None:
        """Write what complainants of a family move."""
        self._conn.execute(
            "UPDATE credit.subject AS s SET shared = g.shared FROM unnest(%b::int8[], %b::bytea[]) AS g (id, shared)"
            " WHERE s.id = g.id",
            columns(("int8", "bytea"), [(s.subject_id, cells.pack(s.state.shared)) for s in subjects]),
        )

    def save_heirs(self, subjects: Sequence[Subject]) -> None:
        """Write who was split off from subjects."""
        self._conn.execute(
            "UPDATE credit.subject AS s SET heirs = g.heirs FROM unnest(%b::int8[], %b::text[]) AS g (id, heirs)"
            " WHERE s.id = g.id",
            columns(("int8", "text"), [(s.subject_id, " ".join(s.heirs)) for s in subjects]),
        )

    def note_carried(self, due: Iterable[tuple[str, str]]) -> None:
        """Note what heirs carry otherwise now; see the port."""
        carry_store.note(self._conn, due)

    def link(self, subjects: Sequence[Subject]) -> None:
        """Write to which root subjects count."""
        self._conn.execute(
            "UPDATE credit.subject AS s SET root_id = g.root_id FROM unnest(%b::int8[], %b::int8[]) AS g (id, root_id)"
            " WHERE s.id = g.id",
            columns(("int8", "int8"), [(s.subject_id, s.root.subject_id if s.root else None) for s in subjects]),
        )


def _detail(state: SubjectState) -> str:
    detail = state.to_detail()
    del detail["registration"]  # in a column of its own: it is long and rarely changes
    return orjson.dumps(detail, default=list).decode()
