"""Pages through the facts behind a subject's score, newest first."""

from collections import defaultdict
from datetime import date
from typing import Any, NamedTuple

from google.protobuf.json_format import MessageToJson
from merchantcredit.events.v1.complaint_pb2 import ComplaintReported
from merchantcredit.events.v1.enterprise_pb2 import EnterpriseSnapshot
from merchantcredit.events.v1.listing_pb2 import ListingReported
from merchantcredit.events.v1.violation_pb2 import ViolationReported
from merchantcredit.events.v1.volume_pb2 import VolumeReported
from psycopg import Connection

from services.common.db.pool import Pool
from services.credit.adapters import bodies
from services.credit.domain.facts import Assertion, Complaint, FactKind, fold, word

_MESSAGES: dict[int, Any] = {
    FactKind.COMPLAINT: ComplaintReported,
    FactKind.PENALTY: ViolationReported,
    FactKind.VOLUME: VolumeReported,
    FactKind.LISTING: ListingReported,
    FactKind.REGISTRATION: EnterpriseSnapshot,
}
_ALL = [FactKind.COMPLAINT, FactKind.PENALTY, FactKind.VOLUME, FactKind.LISTING]
#: The facts behind a rule, by the beginning of its id.
_KINDS = {
    "complaint": [FactKind.COMPLAINT, FactKind.VOLUME],
    "penalty": [FactKind.PENALTY],
    "list": [FactKind.LISTING],
    "registration": [FactKind.REGISTRATION],
}
_PAGE = """
SELECT f.fact_id, f.kind, f.occurred_on FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id
WHERE s.code = %s AND f.kind = ANY(%s) AND (f.occurred_on, f.fact_id) < (%s, %s)
ORDER BY f.occurred_on DESC, f.fact_id DESC LIMIT %s
"""


class EvidenceRow(NamedTuple):
    """One fact of the ledger as evidence."""

    fact_id: str
    kind: FactKind
    occurred_on: date
    source: str
    assertion_count: int
    value_json: str


class EvidenceReader:
    """Reads evidence; a page costs what it holds, however long the history."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def page(self, code: str, rule_id: str, before: tuple[date, str] | None, limit: int) -> list[EvidenceRow]:
        """Return facts of a subject older than (day, fact id), newest first."""
        kinds = _KINDS.get(rule_id.partition(".")[0], _ALL)
        day, fact_id = before or (date.max, "")
        with self._pool.connection() as conn:
            rows = conn.execute(_PAGE, [code, kinds, day, fact_id, limit]).fetchall()
            values = _values(conn, [row[0] for row in rows])
        return [EvidenceRow(fact_id, FactKind(kind), day, *values[fact_id]) for fact_id, kind, day in rows]


def _values(conn: Connection, fact_ids: list[str]) -> dict[str, tuple[str, int, str]]:
    """Return of each fact the source that stands, how many accounts there are, and its effective value."""
    told: dict[str, list[tuple[Assertion, str, int, bytes]]] = defaultdict(list)
    for fact_id, authority, time, event_id, held, kind, body, source in conn.execute(
        "SELECT fact_id, authority, source_time, event_id, held, kind, body, source"
        " FROM credit.assertion WHERE fact_id = ANY(%s)",
        [fact_ids],
    ):
        assertion = Assertion(fact_id, authority, time, event_id, held, bodies.from_ledger(kind, body))
        told[fact_id].append((assertion, source, kind, body))
    return {fact_id: _effective(accounts) for fact_id, accounts in told.items()}


def _effective(accounts: list[tuple[Assertion, str, int, bytes]]) -> tuple[str, int, str]:
    _, source, kind, body = max(accounts, key=lambda account: word(account[0]))
    message = _MESSAGES[kind].FromString(body)
    standing = fold(account[0] for account in accounts)
    if standing is not None and isinstance(standing.body, Complaint):
        case = standing.body
        message.status, message.response = case.status, case.response
        message.judgement, message.complainant_mark = case.judgement, case.mark
        message.ClearField("complainant_pseudonym")
    return source, len(accounts), MessageToJson(message, preserving_proto_field_name=True, indent=None)
