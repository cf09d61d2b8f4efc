"""Signatures are those of Standard Webhooks: its published example, and its own implementation, say so."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook
from standardwebhooks.webhooks import WebhookVerificationError

from services.credit.domain.webhooks.signature import secret, signature, written

#: The example of the specification, as its libraries' own tests have it.
SECRET, MESSAGE, SECONDS = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330
BODY = b'{"test": 2432232314}'


def headers(message_id: str, seconds: int, signed: str) -> dict[str, str]:
    return {"webhook-id": message_id, "webhook-timestamp": str(seconds), "webhook-signature": signed}


def test_the_published_example() -> None:
    key = Webhook(f"whsec_{SECRET}")._whsecret
    assert signature([key], MESSAGE, SECONDS, BODY) == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


@given(key=st.binary(min_size=32, max_size=32), told=st.dictionaries(st.text(), st.text()))
def test_their_implementation_verifies_ours(key: bytes, told: dict[str, str]) -> None:
    body, now = json.dumps(told).encode(), int(datetime.now(UTC).timestamp())
    found = Webhook(written(key)).verify(body, headers("msg_1", now, signature([key], "msg_1", now, body)))
    assert found == told


def test_during_an_overlap_both_secrets_verify_and_a_third_does_not() -> None:
    keys = [secret(b"service", "w", generation) for generation in (1, 2, 3)]
    now = int(datetime.now(UTC).timestamp())
    signed = headers("msg_1", now, signature(keys[:2], "msg_1", now, BODY))
    for key in keys[:2]:
        Webhook(written(key)).verify(BODY, signed)
    with pytest.raises(WebhookVerificationError):
        Webhook(written(keys[2])).verify(BODY, signed)


def test_secrets_differ_by_service_webhook_and_generation() -> None:
    found = {secret(key, webhook, n) for key in (b"a", b"b") for webhook in ("w1", "w2") for n in (1, 2)}
    assert len(found) == 8
    assert {len(one) for one in found} == {32}
