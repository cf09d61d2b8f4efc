"""`index_rebuild`: records a second from the record topic into a new index, against a bulk load of the same ready documents."""

import gc
import os
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from elasticsearch.helpers import streaming_bulk
from merchantcredit.credit.v1.record_pb2 import PublicRecord, PublishedFact

from deploy.engines import runner
from deploy.engines.elasticsearch import Elasticsearch, release_of
from deploy.engines.versions import DEFAULT_ELASTICSEARCH
from services.common.clock import SystemClock
from services.common.db.pool import open_pool
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import Message, Record
from services.common.eventlog.sequencer import Sequencer
from services.common.eventlog.topics import RECORD
from services.search.adapters.elastic_bulk import CHUNK_DOCUMENTS
from services.search.adapters.elastic_client import ElasticSettings, connect
from services.search.adapters.elastic_generations import Generations, index_of
from services.search.adapters.elastic_schema import KEYS, RECORDS, keys_action, record_action
from services.search.adapters.elastic_writer import ElasticWriter
from services.search.adapters.name_texts import KeptTexts, MadeTexts
from services.search.application.rebuild import RebuildIndex
from services.search.bootstrap import CONNECTIONS
from services.search.consumers.records import decode
from tests.benchmarks import workload
from tests.benchmarks.fresh import fresh_database, settle
from tests.benchmarks.harness import Outcome, Scale, benchmark
from tests.engines import SOFTWARE
from tests.ports import free_ports

DOCUMENTS = 100_000
FACTS_EACH = 4
#: A server compiles what it does often; so many documents make it as fast as it stays.
WARM_UP = 50_000


@benchmark("index_rebuild", unit="records/s", to="a bulk load of the same ready documents into the same kind of index")
def index_rebuild(scale: Scale) -> Outcome:
    """Rebuild over a topic of distinct names; then load what came out of it as it is."""
    records = scale.of(DOCUMENTS)
    with fresh_database() as dsn, fresh_elasticsearch() as settings:
        fill(dsn, records)
        ready = _ready(records)
        gc.freeze()  # a million objects that only the comparison needs: the rebuild's collections shall not walk them
        _load(settings, {kind: every[: scale.of(WARM_UP)] for kind, every in ready.items()})
        seconds = _rebuild(dsn, settings, records)
        with closing(connect(settings)) as client:
            assert client.count(index=settings.name)["count"] == records + 1  # with the progress
            assert client.count(index=f"{settings.name}-{RECORDS}")["count"] == records
        return Outcome(records / seconds, records / _seconds(lambda: _load(settings, ready)))


def _rebuild(dsn: str, settings: ElasticSettings, records: int) -> float:
    """Return the seconds of a rebuild whose names came before: their texts are kept."""
    with ExitStack() as opened:
        names = KeptTexts(opened.enter_context(open_pool(dsn, max_size=CONNECTIONS)))
        every = (public.name for public in _public(records))
        while chunk := [*islice(every, CHUNK_DOCUMENTS)]:
            names.of(chunk)
        settle(dsn)
        log = opened.enter_context(closing(FeedsEventLog(dsn)))
        writer = opened.enter_context(closing(ElasticWriter(settings, names)))
        rebuild = RebuildIndex(log, writer, decode, SystemClock())
        return _seconds(lambda: rebuild(threading.Event()))


@contextmanager
def fresh_elasticsearch() -> Iterator[ElasticSettings]:
    """Yield the settings of a server of its own in a temporary folder."""
    release = release_of(os.environ.get("ES_VERSION") or DEFAULT_ELASTICSEARCH)
    with tempfile.TemporaryDirectory(prefix="bench-") as folder:
        engine = Elasticsearch(folder=Path(folder) / "es", port=free_ports(), software=SOFTWARE, release=release)
        runner.start(engine, dies_with_parent=True)
        try:
            yield ElasticSettings(urls=(engine.url,), replicas=0)
        finally:
            runner.stop(engine)


def fill(dsn: str, records: int) -> None:
    """Put so many records on the topic, numbered."""
    messages = (Message(topic=RECORD, key=r.credit_code, value=r.SerializeToString()) for r in _public(records))
    with closing(FeedsEventLog(dsn)) as log:
        for chunk in workload.chunks(messages):
            log.publish(chunk)
    sequencer = Sequencer(dsn)
    while sequencer.sequence_once():
        pass
    settle(dsn)


def _public(records: int) -> Iterator[PublicRecord]:
    rng = random.Random(workload.SEED)
    for number, code in enumerate(workload.codes(records)):
        firm = workload.enterprise(code, number)
        yield PublicRecord(
            credit_code=code, name=firm.name, grade="A", score_millipoints=rng.randrange(900_000), revision=number,
            region_code=firm.region_code, status=firm.status, address=firm.address, business_scope=firm.business_scope,
            facts=[PublishedFact(fact_id=f"penalty:{number}-{n}", until="2029-06-30") for n in range(FACTS_EACH)],
        )  # fmt: skip


def _ready(records: int) -> dict[str, list[dict[str, Any]]]:
    """Return what the writer puts into each of the two indices."""
    names = MadeTexts()
    ready: dict[str, list[dict[str, Any]]] = {KEYS: [], RECORDS: []}
    for public in _public(records):
        document = decode(Record(RECORD, 0, 0, public.credit_code, {}, public.SerializeToString()))
        assert document is not None
        ready[RECORDS].append(record_action(document))
        ready[KEYS].append(keys_action(document, names.of([document.name])[document.name]))
    return ready


def _load(settings: ElasticSettings, ready: Mapping[str, Sequence[Mapping[str, Any]]]) -> None:
    with closing(connect(settings)) as client:
        generation = Generations(client, settings).make()
        indices = [index_of(generation, kind) for kind in ready]
        for index, actions in zip(indices, ready.values(), strict=True):
            for is_done, answer in streaming_bulk(client, actions, index=index, chunk_size=CHUNK_DOCUMENTS):
                assert is_done, answer
        client.indices.flush(index=indices, force=True)
        client.indices.refresh(index=indices)


def _seconds(work: Callable[[], None]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began
