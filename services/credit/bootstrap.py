"""Credit's composition root: what serves, and what works."""

from collections.abc import Sequence

import grpc
from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc

from services.common.clock import Clock, china_day
from services.common.db.pool import open_pool
from services.common.eventlog.batch import BatchConsumer, BatchPolicy
from services.common.eventlog.port import EventLog
from services.common.eventlog.topics import CREDIT_GROUP
from services.common.grpc.server import Registration
from services.common.lifecycle import Loop
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.record_reader import RecordReader
from services.credit.adapters.submissions import PostgresSubmissions
from services.credit.api.raw_record import use_raw_record
from services.credit.api.servicer import ACCESS, CreditServicer
from services.credit.application.apply_events import ApplyEvents
from services.credit.application.sources import SourceMap
from services.credit.application.submit import Submit
from services.credit.config import CreditConfig
from services.credit.consumers.decode import Decoder
from services.credit.consumers.sweeper import Sweeper
from services.credit.consumers.worker import TOPICS, CreditHandler

#: Records a batch under backlog: a larger batch touches fewer merchants an event, and each costs one publication.
BATCH = 8000
#: Processes that consume side by side, each with its share of the partitions.
LANES = 2
SERVICE = "merchantcredit.credit.v1.CreditService"


def working(
    config: CreditConfig, event_log: EventLog, clock: Clock, policy: BatchPolicy | None = None
) -> Sequence[Loop]:
    """Return the loops that keep the ledger: the consumer of events and the day's sweeper."""
    policies = load_policies(config.policy_folder)
    pool = open_pool(config.dsn)
    decoder = Decoder(SourceMap(config.sources), policies.on(china_day(clock.now())), config.complainant_key)
    handler = CreditHandler(decoder, ApplyEvents(policies, clock), policies, clock)
    consumer = BatchConsumer(
        event_log=event_log,
        group=CREDIT_GROUP,
        topics=TOPICS,
        pool=pool,
        handler=handler,
        policy=policy or BatchPolicy(max_records=BATCH),
    )
    return consumer, Sweeper(pool, policies, clock)


def serving(config: CreditConfig, clock: Clock) -> Registration:
    """Return credit's servicer, ready to be added to a server."""
    policies = load_policies(config.policy_folder)
    pool = open_pool(config.dsn)
    reader = RecordReader(config.dsn, policies, clock)
    decoder = Decoder(SourceMap(config.sources), policies.on(china_day(clock.now())), config.complainant_key)
    submit = Submit(PostgresSubmissions(pool), decoder.decode, clock)
    servicer = CreditServicer(pool, reader, submit, config.dsn)

    def add(server: grpc.aio.Server) -> None:
        rpc.add_CreditServiceServicer_to_server(servicer, server)
        use_raw_record(server, SERVICE, servicer.GetCreditRecord)

    return Registration(service_name=SERVICE, add=add, access=ACCESS, closers=(pool.close, reader.close))
