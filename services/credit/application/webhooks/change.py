"""Changes a webhook of the caller's: a new secret, once more from a number, enabled again, or deleted."""

from dataclasses import replace
from datetime import datetime, timedelta

from services.common.auth.actor import Actor
from services.common.errors import PreconditionFailed, invalid
from services.credit.application.webhooks.ports import WebhookStore
from services.credit.application.webhooks.subscribe import owner_of
from services.credit.domain.webhooks.webhook import State

MAX_OVERLAP = timedelta(days=7)


def rotate_secret(store: WebhookStore, actor: Actor, webhook_id: str, overlap: timedelta, now: datetime) -> None:
    """Take a new secret into use; the former one signs too for the overlap. Raises InvalidInput and NotFound."""
    if not timedelta(0) <= overlap <= MAX_OVERLAP:
        raise invalid("overlap_seconds", f"give 0 to {int(MAX_OVERLAP.total_seconds())} seconds")
    webhook = store.locked(webhook_id, owner_of(actor))
    store.save(replace(webhook, secret_generation=webhook.secret_generation + 1, former_until=now + overlap))


def replay(store: WebhookStore, actor: Actor, webhook_id: str, from_number: int) -> None:
    """Send again from a number on; raises InvalidInput, NotFound, CursorExpired."""
    if from_number < 1:
        raise invalid("from_number", "numbers begin with 1")
    webhook = store.locked(webhook_id, owner_of(actor))
    store.send_again(webhook, from_number)
    store.save(replace(webhook, replays=webhook.replays + 1))


def enable(store: WebhookStore, actor: Actor, webhook_id: str, now: datetime) -> None:
    """Send on after it was disabled; raises PreconditionFailed when it is not, NotFound."""
    webhook = store.locked(webhook_id, owner_of(actor))
    if webhook.state is not State.DISABLED:
        raise PreconditionFailed("the webhook is not disabled: it is being sent to")
    store.save(replace(webhook, state=State.ACTIVE, disabled_at=None, disabled_reason="", failing_since=None))
    store.retry_now(webhook, now)


def delete(store: WebhookStore, actor: Actor, webhook_id: str) -> None:
    """Send nothing any more; raises NotFound."""
    webhook = store.locked(webhook_id, owner_of(actor))
    store.save(replace(webhook, state=State.DELETED))
