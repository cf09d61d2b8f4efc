"""The whole flow over real parts in one process: servicer, sequencer, credit worker, projector, each in its thread."""

import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc

from services.common.clock import SystemClock
from services.common.errors import DependencyUnavailable
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.sequencer import Sequencer
from services.common.lifecycle import run_loops
from services.credit import bootstrap as credit
from services.credit.config import CreditConfig
from services.search import bootstrap as search
from services.search.adapters.tantivy_reader import TantivyReader
from services.search.application.ports import Filters
from services.search.domain.query import parse_query
from tests.integration.credit.world import CODE, KEY
from tests.integration.grpc_fixtures import Served, serve

PATIENCE_SECONDS = 60.0


@dataclass
class System:
    served: Served
    stub: rpc.CreditServiceStub
    log: FeedsEventLog
    index: Path

    def revision(self) -> int:
        """Return the revision of the indexed record; 0 while there is none."""
        reader = TantivyReader(self.index)
        try:
            found = reader.search(parse_query(CODE, field="query"), filters=Filters(), offset=0, limit=1).documents
        except DependencyUnavailable:  # no index yet
            return 0
        finally:
            reader.close()
        return found[0].version if found else 0


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it did not come true"
        time.sleep(0.05)


@asynccontextmanager
async def running(dsn: str, folder: Path) -> AsyncIterator[System]:
    clock, log = SystemClock(), FeedsEventLog(dsn)
    config = CreditConfig(dsn=dsn, complainant_key=KEY)
    index = folder / "index"
    consumer, _ = credit.working(config, log, clock)
    loops = [Sequencer(dsn), consumer, *search.projecting(dsn, index, clock)]
    stop = threading.Event()
    thread = threading.Thread(target=run_loops, args=(loops, stop))
    thread.start()
    try:
        async with serve(folder, lambda: [credit.serving(config, clock)]) as served:
            yield System(served, rpc.CreditServiceStub(served.channel), log, index)
    finally:
        stop.set()
        thread.join()
        log.close()
