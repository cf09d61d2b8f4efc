"""Credit's composition root: what serves, and what works."""

from collections.abc import Sequence

import grpc
from merchantcredit.credit.v1 import complaint_service_pb2_grpc as complaint_rpc
from merchantcredit.credit.v1 import credit_service_pb2_grpc as rpc
from merchantcredit.credit.v1 import matching_service_pb2_grpc as matching_rpc
from merchantcredit.credit.v1 import punishment_service_pb2_grpc as punishment_rpc

from services.common.clock import Clock, china_day
from services.common.db.pool import open_pool
from services.common.eventlog.batch import BatchConsumer, BatchPolicy, Handler
from services.common.eventlog.port import EventLog
from services.common.eventlog.topics import CREDIT_GROUP, DISPATCH_GROUP, FEEDBACK, FEEDBACK_GROUP, INSTRUCTION
from services.common.grpc.server import Registration
from services.common.lifecycle import Loop
from services.credit.adapters.case_reader import CaseReader
from services.credit.adapters.case_steps import holding, tell
from services.credit.adapters.evidence import EvidenceReader
from services.credit.adapters.listing_records import ListingRecords
from services.credit.adapters.match_reader import MatchDesk, MatchReader
from services.credit.adapters.past_reader import PostgresPast
from services.credit.adapters.policy_files import load_policies
from services.credit.adapters.punishment.check_reader import CheckReader
from services.credit.adapters.punishment.dispatch import Dispatch
from services.credit.adapters.punishment.law_files import load_law
from services.credit.adapters.punishment.watch import DirectiveStreams
from services.credit.adapters.record_reader import RecordReader
from services.credit.adapters.restricted_reader import RestrictedReader
from services.credit.adapters.state_reader import PostgresStates
from services.credit.adapters.submissions import PostgresSubmissions
from services.credit.adapters.verify_store import RecordEncoder
from services.credit.api.complaint_servicer import ACCESS as COMPLAINT_ACCESS
from services.credit.api.complaint_servicer import ComplaintServicer
from services.credit.api.matching_servicer import ACCESS as MATCHING_ACCESS
from services.credit.api.matching_servicer import MatchingServicer
from services.credit.api.punishment_desk import Desk
from services.credit.api.punishment_servicer import ACCESS as PUNISHMENT_ACCESS
from services.credit.api.punishment_servicer import PunishmentServicer
from services.credit.api.raw_record import use_raw_record
from services.credit.api.servicer import ACCESS, CreditServicer, Readers
from services.credit.application.apply_events import ApplyEvents
from services.credit.application.decide_match import DecideMatch
from services.credit.application.read_past import ReadPast
from services.credit.application.read_way_back import ReadWayBack
from services.credit.application.sources import SourceMap
from services.credit.application.submit import Submit
from services.credit.application.take_case_step import TakeCaseStep
from services.credit.config import CreditConfig
from services.credit.consumers.decode import Decoder
from services.credit.consumers.punishment.feedback import FeedbackHandler
from services.credit.consumers.punishment.sweeper import PunishmentSweeper
from services.credit.consumers.sweeper import Sweeper
from services.credit.consumers.worker import TOPICS, CreditHandler

#: Records a batch under backlog: a larger batch touches fewer merchants an event, and each costs one publication.
BATCH = 8000
PUNISHMENT_POLL_SECONDS = 0.5
COMPLAINT_SERVICE = "merchantcredit.credit.v1.ComplaintService"
MATCHING_SERVICE = "merchantcredit.credit.v1.MatchingService"
PUNISHMENT_SERVICE = "merchantcredit.credit.v1.PunishmentService"
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


def punishing(
    config: CreditConfig, event_log: EventLog, clock: Clock, policy: BatchPolicy | None = None
) -> Sequence[Loop]:
    """Return the loops of joint punishment: the numbering of directives, the departments' feedback, and the sweep."""
    law = load_law(config.law_folder)
    pool = open_pool(config.dsn)
    given = policy or BatchPolicy(poll_seconds=PUNISHMENT_POLL_SECONDS)
    handlers: tuple[tuple[str, str, Handler], ...] = (
        (DISPATCH_GROUP, INSTRUCTION, Dispatch(law, clock)),
        (FEEDBACK_GROUP, FEEDBACK, FeedbackHandler(clock)),
    )
    consumers = [
        BatchConsumer(event_log=event_log, group=group, topics=(topic,), pool=pool, handler=handler, policy=given)
        for group, topic, handler in handlers
    ]
    return *consumers, PunishmentSweeper(
        pool, law, ListingRecords(load_policies(config.policy_folder), clock).tell, clock
    )


def serving_punishment(config: CreditConfig, clock: Clock) -> Registration:
    """Return joint punishment's servicer, ready to be added to a server."""
    law = load_law(config.law_folder)
    pool = open_pool(config.dsn)
    records = ListingRecords(load_policies(config.policy_folder), clock)
    streams = DirectiveStreams(config.dsn)
    checks = CheckReader(config.dsn, law, clock)
    servicer = PunishmentServicer(Desk(pool, law, records.tell, clock), checks, streams)
    return Registration(
        service_name=PUNISHMENT_SERVICE,
        add=lambda server: punishment_rpc.add_PunishmentServiceServicer_to_server(servicer, server),
        access=PUNISHMENT_ACCESS,
        closers=(pool.close, checks.close, streams.close),
    )


def serving_complaints(config: CreditConfig, clock: Clock) -> Registration:
    """Return the servicer of complaint cases, ready to be added to a server."""
    policies = load_policies(config.policy_folder)
    pool, holds = open_pool(config.dsn), open_pool(config.dsn)
    decoder = Decoder(SourceMap(config.sources), policies.on(china_day(clock.now())), config.complainant_key)
    submissions, reader = PostgresSubmissions(pool), CaseReader(pool)
    submit = Submit(submissions, decoder.decode, clock)
    take = TakeCaseStep(reader, holding(holds), tell, submit, submissions.receipt, clock)
    servicer = ComplaintServicer(take, reader, clock)
    return Registration(
        service_name=COMPLAINT_SERVICE,
        add=lambda server: complaint_rpc.add_ComplaintServiceServicer_to_server(servicer, server),
        access=COMPLAINT_ACCESS,
        closers=(pool.close, holds.close),
    )


def serving_matching(config: CreditConfig, clock: Clock) -> Registration:
    """Return the servicer of events that came without a code, ready to be added to a server."""
    policies = load_policies(config.policy_folder)
    pool = open_pool(config.dsn)
    decide = DecideMatch(MatchDesk(pool, policies), ApplyEvents(policies, clock), clock)
    servicer = MatchingServicer(MatchReader(pool), decide)
    return Registration(
        service_name=MATCHING_SERVICE,
        add=lambda server: matching_rpc.add_MatchingServiceServicer_to_server(servicer, server),
        access=MATCHING_ACCESS,
        closers=(pool.close,),
    )


def serving(config: CreditConfig, clock: Clock) -> Registration:
    """Return credit's servicer, ready to be added to a server."""
    policies = load_policies(config.policy_folder)
    pool = open_pool(config.dsn)
    records = RecordReader(config.dsn, policies, clock)
    readers = Readers(
        records,
        RestrictedReader(pool, clock),
        EvidenceReader(pool, policies, clock),
        ReadPast(PostgresPast(pool), RecordEncoder(), policies, clock),
        ReadWayBack(PostgresStates(pool), policies, clock),
        policies,
    )
    decoder = Decoder(SourceMap(config.sources), policies.on(china_day(clock.now())), config.complainant_key)
    submissions = PostgresSubmissions(pool)
    servicer = CreditServicer(readers, Submit(submissions, decoder.decode, clock), submissions, config.dsn)

    def add(server: grpc.aio.Server) -> None:
        rpc.add_CreditServiceServicer_to_server(servicer, server)
        use_raw_record(server, SERVICE, servicer.GetCreditRecord)

    return Registration(service_name=SERVICE, add=add, access=ACCESS, closers=(pool.close, records.close))
