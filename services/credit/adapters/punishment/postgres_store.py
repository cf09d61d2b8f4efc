"""Listings and orders in PostgreSQL, inside the caller's transaction."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime

import orjson
from psycopg import Connection
from psycopg.errors import UniqueViolation

from services.common.errors import AlreadyExists, NotFound
from services.common.eventlog import outbox
from services.credit.adapters import bodies
from services.credit.adapters.family_reader import family, goes_on_as
from services.credit.adapters.punishment.check_rows import renew
from services.credit.adapters.punishment.codec import instruction_message
from services.credit.adapters.punishment.listing_rows import Enterprise, ListingView, read_locked, write_listing
from services.credit.adapters.punishment.order_rows import insert_orders, read_orders
from services.credit.adapters.requests import take_request
from services.credit.application.punishment.ports import Lift
from services.credit.domain.facts import Assertion, Fact, FactKind, Penalty
from services.credit.domain.folding import fold
from services.credit.domain.listed import Listed
from services.credit.domain.punishment.law import Law
from services.credit.domain.punishment.listing import Listing
from services.credit.domain.punishment.order import Instruction, Order
from services.credit.domain.punishment.step import Step
from services.credit.domain.punishment.terms import DirectiveState, ListingState

#: Puts a listing on the record, in the given transaction; injected, since lists and grades do not know each other.
TellRecord = Callable[[Connection, Listed, datetime], None]

#: So many penalties of one enterprise are looked at, the newest first.
MOST_PENALTIES = 200
_PENALTIES = """
SELECT fact_id FROM credit.fact
WHERE subject_id = ANY(%s) AND kind = %s AND occurred_on >= %s ORDER BY occurred_on DESC, fact_id DESC LIMIT %s
"""
_LIFT = """
UPDATE credit.directive
SET lift_ordered_at = %s, lift_reason = %s, lift_actor = %s, lift_office = %s, lift_document = %s, state = %s, due_on = %s,
    reminders = 0, is_escalated = false
WHERE directive_id = ANY(%s)
"""


class PostgresPunishment:
    """The store of one transaction."""

    def __init__(self, conn: Connection, law: Law, tell: TellRecord) -> None:
        self._conn = conn
        self._law = law
        self._tell_record = tell
        self._views: dict[str, ListingView] = {}
        self._issued: list[Order] = []
        self._enterprises: dict[str, Enterprise] = {}

    def take_request(self, actor: str, request_id: str, digest: bytes, result_id: str) -> str | None:
        """Note a request; return the id of what it made when it came before. Raises RequestIdReused for another body."""
        return take_request(self._conn, actor, request_id, digest, result_id)

    def region(self, code: str) -> str:
        """Lock an enterprise and return its region; that of its registration, else the one in its code."""
        if code not in self._enterprises:
            row = self._conn.execute(
                "SELECT registration, root_id FROM credit.subject WHERE code = %s FOR UPDATE", [code]
            ).fetchone()
            if row is None:
                raise NotFound(
                    f"nothing was ever told of {code}", metadata={"resource_type": "Enterprise", "resource_name": code}
                )
            self._enterprises[code] = Enterprise(*row)
        registration = orjson.loads(self._enterprises[code].registration)
        return str(registration[3] if registration and registration[3] else code[2:8])

    def goes_on_as(self, code: str) -> str:
        """Return the enterprise that a locked one was merged into; itself when it was not."""
        return code if self._enterprises[code].root_id is None else goes_on_as(self._conn, code)

    def facts(self, code: str, fact_ids: Sequence[str]) -> Mapping[str, Fact]:
        """Return facts of an enterprise and of those merged into it."""
        told: dict[str, list[Assertion]] = defaultdict(list)
        rows = self._conn.cursor(binary=True).execute(
            "SELECT a.fact_id, a.authority, a.source_time, a.event_id, a.held, a.kind, a.body FROM credit.assertion a"
            " JOIN credit.fact f USING (fact_id) WHERE a.fact_id = ANY(%s) AND f.subject_id = ANY(%s)",
            [list(fact_ids), [member.subject_id for member in family(self._conn, code)]],
        )
        for fact_id, authority, source_time, event_id, held, kind, body in rows:
            account = Assertion(fact_id, authority, source_time, event_id, held, bodies.from_ledger(kind, body))
            told[fact_id].append(account)
        return {fact_id: fact for fact_id, accounts in told.items() if (fact := fold(accounts)) is not None}

    def penalties(self, code: str, since: date) -> Mapping[str, Penalty]:
        """Return the penalties of an enterprise and of those merged into it that were decided since a day, by fact."""
        ids = [member.subject_id for member in family(self._conn, code)]
        rows = self._conn.execute(_PENALTIES, [ids, FactKind.PENALTY, since, MOST_PENALTIES]).fetchall()
        found = self.facts(code, [row[0] for row in rows])
        return {fact_id: fact.body for fact_id, fact in found.items() if isinstance(fact.body, Penalty)}

    def listing(self, listing_id: str) -> Listing:
        """Lock a listing and its enterprise and return it."""
        found = read_locked(self._conn, self._law, listing_id)
        if found is None:
            raise listing_not_found(listing_id)
        self._views[listing_id], enterprise = found
        listing = found[0].listing
        self._enterprises[listing.code] = enterprise
        return listing

    def add(self, listing: Listing, at: datetime) -> None:
        """Write a new listing."""
        try:
            self._conn.execute(
                "INSERT INTO credit.listing (listing_id, code, list_id, trigger_id, severity, state, is_objected)"
                " VALUES (%s, %s, %s, %s, %s, %s, false)",
                [
                    listing.listing_id,
                    listing.code,
                    listing.list_id,
                    listing.trigger_id,
                    listing.severity,
                    listing.state,
                ],
            )
        except UniqueViolation as error:
            raise AlreadyExists(
                f"listing_id: {listing.listing_id} stands for another listing: choose a new one"
            ) from error
        self.save(listing, listing.steps, at)

    def save(self, listing: Listing, steps: Sequence[Step], at: datetime) -> None:
        """Write where a listing stands, and its newest steps."""
        write_listing(self._conn, listing, steps, at)
        before = self._views.get(listing.listing_id)
        recorded = [*(before.recorded if before else ()), *[at] * len(steps)]
        self._views[listing.listing_id] = ListingView(listing, recorded)

    def orders(self, listing_id: str) -> Sequence[Order]:
        """Lock and return the orders of a listing."""
        return read_orders(self._conn, "listing_id = %s ORDER BY directive_id FOR UPDATE", [listing_id])

    def issue(self, orders: Sequence[Order]) -> None:
        """Write new orders."""
        insert_orders(self._conn, orders)
        self._issued += orders

    def decided(self, listing_id: str) -> tuple[ListingView, Sequence[Order]] | None:
        """Return a listing and its orders when this transaction issued them; None when it did not: then read them."""
        mine = [order for order in self._issued if order.listing_id == listing_id]
        return (self._views[listing_id], mine) if mine else None

    def lift(self, orders: Sequence[Order], lift: Lift) -> None:
        """Note that orders are to be lifted."""
        step = lift.step
        self._conn.execute(
            _LIFT,
            [lift.at, lift.reason, step.actor, step.office, step.document_number, DirectiveState.LIFTING, lift.due_on,
             [order.directive_id for order in orders]],
        )  # fmt: skip

    def tell(self, instructions: Iterable[Instruction], at: datetime) -> None:
        """Put instructions into the outbox."""
        outbox.append(self._conn, [instruction_message(told, at) for told in instructions])

    def tell_record(self, listed: Listed, at: datetime) -> None:
        """Put a listing on the enterprise's record."""
        self._tell_record(self._conn, listed, at)

    def renew_check(self, code: str) -> None:
        """Renew what the check of an enterprise reads."""
        renew(self._conn, self._law, code, {key: view.listing for key, view in self._views.items()})

    def overdue_orders(self, day: date, limit: int) -> Sequence[Order]:
        """Lock and return orders whose answer is overdue; see the port."""
        return read_orders(
            self._conn,
            "due_on < %s AND NOT is_escalated ORDER BY due_on, directive_id LIMIT %s FOR UPDATE SKIP LOCKED",
            [day, limit],
        )

    def remind(self, order: Order, due_on: date, *, escalate: bool) -> None:
        """Note a reminder or an escalation; an escalated order keeps its last day, so that it stays overdue."""
        statement = "is_escalated = true" if escalate else "due_on = %(due_on)s, reminders = reminders + 1"
        self._conn.execute(
            f"UPDATE credit.directive SET {statement} WHERE directive_id = %(directive_id)s",
            {"due_on": due_on, "directive_id": order.directive_id},
        )

    def over(self, lists: Sequence[str], day: date, limit: int) -> Sequence[str]:
        """Return published listings whose term is over on a day, or that are on a list without basis."""
        rows = self._conn.execute(
            "SELECT listing_id FROM credit.listing WHERE state = %s AND (until <= %s OR list_id = ANY(%s))"
            " ORDER BY listing_id LIMIT %s",
            [ListingState.PUBLISHED, day, list(lists), limit],
        ).fetchall()
        return [row[0] for row in rows]

    def baseless(self, day: date, limit: int) -> Sequence[str]:
        """Return listings with an order that is not lifted, and whose measure, or whose row of it, has no basis on a day."""
        ended = self._law.measures_with_an_end(day)
        if not ended:
            return ()
        rows = self._conn.execute(
            "SELECT DISTINCT listing_id FROM credit.directive WHERE lift_ordered_at IS NULL AND measure_id = ANY(%s)"
            " AND (until <= %s OR measure_id = ANY(%s)) ORDER BY listing_id LIMIT %s",
            [ended, day, self._law.measures_without_basis(day), limit],
        ).fetchall()
        return [row[0] for row in rows]


def listing_not_found(listing_id: str) -> NotFound:
    """Return the error of a listing that does not exist."""
    return NotFound(
        f"there is no listing {listing_id[:64]!r}",
        metadata={"resource_type": "Listing", "resource_name": listing_id[:64]},
    )
