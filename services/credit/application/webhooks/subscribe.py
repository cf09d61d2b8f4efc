"""Subscribes an endpoint to directives, grade changes or records."""

from dataclasses import dataclass
from datetime import datetime

from services.common.auth.actor import Actor, Role
from services.common.errors import FieldViolation, Forbidden, InvalidInput, LimitExceeded
from services.common.kernel import credit_code
from services.credit.application.webhooks.ports import WebhookStore
from services.credit.domain.webhooks.webhook import Content, Webhook

MAX_WEBHOOKS = 20
MAX_CODES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What is asked for; its address was checked."""

    webhook_id: str
    url: str
    content: Content
    codes: tuple[str, ...]
    is_from_start: bool


def owner_of(actor: Actor) -> str:
    """Return to whom a caller's webhooks belong: its office, or its account where there is no office."""
    return actor.office or actor.subject


def subscribe(store: WebhookStore, actor: Actor, asked: Subscription, now: datetime) -> Webhook:
    """Write a new webhook and return it; raises InvalidInput, InvalidCreditCode, Forbidden, LimitExceeded."""
    if asked.content is Content.DIRECTIVES and not (actor.has(Role.DEPARTMENT) and actor.office):
        raise Forbidden(
            "directives are for the department that they are addressed to", metadata={"office": actor.office}
        )
    if len(asked.codes) > MAX_CODES:
        violation = FieldViolation(field="credit_codes", description=f"give at most {MAX_CODES}, or none for all")
        raise InvalidInput(f"credit_codes: {violation.description}", violations=(violation,))
    if store.count(owner_of(actor)) >= MAX_WEBHOOKS:
        raise LimitExceeded(f"{MAX_WEBHOOKS} webhooks are the most for one owner: delete one that is not needed")
    webhook = Webhook(
        webhook_id=asked.webhook_id, owner=owner_of(actor), actor=actor.subject, url=asked.url, content=asked.content,
        codes=tuple(dict.fromkeys(map(credit_code.parse, asked.codes))), created_at=now,
    )  # fmt: skip
    store.add(webhook, is_from_start=asked.is_from_start)
    return webhook
