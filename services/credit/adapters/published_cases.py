"""What the public reads of cases (Order 20 art. 34; 市场监督管理投诉信息公示暂行规则): made at the moment of the read.

The complainant's words leave the vault only here, with consent and redacted, and are stored nowhere else: no record, topic
or index holds them, so that an erasure takes them off at once.
"""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from merchantcredit.events.v1.complainant_pb2 import ComplainantDetails
from psycopg import Connection

from services.common.clock import Clock, china_day
from services.common.db.pool import Pool
from services.credit.adapters.case_reader import Filed, read_cases
from services.credit.adapters.case_vault import CaseVault
from services.credit.application.policies import Policies
from services.credit.domain.cases.redaction import redact
from services.credit.domain.cases.states import CaseKind
from services.credit.domain.facts import FactKind
from services.credit.domain.shown import case_end

_PAGE = """
SELECT f.fact_id, f.occurred_on FROM credit.fact f JOIN credit.subject s ON s.id = f.subject_id
WHERE s.code = %s AND s.known AND f.kind = %s AND f.weighs AND (f.occurred_on, f.fact_id) < (%s, %s)
ORDER BY f.occurred_on DESC, f.fact_id DESC LIMIT %s
"""
#: Where a page begins: after this day and fact id.
Mark = tuple[date, str]


class Published(NamedTuple):
    """A case that is published: what was told, until when, and in which words of both sides."""

    filed: Filed
    until: date
    statement: str
    words: str


class PublishedCases:
    """Reads the cases that the law publishes."""

    def __init__(self, pool: Pool, vault: CaseVault, policies: Policies, clock: Clock) -> None:
        self._pool = pool
        self._vault = vault
        self._policies = policies
        self._clock = clock

    def page(self, code: str, before: Mark | None, limit: int) -> list[Published]:
        """Return published disputes of a merchant older than (day, fact id), newest first; what ended is left out."""
        today = china_day(self._clock.now())
        months = len(self._policies.on(today).decay)
        found: list[Published] = []
        mark = before or (date.max, "")
        with self._pool.connection() as conn:
            while len(found) < limit:
                rows = conn.execute(_PAGE, [code, FactKind.COMPLAINT, *mark, limit]).fetchall()
                page = self._published(conn, [row[0] for row in rows], months)
                found += [one for one in page if today < one.until]
                if len(rows) < limit or today >= case_end(rows[-1][1], months):
                    break  # what follows is older still
                mark = rows[-1][1], rows[-1][0]
        return found[:limit]

    def _published(self, conn: Connection, ids: list[str], months: int) -> list[Published]:
        """Return the disputes among some cases; a lead is between its informer and the office (Order 20 art. 33)."""
        words = self._words(conn, ids)
        return [
            Published(
                one,
                case_end(one.case.received_on, months),
                redact(one.case.answer.statement if one.case.answer else ""),
                words.get(one.complaint_id, ""),
            )
            for one in read_cases(conn, ids)
            if one.case.kind is CaseKind.DISPUTE
        ]

    def _words(self, conn: Connection, ids: list[str]) -> Mapping[str, str]:
        """Return by case what its complainant said last, redacted; nothing without consent."""
        last = {one.fact_id: ComplainantDetails.FromString(one.details) for one in self._vault.read(conn, ids)}
        return {case: redact(_unnamed(told)) for case, told in last.items() if told.may_publish_text}


def _unnamed(told: ComplainantDetails) -> str:
    """Return the words without what the complainant's own fields say, in whatever form it is written in them."""
    text = told.text
    for known in (told.name, told.phone, told.identity_number, told.address):
        if known:
            text = text.replace(known, "■■■")
    return text
