"""The relay: brings a database's feeds to Kafka, each batch one transaction there, then moves its offsets here.

One relay of a service sends at a time. The lease says which; the `transactional.id` makes the broker refuse any other,
also one that was frozen with a batch half sent and wakes. A relay killed between the two commits sends its batch again:
in order, so that the last message of each key stays the last; consumers know duplicates by event id and version.
"""

import os
import socket
import threading
import time
from collections.abc import Sequence
from typing import NamedTuple
from uuid import uuid4

import psycopg
import structlog
from kafka import KafkaProducer
from kafka.errors import KafkaError

from services.common.eventlog import lease, offsets, reader
from services.common.eventlog.kafka.log import send
from services.common.eventlog.kafka.settings import PRODUCER, KafkaSettings
from services.common.eventlog.port import Message, OffsetConflict, Record, TopicPartition
from services.common.eventlog.sequencer import SEQUENCED
from services.common.eventlog.topics import TOPICS
from services.common.logs import told
from services.common.telemetry import health, metrics, names

GROUP = "relay"
BATCH = 2000
STANDBY_SECONDS = 0.25
#: Each transaction ends with a marker in every partition that it wrote to: some 15 ms of the broker and of us, whatever is in it.
APART_SECONDS = 0.1
#: How often the oldest unsent message is looked for while metrics are on.
MEASURE_SECONDS = 5.0
#: A transaction that its relay never ends is aborted by the broker after so long, and readers see past it.
TRANSACTION_SECONDS = 10

log = structlog.get_logger()


class Superseded(Exception):
    """Another relay has taken over."""


class Turn(NamedTuple):
    """What a relay has while it holds the lease."""

    conn: psycopg.Connection
    producer: KafkaProducer
    term: int


class Relay:
    """Relays the feeds of one service's database."""

    name = GROUP

    def __init__(self, dsn: str, settings: KafkaSettings, service: str) -> None:
        self._dsn = dsn
        self._settings = settings
        self._service = service
        self._measure_at = 0.0
        self._lease = f"{settings.namespace}{GROUP}.{service}"
        self._holder = f"{socket.gethostname()}:{os.getpid()}:{uuid4().hex[:8]}"

    def run(self, stop: threading.Event) -> None:
        """Relay until stopped, whenever it is this one's turn."""
        with psycopg.connect(self._dsn, autocommit=True) as conn:
            conn.execute(f"LISTEN {SEQUENCED}")
            with health.awaited(self.name):
                while not stop.is_set():
                    health.beat(self.name)
                    term = lease.take(conn, self._lease, self._holder)
                    if term is None:
                        stop.wait(STANDBY_SECONDS)
                        continue
                    self._take_turn(conn, term, stop)
            lease.release(conn, self._lease, self._holder)

    def _take_turn(self, conn: psycopg.Connection, term: int, stop: threading.Event) -> None:
        """Send until stopped or superseded; what the cluster refuses is tried again in a new turn."""
        log.info("relay_leads", lease=self._lease, term=term)
        metrics.put(names.RELAY_LEADS, 1, self._service)
        producer = KafkaProducer(
            **self._settings.connection, **PRODUCER,
            transactional_id=self._lease, transaction_timeout_ms=TRANSACTION_SECONDS * 1000,
        )  # fmt: skip
        try:
            producer.init_transactions()
            self._relay(Turn(conn, producer, term), stop)
        except (Superseded, OffsetConflict, KafkaError) as error:
            log.warning("relay_stands_back", lease=self._lease, term=term, error=told(error))
            metrics.add(names.RELAY_TURNS_LOST, self._service, type(error).__name__)
            stop.wait(STANDBY_SECONDS)
        finally:
            metrics.put(names.RELAY_LEADS, 0, self._service)
            producer.close(timeout=0)  # what was not committed is not to arrive any more

    def _relay(self, turn: Turn, stop: threading.Event) -> None:
        positions = dict(offsets.load(turn.conn, GROUP, _all_partitions()))
        renew_at = 0.0
        while not stop.is_set():
            health.beat(self.name)
            self._measure(turn.conn, positions)
            if time.monotonic() >= renew_at:
                self._renew(turn)
                renew_at = time.monotonic() + lease.RENEW_SECONDS
            began = time.monotonic()
            records = reader.read(turn.conn, positions, BATCH)
            if records:
                positions.update(self._forward(turn, records, positions))
                if len(records) < BATCH:
                    stop.wait(max(0.0, began + APART_SECONDS - time.monotonic()))
            else:
                for _ in turn.conn.notifies(timeout=lease.RENEW_SECONDS / 2, stop_after=1):
                    pass  # the records are read from the feed; the notice only ends the wait

    def _measure(self, conn: psycopg.Connection, positions: dict[TopicPartition, int]) -> None:
        """Tell how old the oldest message is that was not sent."""
        if not metrics.is_on() or time.monotonic() < self._measure_at:
            return
        self._measure_at = time.monotonic() + MEASURE_SECONDS
        metrics.put(names.RELAY_AGE, reader.oldest_seconds(conn, positions), self._service)

    def _renew(self, turn: Turn) -> None:
        if lease.take(turn.conn, self._lease, self._holder) != turn.term:
            raise Superseded(f"term {turn.term} of {self._lease} is over")

    def _forward(
        self, turn: Turn, records: Sequence[Record], positions: dict[TopicPartition, int]
    ) -> dict[TopicPartition, int]:
        """Send records in one transaction of the cluster, then move the offsets; returns the new ones."""
        turn.producer.begin_transaction()
        _send_all(turn.producer, self._settings, records)
        turn.producer.commit_transaction()
        ends = {TopicPartition(record.topic, record.partition): record.offset + 1 for record in records}
        with turn.conn.transaction():
            moves = {partition: (positions[partition], end) for partition, end in ends.items()}
            offsets.advance(turn.conn, GROUP, moves, turn.term)
        metrics.add(names.RELAY_RECORDS, self._service, amount=len(records))
        return ends


def _send_all(producer: KafkaProducer, settings: KafkaSettings, records: Sequence[Record]) -> None:
    """Send records and wait until the cluster has each; raises KafkaError when it has not.

    kafka-python commits a transaction without the batches that failed in it (after a crash of the broker, say, with an epoch
    that it bumped by itself): only their futures tell. See docs/decisions/0076.
    """
    sent = [send(producer, settings, _message(record)) for record in records]
    producer.flush(TRANSACTION_SECONDS)
    for one in sent:
        one.get(TRANSACTION_SECONDS)


def _all_partitions() -> list[TopicPartition]:
    return [TopicPartition(topic.name, n) for topic in TOPICS.values() for n in range(topic.partitions)]


def _message(record: Record) -> Message:
    return Message(
        topic=record.topic, key=record.key, value=record.value, headers=record.headers, partition=record.partition
    )
