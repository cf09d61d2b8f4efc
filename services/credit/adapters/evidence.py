"""Pages through the facts behind a subject's score, newest first; what has ended is on no page."""

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

from services.common.clock import Clock, china_day
from services.common.db.pool import Pool
from services.credit.adapters import bodies
from services.credit.adapters.family_reader import family
from services.credit.application.policies import Policies
from services.credit.domain.facts import CARRIED, Assertion, Complaint, Fact, FactKind, Penalty
from services.credit.domain.folding import fold, rank, word
from services.credit.domain.shown import is_shown

_MESSAGES: dict[int, Any] = {
    FactKind.COMPLAINT: ComplaintReported,
    FactKind.PENALTY: ViolationReported,
    FactKind.VOLUME: VolumeReported,
    FactKind.LISTING: ListingReported,
    FactKind.REGISTRATION: EnterpriseSnapshot,
}
_CASES = [FactKind.COMPLAINT, FactKind.VOLUME, FactKind.CARRIED_COMPLAINT, FactKind.CARRIED_VOLUME]
_PENALTIES = [FactKind.PENALTY, FactKind.CARRIED_PENALTY]
_ALL = [*_CASES, *_PENALTIES, FactKind.LISTING]
#: The facts behind a rule, by the beginning of its id.
_KINDS = {
    "complaint": _CASES,
    "penalty": _PENALTIES,
    "list": [FactKind.LISTING],
    "registration": [FactKind.REGISTRATION],
}
_PAGE = """
SELECT f.fact_id, f.kind, f.occurred_on FROM credit.fact f
WHERE f.subject_id = ANY(%s) AND f.kind = ANY(%s) AND (f.occurred_on, f.fact_id) < (%s, %s)
ORDER BY f.occurred_on DESC, f.fact_id DESC LIMIT %s
"""
#: An account of a fact, its source, and its kind and bytes as the ledger keeps them.
_Account = tuple[Assertion, str, int, bytes]
#: Where a page begins: after this day and fact id.
Mark = tuple[date, str]


class _Shown(NamedTuple):
    """What is shown: facts that have not ended on the day, cases for so many months."""

    day: date
    case_months: int


class EvidenceRow(NamedTuple):
    """One fact of the ledger as evidence."""

    fact_id: str
    kind: FactKind
    occurred_on: date
    source: str
    sources: tuple[str, ...]
    assertion_count: int
    value_json: str


class EvidenceReader:
    """Reads evidence; a page costs what it holds and the ended facts that it passes over, however long the history."""

    def __init__(self, pool: Pool, policies: Policies, clock: Clock) -> None:
        self._pool = pool
        self._policies = policies
        self._clock = clock

    def page(self, code: str, rule_id: str, before: Mark | None, limit: int) -> list[EvidenceRow]:
        """Return facts of a subject older than (day, fact id) that are shown today, newest first."""
        today = china_day(self._clock.now())
        shown = _Shown(today, len(self._policies.on(today).decay))
        kinds = _KINDS.get(rule_id.partition(".")[0], _ALL)
        page: list[EvidenceRow] = []
        mark = before or (date.max, "")
        with self._pool.connection() as conn:
            ids = [member.subject_id for member in family(conn, code)]
            while len(page) < limit:
                rows = conn.execute(_PAGE, [ids, kinds, *mark, limit]).fetchall()
                page += _rows(conn, rows, shown)
                if len(rows) < limit:
                    break
                mark = rows[-1][2], rows[-1][0]
        return page[:limit]


def _rows(conn: Connection, rows: list[tuple[str, int, date]], shown: _Shown) -> list[EvidenceRow]:
    accounts = _accounts(conn, [fact_id for fact_id, _, _ in rows])
    found = []
    for fact_id, kind, day in rows:
        standing = fold(account[0] for account in accounts[fact_id])
        if standing is not None and is_shown(standing, shown.day, shown.case_months):
            found.append(EvidenceRow(fact_id, FactKind(kind % CARRIED), day, *_effective(accounts[fact_id], standing)))
    return found


def _accounts(conn: Connection, fact_ids: list[str]) -> dict[str, list[_Account]]:
    """Return what was told of each fact."""
    told: dict[str, list[_Account]] = defaultdict(list)
    for fact_id, authority, time, event_id, held, kind, body, source in conn.execute(
        "SELECT fact_id, authority, source_time, event_id, held, kind, body, source"
        " FROM credit.assertion WHERE fact_id = ANY(%s) AND retracted_at IS NULL",
        [fact_ids],
    ):
        assertion = Assertion(fact_id, authority, time, event_id, held, bodies.from_ledger(kind, body))
        told[fact_id].append((assertion, source, kind, body))
    return told


def _effective(accounts: list[_Account], standing: Fact) -> tuple[str, tuple[str, ...], int, str]:
    """Return of a fact the source that stands, every source, how many accounts there are, and its effective value."""
    _, source, kind, body = max(accounts, key=lambda account: word(account[0]))
    message = _MESSAGES[kind % CARRIED].FromString(body)
    if isinstance(standing.body, Complaint):
        case = standing.body
        message.status, message.response = case.status, case.response
        message.judgement, message.complainant_mark = case.judgement, case.mark
        message.ClearField("complainant_pseudonym")
    if isinstance(standing.body, Penalty):
        bodies.put_details(message, standing.body)
    sources = dict.fromkeys(told for _, told, _, _ in sorted(accounts, key=lambda account: rank(account[0])))
    return source, tuple(sources), len(accounts), MessageToJson(message, preserving_proto_field_name=True, indent=None)
