"""What a run left behind: what must be the same after any deaths, and what must hold whatever happened."""

from collections import defaultdict
from itertools import pairwise
from typing import Any

import psycopg
from merchantcredit.credit.v1.record_pb2 import PublicRecord
from merchantcredit.events.v1.grade_change_pb2 import GradeChanged

from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import GRADE_CHANGE, RECORD
from services.credit.adapters.revision_codec import decompress

#: Not in here: the inbox's ACCEPTED or WAITING_FOR_CODE, which tell the order in which topics were read.
SAME = {
    "ledger": "SELECT event_id, source, fact_id, kind, code, authority, source_time, office, held, recorded_at, body"
    " FROM credit.assertion ORDER BY event_id, source, body",
    "inbox": "SELECT source, event_id, digest, verdict = 5, verdict = 4, fact_id, reason, recorded_at FROM credit.inbox"
    " ORDER BY source, event_id",
    "facts": "SELECT f.fact_id, s.code, f.kind, occurred_on, weighs, status, response, problem_type"
    " FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id ORDER BY f.fact_id",
    "subjects": "SELECT code, known, seq, cells, detail, registration, grade, good_until FROM credit.subject ORDER BY code",
    "public": "SELECT code, revision, good_until, record FROM credit.public_record ORDER BY code",
    "restricted": "SELECT code, revision, record FROM credit.restricted_record ORDER BY code",
    "vault": "SELECT fact_id, source, event_id, length(sealed) FROM credit.vault ORDER BY source, event_id",
    "offsets": "SELECT topic, partition, value FROM eventlog.group_offset ORDER BY topic, partition",
    "dead letters": "SELECT topic, key, headers::text, payload FROM eventlog.message WHERE topic LIKE '%.dlq.%'"
    " ORDER BY topic, headers->>'dlq_topic', headers->>'dlq_partition', headers->>'dlq_offset'",
}
MESSAGES = "SELECT key, payload FROM eventlog.message WHERE topic = %s ORDER BY id"


def outcome(dsn: str) -> dict[str, Any]:
    """Return all that must be the same, each row once; and check what must hold of any run."""
    Sequencer(dsn).sequence_once()
    with psycopg.connect(dsn) as conn:
        kept: dict[str, Any] = {name: conn.execute(query).fetchall() for name, query in SAME.items()}
        records, changes = _records(conn), _grade_changes(conn)
        _check_positions(conn)
        _check_revisions(conn, kept["public"])
    kept["last records"] = {code: told[-1].SerializeToString(deterministic=True) for code, told in records.items()}
    # A change's revision and facts tell where batches ended; the grade that stands in the end does not.
    kept["last grades"] = {code: told[-1].to_grade for code, told in changes.items()}
    _check_chains(records, changes)
    return kept


def _records(conn: psycopg.Connection) -> dict[str, list[PublicRecord]]:
    told: dict[str, list[PublicRecord]] = defaultdict(list)
    for key, payload in conn.execute(MESSAGES, [RECORD]):
        told[key].append(PublicRecord.FromString(payload))
    return told


def _grade_changes(conn: psycopg.Connection) -> dict[str, list[GradeChanged]]:
    told: dict[str, list[GradeChanged]] = defaultdict(list)
    for key, payload in conn.execute(MESSAGES, [GRADE_CHANGE]):
        told[key].append(GradeChanged.FromString(payload))
    return told


def _check_chains(records: dict[str, list[PublicRecord]], changes: dict[str, list[GradeChanged]]) -> None:
    """Revisions rise, none comes twice; a change's `from` is the `to` before it; what was announced is what was published."""
    for told in (*records.values(), *changes.values()):
        assert all(a.revision < b.revision for a, b in pairwise(told)), [m.revision for m in told]
    for code, published in records.items():
        grades = ["NR", *(record.grade for record in published)]
        wanted = [(a, b, r.revision) for (a, b), r in zip(pairwise(grades), published, strict=True) if a != b]
        assert [(c.from_grade, c.to_grade, c.revision) for c in changes.get(code, [])] == wanted


def _check_positions(conn: psycopg.Connection) -> None:
    """Every message has one position, and positions are dense."""
    assert conn.execute("SELECT count(*) FROM eventlog.pending").fetchone() == (0,)
    lost = "SELECT count(*) FROM eventlog.message m FULL JOIN eventlog.position p ON p.message_id = m.id"
    assert conn.execute(f"{lost} WHERE p.message_id IS NULL OR m.id IS NULL").fetchone() == (0,)
    count = "SELECT count(*), count(DISTINCT message_id) FROM eventlog.position"
    total, distinct = conn.execute(count).fetchone() or (0, -1)
    assert total == distinct
    gaps = (
        "SELECT p.topic, p.partition FROM eventlog.position p JOIN eventlog.feed f USING (topic, partition)"
        " GROUP BY 1, 2, f.next_seq HAVING count(*) <> f.next_seq OR min(seq) <> 0 OR max(seq) <> f.next_seq - 1"
    )
    assert conn.execute(gaps).fetchall() == []


def _check_revisions(conn: psycopg.Connection, public: list[tuple[Any, ...]]) -> None:
    """The newest of the kept revisions is the record that reads return, byte for byte."""
    query = "SELECT DISTINCT ON (code) code, revision, record FROM credit.record_revision ORDER BY code, revision DESC"
    kept = [(code, revision, decompress(record)) for code, revision, record in conn.execute(query)]
    assert kept == [(code, revision, bytes(record)) for code, revision, _, record in public]
