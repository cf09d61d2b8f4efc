"""Messages arrive signed, in order for each enterprise, also when the receiver fails, hangs, restarts or sends on."""

import ssl
import threading
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from merchantcredit.events.v1.webhook_pb2 import WebhookDisabled

from deploy.engines.certificate import write_certificate
from services.common.errors import CursorExpired, InvalidInput
from services.common.eventlog.topics import WEBHOOK_DISABLED
from services.credit.adapters.webhooks.client import Client
from services.credit.adapters.webhooks.log import Outcome
from services.credit.adapters.webhooks.store import PostgresWebhooks
from services.credit.domain.webhooks.schedule import Schedule
from tests.integration.credit.webhooks.hooks import FAST, LOOPBACK, Hooks
from tests.integration.credit.webhooks.receiver import Got, Receiver

A, B, C = "91520900MA6GN48P46", "9152000071430580XT", "91520500MAY297965A"


@pytest.fixture
def hooks(dsn: str) -> Hooks:
    return Hooks(dsn)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with Receiver() as made:
        yield made


def numbers(got: list[Got]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = defaultdict(list)
    for one in got:
        found[one.code].append(one.number)
    return dict(found)


def once(got: list[Got]) -> list[Got]:
    """Return what a receiver keeps that knows a message again by its id."""
    return list({one.message_id: one for one in reversed(got)}.values())[::-1]


def test_each_message_arrives_once_signed_and_numbered(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id = hooks.subscribe(receiver.url)
    receiver.secrets = [hooks.secret(webhook_id)]
    hooks.tell(*[A, B, C] * 20)
    with hooks.sending():
        got = receiver.until(lambda got: len(got) >= 60)
    assert sorted(one.number for one in got) == list(range(1, 61))
    assert all(found == sorted(found) and len(found) == 20 for found in numbers(got).values())
    assert {one.message_id for one in got} == {f"msg_{webhook_id}_1_{n}" for n in range(1, 61)}
    assert hooks.waiting(webhook_id) == (0, 0)


def test_it_begins_with_what_comes_and_carries_only_the_enterprises_asked_for(hooks: Hooks, receiver: Receiver) -> None:
    hooks.tell(A, B)
    webhook_id = hooks.subscribe(receiver.url, is_from_start=False, codes=(A,))
    hooks.tell(B, A, B, A)
    with hooks.sending():
        got = receiver.until(lambda got: len(got) >= 2)
    assert [(one.number, one.code) for one in got] == [(1, A), (2, A)]
    assert hooks.find(webhook_id).last_number == 2


def test_an_enterprise_that_fails_holds_up_nobody_else_and_keeps_its_order(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id = hooks.subscribe(receiver.url)
    is_mended = threading.Event()
    receiver.answer = lambda told: 500 if told["data"]["credit_code"] == A and not is_mended.is_set() else 200
    hooks.tell(*[A, B, C] * 5)
    with hooks.sending():
        receiver.until(lambda got: len([one for one in got if one.status == 200]) >= 10 and len(got) >= 13)
        assert numbers(receiver.taken()).keys() == {B, C}
        assert len({one.number for one in receiver.got if one.code == A}) == 1
        assert hooks.waiting(webhook_id)[1] == 1
        is_mended.set()
        receiver.until(lambda got: len([one for one in got if one.status == 200]) >= 15)
    assert all(found == sorted(set(found)) for found in numbers(receiver.taken()).values())
    assert hooks.find(webhook_id).failing_since is None


def test_a_receiver_that_hangs_is_cut_off_and_others_go_on(hooks: Hooks, receiver: Receiver) -> None:
    let_go = threading.Event()

    def answer(told: dict[str, Any]) -> int:
        if told["data"]["credit_code"] == A:
            let_go.wait(20)
        return 200

    receiver.answer = answer
    webhook_id = hooks.subscribe(receiver.url)
    hooks.tell(A, B, C, B)
    sender = hooks.sender()
    sender._client = Client(LOOPBACK, seconds=0.3)
    stop = threading.Event()
    thread = threading.Thread(target=sender.run, args=(stop,))
    thread.start()
    receiver.until(lambda got: len(got) >= 3)
    wait_for(hooks, "SELECT count(*) FROM credit.webhook_attempt WHERE error LIKE 'no answer%%'")
    let_go.set()
    receiver.until(lambda got: any(one.code == A for one in got))
    stop.set()
    thread.join()
    assert numbers(once(receiver.taken()))[B] == sorted(numbers(once(receiver.taken()))[B])
    assert hooks.find(webhook_id).last_number == 4


def wait_for(hooks: Hooks, query: str) -> None:
    ready = threading.Event()
    with psycopg.connect(hooks.dsn, autocommit=True) as conn:
        for _ in range(600):
            row = conn.execute(query).fetchone()  # type: ignore[call-overload]
            if row and row[0]:
                return
            ready.wait(0.05)
    raise AssertionError(query)


def test_a_receiver_that_restarts_gets_all_in_order(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    with hooks.sending():
        hooks.tell(*[A, B] * 10)
        receiver.until(lambda got: len(got) >= 3)
        receiver.stop()
        hooks.tell(*[A, B] * 10)
        wait_for(hooks, "SELECT count(*) FROM credit.webhook_attempt WHERE error <> ''")
        receiver.start_again()
        receiver.until(lambda got: len({one.number for one in got}) >= 40)
    assert all(found == sorted(found) and len(found) == 20 for found in numbers(once(receiver.taken())).values())


def test_a_redirect_is_not_followed(hooks: Hooks, receiver: Receiver) -> None:
    receiver.headers = {"location": receiver.url.replace("/hook", "/elsewhere")}
    receiver.answer = lambda _: 307
    hooks.subscribe(receiver.url)
    hooks.tell(A)
    with hooks.sending():
        receiver.until(lambda got: len(got) >= 2)
    assert set(receiver.paths) == {"/hook"}


def test_a_private_address_is_not_called_unless_configured(hooks: Hooks, receiver: Receiver) -> None:
    hooks.subscribe(receiver.url)
    hooks.tell(A)
    with hooks.sending(config=replace(hooks.config, webhook_networks=())):
        wait_for(hooks, "SELECT count(*) FROM credit.webhook_attempt WHERE error LIKE '%%private%%'")
    assert receiver.got == []


def test_a_receiver_that_nobody_vouches_for_gets_nothing_until_its_authority_is_configured(
    hooks: Hooks, tmp_path: Path
) -> None:
    certificate, private = tmp_path / "ca.pem", tmp_path / "key.pem"
    write_certificate(key=private, certificate=certificate)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(certificate, private)
    with Receiver(tls=tls) as receiver:
        webhook_id = hooks.subscribe(receiver.url)
        receiver.secrets = [hooks.secret(webhook_id)]
        hooks.tell(A, B, A)
        refused = "error LIKE 'its certificate is not valid: self%%signed certificate'"
        with hooks.sending():
            wait_for(hooks, f"SELECT count(*) > 1 FROM credit.webhook_attempt WHERE {refused} AND code = '{A}'")
        assert (receiver.got, hooks.waiting(webhook_id)[0]) == ([], 3)
        with hooks.sending(config=replace(hooks.config, webhook_ca_certs=certificate)):
            got = receiver.until(lambda got: len(got) >= 3)
    assert sorted(one.number for one in got) == [1, 2, 3]
    assert all(found == sorted(found) for found in numbers(got).values())
    with pytest.raises(InvalidInput, match="webhook_ca_certs: "):
        hooks.sender(config=replace(hooks.config, webhook_ca_certs=private))


def test_gone_and_lasting_failure_disable_and_tell_so_and_enabling_sends_on(hooks: Hooks, receiver: Receiver) -> None:
    for status, schedule in ((410, FAST), (503, Schedule(first_seconds=0.02, disable_after=timedelta(0)))):
        receiver.got.clear()
        receiver.answer = lambda _, status=status: status  # type: ignore[misc]
        webhook_id = hooks.subscribe(receiver.url)
        hooks.tell(A, A)
        with hooks.sending(schedule):
            wait_for(hooks, f"SELECT count(*) FROM credit.webhook WHERE webhook_id = '{webhook_id}' AND state = 2")
            found = hooks.find(webhook_id)
            assert found.disabled_at is not None
            assert found.disabled_reason
            assert {one.number for one in receiver.got} == {1}
            receiver.answer = lambda _: 200
            hooks.enable(webhook_id)
            receiver.until(lambda got: {one.number for one in got if one.status == 200} >= {1, 2})
        assert hooks.find(webhook_id).disabled_reason == ""
        with psycopg.connect(hooks.dsn) as conn:
            rows = conn.execute("SELECT payload FROM eventlog.message WHERE topic = %s", [WEBHOOK_DISABLED]).fetchall()
            conn.execute("UPDATE credit.webhook SET state = 3")
        told = [WebhookDisabled.FromString(row[0]) for row in rows]
        assert [one.reason for one in told if one.webhook_id == webhook_id] == [found.disabled_reason]


def test_a_replay_sends_again_from_a_number_in_order_under_the_same_ids(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id = hooks.subscribe(receiver.url)
    hooks.tell(*[A, B] * 5)
    with hooks.sending():
        first = receiver.until(lambda got: len(got) >= 10)
        hooks.replay(webhook_id, 7)
        got = receiver.until(lambda got: len(got) >= 14)
    assert sorted(one.number for one in got[10:]) == [7, 8, 9, 10]
    assert {one.message_id for one in got[10:]} <= {one.message_id for one in first}
    assert all(found == sorted(found) for found in numbers(got[10:]).values())
    for wrong in (11, 99):
        with pytest.raises(CursorExpired):
            hooks.replay(webhook_id, wrong)


def test_two_senders_and_one_that_froze_neither_lose_nor_reorder(hooks: Hooks, receiver: Receiver) -> None:
    """A process that froze with an answer in hand wakes after its claim is another's: what it writes then changes nothing."""
    webhook_id = hooks.subscribe(receiver.url)
    hooks.tell(*[A, B, C] * 10)
    frozen = hooks.sender()
    now = frozen._clock.now()
    assert frozen._queue.busy(now) == [webhook_id]
    frozen._queue.fill(webhook_id, now)
    found = frozen._queue.next(webhook_id, (), now)
    assert found is not None
    webhook, waiting = found
    with psycopg.connect(hooks.dsn) as conn:
        conn.execute("UPDATE credit.webhook SET claimed_until = '-infinity'")
    with hooks.sending(), hooks.sending():
        receiver.until(lambda got: len(got) >= 2)
        answered, failed = Outcome(now, 200, "", 1), Outcome(now, 410, "answered 410", 1)
        late = next(one for one in waiting if one.code == C)
        for outcome in (answered, failed):
            assert frozen._notes.note(webhook, late, outcome, now, 0.0) == ""
        assert frozen._queue.next(webhook_id, (), now) is None
        hooks.tell(*[A, B, C] * 10)
        got = receiver.until(lambda got: len(got) >= 60)
    assert all(found == sorted(found) and len(found) == 20 for found in numbers(got).values())
    assert [one.number for one in sorted(got, key=lambda one: one.number)] == list(range(1, 61))


def test_an_answer_to_what_was_sent_before_a_replay_does_not_count(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id = hooks.subscribe(receiver.url)
    hooks.tell(A)
    sender = hooks.sender()
    now = sender._clock.now()
    sender._queue.busy(now)
    sender._queue.fill(webhook_id, now)
    found = sender._queue.next(webhook_id, (), now)
    assert found is not None
    hooks.replay(webhook_id, 1)
    sender._notes.note(found[0], found[1][0], Outcome(now, 200, "", 1), now, 0.0)
    assert hooks.waiting(webhook_id) == (1, 0)


def test_both_secrets_sign_during_the_overlap(hooks: Hooks, receiver: Receiver) -> None:
    webhook_id = hooks.subscribe(receiver.url)
    with psycopg.connect(hooks.dsn) as conn:
        webhook = PostgresWebhooks(conn).find(webhook_id, "agency-1")
        soon = webhook.created_at + timedelta(hours=1)
        PostgresWebhooks(conn).save(replace(webhook, secret_generation=2, former_until=soon))
    receiver.secrets = [hooks.secret(webhook_id, 1), hooks.secret(webhook_id, 2)]
    hooks.tell(A)
    with hooks.sending():
        assert receiver.until(lambda got: len(got) >= 1)[0].status == 204
