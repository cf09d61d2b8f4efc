"""Standard Webhooks 1.0.0: the form of a secret, and the signature of a message.

A secret is derived from the service's own key, the webhook's id and a generation, so that no secret is stored anywhere.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterable

PREFIX = "whsec_"
_PURPOSE = b"merchantcredit webhook secrets, version 1"


def secret(service_key: bytes, webhook_id: str, generation: int) -> bytes:
    """Return the 32 bytes of a webhook's secret of a generation."""
    own_key = hmac.digest(service_key, _PURPOSE, hashlib.sha256)
    return hmac.digest(own_key, f"{webhook_id}/{generation}".encode(), hashlib.sha256)


def written(found: bytes) -> str:
    """Return a secret as its owner gets it."""
    return PREFIX + base64.b64encode(found).decode()


def signature(secrets: Iterable[bytes], message_id: str, timestamp: int, body: bytes) -> str:
    """Return the header webhook-signature: one v1 signature a secret, separated by spaces."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    return " ".join("v1," + base64.b64encode(hmac.digest(one, signed, hashlib.sha256)).decode() for one in secrets)
