"""Departments that get their directives by webhook beside the stream: what comes is written down first, and judged by itself."""

import os
import threading
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import orjson
import psycopg
from standardwebhooks import Webhook

from services.cli.departments.journal import mend
from services.common.auth.actor import Actor, Role
from services.credit.adapters.webhooks.store import PostgresWebhooks
from services.credit.application.webhooks.subscribe import Subscription, subscribe
from services.credit.domain.webhooks.signature import secret, written
from services.credit.domain.webhooks.webhook import Content
from tests.integration.credit.webhooks.receiver import Receiver
from tests.integration.credit.world import KEY


class Came(NamedTuple):
    """A message as it came: its id, its number in the webhook, its enterprise, and its place in the department's sequence."""

    message_id: str
    number: int
    code: str
    place: int
    digest: str
    directive: str


class Judged(NamedTuple):
    """How many messages came, how often one came again, and every fault in one sentence."""

    messages: int
    again: int
    faults: list[str]


class WritingReceiver(Receiver):
    """A department's endpoint: each message is with the operating system before it is taken over."""

    def __init__(self, folder: Path, department: str, port: int) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        mend(path := folder / f"{department}.jsonl")
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        self._writing = threading.Lock()
        self._verifier = Webhook(written(secret(KEY, department, 1)))
        super().__init__(port)

    def take(self, _path: str, headers: dict[str, str], body: bytes) -> int:
        """Verify and write down."""
        self._verifier.verify(body, headers)
        line = orjson.dumps({"id": headers["webhook-id"], **orjson.loads(body)}, option=orjson.OPT_APPEND_NEWLINE)
        with self._writing:
            os.write(self._file, line)
        return 204


def subscribe_department(dsn: str, department: str, port: int) -> None:
    """Make a department's webhook, from the start of its sequence; it is named as the department."""
    actor = Actor(subject="clerk", office=department, roles=frozenset({Role.DEPARTMENT}))
    asked = Subscription(
        webhook_id=department,
        url=f"http://127.0.0.1:{port}/",
        content=Content.DIRECTIVES,
        codes=(),
        is_from_start=True,
    )
    with psycopg.connect(dsn) as conn:
        subscribe(PostgresWebhooks(conn), actor, asked, datetime.now(UTC))


def read(folder: Path, department: str) -> Iterator[Came]:
    """Yield what came to a department, in the order in which it came."""
    with (folder / f"{department}.jsonl").open("rb") as file:
        for line in file:
            told = orjson.loads(line)
            data = told["data"]
            code = data["content"]["credit_code"]
            yield Came(told["id"], told["number"], code, int(data["number"]), data["digest"], data["directive"])


def check(department: str, came: Iterable[Came]) -> Judged:
    """Check that every number came under one id, once by that id, and that each enterprise's came in order."""
    first: dict[str, Came] = {}
    ids: dict[int, str] = {}
    last: dict[str, int] = {}
    again, faults = 0, []
    for one in came:
        if (known := first.get(one.message_id)) is not None:
            again += 1
            faults += [] if known == one else [f"{one.message_id} came again with another content"]
            continue
        first[one.message_id] = one
        if ids.setdefault(one.number, one.message_id) != one.message_id:
            faults.append(f"{department}: number {one.number} came under two ids")
        if one.number <= last.get(one.code, 0):
            faults.append(f"{department}: number {one.number} of {one.code} came after {last[one.code]}")
        last[one.code] = one.number
    lost = sorted({*range(1, max(ids, default=0) + 1)} - ids.keys())
    faults += [f"{department}: numbers {lost[:5]} never came"] if lost else []
    return Judged(len(first), again, faults)
