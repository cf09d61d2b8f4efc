"""What the use cases of webhooks need of the world."""

from datetime import datetime
from typing import Protocol

from services.credit.domain.webhooks.webhook import Webhook


class WebhookStore(Protocol):
    """Webhooks inside one transaction."""

    def count(self, owner: str) -> int:
        """Lock the owner's webhooks and return how many are not deleted."""
        ...

    def add(self, webhook: Webhook, *, is_from_start: bool) -> None:
        """Write a new webhook with its position: the start of what is kept, or its end."""
        ...

    def locked(self, webhook_id: str, owner: str) -> Webhook:
        """Lock and return a webhook of an owner; raises NotFound for another's and a deleted one."""
        ...

    def save(self, webhook: Webhook) -> None:
        """Write where a webhook stands."""
        ...

    def send_again(self, webhook: Webhook, from_number: int) -> None:
        """Let the messages from a number on wait again, and forget earlier failures; raises CursorExpired for one that is not kept."""
        ...

    def retry_now(self, webhook: Webhook, now: datetime) -> None:
        """Let what failed be tried again at once."""
        ...
