"""Puts the search service together: one process serves from the index, one other projects into it."""

import threading
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from merchantcredit.search.v1 import search_service_pb2
from merchantcredit.search.v1.search_service_pb2_grpc import add_SearchServiceServicer_to_server

from services.common.clock import Clock
from services.common.db.pool import open_pool
from services.common.eventlog.batch import BatchConsumer
from services.common.eventlog.feeds import FeedsEventLog
from services.common.eventlog.port import EventLog
from services.common.eventlog.topics import RECORD, SEARCH_GROUP
from services.common.grpc.interceptor import EVERYBODY
from services.common.grpc.server import Registration
from services.common.lifecycle import Loop
from services.common.telemetry import health
from services.search.adapters.name_texts import KeptTexts, NameTexts
from services.search.adapters.tantivy_reader import TantivyReader
from services.search.adapters.tantivy_writer import TantivyWriter
from services.search.api.servicer import SearchServicer
from services.search.application.follow import FollowedLog
from services.search.application.ports import SearchReader, SearchWriter
from services.search.application.project import Projector
from services.search.application.rebuild import RebuildIndex, RebuildStopped, is_ahead
from services.search.consumers.records import decode
from services.search.domain.name_keys import name_keys
from services.search.domain.pinyin import splits

#: One for the offsets, and one for each thread that sends documents with the texts of their names.
CONNECTIONS = 4
SERVICE = search_service_pb2.DESCRIPTOR.services_by_name["SearchService"].full_name


def serving(index_folder: Path) -> Registration:
    """Return the search service over an index folder, which may still be empty: it answers UNAVAILABLE until then."""
    return serving_over(TantivyReader(index_folder))


def serving_over(reader: SearchReader) -> Registration:
    """Return the search service over an index that a reader reads."""
    servicer = SearchServicer(reader)
    return Registration(
        service_name=SERVICE,
        add=lambda server: add_SearchServiceServicer_to_server(servicer, server),
        access={"SearchRecords": EVERYBODY, "SuggestRecords": EVERYBODY},
        closers=(reader.close,),
    )


def preload() -> None:
    """Make the tables that read Chinese names before a process forks: its forks share them."""
    name_keys("贵州")
    splits("guizhou")


def projecting(dsn: str, index_folder: Path, clock: Clock) -> list[Loop]:
    """Return the loop of the one process that writes the index."""
    open_log, open_writer = partial(FeedsEventLog, dsn), partial(TantivyWriter, index_folder)
    return [Projection(dsn=dsn, open_log=open_log, open_writer=open_writer, clock=clock)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Projection:
    """Keeps the index in step with the record topic; rebuilds it first when it is of other code or of a lost future."""

    dsn: str
    open_log: Callable[[], EventLog]
    open_writer: Callable[[NameTexts], SearchWriter]
    clock: Clock
    name: str = SEARCH_GROUP

    def run(self, stop: threading.Event) -> None:
        """Project until stopped. Raises PreconditionFailed when another process writes the index."""
        with ExitStack() as opened:
            pool = opened.enter_context(closing(open_pool(self.dsn, max_size=CONNECTIONS)))
            names = KeptTexts(pool)
            health.expect(self.name)  # a rebuild takes its time: not ready, but alive
            writer = opened.enter_context(closing(self.open_writer(names)))
            log = opened.enter_context(closing(self.open_log()))
            try:
                if self._make_usable(writer, log, stop):
                    names.forget_other_versions()
            except RebuildStopped:
                return
            projector = Projector(writer, decode)
            followed = FollowedLog(log, projector, self.clock)
            BatchConsumer(
                event_log=followed, group=self.name, topics=[RECORD], pool=pool, handler=projector.handle
            ).run(stop)

    def _make_usable(self, writer: SearchWriter, log: EventLog, stop: threading.Event) -> bool:
        """Rebuild the index if it must be, and tell whether that was done."""
        is_due = writer.needs_rebuild() or is_ahead(writer.progress(), log.end_offsets(RECORD))
        if is_due:
            RebuildIndex(log, writer, decode, self.clock)(stop)
        return is_due
